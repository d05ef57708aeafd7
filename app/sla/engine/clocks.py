"""One promise's clock: it runs, stands still, breaks, stops. All spans are open time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from app.sla.engine.calendars import NOTHING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from app.sla.engine.calendars import Calendar
    from app.sla.engine.rules import Terms

# Why it stands still; `RESOLVED` only in what is told, of the time until it was asked again.
CUSTOMER, REMOVED, RESOLVED = "customer", "removed", "resolved"


@dataclass(frozen=True)
class Period:
    """A stretch of a clock's life: `kind` is counting, paused or overdue."""

    kind: str
    start: datetime
    end: datetime
    calendar: Calendar
    reasons: tuple[str, ...] = ()


@dataclass
class Clock:
    """A promise as it is replayed; `promises.Outcome` is what is read off it."""

    kind: str
    cycle: int
    started_at: datetime
    target: timedelta
    terms: Terms
    # The terms whose calendar it runs by: its own, or those of others who promised the hour.
    hours: Terms
    # The number of the asker's post that it answers to; None for the topic itself.
    asked_seq: int | None = None

    # From `since` on `left` runs down to `due`; in a pause `left` is kept and `due` is None.
    since: datetime = field(init=False)
    left: timedelta = field(init=False)
    due: datetime | None = field(init=False)
    # What "80 %" is a share of: the target, or after a transfer what was left then.
    whole: timedelta = field(init=False)
    arm_no: int = 1
    arm_started_at: datetime = field(init=False)
    pauses: set[str] = field(default_factory=set)
    pauses_used: int = 0
    # What others, who got it in a pause, would promise: decided when it runs again.
    offers: list[Terms] = field(default_factory=list)
    # Open time that has run against the promise before `since`.
    counted: timedelta = NOTHING
    breached_at: datetime | None = None
    overdue: timedelta = NOTHING
    overdue_wall: timedelta = NOTHING
    # When overdue time began to count last; None in a pause.
    late_since: datetime | None = None
    at_risk_since: datetime | None = None
    fulfilled_at: datetime | None = None
    cancelled: str | None = None
    ended_at: datetime | None = None
    periods: list[Period] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Start it."""
        self.since = self.arm_started_at = self.started_at
        self.left = self.whole = self.target
        self.due = self.calendar.add(self.started_at, self.target)

    @property
    def calendar(self) -> Calendar:
        """When its time runs."""
        return self.hours.calendar

    @property
    def is_live(self) -> bool:
        """Neither fulfilled nor cancelled."""
        return self.fulfilled_at is None and self.cancelled is None

    @property
    def at_risk_at(self) -> datetime | None:
        """When so much of the time is over that it is at risk; None while no due is known."""
        return self.reaches(self.terms.policy.at_risk_pct)

    def reaches(self, percent: float) -> datetime | None:
        """When so many hundredths of the time are over; not before the clock last started."""
        if self.due is None:
            return None
        still = self.whole * (100 - percent) / 100
        return self.calendar.add(self.since, self.left - still)

    def remaining(self, at: datetime) -> timedelta:
        """Open time left at an instant, none when it is over."""
        if self.due is None:
            return self.left
        return self.calendar.between(at, self.due) if at < self.due else NOTHING

    def consumed(self, at: datetime) -> timedelta:
        """Open time that has run against the promise until an instant."""
        return self.counted + (NOTHING if self.pauses else self.calendar.between(self.since, at))

    def advance(self, at: datetime) -> None:
        """Let time pass until `at`: it may come at risk, and break."""
        if not self.is_live or self.due is None or self.breached_at is not None:
            return
        risk = self.at_risk_at
        if self.at_risk_since is None and risk is not None and at >= risk:
            self.at_risk_since = risk
        if at > self.due:
            self._tell("counting", self.due)
            self.breached_at = self.late_since = self.since = self.due

    def pause(self, at: datetime, reason: str) -> None:
        """Stand still for one more reason."""
        if not self.is_live:
            return
        if not self.pauses:
            self._stop(at)
        else:
            self._tell("paused", at)
        self.pauses.add(reason)

    def resume(self, at: datetime, reason: str) -> None:
        """One reason less to stand still; run when none is left, for no less than the floor."""
        if not self.is_live or reason not in self.pauses:
            return
        self._tell("paused", at)
        self.pauses.discard(reason)
        if self.pauses:
            return
        if self.breached_at is not None:
            self.late_since = at
            return
        floor = self.terms.policy.resume_floor_s
        self.left = max(self.left, timedelta(seconds=floor))
        self.due = self.calendar.add(at, self.left)
        offers, self.offers = self.offers, []
        for terms in offers:
            self._take_if_earlier(at, terms)

    def transfer(self, at: datetime, terms: Terms) -> None:
        """Others keep it from now on: by the hour that was shown, or sooner if theirs is sooner."""
        self.arm_no += 1
        self.arm_started_at = at
        self.terms = terms
        if self.breached_at is not None:
            return
        if self.pauses:
            self.offers.append(terms)
            return
        self.left = self.remaining(at)
        self._tell("counting", at)
        self._take_if_earlier(at, terms)

    @property
    def is_movable(self) -> bool:
        """Whether its hour follows its calendar: a breach stays, and so does what has ended."""
        return self.is_live and self.breached_at is None

    def versions(self) -> Iterator[int]:
        """The versions of calendars that it runs by, or may when it runs again."""
        for terms in (self.hours, *self.offers):
            if terms.calendar_version is not None:
                yield terms.calendar_version

    def change_calendar(self, at: datetime, old: Terms, new: Terms) -> None:
        """A new version of its calendar: what is left is counted by that."""
        if not self.is_movable:
            return
        self.offers = [o.by_calendar_of(new) if o.counts_like(old) else o for o in self.offers]
        if not self.hours.counts_like(old):
            return
        if not self.pauses:
            self.left = self.remaining(at)
            self._tell("counting", at)
            self.since, self.due = at, new.calendar.add(at, self.left)
        self.hours = self.hours.by_calendar_of(new)

    def tighten(self, at: datetime, target: timedelta, grace: timedelta) -> None:
        """A shorter target for what already runs, but never less than `grace` from now."""
        if not self.is_live or self.breached_at is not None or target >= self.target:
            return
        left = self.remaining(at)
        wanted = max(target - self.consumed(at), grace)
        if wanted >= left:
            return
        self.whole = max(self.whole - (left - wanted), NOTHING)
        self._run_down(at, wanted)

    def bring_forward(self, at: datetime, due: datetime) -> None:
        """Somebody else's promise joins this one: the earlier hour stands."""
        if not self.is_live or self.breached_at is not None:
            return
        left = self.calendar.between(at, due)
        if self.due is None:
            self.left = min(self.left, left)
        elif due < self.due:
            self.whole = max(self.whole - (self.remaining(at) - left), NOTHING)
            self._run_down(at, left)
            self.due = due

    def fulfil(self, at: datetime) -> None:
        """The answer came."""
        if self.is_live:
            self._end(at)
            self.fulfilled_at = at

    def reopen(self, at: datetime, *, removed: bool) -> None:
        """It was fulfilled too soon: the time that was left runs on, where it can be seen."""
        if self.fulfilled_at is None:
            return
        if self.fulfilled_at < at:
            told = Period("paused", self.fulfilled_at, at, self.calendar, (RESOLVED,))
            self.periods.append(told)
        self.fulfilled_at = self.ended_at = self.late_since = None
        self.pauses = {CUSTOMER, REMOVED} if removed else {CUSTOMER}
        self.since = at
        if self.breached_at is None:
            self.due = None
        self.resume(at, CUSTOMER)

    def cancel(self, at: datetime, reason: str) -> None:
        """It is owed no longer."""
        if self.is_live:
            self._end(at)
            self.cancelled = reason

    def finish(self, at: datetime) -> None:
        """Tell the last period of a clock that still lives at the instant of evaluation."""
        if not self.is_live:
            return
        if self.pauses:
            self._tell("paused", at)
        elif self.late_since is not None:
            self._count_late(at)
            self.late_since = at
        else:
            self._tell("counting", at)

    def _take_if_earlier(self, at: datetime, terms: Terms) -> None:
        """Compare the due that stands with what `terms` would promise now, and keep the earlier."""
        target = None if self.kind == "promised_update" else terms.policy.target(self.kind)
        offered = None if target is None else terms.calendar.add(at, target)
        if target is not None and offered is not None and self.due and offered < self.due:
            self.hours, self.left, self.due = terms, target, offered
        elif self.due is not None:
            self.left = self.calendar.between(at, self.due)
        self.since, self.whole = at, self.left

    def _run_down(self, at: datetime, left: timedelta) -> None:
        self.left = left
        if not self.pauses:
            self._tell("counting", at)
            self.since, self.due = at, self.calendar.add(at, left)

    def _stop(self, at: datetime) -> None:
        if self.breached_at is not None:
            self._count_late(at)
            self.late_since = None
        else:
            self.left = self.remaining(at)
            self._tell("counting", at)
            self.due = None
        self.since = at

    def _end(self, at: datetime) -> None:
        if self.pauses:
            self._tell("paused", at)
        elif self.late_since is not None:
            self._count_late(at)
        else:
            self._tell("counting", at)
            self.left = self.remaining(at)
        self.ended_at = at

    def _count_late(self, at: datetime) -> None:
        if self.late_since is None:
            return
        self._tell("overdue", at, self.late_since)
        self.overdue += self.calendar.between(self.late_since, at)
        self.overdue_wall += at - self.late_since

    def _tell(self, kind: str, end: datetime, start: datetime | None = None) -> None:
        start = start or self.since
        if start < end:
            reasons = tuple(sorted(self.pauses)) if kind == "paused" else ()
            self.periods.append(Period(kind, start, end, self.calendar, reasons))
            if kind == "counting":
                self.counted += self.calendar.between(start, end)
        self.since = max(self.since, end) if kind == "paused" else self.since
