"""Gaps in our answers: what staff see of searches, and closing a gap with one click."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from sqlalchemy import select

from app.core import clock
from app.core.db import session
from app.search import gaps as reading
from app.search.gaps import Look
from app.search.models import SettledGap
from app.search.service import learning
from app.sla.models import Promise
from app.topics.models import Topic

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.builders import Builders
    from tests.conftest import Browser

ENGLISH = {"Accept-Language": "en"}

pytestmark = pytest.mark.usefixtures("shelf", "nothing_noted")


@pytest.fixture
def nothing_noted() -> None:
    learning._words._begin_anew()
    learning._topics._begin_anew()


@pytest.fixture
def manager(house: Builders, browser: Browser) -> Browser:
    """The community manager's browser."""
    house.brand()
    return browser.sign_in(house.manager(locale="en"))


def searched(words: str, times: int, found: int = 0, *, days_ago: int = 0) -> None:
    with time_machine.travel(clock.now() - timedelta(days=days_ago), tick=False):
        for _ in range(times):
            learning.note_search(words, found, locale="ru")
    learning.flush()


def page(browser: Browser, **args: Any) -> str:
    answer = browser.get("/manage/gaps", query_string=args, headers=ENGLISH)
    assert answer.status_code == 200
    return str(answer.text)


def words_on(html: str) -> list[str]:
    """The lines of the list, in order."""
    lines = re.findall(r'class="gap__words">(.*?)</h2>', html, re.DOTALL)
    return [re.sub(r"<[^>]+>", "", line).strip() for line in lines]


# ------------------------------------------------------------------------------- what is shown


def test_the_most_missed_comes_first(manager: Browser) -> None:
    searched("ипотека морякам", 2)
    searched("карта мир за границей", 5)
    searched("курс доллара", 4, found=3)
    html = page(manager)
    assert words_on(html) == ["карта мир за границей", "ипотека морякам"]
    assert "5 times not found" in html
    assert "2 times not found" in html


def test_the_period_counts_from_its_first_day(manager: Browser) -> None:
    searched("месяц назад", 1, days_ago=29)
    searched("раньше", 1, days_ago=30)
    searched("давно", 1, days_ago=90)
    assert words_on(page(manager)) == ["месяц назад"]
    assert words_on(page(manager, days=30)) == ["месяц назад"]
    assert set(words_on(page(manager, days=90))) == {"месяц назад", "раньше"}
    assert words_on(page(manager, days="\x00")) == ["месяц назад"]


def test_days_are_added_up(manager: Browser) -> None:
    searched("ипотека", 1, days_ago=3)
    searched("ипотека", 2)
    searched("карта", 2)
    html = page(manager)
    assert words_on(html) == ["ипотека", "карта"]
    assert "3 times not found" in html


def test_gaps_of_one_category_or_language(manager: Browser, house: Builders) -> None:
    cards = house.category(name="Карты", slug="cards", words="карта")
    searched("карта потеряна", 1)
    searched("скільки коштує переказ", 1)
    searched("mortgage for sailors", 1)
    assert words_on(page(manager, category=cards.slug)) == ["карта потеряна"]
    assert words_on(page(manager, language="uk")) == ["скільки коштує переказ"]
    assert words_on(page(manager, language="en")) == ["mortgage for sailors"]
    assert len(words_on(page(manager, category="nowhere", language="xx"))) == 3


def test_what_was_found_and_never_opened(manager: Browser, house: Builders) -> None:
    topic = house.question()
    searched("лимит перевода", 3, found=2)
    searched("курс доллара", 2, found=2)
    searched("ипотека", 9)
    learning.note_click("курс доллара", topic.id)
    learning.flush()
    assert words_on(page(manager, show="untouched")) == ["лимит перевода"]


def test_the_topics_that_saved_questions(manager: Browser, house: Builders) -> None:
    most, other = house.question(title="Про лимиты"), house.question(title="Про курсы")
    for topic, times in ((most, 3), (other, 1)):
        for _ in range(times):
            learning.note_helped("лимит", topic.id)
    learning.note_click("лимит", most.id)
    learning.flush()
    html = page(manager, show="saved")
    assert words_on(html) == ["Про лимиты", "Про курсы"]
    assert "4 questions were saved" in html
    assert "3 times it helped" in html
    assert "1 time opened" in html


