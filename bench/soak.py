"""Otklik under a crowd for twenty minutes, while one of its processes is killed every half minute.

    .venv/bin/python bench/soak.py                                  # PostgreSQL and Valkey
    .venv/bin/python bench/soak.py --minutes 5 --database sqlite

A bank of its own is made, served as bin/run serves it, and thrown away; what it proves stands in
bench/README.md. Ends with 1 when anything is not as it should be.
"""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
import psycopg
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy import select, update

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

import config  # noqa: E402 (the line above finds it)
from app.accounts.models import Person  # noqa: E402
from app.accounts.passwords import hashed  # noqa: E402
from app.core.db import db, session  # noqa: E402
from app.factory import create_app  # noqa: E402
from app.topics.models import Category  # noqa: E402
from bench.asking import free_port  # noqa: E402
from bench.crowd import Crowd  # noqa: E402
from bench.memory import Memory  # noqa: E402
from bench.reckoning import Before, Finding, pending, reckon, searched  # noqa: E402
from bench.running import House, wait_for  # noqa: E402
from bench.visitor import Visitor  # noqa: E402
from tests.services import Postgres, postgres, valkey  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask

    from bench.running import Kill
    from bench.told import Told
    from bench.visitor import Asked

console = Console(highlight=False, width=130)
PASSWORD = "only while it lasts"  # noqa: S105 (of invented people)
CUSTOMERS, DESKS = 24, 4
KILLS = ("web", "web", "worker", "index")
# A connection may break in the seconds in which a web process was killed.
EXCUSED = 2.0
# A killed worker's lease runs for two minutes, and a failure is put off for a while.
DRAINS_WITHIN = 400.0
SAMPLED_EVERY = 10.0
VACUUMED_EVERY = 60.0
SHOWN = 10


