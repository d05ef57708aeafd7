"""Trust grows with time and good posts, falls with faults, and is vouched for."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from app.core import clock
from app.core.db import session
from app.moderation import service, trust
from app.moderation.models import Trust
from app.topics import gate

if TYPE_CHECKING:
    from app.accounts.models import Person
    from tests.builders import Builders
    from tests.conftest import Browser


def person_of(house: Builders, days: float, **facts: int) -> Person:
    person = house.customer(confirmed_at=clock.now() - timedelta(days=days))
    session.add(Trust(person_id=person.id, **{"published": 0, "returned": 0, "upheld": 0, **facts}))
    session.flush()
    return person


@pytest.mark.parametrize(
    ("days", "facts", "level"),
    [
        (400, {}, "new"),
        (0.9, {"published": 50}, "new"),
        (1, {"published": 3}, "known"),
        (1, {"published": 2}, "new"),
        (29, {"published": 50}, "known"),
        (30, {"published": 20}, "trusted"),
        (30, {"published": 19}, "known"),
        (30, {"published": 20, "returned": 1}, "known"),
        (30, {"published": 23, "upheld": 1}, "trusted"),
        (30, {"published": 5, "returned": 1}, "new"),
    ],
)
def test_levels_follow_from_facts(
    house: Builders, days: float, facts: dict[str, int], level: str
) -> None:
    person = person_of(house, days, **facts)

    assert trust.level(person) == level
    assert trust.weight(person) == {"new": 1, "known": 2, "trusted": 4}[level]


def test_who_did_nothing_yet_is_new_and_the_bank_s_people_weigh_most(house: Builders) -> None:
    assert trust.level(house.customer()) == "new"
    assert trust.weight(house.manager()) > trust.weight(person_of(house, 90, published=90))


def test_what_is_published_and_what_is_removed_is_counted(house: Builders) -> None:
    asker, manager = house.customer(), house.manager()
    topic = house.question(asker=asker)
    post = house.comment(topic, author=asker)
    house.answer(topic)
    assert trust.standing(asker).published == 2

    service.hide_post(manager, topic, post, "Не по делу.")
    service.mark_spam(manager, topic, "Реклама.")
    assert (trust.standing(asker).published, trust.standing(asker).upheld) == (1, 1)
    service.unmark_spam(manager, topic, "Ошибка.")
    service.restore_post(manager, topic, post, "Ошибка.")
    assert (trust.standing(asker).published, trust.standing(asker).upheld) == (2, 0)
    assert session.get(Trust, topic.category.owner_id) is None


def test_a_moderator_s_word_lasts_until_the_next_fault(house: Builders) -> None:
    person = house.customer()

    service.vouch(house.manager(), person)
    assert trust.level(person) == "known"
    trust.count(person.id, returned=1)
    assert trust.level(person) == "new"


def test_moderators_see_the_level_and_the_facts(browser: Browser, house: Builders) -> None:
    house.brand()
    person = person_of(house, 40, published=321)
    browser.sign_in(house.manager())

    assert "321" in browser.get(f"/manage/people/{person.id}/moderation").text
    assert f"/manage/people/{person.id}/moderation" in browser.get(f"/people/{person.id}").text
    browser.sign_in(house.customer())
    assert f"{person.id}/moderation" not in browser.get(f"/people/{person.id}").text
    assert browser.get(f"/manage/people/{person.id}/moderation").status_code == 404


def test_a_published_text_counts_once_however_it_got_there(house: Builders) -> None:
    asker, cards = house.customer(), house.category(gate="everybody")
    gate.ask(asker, gate.service.Words("question", "Почему так?", "Жду ответа неделю.", cards))
    assert trust.standing(asker).published == 0

    service.approve(house.manager(), service.reading.queries.waiting(1)[0])

    assert trust.standing(asker).published == 1