def test_a_hidden_topic_is_not_named_to_an_executive(
    house: Builders, new_browser: Callable[[], Browser]
) -> None:
    house.brand()
    topic = house.question(title="Про лимиты")
    learning.note_helped("лимит", topic.id)
    learning.flush()
    topic.hidden_at = clock.now()
    executive = new_browser().sign_in(house.executive())
    assert "Про лимиты" not in page(executive, show="saved")


def test_the_overview_counts_what_was_saved_this_month(manager: Browser, house: Builders) -> None:
    topic = house.question()
    first = clock.now().replace(day=1, hour=12)
    for at, times in ((first, 2), (first - timedelta(days=1), 5)):
        with time_machine.travel(at, tick=False):
            for _ in range(times):
                learning.note_helped("карта", topic.id)
    learning.flush()
    html = manager.get("/manage", headers=ENGLISH).text
    assert re.search(r'show=saved">2</a>.*?questions saved this month', html, re.DOTALL)
    assert "/manage/gaps" in html


def test_pages_follow_one_another(manager: Browser) -> None:
    wanted = []
    for n in range(45):
        word = f"слово {chr(1072 + n % 30)}{chr(1072 + n // 30)}"
        searched(word, 1 + n % 4)
        wanted.append(word)
    seen: list[str] = []
    address: str | None = "/manage/gaps"
    while address:
        html = manager.get(address, headers=ENGLISH).text
        seen += words_on(html)
        older = re.search(r'rel="next" href="([^"]+)"', html)
        address = older[1].replace("&amp;", "&") if older else None
    assert sorted(seen) == sorted(wanted)
    assert len(set(seen)) == 45


@pytest.mark.parametrize("show", ["missed", "untouched", "saved", "settled"])
def test_a_page_costs_the_same_however_long(
    manager: Browser, house: Builders, count_sql: Any, show: str
) -> None:
    category = house.category(name="Карты", words="карта")

    def fill(numbers: range) -> None:
        for n in numbers:
            letter = chr(1072 + n)
            searched(f"карта {letter}{letter}", 1, found=n % 2)
            learning.note_helped("", house.question(category=category).id)
            learning.flush()
            learning.settle(f"вклад {letter}{letter}")

    fill(range(3))
    page(manager, show=show)
    with count_sql() as few:
        page(manager, show=show)
    fill(range(3, 20))
    with count_sql() as many:
        page(manager, show=show)
    assert len(many) == len(few)


def test_an_empty_list_says_what_it_means(manager: Browser) -> None:
    for show, words in (
        ("missed", "No gaps"),
        ("untouched", "Nothing was passed over"),
        ("saved", "No questions saved yet"),
        ("settled", "Nothing is settled"),
        ("nonsense", "No gaps"),
    ):
        assert words in page(manager, show=show)


# ------------------------------------------------------------------------------- who may


def test_only_staff_see_gaps(house: Builders, new_browser: Callable[[], Browser]) -> None:
    house.brand()
    assert new_browser().get("/manage/gaps").status_code == 303
    assert new_browser().sign_in(house.customer()).get("/manage/gaps").status_code == 404
    for person in (house.executive(), house.manager(), house.administrator()):
        assert new_browser().sign_in(person).get("/manage/gaps").status_code == 200


def test_an_executive_finds_the_way_there(
    house: Builders, new_browser: Callable[[], Browser]
) -> None:
    house.brand()
    executive, customer = house.executive(), house.customer()
    assert 'href="/manage/gaps"' in new_browser().sign_in(executive).get("/").text
    assert "/manage/gaps" not in new_browser().sign_in(customer).get("/").text


def test_what_is_no_gap_is_the_managers_to_say(
    house: Builders, new_browser: Callable[[], Browser]
) -> None:
    house.brand()
    searched("ипотека", 1)
    executive = new_browser().sign_in(house.executive())
    assert "Not needed" not in page(executive)
    assert executive.post("/manage/gaps/settle", {"words": "ипотека"}).status_code == 404
    assert executive.post("/manage/gaps/reopen", {"words": "ипотека"}).status_code == 404
    assert reading.missed(Look()).items


# ------------------------------------------------------------------------------- closing a gap


def test_not_needed_takes_it_off_the_list_and_can_be_undone(manager: Browser) -> None:
    searched("ипотека", 3)
    assert 'name="next" value="/manage/gaps?days=90"' in page(manager, days=90)
    answer = manager.post(
        "/manage/gaps/settle", {"words": "ипотека", "next": "/manage/gaps?days=90"}
    )
    assert (answer.status_code, answer.location) == (303, "/manage/gaps?days=90")
    assert words_on(page(manager)) == []
    html = page(manager, show="settled")
    assert words_on(html) == ["ипотека"]
    assert "searched 3 times" in html
    manager.post("/manage/gaps/settle", {"words": "ипотека"})

    manager.post("/manage/gaps/reopen", {"words": "ипотека"})
    assert words_on(page(manager)) == ["ипотека"]
    assert words_on(page(manager, show="settled")) == []


