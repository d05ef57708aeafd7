"""How a due instant came about: the stretches that were counted, closed, paused and overdue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.sla.engine.calendars import NOTHING

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from app.sla.engine.calendars import Calendar
    from app.sla.engine.promises import Outcome


@dataclass(frozen=True)
class Segment:
    """`kind`: counted, closed, paused, overdue, ahead (open time still to come).

    `counts`: how much of it ran against the promise; nothing when closed or paused.
    """

    kind: str
    start: datetime
    end: datetime
    counts: timedelta
    reasons: tuple[str, ...] = ()


def segments(promise: Outcome, now: datetime) -> list[Segment]:
    """The life of a promise from its start, and from now to its due while it runs."""
    told: list[Segment] = []
    for period in promise.periods:
        if period.kind == "paused":
            told.append(Segment("paused", period.start, period.end, NOTHING, period.reasons))
            continue
        kind = "overdue" if period.kind == "overdue" else "counted"
        told += _cut(kind, period.start, period.end, period.calendar)
    due = promise.due_at
    if promise.is_live and due is not None and due > now and not promise.pauses:
        told += _cut("ahead", now, due, promise.calendar)
    return told


def _cut(kind: str, start: datetime, end: datetime, calendar: Calendar) -> list[Segment]:
    """A stretch as its open and closed parts."""
    told: list[Segment] = []
    at = start
    for opens, closes in calendar.spans(start, end):
        if at < opens:
            told.append(Segment("closed", at, opens, NOTHING))
        # What was cut only by the UTC midnight is one.
        since = told.pop().start if told and told[-1].kind == kind else opens
        told.append(Segment(kind, since, closes, closes - since))
        at = closes
    if at < end:
        told.append(Segment("closed", at, end, NOTHING))
    return told
