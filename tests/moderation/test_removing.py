"""Spam, removal by a second person, withdrawal, and the list of what the figures leave out."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from app.core import clock
from app.core.db import session
from app.moderation import queries, service
from app.topics import service as topics

if TYPE_CHECKING:
    from collections.abc import Callable

    import time_machine

    from app.accounts.models import Person
    from app.topics.models import Category, Topic
    from tests.builders import Builders
    from tests.conftest import Browser

REASON = "Реклама казино."


@pytest.fixture
def person(house: Builders) -> Person:
    house.brand()
    return house.manager(name="Нина Порядок")


@pytest.fixture
def manager(browser: Browser, person: Person) -> Browser:
    return browser.sign_in(person)


@pytest.fixture
def cards(house: Builders, person: Person) -> Category:
    return house.category(name="Карты")


@pytest.fixture
def topic(house: Builders, cards: Category) -> Topic:
    return house.question(category=cards, title="Лёгкие деньги", tags=["деньги"])


def path(topic: Topic, act: str) -> str:
    return f"/topics/{topic.id}/moderation/{act}"


def page_of(topic: Topic) -> str:
    return f"/topics/{topic.id}"


# ————— spam


def test_spam_is_out_of_sight_and_the_asker_s_page_too(
    manager: Browser, new_browser: Callable[[], Browser], topic: Topic, cards: Category
) -> None:
    assert manager.post(path(topic, "spam"), {"reason": REASON}).status_code == 303
    assert new_browser().get(page_of(topic)).status_code == 404
    assert new_browser().sign_in(topic.asker).get(page_of(topic)).status_code == 404
    session.refresh(cards)
    assert (cards.topics_count, topic.tags[0].topics_count) == (0, 0)
    page = manager.get(page_of(topic)).text
    assert REASON in page
    assert path(topic, "unspam") in page
    assert path(topic, "restore") not in page
    assert manager.post(path(topic, "restore"), {"reason": "Обратно."}).status_code == 422
    assert manager.post(path(topic, "unspam"), {"reason": "Ошиблись."}).status_code == 303
    session.refresh(cards)
    session.refresh(topic.tags[0])
    assert (cards.topics_count, topic.tags[0].topics_count) == (1, 1)
    page = new_browser().get(page_of(topic)).text
    assert REASON not in page
    assert "Ошиблись" not in page


def test_what_is_hidden_may_be_found_to_be_spam(manager: Browser, topic: Topic) -> None:
    manager.post(path(topic, "hide"), {"reason": "Посмотрим."})
    assert path(topic, "spam") in manager.get(page_of(topic)).text
    assert manager.post(path(topic, "spam"), {"reason": REASON}).status_code == 303
    assert manager.post(path(topic, "spam"), {"reason": REASON}).status_code == 422


def test_spam_needs_a_reason_and_a_manager(
    house: Builders, browser: Browser, topic: Topic, person: Person
) -> None:
    assert browser.post(path(topic, "spam"), {"reason": REASON}).location.startswith("/sign-in")
    browser.sign_in(topic.category.owner)
    assert browser.post(path(topic, "spam"), {"reason": REASON}).status_code == 404
    browser.sign_in(person)
    assert browser.post(path(topic, "spam"), {"reason": ""}).status_code == 422
    assert topic.hidden_at is None


# ————— a second person


@pytest.mark.parametrize("place", ["owner", "deputy", "delegate"])
@pytest.mark.parametrize("act", ["hide", "spam"])
def test_nobody_removes_alone_what_they_would_have_to_answer(
    house: Builders, manager: Browser, person: Person, place: str, act: str
) -> None:
    named: dict[str, Any] = {"delegates": [person]} if place == "delegate" else {place: person}
    topic = house.question(category=house.category(**named))
    other = house.administrator(name="Пётр Главный")
    page = manager.get(page_of(topic)).text
    assert f'action="{path(topic, act)}"' not in page
    assert other.name in page
    refused = manager.post(path(topic, act), {"reason": REASON})
    assert refused.status_code == 422
    assert other.name in refused.text
    assert topic.hidden_at is None
    manager.sign_in(other)
    assert manager.post(path(topic, act), {"reason": REASON}).status_code == 303
    assert topic.hidden_at is not None


def test_who_is_alone_decides_alone_and_the_reason_is_public(
    house: Builders, manager: Browser, new_browser: Callable[[], Browser], person: Person
) -> None:
    house.administrator(name="Уволенный", disabled_at=clock.now())
    topic = house.question(category=house.category(deputy=person))
    assert manager.post(path(topic, "hide"), {"reason": REASON}).status_code == 303
    act = queries.last_act(topic, "hide")
    assert act is not None
    assert act.is_public
    manager.post(path(topic, "restore"), {"reason": "Обратно."})
    assert REASON in new_browser().get(page_of(topic)).text


def test_managers_of_the_same_team_are_no_second_person(
    house: Builders, manager: Browser, person: Person
) -> None:
    cards = house.category(deputy=person, delegates=[house.manager(name="Свой Человек")])
    topic = house.question(category=cards)
    assert manager.post(path(topic, "hide"), {"reason": REASON}).status_code == 303


def test_the_asker_s_words_need_a_second_person_too(
    house: Builders, manager: Browser, person: Person
) -> None:
    house.administrator(name="Пётр Главный")
    topic = house.question(category=house.category(deputy=person))
    asked = topics.comment(topic.asker, topic, "А когда же?")
    other = house.comment(topic, "Спам.")
    for post, code in ((asked, 422), (other, 303)):
        answer = manager.post(f"/posts/{post.id}/moderation/hide", {"reason": REASON})
        assert answer.status_code == code
    assert asked.hidden_at is None


# ————— withdrawal


def test_an_asker_withdraws_and_comes_back(
    browser: Browser, new_browser: Callable[[], Browser], topic: Topic, cards: Category
) -> None:
    browser.sign_in(topic.asker)
    where = f"/topics/{topic.id}/withdrawal"
    assert f'action="{where}"' in browser.get(page_of(topic)).text
    assert browser.get(where).status_code == 200
    assert browser.post(where, {"reason": "Разобрался."}).location == page_of(topic)
    page = new_browser().get(page_of(topic)).text
    assert "Разобрался." in page
    assert 'name="body"' not in page
    assert "/reinstatement" not in page
    assert topic.title in new_browser().get("/").text
    session.refresh(cards)
    assert cards.topics_count == 1
    assert browser.post(where).status_code == 404
    assert f"/topics/{topic.id}/reinstatement" in browser.get(page_of(topic)).text
    assert browser.post(f"/topics/{topic.id}/reinstatement").status_code == 303
    assert (topic.state, topic.closed_at, topic.is_awaiting) == ("waiting", None, True)
    assert browser.post(f"/topics/{topic.id}/reinstatement").status_code == 404


def test_no_reason_is_needed_but_not_a_novel(browser: Browser, topic: Topic) -> None:
    browser.sign_in(topic.asker)
    where = f"/topics/{topic.id}/withdrawal"
    assert browser.post(where, {"reason": "а" * 301}).status_code == 422
    assert browser.post(where, {"reason": ""}).status_code == 303
    assert topic.is_withdrawn


@pytest.mark.parametrize("who", ["stranger", "owner", "manager"])
def test_nobody_else_withdraws(
    house: Builders, browser: Browser, topic: Topic, person: Person, who: str
) -> None:
    people = {"stranger": house.customer(), "owner": topic.category.owner, "manager": person}
    browser.sign_in(people[who])
    assert "/withdrawal" not in browser.get(page_of(topic)).text
    assert browser.post(f"/topics/{topic.id}/withdrawal").status_code == 404
    service.withdraw(topic.asker, topic)
    assert browser.post(f"/topics/{topic.id}/reinstatement").status_code == 404
    assert topic.is_withdrawn


def test_what_was_answered_or_closed_is_not_withdrawn(
    house: Builders, browser: Browser, cards: Category, person: Person
) -> None:
    asker = house.customer()
    answered = house.question(category=cards, asker=asker)
    closed, praise = house.question(category=cards, asker=asker), house.praise(asker=asker)
    house.answer(answered)
    service.close(person, closed, "Хватит.")
    browser.sign_in(asker)
    for each in (answered, closed, praise):
        assert browser.post(f"/topics/{each.id}/withdrawal").status_code == 404
        with pytest.raises(service.AlreadySoError):
            service.withdraw(asker, each)


def test_second_thoughts_last_seven_days(
    browser: Browser, topic: Topic, time_machine: time_machine.TimeMachineFixture
) -> None:
    start = clock.now()
    service.withdraw(topic.asker, topic)
    browser.sign_in(topic.asker)
    time_machine.move_to(start + timedelta(days=7, minutes=1))
    assert "/reinstatement" not in browser.get(page_of(topic)).text
    assert browser.post(f"/topics/{topic.id}/reinstatement").status_code == 404
    time_machine.move_to(start + timedelta(days=7, minutes=-1))
    assert browser.post(f"/topics/{topic.id}/reinstatement").status_code == 303


def test_a_manager_does_not_open_what_was_withdrawn(manager: Browser, topic: Topic) -> None:
    service.withdraw(topic.asker, topic)
    assert path(topic, "unlock") not in manager.get(page_of(topic)).text
    assert manager.post(path(topic, "unlock"), {"reason": "Откроем."}).status_code == 422
    assert topic.is_withdrawn


def test_a_withdrawn_idea_comes_back_as_a_new_one(house: Builders, browser: Browser) -> None:
    house.brand()
    idea = house.idea()
    browser.sign_in(idea.asker)
    assert browser.post(f"/topics/{idea.id}/withdrawal").status_code == 303
    assert browser.get("/ideas").status_code == 200
    assert browser.get(page_of(idea)).status_code == 200
    browser.post(f"/topics/{idea.id}/reinstatement")
    assert idea.state == "new"


# ————— what the figures leave out


def test_what_is_left_out_is_listed_with_who_and_why(
    house: Builders, manager: Browser, person: Person, cards: Category
) -> None:
    def ask(title: str) -> Topic:
        return house.question(category=cards, title=title)

    spam, gone, into, own = ask("Казино здесь"), ask("Дважды"), ask("Один раз"), ask("Не надо")
    shut, told, back = ask("Закрыли без ответа"), ask("Ответили и закрыли"), ask("Не спам вовсе")
    service.mark_spam(person, spam, "Реклама казино.")
    service.merge(person, gone, into, "Одно и то же.")
    service.withdraw(own.asker, own, "Разобрался сам.")
    service.close(person, shut, "Ругань.")
    house.answer(told)
    service.close(person, told, "Всё сказано.")
    service.mark_spam(person, back, "Показалось.")
    service.unmark_spam(person, back, "Не спам.")
    page = manager.get("/manage/excluded").text
    for title, reason in (
        (spam.title, "Реклама казино."),
        (gone.title, "Одно и то же."),
        (own.title, "Разобрался сам."),
        (shut.title, "Ругань."),
    ):
        assert title in page
        assert reason in page
    assert person.name in page
    assert own.asker.name in page
    for title in (told.title, back.title):
        assert title not in page
    month = clock.now() - timedelta(days=40)
    assert spam.title not in manager.get(f"/manage/excluded?month={month:%Y-%m}").text
    assert spam.title in manager.get("/manage/excluded?month=nonsense").text
    assert manager.get("/manage/excluded?month=0001-01").status_code == 200
    assert "/manage/excluded" in manager.get("/manage/acts").text


def test_only_managers_read_what_is_left_out(house: Builders, browser: Browser) -> None:
    house.brand()
    assert browser.get("/manage/excluded").location.startswith("/sign-in")
    browser.sign_in(house.executive())
    assert browser.get("/manage/excluded").status_code == 404


def test_the_list_costs_the_same_whatever_its_length(
    house: Builders,
    manager: Browser,
    person: Person,
    cards: Category,
    count_sql: Callable[[], Any],
) -> None:
    def cost() -> int:
        session.commit()
        with count_sql() as statements:
            assert manager.get("/manage/excluded").status_code == 200
        return len(statements)

    def leave_out() -> None:
        into = house.question(category=cards)
        service.merge(person, house.question(category=cards), into, "Одно и то же.")
        service.mark_spam(person, house.question(category=cards), REASON)

    leave_out()
    few = cost()
    for _ in range(4):
        leave_out()
    assert cost() == few
