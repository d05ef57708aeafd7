"""How long the scheduler's round takes over 100,000 live promises: when nothing is due, and much.

.venv/bin/python bench/sla.py [--quick] [--database sqlite|postgres|both]
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from sqlalchemy import insert, text, update
from sqlalchemy.dialects import postgresql, sqlite

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

import config  # noqa: E402 (the line above finds it)
from app.accounts.models import Person  # noqa: E402
from app.brand.models import Brand  # noqa: E402
from app.commands.database import migrate  # noqa: E402
from app.core.db import db, session  # noqa: E402
from app.core.names import skeleton  # noqa: E402
from app.factory import create_app  # noqa: E402
from app.sla.models import ClockEvent, Promise, RungSent  # noqa: E402
from app.sla.service import ticking  # noqa: E402
from app.topics.models import Category, Topic  # noqa: E402
from tests.services import postgres  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

console = Console(highlight=False, width=100)
SECRET = "only-for-measuring-" * 3
PEOPLE, BATCH, ROUNDS = 40, 5000, 30
DAY = timedelta(hours=24)
# Noon: nobody's quiet hours move a letter.
NOON = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0)


@contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    """The address of an empty database of this kind."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'otklik.sqlite3'}"
        return
    (folder / "postgres").mkdir()
    with postgres(folder / "postgres") as server:
        yield server.create("bench")


def fill(live: int) -> None:
    """So many questions of the last eleven hours; nothing is to be said of any of them yet."""
    session.add(Brand(name="Банк", locale="ru", timezone="Europe/Moscow"))
    people = [
        {
            "name": f"Имя {n}",
            "skeleton": skeleton(f"Имя {n}"),
            "email": f"p{n}@example.org",
            "confirmed_at": NOON,
            "role": "executive",
            "letters": {},
        }
        for n in range(1, PEOPLE + 1)
    ]
    session.execute(insert(Person), people)
    session.add_all(
        Category(slug=f"c{n}", name=f"Категория {n}", place=n, owner_id=n)
        for n in range(1, PEOPLE + 1)
    )
    session.commit()
    with Progress(console=console, transient=True) as progress:
        bar = progress.add_task(f"{live:,} live promises", total=live)
        for start in range(0, live, BATCH):
            _questions(start, min(BATCH, live - start), live)
            progress.update(bar, advance=BATCH)
    session.execute(text("ANALYZE"))
    session.commit()


def _questions(start: int, count: int, live: int) -> None:
    topics, events, promises, rungs = [], [], [], []
    for number in range(start + 1, start + count + 1):
        asked = NOON - timedelta(seconds=number * 11 * 3600 // live)
        whose = number % PEOPLE + 1
        topics.append(
            {
                "id": number,
                "title": f"Вопрос {number}",
                "body": "Почему?",
                "body_html": "<p>Почему?</p>",
                "state": "waiting",
                "category_id": whose,
                "asker_id": PEOPLE,
                "opened_at": asked,
                "active_at": asked,
                "responsible_id": whose,
                "promised_at": asked,
                "due_at": asked + DAY,
                "is_awaiting": True,
            }
        )
        named = {"owner": whose, "deputy": None}
        events.append({"topic_id": number, "type": "opened", "at": asked, "data": named})
        promises.append(
            {
                "id": number,
                "topic_id": number,
                "category_id": whose,
                "kind": "first_answer",
                "started_at": asked,
                "target_s": 86400,
                "due_at": asked + DAY,
                "accountable_id": whose,
                "next_action_at": asked + DAY / 2,
            }
        )
        rungs.append(_opened(number, whose, asked))
    session.execute(insert(Topic), topics)
    session.execute(insert(ClockEvent), events)
    session.execute(insert(Promise), promises)
    session.execute(insert(RungSent), rungs)
    session.commit()


def _opened(promise_id: int, person_id: int, at: datetime) -> dict[str, object]:
    """The notice that went out when the question was asked."""
    return {
        "promise_id": promise_id,
        "arm_no": 1,
        "rung": "open",
        "person_id": person_id,
        "channel": ticking.CHANNEL,
        "fate": "sent",
        "at": at,
    }


def idle() -> float:
    """Milliseconds of a round that finds nothing due: the middle of many."""
    spent = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        assert ticking.tick(NOON) == 0  # noqa: S101 (a bench that measures something else is no use)
        session.commit()
        spent.append((time.perf_counter() - began) * 1000)
    return statistics.median(spent)


def busy(first: int, due: int) -> float:
    """Seconds of the rounds that remind of so many promises whose half is over."""
    ids = list(range(first, first + due))
    half = NOON - DAY / 2
    for start in range(0, due, BATCH):
        part = ids[start : start + BATCH]
        session.execute(update(ClockEvent).where(ClockEvent.topic_id.in_(part)).values(at=half))
        session.execute(update(Promise).where(Promise.id.in_(part)).values(next_action_at=half))
    session.commit()
    began, seen = time.perf_counter(), 0
    while done := ticking.tick(NOON):
        session.commit()
        session.expunge_all()
        seen += done
    spent = time.perf_counter() - began
    assert seen == due, (seen, due)  # noqa: S101
    return spent


def plan() -> list[str]:
    """How the database finds what is due."""
    statement = ticking.promises.what_is_due(NOON, ticking.BATCH)
    sqlite_here = db.engine.dialect.name == "sqlite"
    dialect = sqlite.dialect() if sqlite_here else postgresql.dialect()  # type: ignore[no-untyped-call]
    words = str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
    explain = "EXPLAIN QUERY PLAN " if sqlite_here else "EXPLAIN "
    rows = session.execute(text(explain + words.replace(":", r"\:"))).all()
    return [str(row[-1]) for row in rows]


@click.command()
@click.option("--quick", is_flag=True, help="2,000 promises, to see that it runs.")
@click.option("--database", "kinds", default="both", help="sqlite, postgres or both.")
def bench(quick: bool, kinds: str) -> None:  # noqa: FBT001 (a flag of the command line)
    """Print how long rounds take, and how the database finds what is due."""
    live = 2_000 if quick else 100_000
    amounts = (50, 100) if quick else (100, 1_000, 2_000)
    table = Table(title=f"The scheduler's rounds over {live:,} live promises")
    for column in ("Database", "Due", "Takes", "Each", "Beside the first"):
        table.add_column(column, justify="left" if column == "Database" else "right")
    plans = {}
    for kind in ("sqlite", "postgres") if kinds == "both" else (kinds,):
        with tempfile.TemporaryDirectory() as folder, database(kind, Path(folder)) as url:
            settings = {
                "DATABASE_URL": url,
                "INSTANCE_PATH": folder,
                "SECRET_KEY": SECRET,
                "PUBLIC_URL": "http://127.0.0.1:8000",
                "LOG_LEVEL": "WARNING",
            }
            with create_app(config.load(settings)).app_context():
                migrate()
                fill(live)
                plans[kind] = plan()
                table.add_row(kind, "0", f"{idle():.1f} ms", "", "")
                first, before = 1, 0.0
                for due in amounts:
                    each = busy(first, due) / due * 1000
                    first += due
                    before = before or each
                    took = f"{each * due / 1000:.2f} s"
                    table.add_row(kind, f"{due:,}", took, f"{each:.2f} ms", f"{each / before:.2f}×")
                session.remove()
                db.engine.dispose()
    console.print(table)
    for kind, lines in plans.items():
        console.print(f"\n[bold]{kind}[/]: how it finds what is due", *lines, sep="\n  ")


if __name__ == "__main__":
    bench()