@pytest.mark.parametrize("words", ["", "никто не спрашивал", "x" * 5000, "4276 1234 5678 9012"])
def test_only_what_was_asked_is_settled(manager: Browser, words: str) -> None:
    assert manager.post("/manage/gaps/settle", {"words": words}).status_code == 404
    assert session.scalars(select(SettledGap)).all() == []


def test_an_executive_is_asked_with_one_click(manager: Browser, house: Builders) -> None:
    house.category(name="Карты", slug="cards", words="карта")
    searched("потеряна карта", 1)
    html = page(manager)
    link = re.search(r'href="(/ask\?[^"]+)"', html)
    assert link
    form = manager.get(link[1].replace("&amp;", "&"), headers=ENGLISH).text
    assert 'value="Потеряна карта"' in form
    assert re.search(r'name="category_id"[^>]*\bchecked|checked[^>]*name="category_id"', form)
    assert "Write the answer" not in html, "a manager does not answer"


def test_who_answers_there_writes_the_answer_with_one_click(
    house: Builders, browser: Browser
) -> None:
    house.brand()
    person = house.executive(locale="en")
    cards = house.category(person, name="Карты", slug="cards", words="карта")
    house.category(name="Вклады", slug="savings", words="вклад")
    searched("потеряна карта", 2)
    searched("вклад ребенку", 1)
    browser.sign_in(person)
    html = page(browser)
    assert html.count("/manage/gaps/answer") == 1, "in others' categories only others answer"
    form = browser.get("/manage/gaps/answer?gap=потеряна+карта", headers=ENGLISH).text
    assert 'value="Потеряна карта"' in form
    said = {
        "gap": "потеряна карта",
        "title": "Что делать, если карта потеряна?",
        "category_id": cards.id,
        "answer": "Заблокируйте её в приложении.",
    }
    answer = browser.post("/manage/gaps/answer", said)
    topic = session.scalars(select(Topic)).one()
    assert (answer.status_code, answer.location) == (303, f"/topics/{topic.id}")
    assert topic.asker_id == person.id
    assert topic.state == "answered"
    assert topic.answer is not None
    assert topic.answer.author_id == person.id
    assert session.scalars(select(Promise)).all() == [], "nobody promises themselves an answer"
    assert (topic.title, topic.body) == (said["title"], said["title"])
    assert words_on(page(browser)) == ["вклад ребенку"]
    assert said["title"] in page(browser, show="settled")

    browser.post("/manage/gaps/answer", said)
    assert len(session.scalars(select(Topic)).all()) == 1, "sent twice, published once"


def test_an_article_that_is_not_right_is_kept_in_the_form(
    house: Builders, browser: Browser
) -> None:
    house.brand()
    person = house.executive(locale="en")
    house.category(person, name="Карты")
    others = house.category(name="Вклады")
    browser.sign_in(person)
    said = {"gap": "карта", "title": "Карта", "category_id": others.id, "answer": "Наш ответ"}
    for wrong in (
        {"category_id": others.id},
        {"category_id": "\x00"},
        {"title": ""},
        {"title": "\u200b" * 9},
        {"answer": " "},
        {"answer": "я" * 10_001},
    ):
        sent = {**said, "category_id": "1", **wrong}
        answer = browser.post("/manage/gaps/answer", sent, headers=ENGLISH)
        assert answer.status_code == 422, wrong
        assert "field__error" in answer.text
    assert session.scalars(select(Topic)).all() == []


def test_who_answers_nowhere_writes_no_articles(house: Builders, browser: Browser) -> None:
    house.brand()
    house.category()
    browser.sign_in(house.manager())
    assert browser.get("/manage/gaps/answer?gap=карта").status_code == 404
    assert browser.post("/manage/gaps/answer", {"title": "Карта"}).status_code == 404


def test_a_day_is_said_as_a_day(manager: Browser) -> None:
    with time_machine.travel(datetime(2026, 3, 5, 23, 59, tzinfo=UTC), tick=False):
        learning.note_search("ипотека", 0)
        learning.flush()
        assert '<time datetime="2026-03-05">5 March</time>' in page(manager)
