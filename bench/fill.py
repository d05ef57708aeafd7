"""Fill an empty database with a bank of up to a million topics and four times as many posts.

    .venv/bin/python bench/fill.py 100000                       # where DATABASE_URL points
    .venv/bin/python bench/fill.py 1000000 --database postgresql+psycopg://…

Stopped half-way, it goes on where it was when it is started again with the same numbers. It refuses
a database that holds topics of anybody else. What it makes is in `bench/bank.py`.
"""

from __future__ import annotations

import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text
from sqlalchemy import create_engine, func, insert, select, text

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

import config  # noqa: E402 (the line above finds it)
from app.accounts.models import Person  # noqa: E402
from app.brand.models import Brand  # noqa: E402
from app.commands.database import migrate  # noqa: E402
from app.core import clock, counters  # noqa: E402
from app.core.chain import Head  # noqa: E402
from app.core.db import Base, db, session  # noqa: E402
from app.core.digests import NOTHING  # noqa: E402
from app.core.events import Fact  # noqa: E402
from app.factory import create_app  # noqa: E402
from app.insight import service as insight  # noqa: E402
from app.topics.models import Topic  # noqa: E402
from bench.bank import COLUMNS, LARGE, POSTS, Bank, Chain  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from rich.progress import Task
    from sqlalchemy import Connection

console = Console(highlight=False, width=100)
BATCH = 5000
MOST = 1_000_000


class ForeignTopicsError(click.ClickException):
    """Somebody else's topics are here."""


class _Rate(ProgressColumn):
    """Rows a second."""

    def render(self, task: Task) -> Text:
        rows, spent = task.fields.get("rows", 0), task.elapsed or 0
        return Text(f"{rows / spent:,.0f} rows/s" if spent else "")


# ——— how rows get in


def _plain(value: Any) -> Any:
    if hasattr(value, "isoformat"):
        return value.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")
    return value


def _line(row: Iterable[Any]) -> str:
    """A row in the text format of COPY. Our texts hold neither tabs nor backslashes."""
    cells = ("\\N" if v is None else "tf"[not v] if isinstance(v, bool) else str(v) for v in row)
    return "\t".join(cells) + "\n"


