"""The rows follow from the events, whoever looks and however often."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update

from app.core import clock
from app.core.db import session
from app.moderation import service as moderation
from app.sla.engine.events import UnknownEventError
from app.sla.models import ClockEvent, Promise
from app.sla.queries import promises
from app.sla.service import ticking, verifying
from app.sla.service.promises import note, project
from app.topics import service as topics
from app.topics.promise import standing

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.topics.models import Topic
    from tests.builders import Builders

HOUR, DAY = timedelta(hours=1), timedelta(hours=24)


def states(topic: Topic) -> list[tuple[str, int, str]]:
    return [(p.kind, p.cycle, p.state) for p in promises.promises_of(topic)]


def differences() -> list[str]:
    return [each.column for batch in verifying.replay() for _id, found in batch for each in found]


def test_every_turn_of_the_asker_is_a_promise_of_its_own(house: Builders) -> None:
    at = clock.now() - timedelta(days=5)
    topic = house.question(at=at)
    house.answer(topic, at=at + HOUR)
    topics.comment(topic.asker, topic, "А если карта новая?", at=at + 2 * HOUR)

    assert topic.is_awaiting
    assert topic.due_at == at + 26 * HOUR
    house.answer(topic, "И с новой так же.", at=at + 3 * HOUR)
    topics.comment(topic.asker, topic, "А с виртуальной?", at=at + 4 * HOUR)
    topics.comment(house.customer(), topic, "Тоже интересно.", at=at + 5 * HOUR)

    assert states(topic) == [
        ("first_answer", 1, "met"),
        ("next_answer", 1, "met"),
        ("next_answer", 2, "running"),
    ]
    assert standing(topic).state == "overdue"
    assert topic.due_at == at + 28 * HOUR


def test_a_word_of_thanks_asks_for_nothing(house: Builders) -> None:
    topic = house.question()
    house.answer(topic)
    topics.comment(topic.asker, topic, "Спасибо!", wants_answer=False)

    assert states(topic) == [("first_answer", 1, "met")]
    assert not topic.is_awaiting


def test_what_crossed_the_answer_is_not_answered_by_it(house: Builders) -> None:
    at = clock.now() - 2 * HOUR
    topic = house.question(at=at)
    seen = topic.last_seq
    topics.comment(topic.asker, topic, "Забыл сказать: карта детская.", at=at + HOUR)
    topics.answer(topic.category.owner, topic, "Починили.", seen_seq=seen, at=at + HOUR * 1.5)

    assert states(topic) == [("first_answer", 1, "met"), ("next_answer", 1, "running")]
    assert topic.due_at == at + HOUR + DAY


def test_a_question_back_stops_the_clock_once(house: Builders) -> None:
    at = clock.now() - timedelta(days=4)
    topic = house.question(at=at)
    owner = topic.category.owner
    topics.ask_back(owner, topic, "Какая карта?", at=at + 20 * HOUR)
    assert standing(topic).state == "paused"
    assert not topic.is_awaiting

    topics.comment(topic.asker, topic, "Детская.", at=at + 72 * HOUR)
    assert topic.due_at == at + 76 * HOUR
    topics.ask_back(owner, topic, "А номер?", at=at + 73 * HOUR)
    assert topic.due_at == at + 76 * HOUR
    assert standing(topic).state == "overdue"


def test_hidden_by_mistake_the_hours_are_given_back(house: Builders) -> None:
    topic, manager = house.question(), house.manager()
    due = topic.due_at
    assert due is not None
    moderation.hide(manager, topic, "Похоже на рекламу")
    assert topic.paused_for == "removed"
    assert topic.due_at is None

    moderation.restore(manager, topic, "Это вопрос клиента")

    assert topic.due_at is not None
    assert due <= topic.due_at < due + timedelta(minutes=1)


def test_a_retracted_answer_breaks_the_promise_where_it_was_due(house: Builders) -> None:
    at = clock.now() - timedelta(days=3)
    topic = house.question(at=at)
    answer = house.answer(topic, at=at + HOUR)

    moderation.hide_post(house.manager(), topic, answer, "Ошибка")

    assert states(topic) == [("first_answer", 1, "breached")]
    assert topic.due_at == at + DAY
    [promise] = promises.promises_of(topic)
    assert promise.breached_at == at + DAY
    moderation.restore_post(house.manager(), topic, answer, "Верно")
    assert states(topic) == [("first_answer", 1, "met")]


def test_the_scheduler_changes_nothing_that_is_true(house: Builders) -> None:
    early, late = house.question(), house.question(at=clock.now() - 30 * HOUR)
    before = [(p.due_at, p.started_at) for t in (early, late) for p in promises.promises_of(t)]

    while ticking.tick():
        session.commit()

    assert before == [
        (p.due_at, p.started_at) for t in (early, late) for p in promises.promises_of(t)
    ]
    assert states(late) == [("first_answer", 1, "breached")]
    assert ticking.tick() == 0


def test_projecting_again_is_projecting_once(house: Builders) -> None:
    topic = house.question(at=clock.now() - 30 * HOUR)
    house.answer(topic)
    rows = [(p.id, p.state, p.overdue_wall_s) for p in promises.promises_of(topic)]
    facts = len(session.scalars(select(ClockEvent)).all())

    project(topic, clock.now())
    session.flush()

    assert rows == [(p.id, p.state, p.overdue_wall_s) for p in promises.promises_of(topic)]
    assert facts == len(session.scalars(select(ClockEvent)).all())


def test_a_hand_in_the_database_is_found_and_undone(house: Builders) -> None:
    topic = house.question(at=clock.now() - 30 * HOUR)
    house.answer(topic)
    due = topic.due_at
    session.commit()
    assert differences() == []

    forged = update(Promise).where(Promise.topic_id == topic.id)
    session.execute(forged.values(state="met", due_at=clock.now(), breached_at=None))
    session.commit()
    assert set(differences()) == {"state", "due_at", "breached_at"}

    assert list(verifying.replay(repair=True))
    session.commit()
    assert differences() == []
    [promise] = promises.promises_of(topics.queries.topic(topic.id))
    assert (promise.state, promise.due_at) == ("met_late", due)


def test_promises_are_made_for_events_that_came_before_them(house: Builders) -> None:
    topic = house.question(at=clock.now() - 30 * HOUR)
    house.answer(topic)
    session.execute(Promise.__table__.delete())  # type: ignore[attr-defined]
    session.expire_all()

    assert verifying.project_what_never_was() == 1

    assert states(topic) == [("first_answer", 1, "met_late")]
    assert verifying.project_what_never_was() == 0


def test_what_runs_is_replayed_once_a_day_and_remembered(house: Builders) -> None:
    topic = house.question()
    assert verifying.claim()
    assert [found for found in verifying.replay_what_runs() if found] == []
    assert not verifying.claim()
    check = promises.last_check()
    assert check is not None
    assert not check.held

    check.at -= timedelta(days=1)
    session.execute(update(Promise).values(due_at=topic.opened_at))
    session.commit()
    assert verifying.claim()
    [found] = verifying.replay_what_runs()
    assert [each.column for each in found] == ["due_at"]
    check = promises.last_check()
    assert check is not None
    assert check.held


def test_moving_keeps_the_hour_and_changes_who_keeps_it(house: Builders) -> None:
    topic, to = house.question(), house.category()
    due = topic.due_at

    moderation.move(house.manager(), topic, to, "Это про вклады")

    [promise] = promises.promises_of(topic)
    assert (promise.due_at, promise.arm_no) == (due, 2)
    assert promise.accountable_id == to.owner_id
    assert promise.category_id == to.id


def test_a_breach_after_a_late_move_is_the_sender_s(house: Builders) -> None:
    at = clock.now() - 30 * HOUR
    topic, to = house.question(at=at), house.category()
    sender = topic.category.owner_id

    moderation.move(house.manager(), topic, to, "Не к нам", at=at + 23 * HOUR)
    project(topic, clock.now())

    [promise] = promises.promises_of(topic)
    assert promise.accountable_id == to.owner_id
    assert promise.attributed_to_id == sender


def test_a_new_owner_takes_what_waits(house: Builders, work: Callable[[], None]) -> None:
    topic = house.question()
    category, due = topic.category, topic.due_at
    successor = house.executive()
    words = topics.CategoryWords(category.name, "", "", successor, None)

    topics.change_category(house.manager(), category, words)
    work()

    [promise] = promises.promises_of(topic)
    assert (promise.accountable_id, promise.due_at) == (successor.id, due)


def test_an_unknown_event_is_refused(house: Builders) -> None:
    topic = house.question()
    with pytest.raises(UnknownEventError, match="vanished"):
        note(topic, "vanished")


def test_a_question_back_that_is_hidden_was_never_asked(house: Builders) -> None:
    topic = house.question(at=clock.now() - 3 * HOUR)
    due = topic.due_at
    asked = topics.ask_back(topic.category.owner, topic, "Какая карта?")
    assert topic.due_at is None

    moderation.hide_post(house.manager(), topic, asked, "Не по делу")

    assert (topic.due_at, topic.paused_for) == (due, None)


def test_what_was_broken_already_makes_nobody_else_late(house: Builders) -> None:
    late, other = house.question(at=clock.now() - 30 * HOUR), house.question()
    due = other.due_at

    moderation.merge(house.manager(), late, other, "О том же")

    assert other.due_at == due
    [promise] = promises.promises_of(late)
    assert (promise.state, promise.reason) == ("cancelled", "merged")
    assert promise.breached_at == late.opened_at + DAY


def test_who_says_solved_waits_for_nothing(house: Builders) -> None:
    topic = house.question()
    house.answer(topic)
    topics.dispute(topic.asker, topic)
    assert topic.is_awaiting

    topics.accept(topic.asker, topic)

    assert not topic.is_awaiting
    assert states(topic)[-1] == ("next_answer", 1, "cancelled")
    topics.dispute(topic.asker, topic)
    assert topic.is_awaiting
    assert states(topic)[-1] == ("next_answer", 2, "running")


def test_a_number_that_stands_for_another_turn_forgets_the_first(house: Builders) -> None:
    at = clock.now() - timedelta(days=9)
    topic = house.question(at=at)
    house.answer(topic, at=at + HOUR)
    spam = topics.comment(topic.asker, topic, "И ещё?", at=at + 2 * HOUR)
    while ticking.tick(at + 40 * HOUR):
        pass
    house.answer(topic, "Вот.", at=at + 50 * HOUR)
    topics.comment(topic.asker, topic, "А теперь?", at=at + timedelta(days=8, hours=20))
    [_, first, second] = promises.promises_of(topic)
    assert promises.rungs_sent([first.id])[first.id]

    moderation.hide_post(house.manager(), topic, spam, "Не по делу")

    assert (first.started_at, first.state) == (at + timedelta(days=8, hours=20), "running")
    assert (first.breached_at, first.detected_at) == (None, None)
    assert promises.rungs_sent([first.id]) == {}
    assert (second.state, second.reason) == ("cancelled", "superseded")


def test_a_finished_promise_stays_with_who_kept_it(house: Builders) -> None:
    at = clock.now() - timedelta(days=3)
    topic, to = house.question(at=at), house.category()
    owner, category_id = topic.category.owner_id, topic.category_id
    house.answer(topic, at=at + HOUR)

    moderation.move(house.manager(), topic, to, "Всё же сюда", at=at + 2 * HOUR)

    [promise] = promises.promises_of(topic)
    assert (promise.accountable_id, promise.category_id) == (owner, category_id)
    assert differences() == []
