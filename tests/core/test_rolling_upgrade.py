"""Old and new code together during an upgrade: expand, backfill, contract, and nobody stops."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, delete, insert, text, update
from werkzeug.test import Client

from app.commands import database
from app.commands.database import migrate
from app.core import backfilling, clock, presence, schema
from app.core.db import db
from migrations import locks
from tests.core.releases import step, written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask

ROOT = Path(__file__).parents[2]
# Generous: the machine may be busy with other things.
SOON = 120.0
PARCELS = 300


@pytest.fixture
def releases(
    migrated: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[list[Path], list[Path]]]:
    """What the old and the new release know; this process is of the new one."""
    old, new = written(tmp_path)
    monkeypatch.setattr(schema, "FOLDERS", new)
    monkeypatch.setattr(locks, "PAUSE", (0.01, 0.1))
    yield old, new
    # Alembic's modules of these revisions are made anew for each test.
    schema._steps.cache_clear()


@pytest.fixture
def flask(app: Flask, migrated: Engine) -> Callable[..., Any]:
    def run(*words: str) -> Any:
        return app.test_cli_runner().invoke(args=words)

    return run


class Running:
    """A process of a release (release_process.py)."""

    def __init__(
        self, release: str, folders: list[Path], engine: Engine, instance: Path, parcels: list[int]
    ) -> None:
        address = engine.url.render_as_string(hide_password=False)
        settings = {
            "SECRET_KEY": "only-for-tests-" * 3,
            "INSTANCE_PATH": str(instance),
            "DATABASE_URL": address,
            "PUBLIC_URL": "http://otklik.test",
            "LOG_LEVEL": "ERROR",
        }
        told = {
            "release": release,
            "folders": [str(folder) for folder in folders],
            "settings": settings,
            "parcels": parcels,
            "filled": False,
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.core.release_process", json.dumps(told)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines: list[str] = []
        self.reading = threading.Thread(target=self._read, daemon=True)
        self.reading.start()

    def _read(self) -> None:
        self.lines.extend(iter(self.process.stdout.readline, ""))

    def say(self, word: str) -> None:
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()

    def go_on(self) -> None:
        """Wait until it has done some more."""
        so_far = len(self.lines)
        assert soon(lambda: len(self.lines) > so_far + 1 or self.process.poll() is not None)
        assert self.process.poll() is None, self.process.stderr.read()

    def stop(self) -> dict[str, Any]:
        self.say("stop")
        assert self.process.wait(SOON) == 0, self.process.stderr.read()
        self.reading.join(SOON)
        told: dict[str, Any] = json.loads(self.lines[-1])
        return told

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            pipe.close()


def soon(true: Callable[[], bool]) -> bool:
    until = time.monotonic() + SOON
    while time.monotonic() < until:
        if true():
            return True
        time.sleep(0.05)
    return False


def beats(revision: str, kind: str = "web", host: str = "elsewhere") -> None:
    """A process somewhere else says that it runs."""
    at = clock.now()
    row = {"key": kind + revision, "kind": kind, "host": host, "pid": 7, "since": at}
    with db.engine.begin() as connection:
        connection.execute(insert(presence.Process).values(**row, revision=revision, at=at))


@pytest.mark.slow
def test_old_and_new_code_run_together(
    releases: tuple[list[Path], list[Path]],
    flask: Callable[..., Any],
    migrated: Engine,
    app: Flask,
) -> None:
    seeds = {n: f"Family{n} Given{n}" for n in range(1, PARCELS + 1)}
    even, odd = [n for n in seeds if n % 2 == 0], [n for n in seeds if n % 2]
    instance = app.config["INSTANCE_PATH"]
    old = Running("old", releases[0], migrated, instance, even)
    new = Running("new", releases[1], migrated, instance, odd)
    try:
        migrate("9001")
        with migrated.begin() as connection:
            rows = [{"name": name} for name in seeds.values()]
            connection.execute(text("INSERT INTO parcels (name) VALUES (:name)"), rows)
        old.say("go")
        old.go_on()

        assert flask("database", "expand").output == "Expanded: 9002.\n"
        old.go_on()
        new.say("go")
        new.go_on()
        too_early = flask("database", "contract")
        assert too_early.exit_code == 1
        assert "First: `flask database backfill` (9002)" in too_early.output
        said = flask("database", "status").output
        assert "9002" in said
        assert "9003" in said

        assert flask("database", "backfill", "--size", "40").output == "Filled.\n"
        new.say("filled")
        old.go_on()
        new.go_on()

        refused = flask("database", "contract")
        assert refused.exit_code == 1
        assert f"process {old.process.pid}, 9001, seen" in refused.output
        assert str(new.process.pid) not in refused.output
        old.go_on()

        of_old = old.stop()
        assert flask("database", "contract").output == "Contracted: 9003.\n"
        new.go_on()
        of_new = new.stop()
    finally:
        old.end()
        new.end()

    assert (of_old["errors"], of_new["errors"]) == ([], [])
    assert min(of_old["rounds"], of_new["rounds"]) > 10
    written_by = {**of_old["expected"], **of_new["expected"]}
    assert len(written_by) == len(of_old["expected"]) + len(of_new["expected"])
    expected = seeds | {int(number): name for number, name in written_by.items()}
    with migrated.connect() as connection:
        found = connection.execute(text("SELECT id, family || ' ' || given FROM parcels"))
        assert dict(found.tuples().all()) == expected
        assert connection.execute(text("SELECT count(*) FROM processes")).scalar_one() == 0


# ————— one process at a time


@pytest.fixture
def be(releases: tuple[list[Path], list[Path]]) -> Callable[[str], None]:
    """Be of the old release from now on, or of the new one."""

    def change(release: str) -> None:
        schema.FOLDERS = releases[0] if release == "old" else releases[1]

    return change


def test_what_is_read_of_migrations_without_alembic_is_what_alembic_reads(
    releases: object,
) -> None:
    known = list(ScriptDirectory.from_config(schema.alembic_config()).walk_revisions())[::-1]
    assert [step.revision for step in schema.steps()] == [each.revision for each in known]
    assert [step.phase for step in schema.steps()] == [
        getattr(each.module, "phase", "expand") for each in known
    ]
    assert [step.has_backfill for step in schema.steps()] == [
        hasattr(each.module, "backfill") for each in known
    ]


def parcels(engine: Engine) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text("SELECT * FROM parcels ORDER BY id"))]


def test_one_machine_takes_every_phase_at_once(
    releases: object, migrated: Engine, flask: Callable[..., Any]
) -> None:
    migrate("9001")
    with migrated.begin() as connection:
        connection.execute(text("INSERT INTO parcels (name) VALUES ('Sobolev Ivan Petrovich')"))
    # What is ending just now, or was killed a moment ago.
    beats("9001", host=presence.here())
    told = flask("database", "upgrade")
    assert told.exit_code == 0, told.output
    assert f"will answer 503 from now on: web on {presence.here()}, process 7" in told.stderr
    assert parcels(migrated) == [(1, "Sobolev", "Ivan Petrovich")]
    assert "Nothing is to be done." in flask("database", "status").output
    assert flask("database", "upgrade").exit_code == 0


def test_one_machine_after_the_other_is_upgraded_and_the_last_one_contracts(
    releases: object, migrated: Engine, flask: Callable[..., Any]
) -> None:
    migrate("9001")
    with migrated.begin() as connection:
        connection.execute(text("INSERT INTO parcels (name) VALUES ('Sobolev Ivan')"))
    beats("9001")
    told = flask("database", "upgrade")
    assert (told.exit_code, told.stderr) == (0, "")
    assert "Left for later, as older code runs on other machines: 9003" in told.output
    assert parcels(migrated) == [(1, "Sobolev Ivan", "Sobolev", "Ivan")]
    with schema.looking() as connection:
        found = schema.standing(connection)
    assert (found.fits, found.words) == (
        True,
        "at 9002, the code needs 9002; to be contracted: 9003",
    )
    with migrated.begin() as connection:
        connection.execute(update(presence.Process).values(revision="9003"))
    assert flask("database", "upgrade").output == ""
    assert parcels(migrated) == [(1, "Sobolev", "Ivan")]


def test_old_code_goes_on_when_the_database_is_ahead_and_not_when_it_was_contracted(
    be: Callable[[str], None], flask: Callable[..., Any], migrated: Engine
) -> None:
    migrate("9001")
    be("old")
    with schema.looking() as connection:
        assert schema.standing(connection).fits
    be("new")
    with schema.looking() as connection:
        behind = schema.standing(connection)
    assert (behind.fits, behind.words) == (False, "at 9001, the code needs 9002")
    assert "flask database expand" in behind.advice
    flask("database", "expand")

    be("old")
    with schema.looking() as connection:
        ahead = schema.standing(connection)
    assert (ahead.fits, ahead.words) == (True, "at 9002, ahead of the code (9001), which may go on")
    # Whoever goes back to the old release runs the old commands: they change nothing.
    for command in ("upgrade", "expand", "contract", "backfill", "status"):
        told = flask("database", command)
        assert told.exit_code == 0, told.output

    be("new")
    flask("database", "backfill", "--hurry")
    assert flask("database", "contract").exit_code == 0
    be("old")
    with schema.looking() as connection:
        outgrown = schema.standing(connection)
    assert not outgrown.fits
    assert "contracted by 9003" in outgrown.words
    assert "Start the newer code here" in flask("database", "upgrade").output

    be("new")
    flask("database", "downgrade", "9002")
    be("old")
    with schema.looking() as connection:
        assert schema.standing(connection).fits


def test_a_contraction_waits_for_old_code_and_can_be_forced(
    releases: object, flask: Callable[..., Any], migrated: Engine
) -> None:
    migrate("9001")
    flask("database", "expand")
    flask("database", "backfill", "--hurry")
    beats("9001")
    beats("9003")
    beats("9001", kind="worker")
    refused = flask("database", "contract")
    assert refused.exit_code == 1
    assert "web on elsewhere, process 7, 9001, seen 0 s ago" in refused.output
    assert "worker on elsewhere" in refused.output
    assert "9003, seen" not in refused.output
    assert "Knows up to" in flask("database", "status").output
    with schema.looking() as connection:
        assert schema.contracted(connection) == set(), "nothing is announced that is not done"
    forced = flask("database", "contract", "--force")
    assert forced.exit_code == 0
    assert forced.stdout == "Contracted: 9003.\n"


def test_one_who_was_killed_is_forgotten_after_a_while(
    releases: object, flask: Callable[..., Any], migrated: Engine
) -> None:
    migrate("9001")
    flask("database", "expand")
    beats("9001")
    with time_machine.travel(clock.now() + presence.GONE + timedelta(seconds=1), tick=False):
        assert presence.without("9003") == []
        flask("database", "backfill", "--hurry")
        assert flask("database", "contract").exit_code == 0


def test_who_begins_while_a_contraction_begins_is_seen_by_it_or_sees_it(
    be: Callable[[str], None],
    flask: Callable[..., Any],
    migrated: Engine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    migrate("9001")
    flask("database", "expand")
    flask("database", "backfill", "--hurry")
    announce = database._announce

    def and_just_before_somebody_begins(steps: Any) -> None:
        beats("9001")
        announce(steps)

    monkeypatch.setattr(database, "_announce", and_just_before_somebody_begins)
    assert "Older code still runs" in flask("database", "contract").output
    with schema.looking() as connection:
        assert schema.current(connection) == "9002"
        assert schema.contracted(connection) == set()

    # The other way round: it was announced, and one that begins now stays away.
    announce([step for step in schema.steps() if step.revision == "9003"])
    be("old")
    late = presence.Presence("web")
    late.beat()
    assert "contracted by 9003" in late.complaint


def test_a_release_that_was_left_out_is_said(
    be: Callable[[str], None],
    releases: tuple[list[Path], list[Path]],
    flask: Callable[..., Any],
    migrated: Engine,
) -> None:
    body = "online.add_index('ix_parcels_given', 'parcels', ['given'])"
    more = step("9004", "9003", "expand", body)
    (releases[1][-1] / "9004.py").write_text(more, encoding="utf-8")
    schema._steps.cache_clear()
    migrate("9001")
    told = flask("database", "expand")
    assert told.exit_code == 1
    assert "Expanded: 9002." in told.output
    assert "a contraction of an earlier release (9003)" in told.output
    beats("9001")
    told = flask("database", "upgrade")
    assert told.exit_code == 1
    assert "Older code still runs" in told.output
    with migrated.begin() as connection:
        connection.execute(delete(presence.Process))
    # With nothing running, all of it is done in its order.
    assert flask("database", "upgrade").exit_code == 0
    with schema.looking() as connection:
        assert schema.current(connection) == "9004"


def test_a_database_from_before_phases_is_not_expanded(
    releases: object, flask: Callable[..., Any], migrated: Engine
) -> None:
    flask("database", "downgrade", "0019")
    told = flask("database", "expand")
    assert told.exit_code == 1
    assert "Stop every process, then run `flask database upgrade`" in told.output


# ————— backfills


def test_a_backfill_goes_on_where_it_was_stopped(
    releases: object,
    flask: Callable[..., Any],
    migrated: Engine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    migrate("9001")
    with migrated.begin() as connection:
        rows = [{"name": f"F{n} G{n}"} for n in range(100)]
        connection.execute(text("INSERT INTO parcels (name) VALUES (:name)"), rows)
        # Numbers are not without gaps, and batches are of rows.
        connection.execute(text("DELETE FROM parcels WHERE id BETWEEN 11 AND 90"))
    flask("database", "expand")
    work = backfilling.work("9002")
    positions = []
    for _ in range(3):
        batch = backfilling.go_on("9002", work, 8)
        positions.append(batch and (batch.position, batch.filled))
    assert positions == [(0, 0), (8, 8), (96, 8)]

    fill, batches = type(work).fill, []

    def dies(self: Any, connection: Any, first: int, last: int) -> int:
        batches.append((first, last))
        fill(self, connection, first, last)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(type(work), "fill", dies)
        with pytest.raises(KeyboardInterrupt):
            backfilling.go_on("9002", work, 2)
    with schema.looking() as connection:
        assert backfilling.position(connection, "9002") == 96, "what was not committed is not said"
    assert flask("database", "backfill").output == "Filled.\n"
    assert flask("database", "backfill").output == "Nothing to fill.\n"
    assert {row[2:] for row in parcels(migrated)} == {
        (f"F{row[0] - 1}", f"G{row[0] - 1}") for row in parcels(migrated)
    }


def test_a_backfill_steps_back_for_whoever_holds_a_row(
    releases: object, flask: Callable[..., Any], migrated: Engine, app: Flask
) -> None:
    migrate("9001")
    with migrated.begin() as connection:
        connection.execute(text("INSERT INTO parcels (name) VALUES ('A B'), ('C D')"))
    flask("database", "expand")
    told: list[Any] = []
    with migrated.connect() as holder:
        holder.execute(text("UPDATE parcels SET name = 'E F' WHERE id = 2"))
        filling = threading.Thread(target=lambda: told.append(flask("database", "backfill")))
        filling.start()
        # It comes this far, and not further while the row is held.
        time.sleep(0.3)
        holder.commit()
    filling.join(SOON)
    assert told[0].output == "Filled.\n"
    assert parcels(migrated) == [(1, "A B", "A", "B"), (2, "E F", "E", "F")]


SAID = (
    # Old code
    ("INSERT INTO parcels (name) VALUES ('Solo')", ("Solo", "Solo", "")),
    ("INSERT INTO parcels (name) VALUES ('')", ("", "", "")),
    ("INSERT INTO parcels (name) VALUES ('A B  C')", ("A B  C", "A", "B  C")),
    ("UPDATE parcels SET name = 'Solo' WHERE id = 1", ("Solo", "Solo", "")),
    ("UPDATE parcels SET name = name || '!' WHERE id = 1", ("Old One!", "Old", "One!")),
    ("UPDATE parcels SET name = name WHERE id = 1", ("Old One", None, None)),
    # New code
    ("INSERT INTO parcels (family, given) VALUES ('A', 'B')", ("A B", "A", "B")),
    ("INSERT INTO parcels (family) VALUES ('A')", (None, "A", None)),
    # What the old form cannot say is kept in the new one.
    ("INSERT INTO parcels (family, given) VALUES ('A B', 'C')", ("A B C", "A B", "C")),
    ("UPDATE parcels SET family = 'A', given = 'B' WHERE id = 1", ("A B", "A", "B")),
    # Whoever writes both at once is believed as to the new one.
    (
        "UPDATE parcels SET name = 'X Y', family = 'A', given = 'B' WHERE id = 1",
        ("A B", "A", "B"),
    ),
)


def test_a_mirror_shows_each_side_what_the_other_wrote(
    releases: object, migrated: Engine, subtests: pytest.Subtests
) -> None:
    migrate("9001")
    with migrated.begin() as connection:
        connection.execute(text("INSERT INTO parcels (name) VALUES ('Old One')"))
    migrate("9002")
    for statement, row in SAID:
        with subtests.test(statement), migrated.connect() as connection:
            connection.execute(text(statement))
            last = text("SELECT * FROM parcels ORDER BY id DESC LIMIT 1")
            found = connection.execute(last).one()
            connection.rollback()
            assert tuple(found)[1:] == row


# ————— with whom the database is shared


@pytest.fixture
def serving(app: Flask, migrated: Engine, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """Ask a web process that tells that it is there."""
    door = presence.Doorkeeper(app.wsgi_app, app.app_context, ROOT / "static" / "nowhere.html")
    monkeypatch.setattr(presence, "AGAIN", 0.0)
    # The test beats by hand.
    monkeypatch.setattr(presence.Doorkeeper, "_beat", lambda *_: None)
    monkeypatch.setattr(presence, "Finalize", lambda *_, **__: None)
    client = Client(door)
    return lambda path: client.get(path, base_url="http://otklik.test")


def test_a_process_whose_database_is_behind_says_sorry_until_it_is_not(
    be: Callable[[str], None], flask: Callable[..., Any], serving: Callable[[str], Any]
) -> None:
    migrate("9001")
    sorry = serving("/")
    assert (sorry.status_code, sorry.headers["Retry-After"]) == (503, "30")
    assert sorry.headers["Cache-Control"] == "no-store"
    assert serving("/healthz").status_code == 200
    assert serving("/readyz").json["checks"]["migrations"] == "wrong"
    flask("database", "expand")
    assert serving("/").status_code == 200
    assert serving("/readyz").json["checks"]["migrations"] == "ok"


def test_old_code_serves_until_what_it_needs_is_taken_away(
    be: Callable[[str], None], flask: Callable[..., Any], serving: Callable[[str], Any]
) -> None:
    migrate("9001")
    flask("database", "expand")
    be("old")
    assert serving("/").status_code == 200
    assert serving("/readyz").json["checks"]["migrations"] == "ok"
    here = serving.__closure__[0].cell_contents.application.presence
    here.beat()
    assert [each.revision for each in presence.seen()] == ["9001"]
    be("new")
    flask("database", "backfill", "--hurry")
    assert flask("database", "contract", "--force").exit_code == 0
    be("old")
    here.beat()
    assert serving("/").status_code == 503
    here.leave()
    assert presence.seen() == []


def test_a_worker_does_not_begin_with_a_database_that_does_not_fit(
    releases: object, flask: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence._Worker, "presence", None)
    migrate("9001")
    told = flask("worker")
    assert told.exit_code == 1
    assert "at 9001, the code needs 9002. Run `flask database upgrade`" in told.output


def test_a_worker_ends_when_the_database_has_outgrown_it(
    be: Callable[[str], None], flask: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(presence._Worker, "presence", None)
    monkeypatch.setattr(presence.os, "kill", lambda _pid, number: asked.append(number))
    migrate("9001")
    flask("database", "expand")
    be("old")
    presence.be_there()
    assert ([each.kind for each in presence.seen()], asked) == (["worker"], [])
    be("new")
    flask("database", "backfill", "--hurry")
    flask("database", "contract", "--force")
    be("old")
    presence.be_there()
    assert asked == [signal.SIGTERM]
    assert "contracted by 9003" in presence.complaint_of_worker()
    presence.leave()
    assert presence.seen() == []
