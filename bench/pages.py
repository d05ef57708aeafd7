"""What pages cost a server, beside a bare "hello" of the same bytes and a plain page of Flask.

    .venv/bin/python bench/pages.py                        # 10,000 topics on SQLite, five minutes
    .venv/bin/python bench/pages.py --database postgresql+psycopg://…  # an empty one
    .venv/bin/python bench/pages.py --quick                # to see that it runs

Front page, topic, category and search: to guests from the page cache ("kept"), to guests with the
cache off ("made"), and to a customer who is signed in, each page read by somebody just before, so
that its pieces are kept (what it costs otherwise is "made"); the desk to an executive. Topics,
categories and searches are different ones in turn. Everything stands on the same kind of server in
the same minutes and is asked turn about in short rounds; a figure is the median of the rounds.
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import tempfile
from contextlib import ExitStack
from contextvars import Context
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from sqlalchemy import event

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

import config  # noqa: E402 (the line above finds it)
from app.core import tallies  # noqa: E402
from app.core.db import db  # noqa: E402
from app.factory import create_app  # noqa: E402
from bench.asking import (  # noqa: E402
    HELLO,
    Asked,
    Measured,
    Server,
    command,
    free_port,
    measure,
    served,
    warm,
)
from bench.ready import ReadyBank, ready_bank  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

console = Console(highlight=False, width=150)
LINES = (1, 16, 64)
QUESTION2ANSWER = 330
SERVER = "gthread:4"
WORDS = ("карта", "перевод", "лимит", "вклад", "комиссия", "кредит", "пароль", "курс", "terminal")
COLUMNS = ("Reader", "Page", "At once", "req/s", "p50 ms", "p99 ms", "CPU ms", "hello req/s",
           "hello CPU", "of hello", "× plain", "SQL", "bytes: plain", "sent")  # fmt: skip
# One select of twenty rows with their authors, and a loop.
PLAIN = """
import os
from flask import Flask, render_template
from flask_sqlalchemy import SQLAlchemy
from jinja2 import DictLoader
from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import DeclarativeBase, Mapped, joinedload, mapped_column, relationship

PAGE = '''<!doctype html><title>Topics</title><h1>Topics</h1><ul>{% for topic in topics %}
<li><a href="{{ url_for('one', number=topic.id) }}">{{ topic.title }}</a> {{ topic.body }}
<i>{{ topic.asker.name }}</i></li>{% endfor %}</ul>'''
class Base(DeclarativeBase): pass
db = SQLAlchemy(model_class=Base)
class Person(db.Model):
    __tablename__ = "people"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
class Topic(db.Model):
    __tablename__ = "topics"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    body: Mapped[str]
    asker_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    asker: Mapped[Person] = relationship()
app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["PLAIN_DATABASE"]
app.jinja_loader = DictLoader({"page.html": PAGE})
db.init_app(app)
@app.get("/")
def front():
    rows = select(Topic).options(joinedload(Topic.asker)).order_by(Topic.id.desc()).limit(20)
    return render_template("page.html", topics=db.session.scalars(rows).all())
