"""The desk: what waits for whom, one question open, and the next one after each answer."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from app.core import clock
from app.core.db import session
from app.search.service import finding
from app.topics import drafting, service

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.builders import Builders
    from tests.conftest import Browser

HOUR = timedelta(hours=1)


def desk(browser: Browser, path: str = "/desk") -> str:
    browser.client.set_cookie("lang", "en", domain="otklik.test")
    response = browser.get(path)
    assert response.status_code == 200
    return str(response.text)


def opened(page: str) -> str:
    """The title of the question that is open."""
    title = page.partition('id="asked-title"')[2].partition("</a>")[0]
    return title.removesuffix("</bdi>").rpartition(">")[2]


def pile(page: str) -> list[str]:
    """The titles in the pile, from the top."""
    return [part.split(">", 1)[1].split("<")[0] for part in page.split('class="pile__name"')[1:]]


def test_overdue_lies_on_top_and_is_open(house: Builders, browser: Browser) -> None:
    anna = house.executive(locale="en")
    cards = house.category(anna)
    house.question(category=cards, title="Спросили сегодня")
    house.question(category=cards, title="Спросили вчера", at=clock.now() - 20 * HOUR)
    house.question(category=cards, title="Уже просрочено", at=clock.now() - 30 * HOUR)

    page = desk(browser.sign_in(anna))

    assert pile(page) == ["Уже просрочено", "Спросили вчера", "Спросили сегодня"]
    assert opened(page) == "Уже просрочено"
    assert "overdue by 6 h" in page
    assert "1 overdue" in page
    assert "3 left" in page


@pytest.mark.parametrize("place", ["owner", "deputy", "delegate"])
def test_everybody_who_may_answer_has_it_on_their_desk(
    house: Builders, browser: Browser, place: str
) -> None:
    person = house.executive()
    places: dict[str, Any] = {
        "owner": {"owner": person},
        "deputy": {"deputy": person},
        "delegate": {"delegates": [person]},
    }
    house.question(category=house.category(**places[place]), title="Моя категория")
    house.question(category=house.category(), title="Чужая категория")

    page = desk(browser.sign_in(person))

    assert pile(page) == ["Моя категория"]
    assert "/answers" in page


def test_a_manager_sees_every_pile_and_answers_none(house: Builders, browser: Browser) -> None:
    house.question(category=house.category(), title="Первая категория")
    house.question(category=house.category(), title="Вторая категория")

    page = desk(browser.sign_in(house.manager()))

    assert pile(page) == ["Первая категория", "Вторая категория"]
    assert "/answers" not in page


def test_a_customer_has_no_desk(
    house: Builders, browser: Browser, new_browser: Callable[[], Browser]
) -> None:
    assert new_browser().get("/desk").status_code == 303
    assert browser.sign_in(house.customer()).get("/desk").status_code == 404


def test_after_an_answer_the_next_one_lies_open(house: Builders, browser: Browser) -> None:
    anna = house.executive()
    cards = house.category(anna)
    house.question(category=cards, title="Второй вопрос")
    first = house.question(category=cards, title="Первый вопрос", at=clock.now() - 5 * HOUR)
    browser.sign_in(anna)

    sent = browser.post(f"/topics/{first.id}/answers", {"body": "Уже в пути.", "next": "/desk"})

    assert sent.status_code == 303
    assert sent.location == "/desk"
    page = desk(browser)
    assert opened(page) == "Второй вопрос"
    assert "1 answered" in page
    assert "1 left" in page


def test_the_answer_box_brings_back_to_the_same_filter(house: Builders, browser: Browser) -> None:
    anna = house.executive()
    house.question(category=house.category(anna, slug="cards"), title="Вопрос о картах")
    house.question(category=house.category(anna, slug="loans"), title="Вопрос о кредитах")

    page = desk(browser.sign_in(anna), "/desk?category=loans")

    assert pile(page) == ["Вопрос о кредитах"]
    assert 'value="/desk?category=loans"' in page


def test_any_of_the_pile_can_be_taken(house: Builders, browser: Browser) -> None:
    anna = house.executive()
    cards = house.category(anna)
    house.question(category=cards, title="Первый вопрос", at=clock.now() - HOUR)
    second = house.question(category=cards, title="Второй вопрос")
    answered = house.question(category=cards, title="Уже отвечено")
    house.answer(answered)
    foreign = house.question(category=house.category(), title="Чужой вопрос")
    browser.sign_in(anna)

    taken = desk(browser, f"/desk?topic={second.id}")
    assert opened(taken) == "Второй вопрос"
    assert 'name="next" value="/desk"' in taken.split('id="answer"')[1]
    for other in (answered.id, foreign.id, 999_999, "x"):
        assert opened(desk(browser, f"/desk?topic={other}")) == "Первый вопрос"


def test_what_was_begun_is_still_in_the_box(house: Builders, browser: Browser) -> None:
    anna = house.executive()
    topic = house.question(category=house.category(anna))
    drafting.keep(anna, None, f"answer:{topic.id}", {"body": "Начал отвечать и"})

    assert "Начал отвечать и" in desk(browser.sign_in(anna))


def test_a_reopened_question_shows_why(house: Builders, browser: Browser) -> None:
    topic = house.question(at=clock.now() - 3 * HOUR)
    house.answer(topic, "Перезагрузите телефон.")
    service.dispute(topic.asker, topic)
    service.comment(topic.asker, topic, "Перезагрузил, не помогло.")

    page = desk(browser.sign_in(topic.category.owner))

    assert opened(page) == topic.title
    assert "Reopened" in page
    assert "Перезагрузил, не помогло." in page


def test_the_asker_s_earlier_topics_are_at_hand(house: Builders, browser: Browser) -> None:
    ira, anna = house.customer(), house.executive()
    earlier = house.question(asker=ira, title="Спрашивала раньше", at=clock.now() - 50 * HOUR)
    earlier.hidden_at = None
    hidden = house.question(asker=ira, title="Скрыто модератором")
    hidden.hidden_at = clock.now()
    house.question(asker=ira, category=house.category(anna), title="Спрашивает теперь")

    page = desk(browser.sign_in(anna))

    assert "Спрашивала раньше" in page
    assert "Скрыто модератором" not in page


def test_what_was_hidden_waits_for_nobody(house: Builders, browser: Browser) -> None:
    topic = house.question(title="Скрыто модератором")
    topic.hidden_at = clock.now()

    page = desk(browser.sign_in(topic.category.owner))

    assert topic.title not in page
    assert "The desk is clear" in page


def test_a_clear_desk_says_what_was_done_today(house: Builders, browser: Browser) -> None:
    anna = house.executive()
    topic = house.question(category=house.category(anna), title="Вопрос на сегодня")
    house.answer(topic)
    old = house.question(category=topic.category, at=clock.now() - 90 * HOUR)
    house.answer(old, at=clock.now() - 80 * HOUR)

    page = desk(browser.sign_in(anna))

    assert "The desk is clear" in page
    assert "Today 1 person learned" in page
    assert "Вопрос на сегодня" in page


@pytest.mark.parametrize("role", ["executive", "manager"])
def test_it_costs_the_same_with_three_and_sixty_topics(
    house: Builders, browser: Browser, count_sql: Callable[[], Any], role: str
) -> None:
    anna, asker = house.executive(), house.customer()
    category = house.category(anna)
    browser.sign_in(anna if role == "executive" else house.manager())

    def ask(topics: int) -> None:
        for number in range(topics):
            topic = house.question(category=category, asker=asker, tags=[f"слово{number}"])
            house.comment(topic)
        session.commit()
        session.expunge_all()

    ask(3)

    def asked_for(address: str) -> Any:
        finding.forget()  # what is like a topic: the first topic's would be known already
        with count_sql() as statements:
            assert browser.get(address).status_code == 200
        return statements

    browser.get("/desk")  # what a process reads once it has read
    few = asked_for("/desk")
    category, asker = session.merge(category), session.merge(asker)
    ask(57)
    page = browser.get("/desk").text
    many = asked_for("/desk")
    link = page.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    deep = asked_for(link)

    assert len(few) == len(many) == len(deep)
    assert len(few) <= 30


def test_an_empty_answer_stays_on_the_desk(house: Builders, browser: Browser) -> None:
    anna = house.executive(locale="en")
    cards = house.category(anna)
    first = house.question(category=cards, title="Первый", at=clock.now() - 2 * HOUR)
    second = house.question(category=cards, title="Второй")
    browser.sign_in(anna)

    sent = browser.post(f"/topics/{second.id}/answers", {"body": " ", "next": "/desk"})

    assert sent.status_code == 422
    assert opened(sent.text) == "Второй"
    assert pile(sent.text) == ["Первый", "Второй"]
    assert 'href="#official"' in sent.text
    assert f"/topics/{second.id}/answers" in sent.text
    assert f"/topics/{first.id}/answers" not in sent.text


def test_what_was_just_published_is_one_click_away(house: Builders, browser: Browser) -> None:
    anna = house.executive()
    cards = house.category(anna)
    answered = house.question(category=cards)
    house.question(category=cards, title="Следующий")
    post = house.answer(answered)

    assert f"/topics/{answered.id}/posts/{post.seq}" in desk(browser.sign_in(anna))
