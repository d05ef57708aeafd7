"""Whether the topic that answers is among the first three, for what hurried customers type.

`pairs.tsv` holds a query a line as it would be typed into the search box of the demo bank, and the
title of the topic that its writer would be glad to find, written by reading the topics and before
anything was tried. A pair that fails is a reason to mend the search, not to drop the pair.

Of "across languages" only the words that the first synonyms know can be found; the others are the
meaning's, where that is switched on.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from app.commands.demo import fill
from app.core.policy import PUBLIC
from app.search import shelf
from app.search.index import ENGINES
from app.search.service import finding, keeping
from tests.conftest import rolled_back

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from flask import Flask

    from app.topics.models import Topic

# The words are the same on either database: once is enough.
pytestmark = pytest.mark.parametrize("app", ["sqlite"], indirect=True, scope="session")

PAIRS: Final = Path(__file__).with_name("pairs.tsv")
LEAST: Final = 0.95
FIRST: Final = 3
# The least share of each sort, and of the sorts that ask for more than words tell.
FLOOR: Final = 0.9
FLOORS: Final = {"across languages": 0.5, "one typo": 0.95, "inflection": 0.95}
FLOOR_WHILE_WRITING: Final = 0.85
FLOORS_WHILE_WRITING: Final = {"across languages": 0.15}


@dataclass(frozen=True)
class Asked:
    """A pair, and the places of its topic: 1 is the first; None when it is not there."""

    sort: str
    query: str
    topic: str
    found: int | None
    suggested: int | None

    def __str__(self) -> str:
        return f"{self.sort}: «{self.query}» → {self.topic}: {self.found}, {self.suggested}"


@pytest.fixture(scope="module")
def demo_bank(app: Flask) -> Iterator[None]:
    """Played once; the tests only look."""
    with rolled_back(app):
        fill()
        yield


@pytest.fixture(scope="module", params=sorted(ENGINES))
def asked(
    request: pytest.FixtureRequest,
    app: Flask,
    demo_bank: None,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[list[Asked]]:
    """Every query once, of the search and of the form in which a question is written."""
    folder = tmp_path_factory.mktemp("index")
    shelf.init({**app.config, "INDEX_PATH": folder, "SEARCH_ENGINE": request.param})
    keeping.rebuild()
    finding.forget()
    with PAIRS.open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    yield [_ask(line["sort"], line["query"], line["topic"]) for line in lines]
    shelf.init(app.config)


def _ask(sort: str, query: str, topic: str) -> Asked:
    found = [item.topic for item in finding.find(PUBLIC, query).items]
    suggested = [each.topic for each in finding.suggestions(PUBLIC, query)]
    return Asked(sort, query, topic, _place(topic, found), _place(topic, suggested))


def _place(title: str, topics: Iterable[Topic]) -> int | None:
    return next((at for at, topic in enumerate(topics, 1) if topic.title == title), None)


def is_first(place: int | None) -> bool:
    return place is not None and place <= FIRST


def test_there_are_pairs_enough(asked: list[Asked]) -> None:
    assert len(asked) >= 240
    assert len({each.query for each in asked}) == len(asked)
    by_sort = defaultdict(list)
    for each in asked:
        by_sort[each.sort].append(each)
    assert len(by_sort) >= 14
    assert min(map(len, by_sort.values())) >= 6


def test_the_search_finds_what_answers(asked: list[Asked]) -> None:
    missed = [each for each in asked if not is_first(each.found)]

    print("Found:", *missed, sep="\n  ")  # noqa: T201 (what to mend next)
    assert 1 - len(missed) / len(asked) >= LEAST
    assert below(asked, missed, FLOORS, FLOOR) == {}


def test_what_answers_is_suggested_while_a_question_is_written(asked: list[Asked]) -> None:
    missed = [each for each in asked if not is_first(each.suggested)]

    print("Suggested:", *missed, sep="\n  ")  # noqa: T201 (what to mend next)
    assert 1 - len(missed) / len(asked) >= LEAST
    assert below(asked, missed, FLOORS_WHILE_WRITING, FLOOR_WHILE_WRITING) == {}


def below(
    asked: list[Asked], missed: list[Asked], floors: dict[str, float], floor: float
) -> dict[str, float]:
    """The sorts of which too few were right, and how many."""
    of_sort = defaultdict(list)
    for each in asked:
        of_sort[each.sort].append(each not in missed)
    shares = {sort: sum(right) / len(right) for sort, right in of_sort.items()}
    return {sort: share for sort, share in shares.items() if share < floors.get(sort, floor)}