def _write(connection: Connection, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
    columns = COLUMNS[table].split()
    plain: Iterator[list[Any]] = ([_plain(value) for value in row] for row in rows)
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name == "postgresql":
        named = ", ".join(columns)
        with driver.cursor().copy(f"COPY {table} ({named}) FROM STDIN") as copy:
            copy.write("".join(map(_line, plain)))
        return
    marks = ", ".join("?" * len(columns))
    named = ", ".join(columns)
    driver.executemany(f"INSERT INTO {table} ({named}) VALUES ({marks})", plain)  # noqa: S608 (our own names)


def _filled_tables() -> list[Any]:
    return [Base.metadata.tables[name] for name in LARGE]


def _drop_indexes(connection: Connection) -> None:
    """An index that is made at the end takes a tenth of the time; keys that are unique stay."""
    for table in _filled_tables():
        for index in table.indexes:
            if not index.unique:
                index.drop(connection, checkfirst=True)


def _make_indexes(connection: Connection, done: Callable[[str], None]) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET maintenance_work_mem = '512MB'"))
    for table in _filled_tables():
        for index in sorted(table.indexes, key=lambda each: str(each.name)):
            index.create(connection, checkfirst=True)
            done(str(index.name))
        connection.commit()


def _unchecked(connection: Connection) -> None:
    """Keys to other tables are right by construction, and guards are for those who come later."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET session_replication_role = replica"))
        connection.execute(text("SET timezone = 'UTC'"))
        connection.execute(text("SET synchronous_commit = off"))
        connection.commit()
    else:
        connection.connection.driver_connection.execute("PRAGMA foreign_keys=OFF")  # type: ignore[union-attr]


# ——— the fill


def begun(topics: int, seed: int) -> Bank:
    """The bank that is being made here; raises when this is somebody's."""
    marker = f"bench:{seed}:{topics}"
    ours = session.scalar(select(Person).where(Person.origin == marker))
    if ours is None:
        if session.scalar(select(func.count()).select_from(Person)) or session.scalar(
            select(func.count()).select_from(Topic)
        ):
            message = (
                "This database holds people or topics that this did not make. Take an empty one."
            )
            raise ForeignTopicsError(message)
        newest = clock.now().replace(microsecond=0) - timedelta(minutes=1)
        return Bank(topics, seed, newest)
    return Bank(topics, seed, ours.created_at)


def fill(bank: Bank, engine_url: Any) -> Iterator[tuple[int, int]]:
    """Write the bank; yields after each batch how many topics are there and how many rows came."""
    # An engine of its own: ours begins transactions in its own way.
    engine = create_engine(engine_url)
    with engine.connect() as connection:
        _unchecked(connection)
        if not connection.scalar(select(func.count()).select_from(Person.__table__)):
            yield 0, _small(connection, bank)
        _drop_indexes(connection)
        connection.commit()
        there = connection.scalar(select(func.max(Topic.id))) or 0
        while there < bank.topics:
            count = min(BATCH, bank.topics - there)
            chain = _end_of_record(connection)
            made = bank.batch(there, count, chain)
            for name, rows in made.rows.items():
                _write(connection, name, rows)
            values = {"seq": chain.seq, "hash": chain.hash}
            connection.execute(Head.__table__.update().where(Head.id == 1).values(values))  # type: ignore[attr-defined]
            connection.commit()
            there += count
            yield there, len(made)
    engine.dispose()


def _small(connection: Connection, bank: Bank) -> int:
    """Whatever there are few of, and everybody."""
    tables = {
        "people": bank.people(),
        "categories": bank.categories(),
        "tags": bank.all_tags(),
        "pseudonyms": bank.pseudonyms(),
    }
    for name, rows in tables.items():
        _write(connection, name, rows)
    if not connection.scalar(select(func.count()).select_from(Brand.__table__)):
        brand = {"name": "Банк", "locale": "ru", "timezone": "Europe/Moscow"}
        connection.execute(insert(Brand).values(brand))
    if not connection.scalar(select(func.count()).select_from(Head.__table__)):
        connection.execute(insert(Head).values(id=1, seq=0, hash=NOTHING))
    connection.commit()
    return sum(map(len, tables.values()))


def _end_of_record(connection: Connection) -> Chain:
    head = connection.execute(select(Head.seq, Head.hash).where(Head.id == 1)).one()
    return Chain(connection.scalar(select(func.max(Fact.id))) or 0, head.seq, head.hash)


def finish(engine_url: Any, done: Callable[[str], None]) -> None:
    """Indexes, the counters of what is small, figures; and let the planner look."""
    engine = create_engine(engine_url)
    with engine.connect() as connection:
        _make_indexes(connection, done)
        if connection.dialect.name == "postgresql":
            for name in COLUMNS:
                if "id" in COLUMNS[name].split() and name != "record":
                    connection.execute(
                        text(
                            f"SELECT setval(pg_get_serial_sequence('{name}', 'id'),"  # noqa: S608
                            f" (SELECT coalesce(max(id), 1) FROM {name}))"
                        )
                    )
        connection.commit()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        done("a look at the tables")
        analyse = "VACUUM ANALYZE" if connection.dialect.name == "postgresql" else "ANALYZE"
        connection.execute(text(analyse))
    engine.dispose()
    done("categories and tags")
    for name in ("categories.topics_count", "tags.topics_count"):
        for _ in counters.repair(counters.named(name)):
            session.commit()


@click.command()
@click.argument("topics", type=click.IntRange(100, MOST))
@click.option("--database", help="Its address; DATABASE_URL when it is not said.")
@click.option("--seed", default=1, show_default=True, help="The same number makes the same bank.")
@click.option("--figures/--no-figures", default=True, help="Count the scoreboard at the end.")
def main(topics: int, database: str | None, seed: int, *, figures: bool) -> None:
    """Make TOPICS topics (100 to 1,000,000) with four posts each, and all that goes with them."""
    settings = config.load()
    if database:
        settings["SQLALCHEMY_DATABASE_URI"] = database
    with create_app(settings).app_context():
        make(topics, seed, figures=figures)


def make(topics: int, seed: int = 1, *, figures: bool = True, quiet: bool = False) -> Bank:
    """Fill the database of the application at hand."""
    migrate()
    bank = begun(topics, seed)
    session.remove()
    url, began, rows = db.engine.url, time.perf_counter(), 0
    columns = (
        *(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()),
        *(_Rate(), TimeRemainingColumn()),
    )
    with Progress(*columns, console=console, transient=True, disable=quiet) as bar:
        task = bar.add_task("Topics", total=topics, rows=0)
        for there, more in fill(bank, url):
            rows += more
            bar.update(task, completed=there, rows=rows)
        filled = time.perf_counter() - began
        task = bar.add_task("Afterwards", total=None, rows=0)
        finish(url, lambda what: bar.update(task, description=what))
        if figures:
            bar.update(task, description="figures")
            insight.count()
            session.commit()
    if not quiet:
        console.print(
            f"{topics:,} topics and {topics * POSTS:,} posts: {rows:,} rows in {filled:.0f} s"
            f" ({rows / max(filled, 0.001):,.0f} rows/s), indexes and figures in"
            f" {time.perf_counter() - began - filled:.0f} s."
        )
    session.remove()
    return bank


if __name__ == "__main__":
    main()
