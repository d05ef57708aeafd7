"""The keeper of the index killed a hundred times at any instant: nothing is lost or doubled."""

from __future__ import annotations

import json
import random
import statistics
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.services import database_name, postgres, run_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
KILLS = 100
SOON = 2.0
# One of them may meet a machine that is busy with something else.
AT_ONCE = 8.0


@pytest.fixture(
    scope="module",
    params=[
        ("sqlite", "whoosh"),
        ("sqlite", "tantivy"),
        pytest.param(("postgres", "whoosh"), marks=pytest.mark.postgres),
    ],
    ids="-".join,
)
def left(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Any]]:
    """What was left after all the killing, once for each database and each engine."""
    database, engine = request.param
    instance = tmp_path_factory.mktemp(f"index-killed-{database}-{engine}")
    if database == "sqlite":
        yield _kill(instance, "", engine)
        return
    with postgres(run_folder(tmp_path_factory)) as server:
        name = database_name("otklik_index_killed")
        yield _kill(instance, server.create(name), engine)
        server.drop(name)


def _kill(instance: Path, database: str, engine: str) -> dict[str, Any]:
    seed = random.SystemRandom().randrange(10**6)
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("killed.py")), str(seed), str(KILLS)],
        cwd=ROOT,
        env={
            "PYTHONPATH": str(ROOT),
            "SECRET_KEY": "only-for-tests-" * 3,
            "INSTANCE_PATH": str(instance),
            "DATABASE_URL": database,
            "SEARCH_ENGINE": engine,
            "PUBLIC_URL": "http://otklik.test",
        },
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, f"seed {seed}: {done.stderr[-4000:]}"
    print(f"seed {seed}\n{done.stderr[-4000:]}")  # noqa: T201 (pytest shows it beside a failure)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_many_died_in_the_middle_of_a_write(left: dict[str, Any]) -> None:
    """The other tests prove something."""
    assert left["killed"] == KILLS
    assert left["interrupted"] >= KILLS / 5
    assert left["writes"] >= KILLS / 10
    assert left["writers_failed"] == 0
    assert len(left["public"]) >= 20


def test_the_index_opens(left: dict[str, Any]) -> None:
    assert left["first"] > 0


def test_it_catches_up_and_equals_what_is_built_anew(left: dict[str, Any]) -> None:
    assert left["caught_up"] == left["anew"]
    assert left["anew"]["тема"] == left["public"][-len(left["anew"]["тема"]) :]
    assert left["anew"]["count"] == [len(left["public"])]


def test_what_is_published_is_found_and_what_is_hidden_gone_within_two_seconds(
    left: dict[str, Any],
) -> None:
    for seconds in (left["found"], left["gone"]):
        assert statistics.median(seconds) < SOON
        assert max(seconds) < AT_ONCE
