"""Why a deadline is when it is: everything that was counted, and everything that happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from app.accounts.models import Person
from app.core import clock
from app.core.db import session
from app.sla.engine.events import standing
from app.sla.engine.explain import Segment, segments
from app.sla.engine.promises import evaluate
from app.sla.models import CalendarVersion, ClockEvent
from app.sla.queries import promises

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from app.sla.engine.events import Event
    from app.sla.engine.promises import Outcome
    from app.topics.models import Topic


@dataclass(frozen=True)
class Explained:
    """A promise with the stretches of time that made its deadline, and whose hours they are.

    `calendar` is None around the clock.
    """

    promise: Outcome
    segments: list[Segment]
    calendar: CalendarVersion | None


@dataclass(frozen=True)
class Happened:
    """An event of the topic's clocks: `undone` when another one took it back."""

    event: ClockEvent
    by: Person | None
    undone: bool


@dataclass(frozen=True)
class Explanation:
    """All promises of a topic, the last first, and its events in their order."""

    at: datetime
    promises: list[Explained]
    events: list[Happened]


def explain(topic: Topic, at: datetime | None = None) -> Explanation:
    """What the engine counted for a topic, replayed at `at` (now, when not given)."""
    at = at or clock.now()
    rows = promises.clock_events([topic.id])[topic.id]
    read = promises.as_engine_reads(rows)
    found = evaluate(read, at)
    calendars = _calendars(rows)
    told = [
        Explained(each, segments(each, at), calendars.get(each.calendar_version)) for each in found
    ]
    told.sort(key=lambda e: e.promise.started_at, reverse=True)
    return Explanation(at, told, _happened(rows, read))


def _calendars(rows: Sequence[ClockEvent]) -> dict[int | None, CalendarVersion]:
    ids = {r.calendar_version_id for r in rows if r.calendar_version_id is not None}
    if not ids:
        return {}
    found = session.scalars(select(CalendarVersion).where(CalendarVersion.id.in_(ids)))
    return {v.id: v for v in found}


def _happened(rows: Sequence[ClockEvent], read: Sequence[Event]) -> list[Happened]:
    kept = {id(event) for event in standing(read)}
    ids = {r.by_id for r in rows if r.by_id is not None}
    people = {}
    if ids:
        people = {p.id: p for p in session.scalars(select(Person).where(Person.id.in_(ids)))}
    told = [
        Happened(row, people.get(row.by_id or 0), id(event) not in kept)
        for row, event in zip(rows, read, strict=True)
    ]
    return sorted(told, key=lambda h: h.event.at)
