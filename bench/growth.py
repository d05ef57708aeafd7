"""What each list costs at 1,000 topics and at many more: processor time, statements, rows read.

    .venv/bin/python bench/growth.py                       # 1,000, 10,000 and 100,000 topics
    .venv/bin/python bench/growth.py --most 1000000        # half an hour and 12 GB for a while
    .venv/bin/python bench/growth.py --svg docs/growth.svg

A PostgreSQL of its own is started and thrown away. A page's cost is the processor time of the web
process and of its database connection together, so it does not matter who else uses the machine.
Nothing is cached between requests but what the application and PostgreSQL keep by themselves.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from contextvars import Context
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import track
from rich.table import Table
from sqlalchemy import select

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

import config  # noqa: E402 (the line above finds it)
from app.core import clock, tallies  # noqa: E402
from app.core.db import db, session  # noqa: E402
from app.core.policy import PUBLIC  # noqa: E402
from app.factory import create_app  # noqa: E402
from app.topics import queries  # noqa: E402
from app.topics.models import Topic  # noqa: E402
from bench.fill import make  # noqa: E402
from bench.lists import asked, every_list, read  # noqa: E402
from bench.plot import plot  # noqa: E402
from tests.services import postgres  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from flask.testing import FlaskClient

    from bench.lists import Listed

console = Console(highlight=False, width=140)
BASE = "http://127.0.0.1"
OK = 200
SIZES = (1_000, 10_000, 100_000, 1_000_000)
BESIDE = 10_000
LIMIT = 2.0
# Below this a page's cost is that of looking at the clock.
NOISE_MS = 1.0


@dataclass(frozen=True)
class Cost:
    """Of one request: milliseconds of processor time, here and in the database; what was read."""

    web_ms: float
    database_ms: float
    statements: int
    rows: int
    blocks: int
    scanned: tuple[str, ...]

    @property
    def ms(self) -> float:
        """Both together."""
        return self.web_ms + self.database_ms


def measure(app: Flask, size: int, requests: int) -> dict[str, Cost]:
    """Every list of the bank that is here."""
    with app.app_context():
        found = every_list(size)
        ids = session.scalars(select(Topic.id).order_by(Topic.id.desc()).limit(2000)).all()[::100]
        session.remove()
        costs = {}
        for listed in track(found, f"{size:,} topics", console=console, transient=True):
            client = client_of(app, listed)
            costs[listed.name] = _cost(lambda c=client, at=listed.address: get(c, at), requests)

        def found_topics() -> None:
            queries.topics_by_id(PUBLIC, ids)
            session.remove()

        costs["search: the topics it found"] = _cost(found_topics, requests)
    return costs


def client_of(app: Flask, listed: Listed) -> FlaskClient:
    """A browser of whoever reads the page."""
    client = app.test_client()
    if listed.reader is not None:

        def enter() -> None:
            with client.session_transaction(base_url=BASE) as data:
                data["_user_id"] = str(listed.reader)
                data["_fresh"], data["proved"] = True, clock.now().timestamp()

        Context().run(enter)
    return client


def get(client: FlaskClient, address: str) -> None:
    """Ask for a page, as a request of its own; raises when it does not come."""
    answer = Context().run(lambda: client.get(address, base_url=BASE))
    if answer.status_code != OK:
        message = f"{address} answered {answer.status_code}"
        raise click.ClickException(message)


def _cost(ask: Callable[[], None], requests: int) -> Cost:
    for _ in range(3):
        ask()
    with asked() as statements:
        ask()
    with db.engine.connect() as connection:
        was_read = read(statements, connection)
        connection.rollback()
    backend = _backend()
    here, there = [], []
    for _ in range(requests):
        web, database = time.process_time(), backend()
        ask()
        here.append(time.process_time() - web)
        there.append(backend() - database)
    return Cost(
        statistics.median(here) * 1000,
        statistics.median(there) * 1000,
        len(statements),
        was_read.rows,
        was_read.blocks,
        tuple(sorted(was_read.scanned)),
    )


def _backend() -> Callable[[], float]:
    """The processor seconds of those processes of the database that may answer us."""
    with db.engine.connect() as connection:
        pids = connection.exec_driver_sql(
            "SELECT pid FROM pg_stat_activity"
            " WHERE datname = current_database() AND backend_type = 'client backend'"
        ).scalars()
        spent = [Path(f"/proc/{pid}/schedstat") for pid in pids]
    return lambda: sum(int(each.read_text().split()[0]) for each in spent) / 1e9


# ——— the report


def report(found: dict[int, dict[str, Cost]]) -> int:
    """Print it; how many lists cost more than LIMIT times what they cost at BESIDE."""
    sizes = sorted(found)
    table = Table("List", title="Processor time a request, web process and database together, ms")
    for size in sizes:
        table.add_column(f"{size:,}", justify="right")
    for column in (f"× of {BESIDE:,}", "of it database", "SQL", "Rows read", "Blocks"):
        table.add_column(column, justify="right")
    over = 0
    for name, last in found[sizes[-1]].items():
        costs = [found[size].get(name) for size in sizes]
        before = found.get(BESIDE, found[sizes[0]]).get(name)
        ratio = last.ms / before.ms if before else 1.0
        too_much = ratio > LIMIT and last.ms > NOISE_MS
        over += too_much
        table.add_row(
            name,
            *(f"{c.ms:.1f}" if c else "" for c in costs),
            f"[red]{ratio:.1f}[/]" if too_much else f"{ratio:.1f}",
            f"{last.database_ms:.1f}",
            str(last.statements),
            " / ".join(f"{c.rows:,}" if c else "" for c in costs),
            " / ".join(f"{c.blocks:,}" if c else "" for c in costs),
        )
    console.print(table)
    for name, cost in found[sizes[-1]].items():
        if cost.scanned:
            console.print(f"{name} reads from end to end: {', '.join(cost.scanned)}")
    return over


@click.command()
@click.option("--most", type=click.Choice([str(s) for s in SIZES]), default="100000")
@click.option("--only", "sizes", type=int, multiple=True, help="Just this size; may be repeated.")
@click.option("--requests", default=30, show_default=True, help="Requests to each list.")
@click.option("--svg", type=click.Path(dir_okay=False, path_type=Path), help="Draw it there.")
@click.option("--database", "bases", multiple=True, help="SIZE=ADDRESS of a bank filled before.")
def main(
    most: str, sizes: tuple[int, ...], requests: int, svg: Path | None, bases: tuple[str, ...]
) -> None:
    """Fill banks of several sizes, measure every list, print costs; 1 when any is not flat."""
    given = {int(size): address for size, _, address in (b.partition("=") for b in bases)}
    wanted = sizes or tuple(given) or tuple(size for size in SIZES if size <= int(most))
    found: dict[int, dict[str, Cost]] = {}
    with tempfile.TemporaryDirectory(prefix="otklik-growth-") as root:
        if given:
            for size in sorted(wanted):
                found[size] = _measured(given[size], Path(root), size, requests, filled=True)
        else:
            (Path(root) / "postgres").mkdir()
            with postgres(Path(root) / "postgres") as server:
                for size in sorted(wanted):
                    name = f"bank_{size}"
                    address = server.create(name)
                    found[size] = _measured(address, Path(root), size, requests, filled=False)
                    server.drop(name)
    over = report(found)
    if svg is not None:
        lines = {
            name: {size: costs[name].ms for size, costs in found.items() if name in costs}
            for name in found[max(found)]
        }
        svg.write_text(plot(lines), encoding="utf-8")
    if over:
        console.print(f"{over} lists cost more than {LIMIT:g} times what they do at {BESIDE:,}.")
        raise click.exceptions.Exit(1)


def _measured(
    address: str, root: Path, size: int, requests: int, *, filled: bool
) -> dict[str, Cost]:
    instance = root / str(size)
    instance.mkdir()
    settings = config.load(
        {
            "SECRET_KEY": "only-for-measuring-" * 3,
            "INSTANCE_PATH": str(instance),
            "DATABASE_URL": address,
            "PUBLIC_URL": BASE,
            "LOG_LEVEL": "ERROR",
            "RATE_LIMITS": "no",
            # What a page costs is what it costs to make.
            "PAGE_CACHE_MB": "0",
            "STAFF_SECOND_FACTOR": "no",
        }
    )
    app = create_app(settings)
    # Nobody writes meanwhile, on a connection that is not looked at.
    tallies.init(None)
    with app.app_context():
        if not filled:
            make(size)
        costs = measure(app, size, requests)
        session.remove()
        db.engine.dispose()
    return costs


if __name__ == "__main__":
    main()
