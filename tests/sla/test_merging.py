"""What merging, spam and withdrawal do to promises: one answer, the earlier hour, nothing lost."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from app.core import clock
from app.core.db import session
from app.moderation import service
from app.sla.models import Promise
from app.sla.service import ticking
from app.topics import service as topics
from app.topics.promise import standing

if TYPE_CHECKING:
    from datetime import datetime

    import time_machine

    from app.accounts.models import Person
    from app.topics.models import Category, Topic
    from tests.builders import Builders

REASON = "Об этом уже спросили."
DAY = timedelta(hours=24)


@pytest.fixture
def cards(house: Builders) -> Category:
    house.brand()
    return house.category(name="Карты")


@pytest.fixture
def manager(house: Builders) -> Person:
    return house.manager(name="Нина Порядок")


def promise_of(topic: Topic) -> Promise:
    return session.scalars(select(Promise).where(Promise.topic_id == topic.id)).one()


def ago(hours: float) -> datetime:
    return clock.now() - timedelta(hours=hours)


def tick_away() -> None:
    while ticking.tick():
        pass


def test_the_earlier_of_the_two_hours_holds(
    house: Builders, cards: Category, manager: Person
) -> None:
    older = house.question(category=cards, at=ago(20))
    newer = house.question(category=cards, at=ago(5))
    due = older.due_at
    assert newer.due_at is not None
    assert newer.due_at > due
    service.merge(manager, older, newer, REASON)
    assert newer.due_at == due
    assert promise_of(newer).due_at == due
    assert promise_of(newer).state == "running"


def test_a_later_hour_changes_nothing(house: Builders, cards: Category, manager: Person) -> None:
    older = house.question(category=cards, at=ago(20))
    newer = house.question(category=cards, at=ago(5))
    due = older.due_at
    service.merge(manager, newer, older, REASON)
    assert older.due_at == due


def test_the_merged_promise_is_cancelled_and_says_why(
    house: Builders, cards: Category, manager: Person
) -> None:
    topic, into = house.question(category=cards), house.question(category=cards)
    service.merge(manager, topic, into, REASON)
    row = promise_of(topic)
    assert (row.state, row.reason, row.next_action_at) == ("cancelled", "merged", None)
    assert (topic.is_awaiting, topic.due_at) == (False, None)
    assert standing(topic).state == "none"


def test_unmerging_gives_both_their_hours_back(
    house: Builders, cards: Category, manager: Person
) -> None:
    older = house.question(category=cards, at=ago(20))
    newer = house.question(category=cards, at=ago(5))
    before = [(t.promised_at, t.due_at, t.at_risk_at, t.is_awaiting) for t in (older, newer)]
    service.merge(manager, older, newer, REASON)
    service.unmerge(manager, older, "Это разные вещи.")
    after = [(t.promised_at, t.due_at, t.at_risk_at, t.is_awaiting) for t in (older, newer)]
    assert after == before
    assert [promise_of(t).state for t in (older, newer)] == ["running", "running"]


def test_unmerging_restores_the_breach_as_if_it_had_never_been_merged(
    house: Builders,
    cards: Category,
    manager: Person,
    time_machine: time_machine.TimeMachineFixture,
) -> None:
    """E12 of the worked examples: the hour passes while the topic is merged away."""
    start = clock.now()
    time_machine.move_to(start, tick=False)
    topic = house.question(category=cards, at=start)
    due = topic.due_at
    time_machine.move_to(start + timedelta(hours=10), tick=False)
    into = house.question(category=cards)
    service.merge(manager, topic, into, REASON)
    time_machine.move_to(start + timedelta(hours=25), tick=False)
    tick_away()
    assert promise_of(topic).breached_at is None
    time_machine.move_to(start + timedelta(hours=30), tick=False)
    service.unmerge(manager, topic, "Это разные вещи.")
    row = promise_of(topic)
    assert (row.state, row.breached_at, row.due_at) == ("breached", due, due)
    assert standing(topic).state == "overdue"
    assert standing(topic).late == timedelta(hours=6)
    assert into.due_at == start + timedelta(hours=34)


def test_the_breach_of_a_promise_that_came_over_is_undone_with_the_merge(
    house: Builders,
    cards: Category,
    manager: Person,
    time_machine: time_machine.TimeMachineFixture,
) -> None:
    start = clock.now()
    time_machine.move_to(start, tick=False)
    topic = house.question(category=cards, at=start)
    time_machine.move_to(start + timedelta(hours=20), tick=False)
    into = house.question(category=cards)
    service.merge(manager, topic, into, REASON)
    time_machine.move_to(start + timedelta(hours=25), tick=False)
    tick_away()
    assert promise_of(into).state == "breached"
    service.unmerge(manager, topic, "Это разные вещи.")
    assert promise_of(into).state == "running"
    assert promise_of(into).breached_at is None
    assert into.due_at == start + timedelta(hours=44)
    assert promise_of(topic).state == "breached"


def test_what_is_answered_for_both_is_answered_once(
    house: Builders, cards: Category, manager: Person
) -> None:
    topic, into = house.question(category=cards), house.question(category=cards)
    service.merge(manager, topic, into, REASON)
    house.answer(into)
    assert (promise_of(into).state, promise_of(topic).state) == ("met", "cancelled")
    assert standing(into).state == "answered"


def test_into_an_answered_topic_only_with_an_answer(house: Builders, manager: Person) -> None:
    cards = house.category(name="Карты", deputy=manager)
    topic, into = house.question(category=cards), house.question(category=cards)
    house.answer(into)
    with pytest.raises(service.CannotMergeError) as missing:
        service.merge(manager, topic, into, REASON)
    assert missing.value.why == "unanswered"
    assert topic.merged_into_id is None
    service.merge(manager, topic, into, REASON, answer="Ответили здесь: /topics/1")
    row = promise_of(topic)
    assert (row.state, topic.answers_count, topic.merged_into_id) == ("met", 1, into.id)
    assert promise_of(into).state == "met"


def test_an_answer_on_the_way_does_not_mend_a_broken_promise(
    house: Builders, manager: Person
) -> None:
    cards = house.category(name="Карты", deputy=manager)
    topic = house.question(category=cards, at=ago(30))
    into = house.question(category=cards, at=ago(31))
    house.answer(into)
    service.merge(manager, topic, into, REASON, answer="Ответили здесь: /topics/1")
    row = promise_of(topic)
    assert row.state == "met_late"
    assert row.breached_at == topic.opened_at + DAY


def test_nobody_answers_for_another_category_by_merging(
    house: Builders, cards: Category, manager: Person
) -> None:
    topic, into = house.question(category=cards), house.question(category=cards)
    house.answer(into)
    with pytest.raises(service.CannotMergeError) as refused:
        service.merge(manager, topic, into, REASON, answer="Ответили здесь: /topics/1")
    assert refused.value.why == "not_yours"
    assert (topic.merged_into_id, topic.answers_count) == (None, 0)


def test_praise_owes_nothing_so_no_question_vanishes_in_it(
    house: Builders, cards: Category, manager: Person
) -> None:
    topic, praise = house.question(category=cards), house.praise(category=cards)
    with pytest.raises(service.CannotMergeError):
        service.merge(manager, topic, praise, REASON)
    assert promise_of(topic).state == "running"


def test_two_answered_topics_become_one_without_more_words(
    house: Builders, cards: Category, manager: Person
) -> None:
    topic, into = house.question(category=cards), house.question(category=cards)
    house.answer(topic)
    house.answer(into)
    service.merge(manager, topic, into, REASON)
    assert [promise_of(t).state for t in (topic, into)] == ["met", "met"]


def test_spam_is_owed_nothing_until_it_is_none(
    house: Builders, cards: Category, manager: Person
) -> None:
    topic = house.question(category=cards, at=ago(3))
    due = topic.due_at
    service.mark_spam(manager, topic, "Реклама казино.")
    row = promise_of(topic)
    assert (row.state, row.reason) == ("cancelled", "spam")
    assert not topic.is_awaiting
    service.unmark_spam(manager, topic, "Не реклама.")
    assert (promise_of(topic).state, promise_of(topic).reason) == ("running", None)
    assert (topic.due_at, topic.is_awaiting, topic.hidden_at) == (due, True, None)


def test_what_was_hidden_before_it_was_called_spam_stays_hidden(
    house: Builders, cards: Category, manager: Person
) -> None:
    topic = house.question(category=cards, at=ago(3))
    service.hide(manager, topic, "Посмотрим.")
    assert promise_of(topic).state == "paused"
    service.mark_spam(manager, topic, "Реклама казино.")
    assert promise_of(topic).reason == "spam"
    with pytest.raises(service.AlreadySoError):
        service.restore(manager, topic, "Обратно.")
    service.unmark_spam(manager, topic, "Не реклама.")
    assert topic.hidden_at is not None
    assert promise_of(topic).state == "paused"
    service.restore(manager, topic, "Обратно.")
    assert topic.hidden_at is None
    assert promise_of(topic).state == "running"


def test_a_withdrawn_question_is_owed_nothing_and_may_come_back_overdue(
    house: Builders,
    cards: Category,
    time_machine: time_machine.TimeMachineFixture,
) -> None:
    start = clock.now()
    time_machine.move_to(start, tick=False)
    topic = house.question(category=cards, at=start)
    due = topic.due_at
    time_machine.move_to(start + timedelta(hours=2), tick=False)
    service.withdraw(topic.asker, topic, "Разобрался сам.")
    row = promise_of(topic)
    assert (row.state, row.reason, topic.state) == ("cancelled", "withdrawn", "withdrawn")
    assert standing(topic).state == "none"
    time_machine.move_to(start + timedelta(hours=30), tick=False)
    tick_away()
    assert promise_of(topic).state == "cancelled"
    service.reinstate(topic.asker, topic)
    assert (topic.state, topic.closed_at, topic.due_at) == ("waiting", None, due)
    assert (promise_of(topic).state, promise_of(topic).breached_at) == ("breached", due)


def test_an_asker_cannot_withdraw_what_others_wait_for(
    house: Builders, cards: Category, manager: Person
) -> None:
    topic, into = house.question(category=cards), house.question(category=cards)
    service.merge(manager, topic, into, REASON)
    with pytest.raises(service.OthersWaitHereError):
        service.withdraw(into.asker, into)
    with pytest.raises(service.OthersWaitHereError):
        service.mark_spam(manager, into, "Реклама.")
    assert promise_of(into).state == "running"


def test_what_the_asker_says_in_a_merged_topic_opens_no_promise(
    house: Builders, cards: Category, manager: Person
) -> None:
    topic, into = house.question(category=cards), house.question(category=cards)
    service.merge(manager, topic, into, REASON)
    topics.comment(topic.asker, topic, "А когда?")
    assert promise_of(topic).state == "cancelled"
