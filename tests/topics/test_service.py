"""The customer's verbs, and the promise that comes with them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from app.core import clock
from app.sla.queries import promises
from app.sla.service import ticking as sla
from app.topics import queries, service
from app.topics.promise import standing

if TYPE_CHECKING:
    from tests.builders import Builders

DAY = timedelta(hours=24)


def test_a_question_is_promised_to_its_category_s_owner_for_the_same_hour_tomorrow(
    house: Builders,
) -> None:
    topic = house.question()

    assert topic.state == "waiting"
    assert topic.responsible == topic.category.owner
    assert topic.due_at == topic.opened_at + DAY
    assert standing(topic).state == "waiting"


def test_praise_makes_no_promise(house: Builders) -> None:
    topic = house.praise()

    assert topic.due_at is None
    assert not topic.is_awaiting
    assert standing(topic).state == "none"


def test_an_answer_keeps_the_promise(house: Builders) -> None:
    topic = house.question()

    house.answer(topic)

    assert topic.state == "answered"
    assert not topic.is_awaiting
    assert standing(topic).state == "answered"
    assert topic.answer is not None


def test_a_late_answer_is_late_though_nobody_looked(house: Builders) -> None:
    topic = house.question(at=clock.now() - timedelta(hours=30))

    house.answer(topic)

    [promise] = promises.promises_of(topic)
    assert promise.state == "met_late"
    assert promise.breached_at == topic.due_at
    assert standing(topic).state == "met_late"


def test_an_unanswered_question_is_noticed_once(house: Builders) -> None:
    topic = house.question(at=clock.now() - timedelta(hours=25))

    assert standing(topic).state == "overdue"
    assert sla.tick() == 1
    assert sla.tick() == 0


def test_not_solved_brings_a_new_day(house: Builders) -> None:
    topic = house.question(at=clock.now() - timedelta(hours=10))
    house.answer(topic)

    service.dispute(topic.asker, topic)

    assert topic.state == "reopened"
    assert topic.is_awaiting
    assert topic.due_at == topic.active_at + DAY
    assert [p.kind for p in promises.promises_of(topic)] == ["first_answer", "next_answer"]


def test_a_vote_counts_once(house: Builders) -> None:
    topic, voter = house.idea(), house.customer()

    service.vote(voter, topic)
    service.vote(voter, topic)
    assert topic.votes_count == 1

    service.withdraw_vote(voter, topic)
    service.withdraw_vote(voter, topic)
    assert topic.votes_count == 0


def test_newer_and_older_pages_meet_without_a_gap(house: Builders) -> None:
    start = clock.now() - timedelta(days=9)
    category = house.category()
    made = [house.question(category=category, at=start + timedelta(hours=n)) for n in range(7)]
    guest = house.customer()

    first = queries.topics(guest, category=category, size=3)
    second = queries.topics(guest, category=category, size=3, cursor=first.older)
    third = queries.topics(guest, category=category, size=3, cursor=second.older)
    back = queries.topics(guest, category=category, size=3, cursor=second.newer)

    found = [t.id for page in (first, second, third) for t in page.items]
    assert found == [t.id for t in reversed(made)]
    assert [t.id for t in back.items] == [t.id for t in first.items]
    assert third.older is None
    assert first.newer is None


def test_a_question_sent_twice_is_published_once(house: Builders) -> None:
    asker, category = house.customer(), house.category()

    first = house.question(asker=asker, category=category, body="Не работает с утра.")
    again = house.question(asker=asker, category=category, body="Не работает с утра.")
    other = house.question(asker=asker, category=category, body="И вечером не работает.")

    assert again is first
    assert other is not first
    assert category.topics_count == 2
