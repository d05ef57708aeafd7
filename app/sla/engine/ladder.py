"""Reminders and escalation: when each rung falls, and when its message may be sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from app.sla.engine.calendars import MIDNIGHT, Calendar, Hours

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from app.sla.engine.promises import Outcome

PERCENT, OFFSET = "pct", "off"


@dataclass(frozen=True)
class Rung:
    """`mode` "pct": hundredths of the time over; "off": open seconds after the due instant."""

    name: str
    mode: str
    value: int


LADDER = (
    Rung("r50", PERCENT, 50),
    Rung("r80", PERCENT, 80),
    Rung("due", OFFSET, 0),
    Rung("esc1", OFFSET, 4 * 3600),
    Rung("esc2", OFFSET, 24 * 3600),
    Rung("esc3", OFFSET, 48 * 3600),
)


@dataclass(frozen=True)
class Quiet:
    """Hours in which nobody is written to: seconds of the recipient's day, over midnight too."""

    zone: str
    start: int
    end: int
    weekends: bool = False
    awake: Calendar = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Turn it round: a calendar of the hours in which one may be written to."""
        day = _awake(self.start, self.end)
        rest: tuple[Hours, ...] = () if self.weekends else day
        week = (day, day, day, day, day, rest, rest)
        object.__setattr__(self, "awake", Calendar(self.zone, week))


@dataclass(frozen=True)
class Planned:
    """A rung of one promise: when it falls and when its message goes out."""

    rung: str
    fire_at: datetime
    notify_at: datetime


def plan(promise: Outcome, ladder: Sequence[Rung], quiet: Quiet | None) -> list[Planned]:
    """The rungs of a live promise in their order; none while no due instant is known."""
    due = promise.due_at
    if due is None:
        return []
    planned = []
    for rung in ladder:
        if rung.mode == PERCENT:
            # A broken promise has its rungs of before behind it, at the latest at the due instant.
            fire_at = (
                min(promise.reaches(rung.value) or due, due) if promise.breached_at is None else due
            )
        else:
            fire_at = promise.calendar.add(due, timedelta(seconds=rung.value))
        before = due if rung.mode == PERCENT else None
        planned.append(
            Planned(rung.name, fire_at, moved(fire_at, quiet, before, promise.arm_started_at))
        )
    return planned


def moved(
    at: datetime, quiet: Quiet | None, before: datetime | None, started_at: datetime
) -> datetime:
    """When a message of `at` may be sent: quiet hours put it off, never a deadline.

    One that is to come `before` an instant within the quiet hours is sent as they begin instead.
    """
    if quiet is None:
        return at
    later = quiet.awake.next_open(at)
    if later == at:
        return at
    if before is not None and before < later:
        return max(quiet.awake.last_close(at), min(started_at, at))
    return later


def choose(
    planned: Sequence[Planned], logged: Collection[str], now: datetime
) -> tuple[str | None, list[str]]:
    """The rung to send now, and those that it makes needless.

    `planned` in the order of the ladder. Recipients are cumulative, so the highest reaches all; a
    rung below one that was sent already is needless by itself.
    """
    reached = [p.rung for p in planned if p.notify_at <= now and p.rung not in logged]
    if not reached:
        return None, []
    order = [p.rung for p in planned]
    highest = max((order.index(name) for name in logged if name in order), default=-1)
    if order.index(reached[-1]) < highest:
        return None, reached
    return reached[-1], reached[:-1]


def _awake(start: int, end: int) -> tuple[Hours, ...]:
    if start == end:
        return ((0, MIDNIGHT),)
    if start > end:
        return ((end, start),)
    return tuple(h for h in ((0, start), (end, MIDNIGHT)) if h[0] < h[1])
