"""What figures are counted from: promises and what happened to their topics, added up by SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import and_, case, exists, func, literal, or_, select
from sqlalchemy.orm import aliased

from app.core import clock
from app.core.db import session
from app.core.events import Fact
from app.insight.queries.replayed import spans_on
from app.sla.models import ClockEvent, Promise
from app.sla.queries.terms import terms_by_versions
from app.topics.models import Post, Topic

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from sqlalchemy import ColumnElement, Select

    from app.insight.measures import Period
    from app.sla.engine.calendars import Calendar

FIRST = "first_answer"
ANSWERS = (FIRST, "next_answer")
RESOLUTION = "resolution"
# What stops the overdue time of an answer, and what makes the hour of an answer another than its
# start and target say.
STOPS = ("clarification", "removed")
SHIFTS = (*STOPS, "transfer", "tighten_open", "absorbed", "calendar_changed")
# A promise that never was: what had made it was undone.
NEVER = "superseded"
# In which period a promise belongs: the one it fell due in. One without an hour, because the bank
# waited for the asker, belongs where it ended.
FELL = func.coalesce(Promise.due_at, Promise.ended_at, Promise.fulfilled_at)


def last_fact_id() -> int:
    """The number of the last thing that happened."""
    return session.scalar(select(func.max(Fact.id))) or 0


def fell_due_since(at: datetime) -> bool:
    """Whether the hour of any promise has come since, seen by the scheduler or not."""
    query = select(Promise.id).where(Promise.due_at >= at, Promise.due_at < clock.now())
    return session.scalar(query.limit(1)) is not None


def belongs_to(period: Period) -> ColumnElement[bool]:
    """SQL for a promise that fell due in a period."""
    if period.begins is None:
        return literal(value=True)
    begun = FELL.op(">=", is_comparison=True)(period.begins)
    if period.ends is None:
        return begun
    return and_(begun, FELL.op("<", is_comparison=True)(period.ends))


def fate_at(now: datetime) -> ColumnElement[str]:
    """SQL for what became of a promise: met, late, broken, open, excluded or superseded.

    Broken is also what nobody has noticed yet: the hour has passed all the same.
    """
    return case(
        (Promise.state == "met", "met"),
        (Promise.state == "met_late", "late"),
        (Promise.state == "breached", "broken"),
        (and_(Promise.state == "running", Promise.due_at < now), "broken"),
        (and_(Promise.state == "cancelled", Promise.reason == NEVER), NEVER),
        # What ends a promise after it was broken does not mend it; spam was never owed anything.
        (
            and_(
                Promise.state == "cancelled",
                Promise.breached_at.is_not(None),
                Promise.reason != "spam",
            ),
            "broken",
        ),
        (Promise.state == "cancelled", "excluded"),
        else_="open",
    )


def _flags(those: Mapping[str, Period]) -> list[ColumnElement[int]]:
    """A 0 or 1 for each period."""
    return [
        case((belongs_to(period), 1), else_=0).label(f"p{i}")
        for i, period in enumerate(those.values())
    ]


def promises_by_fate(those: Mapping[str, Period], now: datetime) -> Any:
    """Promises, counted.

    Category, person, a flag for each period, kind, fate, reason, whether they were fulfilled in
    person, whether the breach is another's; then how many, and for how long they were overdue: in
    all and at most, in open time and by the clock on the wall.
    """
    in_person = case((Post.author_id == Promise.accountable_id, 1), else_=0)
    inherited = case((Promise.attributed_to_id != Promise.accountable_id, 1), else_=0)
    columns = (
        Promise.category_id,
        Promise.accountable_id,
        *_flags(those),
        Promise.kind,
        fate_at(now).label("fate"),
        Promise.reason,
        in_person.label("in_person"),
        inherited.label("inherited"),
    )
    inner = (
        select(*columns, Promise.overdue_s, Promise.overdue_wall_s)
        .outerjoin(Post, Post.id == Promise.answer_id)
        .subquery()
    )
    groups = [inner.c[i] for i in range(len(columns))]
    # Of what is broken and still owed, the overdue time is not written down: see `still_broken`.
    late = inner.c.fate.in_(("late", "broken"))
    open_time = case((late, inner.c.overdue_s), else_=0.0)
    wall_time = case((late, inner.c.overdue_wall_s), else_=0.0)
    sums = (
        func.count(),
        func.sum(open_time),
        func.max(open_time),
        func.sum(wall_time),
        func.max(wall_time),
    )
    return session.execute(select(*groups, *sums).group_by(*groups))


class Late(NamedTuple):
    """A promise broken and still open, and for how long by now."""

    category_id: int
    person_id: int
    flags: tuple[int, ...]
    open_s: float
    wall_s: float


def still_broken(those: Mapping[str, Period], now: datetime) -> Iterator[Late]:
    """What is broken, still owed, and overdue by now; of what has ended it is written down.

    Where a clock may have stood still after the breach, its topic is replayed. A resolution's does
    so at almost anything that happens: whenever the next to act is the asker.
    """
    since = exists().where(
        ClockEvent.topic_id == Promise.topic_id,
        ClockEvent.at >= Promise.due_at,
        or_(Promise.kind == RESOLUTION, ClockEvent.type.in_(STOPS)),
    )
    query = select(
        Promise.category_id,
        Promise.accountable_id,
        Promise.due_at,
        Promise.calendar_version_id,
        Promise.topic_id,
        Promise.kind,
        Promise.cycle,
        or_(Promise.pauses != "", since).label("stopped"),
        *_flags(those),
    ).where(fate_at(now) == "broken", Promise.ended_at.is_(None))
    rows = session.execute(query).all()
    calendars = _calendars({row.calendar_version_id for row in rows})
    replayed = spans_on((row.topic_id for row in rows if row.stopped), now)
    for category_id, person_id, due_at, version, topic_id, kind, cycle, _stopped, *flags in rows:
        known = replayed.get((topic_id, kind, cycle))
        if known is not None:
            spans = known.overdue_s, known.overdue_wall_s
        else:
            spans = _seconds(calendars[version], due_at, now), (now - due_at).total_seconds()
        yield Late(category_id, person_id, tuple(flags), *spans)


class First(NamedTuple):
    """A first answer: how long it took, or how long it is waited for by now.

    `done`: it was given. `due`: its hour has passed. `shown`: its topic is in public sight.
    """

    category_id: int
    person_id: int
    flags: tuple[int, ...]
    done: bool
    due: bool
    shown: bool
    started_at: datetime
    wall_s: float
    open_s: float


def first_answers(those: Mapping[str, Period], now: datetime) -> Iterator[First]:
    """Every first answer that was promised and not let off, streamed.

    The open time of those that wait is what their target leaves over. Where something stopped the
    clock or moved the hour, that says nothing of the time that ran: their topics are replayed.
    """
    replayed = spans_on(session.scalars(_shifted_first_answers()), now)
    query = (
        select(
            Promise.topic_id,
            Promise.category_id,
            Promise.accountable_id,
            Promise.started_at,
            Promise.fulfilled_at,
            Promise.took_s,
            Promise.due_at,
            Promise.target_s,
            Promise.calendar_version_id,
            Promise.pauses,
            *_flags(those),
        )
        .where(Promise.kind == FIRST, Promise.state != "cancelled")
        .execution_options(yield_per=5000)
    )
    calendars: dict[int | None, Calendar] = _calendars(_versions_in_use())
    for (
        topic_id, category_id, person_id, started_at, fulfilled_at, took, due_at, target, version,
        pauses, *flags,
    ) in session.execute(query):  # fmt: skip
        done = fulfilled_at is not None
        wall = ((fulfilled_at or now) - started_at).total_seconds()
        past = due_at is not None and due_at < now
        known = replayed.get((topic_id, FIRST, 1))
        if done:
            open_s = wall if took is None else took
        elif known is not None:
            open_s = known.ran_s
        elif past:
            open_s = target + _seconds(calendars[version], due_at, now)
        else:
            open_s = max(target - _seconds(calendars[version], now, due_at), 0.0)
        shown = "removed" not in pauses
        yield First(
            category_id, person_id, tuple(flags), done, past, shown, started_at, wall, open_s
        )  # fmt: skip


def _shifted_first_answers() -> Select[tuple[int]]:
    """The topics whose first answer is waited for by another hour than it was promised for."""
    shifted = exists().where(ClockEvent.topic_id == Promise.topic_id, ClockEvent.type.in_(SHIFTS))
    return select(Promise.topic_id).where(
        Promise.kind == FIRST,
        Promise.state != "cancelled",
        Promise.fulfilled_at.is_(None),
        or_(Promise.pauses != "", shifted),
    )


def solved(those: Mapping[str, Period]) -> Any:
    """Topics their askers called solved.

    Category, person, flags, opened, solved, and for how many seconds the bank owed an answer.
    """
    whose = aliased(Promise)
    resolution = func.max(case((whose.kind == "resolution", whose.took_s)))
    answers = func.sum(case((whose.kind.in_(ANSWERS), whose.took_s)))
    query = (
        select(
            Promise.category_id,
            Promise.accountable_id,
            Topic.opened_at,
            Topic.solved_at,
            func.coalesce(resolution, answers),
            *_flags(those),
        )
        .join(Topic, Topic.id == Promise.topic_id)
        .join(whose, whose.topic_id == Promise.topic_id)
        .where(Promise.kind == FIRST, Promise.state != "cancelled", Topic.solved_at.is_not(None))
        .group_by(Promise.id, Topic.id)
    )
    return session.execute(query.execution_options(yield_per=5000))


REOPENED = "came_back"


def signal() -> ColumnElement[str]:
    """An event's type; "came_back" for an asker who said "not solved", or wrote when it was."""
    before = aliased(ClockEvent)
    settled = exists().where(
        before.topic_id == ClockEvent.topic_id,
        before.type == "resolved",
        before.id < ClockEvent.id,
    )
    # "Not solved" is the asker's word without a post.
    unsolved = ClockEvent.data["id"].as_string().is_(None)
    came_back = and_(ClockEvent.type == "customer_post", or_(unsolved, settled))
    return case((came_back, REOPENED), else_=ClockEvent.type)


