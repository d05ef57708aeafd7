"""The keeper of the index killed a hundred times at any instant: nothing is lost or doubled."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.programs import databases, run

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
KILLS = 100
SOON = 2.0
# One of them may meet a machine that is busy with something else.
AT_ONCE = 30.0


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
    for settings in databases("otklik_index_killed", database, instance, tmp_path_factory):
        chosen = {**settings, "SEARCH_ENGINE": engine}
        yield run("tests.search.killed", KILLS, settings=chosen, within=240)


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
