"""Finding calendars, their versions, and where they are used."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import and_, func, select

from app.core import clock
from app.core.db import session
from app.sla.models import CalendarVersion, ClockEvent, Promise, WorkCalendar
from app.sla.queries import policies

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date

    from sqlalchemy import Select

    from app.core.policy import Actor
    from app.sla.models import PolicyVersion

# Whoever makes next year's days off makes them in autumn: by then somebody must have looked.
FAR_ENOUGH = timedelta(days=400)
# How promises stand whose hours still follow their calendar: a breach stays as it is.
MOVABLE = ("running", "paused")
# Whoever began before a version was made, and read the one before it, has ended by then.
IN_FLIGHT = timedelta(minutes=15)


def calendar(calendar_id: int) -> WorkCalendar | None:
    """A calendar, archived or not."""
    return session.get(WorkCalendar, calendar_id)


def calendar_in_sight(_actor: Actor, calendar_id: int) -> WorkCalendar | None:
    """A calendar, for those who keep them."""
    return calendar(calendar_id)


def all_calendars() -> Sequence[WorkCalendar]:
    """Every calendar by name, those in use first."""
    order = (WorkCalendar.archived_at.is_not(None), WorkCalendar.name, WorkCalendar.id)
    return session.scalars(select(WorkCalendar).order_by(*order)).all()


def versions(of: WorkCalendar) -> Sequence[CalendarVersion]:
    """All that a calendar has ever said, the newest first."""
    query = select(CalendarVersion).where(CalendarVersion.calendar_id == of.id)
    return session.scalars(query.order_by(CalendarVersion.version.desc())).all()


def newest(of: WorkCalendar) -> CalendarVersion:
    """What a calendar says now."""
    return versions(of)[0]


def newest_of_each() -> dict[int, CalendarVersion]:
    """The newest version of every calendar, by the calendar's id. One statement."""
    last = (
        select(CalendarVersion.calendar_id, func.max(CalendarVersion.version).label("version"))
        .group_by(CalendarVersion.calendar_id)
        .subquery()
    )
    same = and_(
        CalendarVersion.calendar_id == last.c.calendar_id,
        CalendarVersion.version == last.c.version,
    )
    query = select(CalendarVersion).join(last, same)
    return {version.calendar_id: version for version in session.scalars(query)}


def name_is_taken(name: str, besides: WorkCalendar | None) -> bool:
    """Whether another calendar bears this name."""
    return any(
        each.name.casefold() == name.casefold()
        for each in session.scalars(select(WorkCalendar))
        if besides is None or each.id != besides.id
    )


def users_of(calendar: WorkCalendar) -> list[PolicyVersion]:
    """The rules in force, or waiting to be, that count by a calendar."""
    return [v for v in policies.standing() if v.calendar_id == calendar.id]


def days_known(version: CalendarVersion, today: date | None = None) -> int | None:
    """For how many days ahead its holidays are known; None when it has none to know."""
    if version.horizon is None:
        return None
    return (version.horizon - (today or clock.now().date())).days


def is_short_sighted(version: CalendarVersion, today: date | None = None) -> bool:
    """Whether its holidays are known for fewer days ahead than they should be."""
    known = days_known(version, today)
    return known is not None and known < FAR_ENOUGH.days


def seen_to_count_by(version_ids: Collection[int], after: int = 0) -> Select[tuple[int]]:
    """Topics beyond `after` with an open promise that counts by one of these versions."""
    query = select(Promise.topic_id).where(
        Promise.ended_at.is_(None),
        Promise.state.in_(MOVABLE),
        Promise.calendar_version_id.in_(version_ids),
        Promise.topic_id > after,
    )
    return query.distinct().order_by(Promise.topic_id)


def may_count_by(version_ids: Collection[int], after: int = 0) -> Select[tuple[int]]:
    """Topics beyond `after` with an open promise and any event under one of these versions."""
    heard_of = select(ClockEvent.id).where(
        ClockEvent.topic_id == Promise.topic_id, ClockEvent.calendar_version_id.in_(version_ids)
    )
    query = select(Promise.topic_id).where(
        Promise.ended_at.is_(None),
        Promise.state.in_(MOVABLE),
        Promise.topic_id > after,
        heard_of.exists(),
    )
    return query.distinct().order_by(Promise.topic_id)


def still_to_move(of: WorkCalendar) -> int:
    """How many open promises count by an older version yet."""
    older = [version.id for version in versions(of)[1:]]
    query = select(func.count(Promise.id)).where(
        Promise.ended_at.is_(None),
        Promise.state.in_(MOVABLE),
        Promise.calendar_version_id.in_(older),
    )
    return session.scalar(query) or 0


def changed_lately() -> list[WorkCalendar]:
    """Calendars of whose last change somebody may not have known when it was made."""
    since = clock.now() - IN_FLIGHT
    recent = select(CalendarVersion.calendar_id).where(
        CalendarVersion.version > 1, CalendarVersion.made_at > since
    )
    return _by_id(recent)


def behind() -> list[WorkCalendar]:
    """Calendars by an older version of which any open promise counts."""
    newest_ids = [version.id for version in newest_of_each().values()]
    used = select(Promise.calendar_version_id).where(
        Promise.ended_at.is_(None),
        Promise.state.in_(MOVABLE),
        Promise.calendar_version_id.not_in(newest_ids),
    )
    return _by_id(select(CalendarVersion.calendar_id).where(CalendarVersion.id.in_(used)))


def _by_id(ids: Select[tuple[int]]) -> list[WorkCalendar]:
    query = select(WorkCalendar).where(WorkCalendar.id.in_(ids)).order_by(WorkCalendar.id)
    return list(session.scalars(query))