SIGNALS = (
    "transfer",
    "clarification",
    "customer_post",
    "official_answer",
    "answer_retracted",
    "no_reply_needed",
    "no_reply_disputed",
)


def signals(those: Mapping[str, Period]) -> Any:
    """What happened on topics, counted: category, person, flags, type; how often, on how many."""
    inner = (
        select(
            Promise.category_id,
            Promise.accountable_id,
            *_flags(those),
            signal().label("type"),
            Promise.topic_id,
        )
        .join(ClockEvent, ClockEvent.topic_id == Promise.topic_id)
        .where(Promise.kind == FIRST, Promise.state != "cancelled", ClockEvent.type.in_(SIGNALS))
        .subquery()
    )
    groups = list(inner.c)[:-1]
    query = select(*groups, func.count(), func.count(inner.c.topic_id.distinct()))
    return session.execute(query.group_by(*groups))


def _versions_in_use() -> set[int | None]:
    return set(session.scalars(select(Promise.calendar_version_id).distinct()))


def _calendars(versions: set[int | None]) -> dict[int | None, Calendar]:
    """Parsed calendars by the ids of their versions; None is around the clock."""
    known = terms_by_versions((None, version) for version in {*versions, None})
    return {version: terms.calendar for (_, version), terms in known.items()}


def _seconds(calendar: Calendar, start: datetime, end: datetime) -> float:
    return calendar.between(start, end).total_seconds()
