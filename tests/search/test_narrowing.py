"""Operators: what a query may ask for besides words, in each language."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

from app.accounts.sessions import Guest
from app.search import wording
from app.search.index import NO_FILTERS, Filters
from app.search.service import finding, narrowing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.builders import Builders

GUEST = Guest()


@pytest.mark.parametrize(
    ("text", "operators", "words"),
    [
        ("category:cards карта", (("category", "cards"),), 1),
        ("раздел:Карты", (("category", "Карты"),), 0),
        ('by:"Анна Кузьмина" карта', (("by", "Анна Кузьмина"),), 1),
        ("автор:«Анна К» до:2026", (("by", "Анна К"), ("before", "2026")), 0),
        ("STATE:solved state:solved", (("state", "solved"),), 0),
        ("kind: карта", (), 2),
        ("http:карта время 12:30", (), 5),
        ("after:", (), 1),
    ],
)
def test_operators_are_taken_out_of_the_words(
    text: str, operators: tuple[tuple[str, str], ...], words: int
) -> None:
    read = wording.read(text)

    assert read.operators == operators
    assert len(read.words) == words


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("2026-05-31", date(2026, 5, 31)),
        ("31.05.2026", date(2026, 5, 31)),
        ("2026-05", date(2026, 5, 1)),
        ("05.2026", date(2026, 5, 1)),
        ("2026", date(2026, 1, 1)),
        ("2026-02-30", None),
        ("вчера", None),
        ("٢٠٢٦", None),
        ("99999", None),
        ("1-2-3-4", None),
        ("0", None),
    ],
)
def test_a_day_is_read_as_people_write_it(value: str, day: date | None) -> None:
    filters, unknown = narrowing.narrowed(wording.read(f"before:{value}"), NO_FILTERS)

    assert filters.before == day
    assert unknown == ([] if day else [f"before:{value}"])


def test_names_are_found_by_any_word_of_them(house: Builders) -> None:
    owner = house.executive(name="Марина Зорина")
    category = house.category(owner, name="Переводы и платежи", slug="transfers")
    customer = house.customer(name="Зоряна Ткач")

    def asked(text: str) -> tuple[Filters, list[str]]:
        return narrowing.narrowed(wording.read(text), NO_FILTERS)

    for text in ("category:transfers", "раздел:платежи", "розділ:перев"):
        assert asked(text) == (Filters(category_ids=frozenset({category.id})), [])
    assert asked("by:зорина")[0].people == {owner.id}
    assert asked("by:Зоряна")[0].people == {customer.id}
    assert asked("вид:вопрос")[0].kinds == {"question"}
    assert asked("kind:ideas")[0].kinds == {"idea"}
    assert asked("статус:решено")[0].states == {"solved"}
    assert asked("category:нету by:никто kind:ни") == (
        NO_FILTERS,
        ["category:нету", "by:никто", "kind:ни"],
    )


def test_operators_narrow_what_is_found(
    house: Builders, work: Callable[[], None], shelf: Path
) -> None:
    cards = house.category(name="Карты", slug="cards")
    asker = house.customer(name="Пётр Птицын")
    old = house.question(
        category=cards, title="Карта старая", at=datetime(2026, 3, 5, 12, tzinfo=UTC)
    )
    mine = house.question(category=cards, asker=asker, title="Карта моя")
    other = house.question(title="Карта чужая")
    house.answer(old)
    work()

    def found(text: str) -> set[int]:
        return {r.topic.id for r in finding.find(GUEST, text).items}

    assert found("карта") == {old.id, mine.id, other.id}
    assert found("карта category:cards") == {old.id, mine.id}
    assert found("карта by:пётр") == {mine.id}
    assert found("карта before:2026-03-06") == {old.id}
    assert found("карта before:2026-03-05") == set()
    assert found("карта after:2026-03-06 category:cards") == {mine.id}
    assert found("карта state:answered") == {old.id}
    assert old.answer is not None
    assert found(f'карта by:"{old.answer.author.name}"') == {old.id}
    # Without a word: the newest of that sort.
    assert [r.topic.id for r in finding.find(GUEST, "category:cards").items] == [mine.id, old.id]
    assert found("by:пётр") == {mine.id}
    assert found(f'by:"{old.answer.author.name}"') == {old.id}
    assert found("after:2026-03-06") == {mine.id, other.id}
    assert found("before:2026-03-06 state:answered kind:question") == {old.id}
    assert found("by:никто") == set()
    # What nobody understands narrows nothing, and is said.
    assert found("карта by:Птицын") == found("карта")
    assert finding.find(GUEST, "карта by:Птицын").ignored == ["by:Птицын"]
