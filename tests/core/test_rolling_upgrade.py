"""Old and new code together during an upgrade: expand, backfill, contract, and nobody stops."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Engine, insert, text

from app.commands.database import migrate
from app.core import clock, presence, schema
from app.core.db import db
from migrations import locks
from tests.core.releases import written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask

ROOT = Path(__file__).parents[2]
# Generous: the machine may be busy with other things.
SOON = 120.0
PARCELS = 300


@pytest.fixture
def releases(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[list[Path], list[Path]]]:
    """What the old and the new release know; this process is of the new one."""
    old, new = written(tmp_path)
    monkeypatch.setattr(schema, "FOLDERS", new)
    monkeypatch.setattr(locks, "PAUSE", (0.01, 0.1))
    yield old, new
    # Alembic's modules of these revisions are made anew for each test.
    schema._steps.cache_clear()


@pytest.fixture
def flask(app: Flask, empty: Engine) -> Callable[..., Any]:
    def run(*words: str) -> Any:
        return app.test_cli_runner().invoke(args=words)

    return run


@pytest.fixture
def as_old(
    releases: tuple[list[Path], list[Path]], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], None]]:
    """Be of the old release from now on."""

    def be() -> None:
        monkeypatch.setattr(schema, "FOLDERS", releases[0])

    return be


class Running:
    """A process of a release (release_process.py)."""

    def __init__(
        self, release: str, folders: list[Path], empty: Engine, tmp_path: Path, parcels: list[int]
    ) -> None:
        address = empty.url.render_as_string(hide_password=False)
        instance = tmp_path / f"instance-{release}"
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


def beats(revision: str, kind: str = "web") -> None:
    """A process somewhere else says that it runs."""
    at = clock.now()
    row = {"key": kind + revision, "kind": kind, "host": "elsewhere", "pid": 7, "since": at}
    with db.engine.begin() as connection:
        connection.execute(insert(presence.Process).values(**row, revision=revision, at=at))


def test_old_and_new_code_run_together(
    releases: tuple[list[Path], list[Path]],
    flask: Callable[..., Any],
    empty: Engine,
    tmp_path: Path,
) -> None:
    seeds = {n: f"Family{n} Given{n}" for n in range(1, PARCELS + 1)}
    even, odd = [n for n in seeds if n % 2 == 0], [n for n in seeds if n % 2]
    old = Running("old", releases[0], empty, tmp_path, even)
    new = Running("new", releases[1], empty, tmp_path, odd)
    try:
        migrate("9001")
        with empty.begin() as connection:
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
    assert min(of_old["rounds"], of_new["rounds"]) > 20
    written_by = {**of_old["expected"], **of_new["expected"]}
    assert len(written_by) == len(of_old["expected"]) + len(of_new["expected"])
    expected = seeds | {int(number): name for number, name in written_by.items()}
    with empty.connect() as connection:
        found = connection.execute(text("SELECT id, family || ' ' || given FROM parcels"))
        assert dict(found.tuples().all()) == expected
        assert connection.execute(text("SELECT count(*) FROM processes")).scalar_one() == 0