@app.get("/<int:number>")
def one(number): ...
"""


@dataclass(frozen=True)
class Page:
    """One row of the report, three with its connections: who reads what."""

    reader: str
    name: str
    asked: Asked

    @property
    def is_kept(self) -> bool:
        """Whether it comes from the page cache."""
        return self.reader == "kept"


def pages(bank: ReadyBank) -> Iterator[Page]:
    """What is measured."""
    turns = {
        "front": ("/",),
        "topic": bank.topics,
        "category": tuple(f"/categories/c{n}" for n in range(1, 11)),
        "search": tuple(f"/search?q={a}+{b}" for a in WORDS[:5] for b in WORDS[5:]),
    }
    for reader, cookie in (("kept", ""), ("made", ""), ("signed in", bank.cookie)):
        for name, paths in turns.items():
            yield Page(reader, name, Asked(tuple(map(_ascii, paths)), cookie))
    yield Page("executive", "desk", Asked(("/desk",), bank.executive))


def _ascii(path: str) -> str:
    return "".join(c if c.isascii() else "".join(f"%{b:02X}" for b in c.encode()) for c in path)


# --------------------------------------------------------------------------------- SQL statements


def statements(bank: ReadyBank, found: list[Page]) -> dict[Page, float]:
    """How many each page asks of the database, on average over its addresses."""
    counts = {}
    for memory in ("64", "0"):
        settings = bank.environ(8000, PAGE_CACHE_MB=memory)
        app = create_app(config.load(settings))
        tallies.init(None)  # nobody writes meanwhile
        sent = [0]

        def note(*_: Any, into: list[int] = sent) -> None:
            into[0] += 1

        with app.app_context():
            engine = db.engine
        event.listen(engine, "before_cursor_execute", note)
        for page in found:
            if (page.reader == "made") != (memory == "0"):
                continue
            client = app.test_client()
            if page.asked.cookie:
                client.set_cookie("sid", page.asked.cookie.partition("=")[2], domain="127.0.0.1")
            some = page.asked.paths[:10] * 2
            for number, path in enumerate(some):
                if number == len(some) // 2:
                    sent[0] = 0
                Context().run(client.get, path, base_url=settings["PUBLIC_URL"])
            counts[page] = sent[0] / len(some) * 2
        engine.dispose()
    return counts


# -------------------------------------------------------------------------------------- measuring


@dataclass
class Servers:
    """With the cache and without, bare, and plain."""

    kept: Server
    made: Server
    bare: Server
    plain: Server
    workers: int

    def of(self, page: Page) -> Server:
        """Who is asked for it."""
        return self.made if page.reader == "made" else self.kept


def start(stack: ExitStack, folder: Path, bank: ReadyBank, kind: str, workers: int) -> Servers:
    """All four, until the stack is left."""
    (folder / "hello.py").write_text(HELLO)
    (folder / "plain.py").write_text(PLAIN)
    database = config.load(bank.settings)["SQLALCHEMY_DATABASE_URI"]

    def run(application: str, where: Path, **settings: str) -> Server:
        port = free_port()
        how = command(kind, application, port, workers)
        environ = bank.environ(port, **settings)
        return stack.enter_context(served(how, where, environ, port, kind))

    return Servers(
        run("wsgi:app", ROOT),
        run("wsgi:app", ROOT, PAGE_CACHE_MB="0"),
        run("hello:app", folder),
        run("plain:app", folder, PLAIN_DATABASE=database),
        workers,
    )


Pair = tuple[Measured, Measured]


def turn_about(page: Page, servers: Servers, sizes: list[int], seconds: float, lines: int) -> Pair:
    """The page and a hello of the same bytes, one after the other."""
    if page.reader != "made":  # by somebody before, within half a minute: see `made` for the rest
        # Each process keeps its own, and nobody chooses which one answers.
        warm(servers.of(page), page.asked, 1 if servers.workers == 1 else 4 * servers.workers)
    hello = Asked(tuple(f"/{size}" for size in sizes))
    return (
        measure(servers.of(page), page.asked, seconds, lines),
        measure(servers.bare, hello, seconds, lines),
    )


def _middle(found: list[Measured], what: str) -> float:
    return statistics.median(getattr(each, what) for each in found)


# ------------------------------------------------------------------------------------- the report


def row(page: Page, lines: int, found: list[Pair], plain: float) -> list[str]:
    """Of the table; the ratios are medians of those of each round."""
    ours, hellos = [p for p, _ in found], [h for _, h in found]
    return [
        *(page.reader, page.name, str(lines), f"{_middle(ours, 'rate'):,.0f}"),
        *(f"{_middle(ours, 'p50'):.2f}", f"{_middle(ours, 'p99'):.1f}"),
        f"{_middle(ours, 'cpu'):.2f}",
        *(f"{_middle(hellos, 'rate'):,.0f}", f"{_middle(hellos, 'cpu'):.3f}"),
        f"{statistics.median(p.rate / h.rate for p, h in found):.2g}",
        f"{_middle(ours, 'rate') / plain:.2g}",
    ]


@click.command()
@click.option("--topics", default=10_000, show_default=True, help="Topics of the bank.")
@click.option("--database", default="", help="An empty one; SQLite when it is not said.")
@click.option("--server", default=SERVER, show_default=True, help="sync, gthread:4, granian:1 …")
@click.option("--workers", default=1, show_default=True, help="Processes of each server.")
@click.option("--seconds", default=1.0, show_default=True, help="Of asking, in each round.")
@click.option("--rounds", default=3, show_default=True, help="Of each figure.")
@click.option("--quick", is_flag=True, help="500 topics and one round, to see that it runs.")
def main(
    *,
    topics: int,
    database: str,
    server: str,
    workers: int,
    seconds: float,
    rounds: int,
    quick: bool,
) -> None:
    """Measure what readers get."""
    topics, rounds, at_once = (500, 1, (1, 16)) if quick else (topics, rounds, LINES)
    table = Table(*COLUMNS)
    for column in table.columns[2:]:
        column.justify = "right"
    with tempfile.TemporaryDirectory(prefix="otklik-bench-") as root, ExitStack() as stack:
        bank = ready_bank(Path(root), topics, database)
        if quick:
            bank = replace(bank, topics=bank.topics[:10])
        found = list(pages(bank))
        asked_of_sql = statements(bank, found)
        servers = start(stack, Path(root), bank, server, workers)
        bar = stack.enter_context(Progress(console=console, transient=True))
        task = bar.add_task("Asking", total=(len(found) + 1) * len(at_once) * rounds)
        plain = Page("made", "plain Flask", Asked(("/",)))
        size = warm(servers.plain, plain.asked, 5)
        plain_rates: dict[int, float] = {}
        for lines in at_once:
            pairs = []
            for _ in range(rounds):
                seen = measure(servers.plain, plain.asked, seconds, lines)
                hello = Asked((f"/{size[0]}",))
                pairs.append((seen, measure(servers.bare, hello, seconds, lines)))
                bar.advance(task)
            plain_rates[lines] = statistics.median(p.rate for p, _ in pairs)
            cells = row(plain, lines, pairs, plain_rates[lines])
            table.add_row(*cells, "1", f"{size[0]:,}", f"{size[0]:,}")
        table.add_section()
        for page in found:
            some = page.asked.paths[:: max(1, len(page.asked.paths) // 20)]
            sizes, whole = (
                warm(servers.of(page), Asked(some, page.asked.cookie, encoding=encoding))
                for encoding in (page.asked.encoding, "identity")
            )
            for lines in at_once:
                pairs = []
                for _ in range(rounds):
                    pairs.append(turn_about(page, servers, sizes, seconds, lines))
                    bar.advance(task)
                table.add_row(
                    *row(page, lines, pairs, plain_rates[lines]),
                    f"{asked_of_sql[page]:.1f}".removesuffix(".0"),
                    *(f"{statistics.mean(whole):,.0f}", f"{statistics.mean(sizes):,.0f}"),
                )
            table.add_section()
    console.print(table)
    console.print(
        f"{topics:,} topics, {'PostgreSQL' if database.startswith('p') else 'SQLite'}, search by"
        f" {bank.settings['SEARCH_ENGINE']}; {server}, {workers} process(es) each; {rounds} rounds"
        f" of {seconds:g} s; read by {'wrk' if shutil.which('wrk') else 'our own readers'};"
        f" Python {sys.version.split()[0]}; {os.cpu_count()} processors. In turn:"
        f" {len(bank.topics)} topics, 10 categories, {len(found[3].asked.paths)} searches."
        f" CPU: of all processes of the server. Ten times Question2Answer is"
        f" {10 * QUESTION2ANSWER:,} requests a second."
    )


if __name__ == "__main__":
    main()
