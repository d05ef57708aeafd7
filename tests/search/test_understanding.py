"""What is found when the words are not as they were meant: layout, other letters, slips."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import delete

from app.core.db import session
from app.core.policy import PUBLIC
from app.moderation import service as moderation
from app.search.models import Synonyms
from app.search.readings import Reading
from app.search.service import finding

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.topics.models import Topic
    from tests.builders import Builders
    from tests.conftest import Browser

pytestmark = pytest.mark.usefixtures("shelf")


@pytest.fixture
def bank(house: Builders, work: Callable[[], None]) -> dict[str, Topic]:
    """A few topics, all in the index, and no synonyms."""
    session.execute(delete(Synonyms))
    made = {
        "card": house.question(title="Карта не приходит по почте", body="Жду вторую неделю."),
        "fee": house.question(title="Комиссия за перевод за границу", body="Сколько это стоит?"),
        "loan": house.question(title="Ипотека на стройку", body="Хочу строить."),
        "atm": house.question(title="Картка застрягла", body="Банкомат не віддає.", tags=["atm"]),
    }
    work()
    return made


def found(text: str, **more: Any) -> tuple[list[str], Reading | None]:
    results = finding.find(PUBLIC, text, **more)
    return [item.topic.title for item in results.items], results.reading


@pytest.mark.parametrize(
    ("typed", "why", "meant", "topic"),
    [
        ("rfhnf ghb[jlbn", "layout", "карта приходит", "card"),
        ("bgjntrf", "layout", "ипотека", "loan"),
        ("rfhnrf pfcnhzukf", "layout", "картка застрягла", "atm"),
        ("karta prihodit", "translit", "карта приходит", "card"),
        ("АТМ", "layout", "ATM", "atm"),
        ("комисия за превод", "spelling", "комиссия за перевод", "fee"),
        ("ипатека", "spelling", "ипотека", "loan"),
    ],
)
def test_the_topic_is_found_and_said_how_the_words_were_read(
    bank: dict[str, Topic], typed: str, why: str, meant: str, topic: str
) -> None:
    titles, reading = found(typed)

    assert reading == Reading(meant, typed, why)
    assert titles[0] == bank[topic].title


def test_as_typed_when_the_reader_insists(bank: dict[str, Topic]) -> None:
    assert found("rfhnf", literal=True) == ([], Reading("rfhnf"))
    assert found("ипатека", literal=True) == ([], Reading("ипатека"))


def test_known_words_are_searched_for_as_typed(bank: dict[str, Topic]) -> None:
    assert found("Карты") == ([bank["card"].title], Reading("Карты"))
    assert found("12345")[1] == Reading("12345")
    assert found("штрудель")[1] == Reading("штрудель")


def test_other_words_are_only_suggested_when_they_find_no_topic_with_all_of_them(
    bank: dict[str, Topic],
) -> None:
    results = finding.find(PUBLIC, "ипатеку стройку самокат")

    assert [item.topic.title for item in results.items] == [bank["loan"].title]
    assert results.reading == Reading("ипатеку стройку самокат")
    assert results.meant == "ипотека стройку самокат"


def test_words_of_hidden_topics_are_suggested_to_nobody(
    house: Builders, bank: dict[str, Topic], work: Callable[[], None]
) -> None:
    secret = house.question(title="Штрудельбанк украл деньги", body="Название клиента.")
    work()
    assert found("штрудельбанг")[1] == Reading("штрудельбанк", "штрудельбанг", "spelling")

    # Before the index hears of it, too.
    moderation.hide(house.manager(), secret, "Names a customer")
    session.flush()
    assert found("штрудельбанг") == ([], Reading("штрудельбанг"))
    assert "штрудельбанк" not in str(finding.find(PUBLIC, "штрудельбанг"))


def test_what_a_synonym_knows_is_a_word(bank: dict[str, Topic]) -> None:
    session.add(Synonyms(words=["апп", "приложение"]))
    session.flush()

    assert found("fgg")[1] == Reading("апп", "fgg", "layout")


def test_boxes_offer_what_was_meant_while_somebody_types(bank: dict[str, Topic]) -> None:
    def offered(text: str) -> list[str]:
        return [each.topic.title for each in finding.completions(PUBLIC, text)]

    assert offered("bgjn") == [bank["loan"].title]
    assert offered("ipote") == [bank["loan"].title]
    assert offered("rjvbccbz pf gth") == [bank["fee"].title]
    assert offered("qwzx") == []
    suggested = finding.suggestions(PUBLIC, "rjvbccbz pf gthtdjl pf uhfybwe")
    assert [each.topic.title for each in suggested] == [bank["fee"].title]
    assert suggested[0].meant == "комиссия за перевод за границу"
    assert finding.completions(PUBLIC, "ипот")[0].meant is None


def test_boxes_say_what_they_looked_for(bank: dict[str, Topic], browser: Browser) -> None:
    english = {"Accept-Language": "en"}
    for shape in ("options", "list"):
        there = f"/search/similar?shape={shape}&q="
        typed = browser.get(f"{there}bgjntrf", headers=english).text
        assert typed.count("Shown for «ипотека»") == 2, "seen and said"
        assert "Shown for" not in browser.get(f"{there}ипотека", headers=english).text


def test_no_index_is_no_error(house: Builders) -> None:
    results = finding.find(PUBLIC, "rfhnf")

    assert not results.is_ready
    assert results.reading == Reading("rfhnf")
    assert finding.completions(PUBLIC, "rfhnf") == []


def test_the_page_says_it_and_offers_what_was_typed(
    bank: dict[str, Topic], browser: Browser
) -> None:
    html = browser.get(
        "/search", query_string={"q": "bgjntrf"}, headers={"Accept-Language": "en"}
    ).text

    assert "«ипотека»" in html
    assert "bgjntrf" in html
    assert "Ипотека" in html