@click.command()
@click.option("--minutes", default=20.0, show_default=True, help="How long the crowd stays.")
@click.option("--database", type=click.Choice(["postgres", "sqlite"]), default="postgres")
@click.option("--topics", default=2000, show_default=True, help="Of the bank, before they come.")
@click.option("--seed", default=1, show_default=True, help="Who is killed, who goes where.")
@click.option("--every", default=30.0, show_default=True, help="Seconds between two kills.")
@click.option("--pause", default=0.3, show_default=True, help="A reader's, between two pages.")
@click.option(
    "--keep", type=click.Path(file_okay=False, path_type=Path), help="The log, and memory, there."
)
def main(
    minutes: float,
    database: str,
    topics: int,
    seed: int,
    every: float,
    pause: float,
    keep: Path | None,
) -> None:
    """Let a crowd in, kill what serves it again and again, and reckon afterwards."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="otklik-soak-")))
        house = House(folder, _settings(folder, database, stack), free_port())
        house.environ["PUBLIC_URL"] = f"http://127.0.0.1:{house.port}"
        app = _filled(house, topics)
        soak = _Soak(house, app, random.Random(seed))
        soak.look()
        crowd = _crowd(house, app, seed, pause)
        if database == "postgres":
            stack.enter_context(_vacuuming(house.settings["DATABASE_URL"]))
        try:
            house.start()
            findings = soak.run(crowd, minutes * 60, every)
        finally:
            house.stop()
            if keep is not None and house.log.exists():
                keep.mkdir(parents=True, exist_ok=True)
                shutil.copy(house.log, keep / "log")
                (keep / "memory.csv").write_text("\n".join(soak.memory.lines()))
        findings += [
            Finding("no process ended, or stayed, by itself", tuple(house.mishaps)),
            Finding("the log tells of no error", tuple(house.complaints())),
        ]
    _verdict(findings)


def _settings(folder: Path, database: str, stack: ExitStack) -> dict[str, str]:
    instance = folder / "instance"
    instance.mkdir()
    usual = {
        "SECRET_KEY": "only-for-measuring-" * 3,
        "INSTANCE_PATH": str(instance),
        "LOG_LEVEL": "WARNING",
        "RATE_LIMITS": "no",
        "STAFF_SECOND_FACTOR": "no",
        # Full within minutes: then only what should not grow is left to grow.
        "PAGE_CACHE_MB": "16",
    }
    if database == "sqlite":
        return usual
    for name in ("postgres", "valkey"):
        (folder / name).mkdir()
    server: Postgres = stack.enter_context(postgres(folder / "postgres"))
    redis = stack.enter_context(valkey(folder / "valkey"))
    return {**usual, "DATABASE_URL": server.create("soak"), "REDIS_URL": redis}


def _filled(house: House, topics: int) -> Flask:
    """A bank with an index, some of whose people have a password."""
    console.print(f"Making a bank of {topics:,} topics …")
    for done in (house.run("bench/fill.py", str(topics)), house.flask("search", "rebuild")):
        if done.returncode:
            raise click.ClickException(f"{done.args}: {done.stdout}{done.stderr}")
    app = create_app(config.load(house.environ))
    with app.app_context():
        those = [person.id for person in _people()]
        word = {"password_hash": hashed(PASSWORD)}
        session.execute(update(Person).where(Person.id.in_(those)).values(word))
        session.commit()
        session.remove()
        db.engine.dispose()
    return app


def _people() -> list[Person]:
    """Those who come: executives of the first desks, and customers."""
    owners = select(Category.owner_id).order_by(Category.id).limit(DESKS)
    customer = Person.role == "customer"
    found = session.scalars(select(Person).where(Person.id.in_(owners))).unique().all()
    asking = select(Person).where(customer).order_by(Person.id.desc()).limit(CUSTOMERS)
    return [*found, *session.scalars(asking).unique()]


def _crowd(house: House, app: Flask, seed: int, pause: float) -> Crowd:
    with app.app_context():
        people = [(person.email or "", PASSWORD) for person in _people()]
        desks = session.scalars(select(Category.id).order_by(Category.id).limit(DESKS)).all()
        session.remove()
    return Crowd(
        f"http://127.0.0.1:{house.port}",
        people,
        seed=seed,
        writers=4,
        answerers=2,
        pause=pause,
        # A machine that has more to do than this is slow, and nothing is wrong with it.
        timeout=120,
        categories=desks,
    )


@contextmanager
def _vacuuming(address: str) -> Iterator[None]:
    """What autovacuum does in use; the server of the tests has none."""
    ended = threading.Event()
    plain = address.replace("postgresql+psycopg:", "postgresql:")

    def sweep() -> None:
        with psycopg.connect(plain, autocommit=True) as connection:
            while not ended.wait(VACUUMED_EVERY):
                connection.execute("VACUUM ANALYZE")

    thread = threading.Thread(target=sweep)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


class _Soak:
    """The time itself, and the accounts afterwards."""

    def __init__(self, house: House, app: Flask, chance: random.Random) -> None:
        self.house, self.app, self.chance = house, app, chance
        self.memory = Memory(house.processes, SAMPLED_EVERY)
        self.began = 0.0
        self.before = Before(0, 0, 0)

    def look(self) -> None:
        """Remember what is there before anything runs."""
        with self.app.app_context():
            self.before = Before.look()
            session.remove()
            db.engine.dispose()

    def run(self, crowd: Crowd, seconds: float, every: float) -> list[Finding]:
        """All of it; what was found."""
        crowd.start()
        self.memory.start()
        self.began = time.monotonic()
        self._kill_now_and_then(crowd, seconds, every)
        told = crowd.stop()
        wait_for(self.house.is_whole, "everybody who was killed", 60)
        self._report(told)
        findings = [
            self._errors(told),
            Finding("every page was what it should be", tuple(told.mistakes)),
        ]
        with self.app.app_context():
            findings.append(self._drained())
            self.memory.stop()
            findings += reckon(self.before, told, self.house.folder / "instance" / "mail")
            session.remove()
            db.engine.dispose()
        reader = Visitor(crowd.address, lambda _asked: None)
        findings.append(searched(told, reader))
        reader.close()
        for command in (("counters", "verify"), ("archive", "verify")):
            done = self.house.flask(*command)
            said = (done.stdout + done.stderr).splitlines()[-15:] if done.returncode else ()
            findings.append(Finding(f"flask {' '.join(command)}", tuple(said)))
        console.print(self.memory.table(self.house.spared))
        grown = [f"{life.sort} {life.pid}: {life.rise:+.1%}" for life in self.memory.grown()]
        return [*findings, Finding("memory is flat where it can be told", tuple(grown))]

    def _kill_now_and_then(self, crowd: Crowd, seconds: float, every: float) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
        due, until = self.began + every, self.began + seconds
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task("The crowd is in", total=seconds)
            # The last one is not killed: there must be time to see it come back.
            while (now := time.monotonic()) < until:
                if now >= due and due <= until - 5:
                    due += every
                    killed = self.house.kill(self.chance.choice(KILLS))
                    bar.console.print(self._line(killed, crowd.told()))
                bar.update(task, completed=now - self.began)
                time.sleep(0.2)

    def _line(self, killed: Kill | None, told: Told) -> str:
        when = time.monotonic() - self.began
        whom = f"killed: {killed.what} ({killed.pid})" if killed else "nobody to be killed"
        memory = ", ".join(f"{sort} {mb:.0f} MB" for sort, mb in self.memory.latest().items())
        return (
            f"{when / 60:5.1f} min  {whom:<24} {len(told.asked):>7,} requests,"
            f" {len(told.unexpected())} in vain, {len(told.written)} written; {memory}"
        )

    def _drained(self) -> Finding:
        began = time.monotonic()
        while (left := pending()) and time.monotonic() < began + DRAINS_WITHIN:
            time.sleep(1)
        took = time.monotonic() - began
        return Finding(f"the queue was empty after {took:.0f} s", (f"{left} wait",) if left else ())

    def _errors(self, told: Told) -> Finding:
        """What came in vain, and was not under way when a web process was killed."""
        falls = [kill.at for kill in self.house.kills if kill.what == "web"]
        vain = told.unexpected()
        wrong = [
            self._named(each)
            for each in vain
            if each.status or not any(at <= each.ended <= at + EXCUSED for at in falls)
        ]
        words = f"{len(told.asked):,} requests, {len(vain)} in vain"
        return Finding(f"{words}, at {len(falls)} kills of a web process", tuple(wrong))

    def _named(self, asked: Asked) -> str:
        when = asked.at - self.began
        took = asked.took * 1000
        return f"{when:.2f} s: {asked.method} {asked.path}: {asked.outcome} after {took:.0f} ms"

    def _report(self, told: Told) -> None:
        console.print(told.table("What the crowd saw"))
        sorts = [kill.what for kill in self.house.kills]
        counted = ", ".join(f"{what} {sorts.count(what)}" for what in dict.fromkeys(sorts))
        console.print(f"Killed: {counted or 'nobody'}. The queue is given time to empty …")


def _verdict(findings: list[Finding]) -> None:
    for found in findings:
        console.print(f"[green]✓[/] {found.words}" if found.holds else f"[red]✗[/] {found.words}")
        for each in found.wrong[:SHOWN]:
            console.print(f"    {each}", soft_wrap=True, markup=False)
        if len(found.wrong) > SHOWN:
            console.print(f"    and {len(found.wrong) - SHOWN} more")
    wrong = sum(not found.holds for found in findings)
    console.print(f"[red]{wrong} accounts do not hold.[/]" if wrong else "[green]All holds.[/]")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
