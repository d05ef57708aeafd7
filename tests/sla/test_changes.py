"""What becomes of open promises when their calendar says something else, or rules are tightened."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from app.core import clock, jobs
from app.core.db import session
from app.core.events import Fact
from app.moderation import service as moderation
from app.sla import reactions
from app.sla.engine.calendars import parse
from app.sla.engine.promises import evaluate
from app.sla.models import CalendarVersion, ClockEvent, PolicyVersion, Promise
from app.sla.queries import calendars, promises
from app.sla.queries.policies import Scope
from app.sla.service import calendars as service
from app.sla.service import changes
from app.sla.service.promises import note
from app.topics import queries
from app.topics import service as topics

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.accounts.models import Person
    from app.sla.models import WorkCalendar
    from app.topics.models import Category, Topic
    from tests.builders import Builders

HOUR = 3600
FRIDAY = "2026-11-27"
WEEK = {day: [["09:00", "18:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}


def at(day: int, hour: int) -> datetime:
    """An hour of November 2026 on the walls of Moscow; the 23rd is a Monday."""
    return datetime(2026, 11, day, hour, tzinfo=ZoneInfo("Europe/Moscow")).astimezone(UTC)


class Walls:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now = at(23, 9)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture(autouse=True)
def walls(monkeypatch: pytest.MonkeyPatch) -> Walls:
    """What time it is: Monday at nine in Moscow at first."""
    held = Walls()
    monkeypatch.setattr(clock, "now", held)
    return held


@pytest.fixture
def by(house: Builders) -> Person:
    return house.manager()


def said(calendar: str, *closed: str, **more: Any) -> service.Said:
    spec = {"mode": "hours", "tz": "Europe/Moscow", "weekly": WEEK, **more}
    return service.Said(calendar, {**spec, "dates": {day: [] for day in closed}})


def a_calendar(by: Person, name: str) -> WorkCalendar:
    return service.create(by, said(name))


def promised(
    calendar: WorkCalendar | None, hours: int, category: Category | None = None, version: int = 1
) -> None:
    """Rules of a category, or of all: so many open hours."""
    scope = f"category:{category.id}" if category else "all"
    spec = {"first_answer_s": hours * HOUR, "next_answer_s": hours * HOUR}
    kept = {"calendar_id": calendar.id if calendar else None, "made_at": clock.now()}
    session.add(PolicyVersion(scope=scope, version=version, spec=spec, **kept))
    session.flush()


def change(by: Person, calendar: WorkCalendar, *closed: str, **more: Any) -> CalendarVersion:
    last = calendars.newest(calendar)
    service.change(by, calendar, said(calendar.name, *closed, **more), last.version)
    return calendars.newest(calendar)


def only(topic: Topic, kind: str = "first_answer") -> Promise:
    return session.query(Promise).filter_by(topic_id=topic.id, kind=kind).one()


def changed(topic: Topic) -> list[ClockEvent]:
    query = session.query(ClockEvent).filter_by(topic_id=topic.id, type="calendar_changed")
    return query.order_by(ClockEvent.id).all()


def moved() -> list[int]:
    query = session.query(Fact).filter_by(name="HourMoved").order_by(Fact.id)
    return [fact.data["topic_id"] for fact in query]


# --------------------------------------------------------------- what does not move it yet


def test_a_holiday_after_the_hour_counts_when_the_hour_comes_to_lie_behind_it(
    house: Builders, by: Person, walls: Walls, work: Callable[[], None]
) -> None:
    calendar = a_calendar(by, "Неделя")
    promised(calendar, 36)
    topic = house.question()
    assert only(topic).due_at == at(26, 18)
    walls.now = at(23, 10)
    only(topic).next_action_at = at(26, 18)
    version = change(by, calendar, FRIDAY)
    work()

    # No hour moves, and nobody is told of any; but from now on it counts by the new version.
    assert only(topic).due_at == at(26, 18)
    assert moved() == []
    assert only(topic).calendar_version_id == version.id
    # What lies between may be elsewhere, and so may its reminders.
    assert only(topic).next_action_at == walls.now
    walls.now = at(24, 9)
    note(topic, "removed")
    walls.now = at(25, 18)
    note(topic, "restored")
    # Twenty-seven hours were left: Thursday's nine, and not Friday, but Monday and Tuesday.
    assert only(topic).due_at == at(30, 18) + timedelta(days=1)


def test_what_is_overdue_later_is_counted_by_the_new_version(
    house: Builders, by: Person, walls: Walls, work: Callable[[], None]
) -> None:
    calendar = a_calendar(by, "Неделя")
    promised(calendar, 36)
    topic = house.question()
    change(by, calendar, FRIDAY)
    work()

    walls.now = at(30, 10)
    read = promises.as_engine_reads(promises.clock_events([topic.id])[topic.id])
    first = evaluate(read, walls.now).first_answer
    assert first is not None
    assert first.overdue == timedelta(hours=1)


def test_a_breach_stays(
    house: Builders, by: Person, walls: Walls, work: Callable[[], None]
) -> None:
    calendar = a_calendar(by, "Неделя")
    promised(calendar, 9)
    topic = house.question()
    walls.now = at(24, 12)
    note(topic, "taken")
    change(by, calendar, FRIDAY)
    work()

    assert only(topic).breached_at == at(23, 18)
    assert changed(topic) == []


# ------------------------------------------------------------------- whose calendar it is


def test_a_clock_that_kept_its_hour_in_a_transfer_follows_its_own_calendar(
    house: Builders, by: Person, walls: Walls, work: Callable[[], None]
) -> None:
    ours, theirs = a_calendar(by, "Наша"), a_calendar(by, "Их")
    there = house.category()
    promised(ours, 36)
    promised(theirs, 90, there)
    topic = house.question()
    walls.now = at(24, 9)
    moderation.move(by, topic, there, "Это к ним")
    assert only(topic).due_at == at(26, 18)

    # Both say the same; only one of them has anything to do with the hour.
    change(by, theirs, "2026-11-25")
    work()
    assert (only(topic).due_at, moved()) == (at(26, 18), [])
    version = change(by, ours, "2026-11-26")
    work()
    assert (only(topic).due_at, moved()) == (at(27, 18), [topic.id])
    assert only(topic).calendar_version_id == version.id


def test_the_terms_of_a_topic_are_not_those_of_another_calendar(
    house: Builders, by: Person, walls: Walls, work: Callable[[], None]
) -> None:
    ours, theirs = a_calendar(by, "Наша"), a_calendar(by, "Их")
    there = house.category()
    promised(ours, 36)
    promised(theirs, 90, there)
    topic = house.question()
    walls.now = at(24, 9)
    moderation.move(by, topic, there, "Это к ним")
    version = change(by, ours, FRIDAY)
    work()

    read = promises.as_engine_reads(promises.clock_events([topic.id])[topic.id])
    told = evaluate(read, walls.now)
    assert (told.terms.calendar_id, told.terms.policy.first_answer_s) == (theirs.id, 90 * HOUR)
    assert told.versions == {version.id}


def test_a_clock_follows_though_the_topic_has_newer_terms(
    house: Builders, by: Person, walls: Walls
) -> None:
    calendar = a_calendar(by, "Неделя")
    promised(calendar, 36)
    topic = house.question()
    walls.now = at(24, 9)
    change(by, calendar, "2026-11-26")
    # Nobody has moved it yet, and the asker writes again: the terms are the new ones already.
    topics.comment(topic.asker, topic, "И ещё вот что.")
    assert only(topic).due_at == at(26, 18)

    changes.keep_up(calendar)

    assert only(topic).due_at == at(27, 18)


def test_a_question_behind_one_that_counts_otherwise_follows_too(
    house: Builders, by: Person, walls: Walls, work: Callable[[], None]
) -> None:
    ours, theirs = a_calendar(by, "Наша"), a_calendar(by, "Их")
    there = house.category()
    promised(ours, 36)
    promised(theirs, 90, there)
    topic = house.question()
    walls.now = at(24, 9)
    seen = topic.last_seq
    moderation.move(by, topic, there, "Это к ним")
    # It will be owed an answer of its own when an answer comes that has not seen it.
    topics.comment(topic.asker, topic, "И ещё вот что.")
    version = change(by, theirs, FRIDAY)
    work()

    walls.now = at(24, 12)
    topics.answer(there.owner, topic, "Починили.", seen_seq=seen)
    crossed = only(topic, "next_answer")
    assert crossed.state == "running"
    assert crossed.calendar_version_id == version.id


def test_an_old_version_may_be_said_again(
    house: Builders, by: Person, work: Callable[[], None]
) -> None:
    calendar = a_calendar(by, "Неделя")
    promised(calendar, 36)
    topic = house.question()
    change(by, calendar, FRIDAY)
    work()
    version = change(by, calendar)
    work()

    assert only(topic).calendar_version_id == version.id
    assert calendars.behind() == []
    assert len(changed(topic)) == 2


# ------------------------------------------------------------------- what happens meanwhile


def test_who_asked_while_the_version_was_made_is_not_left_behind(
    house: Builders, by: Person, walls: Walls, work: Callable[[], None]
) -> None:
    calendar = a_calendar(by, "Неделя")
    promised(calendar, 36)
    walls.now = at(23, 10)
    version = change(by, calendar, "2026-11-26")
    work()
    # A question whose asker's transaction read the rules a moment before.
    topic = house.question(at=at(23, 9))
    assert only(topic).due_at == at(26, 18)
    assert calendars.still_to_move(calendar) == 1

    reactions.leave_no_promise_behind()

    assert only(topic).due_at == at(27, 18)
    assert only(topic).calendar_version_id == version.id
    assert calendars.still_to_move(calendar) == 0
    reactions.leave_no_promise_behind()
    assert len(changed(topic)) == 1


def test_what_is_opened_again_is_counted_by_what_holds_now(
    house: Builders, by: Person, walls: Walls, work: Callable[[], None]
) -> None:
    calendar = a_calendar(by, "Неделя")
    promised(calendar, 36)
    topic = house.question()
    note(topic, "closed")
    change(by, calendar, "2026-11-26")
    work()
    assert changed(topic) == []
    walls.now = at(24, 9)
    note(topic, "unlocked")
    assert only(topic).due_at == at(26, 18)

    reactions.leave_no_promise_behind()

    assert only(topic).due_at == at(27, 18)


def test_it_is_looked_after_all_the_time() -> None:
    assert jobs._sweeps["sla.calendars"].function is reactions.leave_no_promise_behind


def test_a_change_is_written_after_what_another_machine_wrote(
    house: Builders, by: Person, walls: Walls, work: Callable[[], None]
) -> None:
    calendar = a_calendar(by, "Неделя")
    promised(calendar, 36)
    topic = house.question()
    # Its clock is two minutes ahead of ours.
    ahead = walls.now + timedelta(minutes=2)
    topics.comment(topic.asker, topic, "И ещё вот что.", at=ahead)
    change(by, calendar, "2026-11-26")
    work()

    assert [event.at for event in changed(topic)] == [ahead]
    assert only(topic).due_at == at(27, 18)


def test_the_hour_of_a_change_is_taken_under_the_lock(
    house: Builders, by: Person, walls: Walls, monkeypatch: pytest.MonkeyPatch
) -> None:
    calendar = a_calendar(by, "Неделя")
    promised(calendar, 36)
    topic = house.question()
    change(by, calendar, "2026-11-26")

    def after_waiting(topic_id: int) -> Topic:
        """Whoever had it before us answered, and it took a while."""
        walls.now = at(23, 12)
        topics.answer(topic.category.owner, topic, "Починили.", at=walls.now)
        return queries.held(topic_id)

    monkeypatch.setattr(changes, "topics", SimpleNamespace(held=after_waiting))
    changes.keep_up(calendar)

    assert only(topic).state == "met"
    assert changed(topic) == []
    assert moved() == []


def test_very_many_are_moved_in_batches(
    house: Builders, by: Person, work: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    calendar = a_calendar(by, "Неделя")
    promised(calendar, 36)
    category = house.category()
    open_ones = [house.question(category=category) for _ in range(5)]
    monkeypatch.setattr(changes, "BATCH", 2)
    version = change(by, calendar, "2026-11-26")
    assert {only(topic).due_at for topic in open_ones} == {at(26, 18)}
    assert calendars.still_to_move(calendar) == 5

    work()

    assert {only(topic).due_at for topic in open_ones} == {at(27, 18)}
    assert {only(topic).calendar_version_id for topic in open_ones} == {version.id}
    assert moved() == [topic.id for topic in open_ones]
    made = session.query(Fact).filter_by(name="CalendarVersionMade").order_by(Fact.id)
    assert [f.data["after"] for f in made] == [0, open_ones[1].id, open_ones[3].id]


def test_one_that_cannot_be_counted_keeps_no_other_waiting(
    house: Builders, by: Person, work: Callable[[], None]
) -> None:
    calendar = a_calendar(by, "Неделя")
    promised(calendar, 36)
    broken, sound = house.question(), house.question()
    strange = ClockEvent(topic_id=broken.id, type="eaten_by_a_dog", at=clock.now(), data={})
    session.add(strange)
    session.flush()
    change(by, calendar, "2026-11-26")
    work()

    assert only(sound).due_at == at(27, 18)
    assert only(broken).due_at == at(26, 18)


def test_the_dry_run_shows_what_is_done(
    house: Builders, by: Person, work: Callable[[], None]
) -> None:
    calendar = a_calendar(by, "Неделя")
    promised(calendar, 36)
    topic = house.question()
    spec = said("", "2026-11-26").spec
    assert [m.after for m in changes.calendar_moves(calendar, parse(spec))] == [at(27, 18)]
    assert changes.calendar_moves(calendar, parse(said("", FRIDAY).spec)) == []
    change(by, calendar, "2026-11-26")
    work()
    assert only(topic).due_at == at(27, 18)


# ----------------------------------------------------------------------- tightening what is open


def test_tightening_lets_be_what_was_answered_or_moved_meanwhile(
    house: Builders, by: Person, walls: Walls
) -> None:
    category, elsewhere = house.category(), house.category()
    promised(None, 48)
    answered, gone, open_one = (house.question(category=category) for _ in range(3))
    walls.now = at(23, 10)
    promised(None, 6, category)
    scope = Scope(category)
    moves = changes.tighten_moves(scope, HOUR)
    assert {move.topic.id for move in moves} == {answered.id, gone.id, open_one.id}
    walls.now = at(23, 11)
    topics.answer(category.owner, answered, "Починили.")
    moderation.move(by, gone, elsewhere, "Это к ним")
    due = only(gone).due_at

    assert changes.tighten(scope, moves, HOUR, by) == 1

    assert only(open_one).due_at == at(23, 15)
    assert only(gone).due_at == due
    told = session.query(ClockEvent).filter_by(type="tighten_open").all()
    assert [event.topic_id for event in told] == [open_one.id]


def test_the_hour_of_tightening_is_taken_under_the_lock(
    house: Builders, by: Person, walls: Walls, monkeypatch: pytest.MonkeyPatch
) -> None:
    category = house.category()
    promised(None, 48)
    topic = house.question(category=category)
    promised(None, 6, category)
    moves = changes.tighten_moves(Scope(category), HOUR)

    def after_waiting(topic_id: int) -> Topic:
        walls.now = at(23, 12)
        return queries.held(topic_id)

    monkeypatch.setattr(changes, "topics", SimpleNamespace(held=after_waiting))
    changes.tighten(Scope(category), moves, HOUR, by)

    event = session.query(ClockEvent).filter_by(topic_id=topic.id, type="tighten_open").one()
    assert event.at == at(23, 12)
