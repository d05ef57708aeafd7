"""`evaluate`: how every promise of a topic stands at an instant, from what happened alone.

A job that looks late, twice or never cannot change what is true: it only notices.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from app.sla.engine.clocks import CUSTOMER, REMOVED, Clock, Period
from app.sla.engine.events import ENDS, UNDOES, Event, UnknownEventError, standing
from app.sla.engine.rules import (
    FIRST_ANSWER,
    NEXT_ANSWER,
    PROMISED_UPDATE,
    RESOLUTION,
    Terms,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from app.sla.engine.calendars import Calendar

# A date that was named comes by the clock on the wall.
NAMED_DATE = Terms()
LIVE = ("running", "at_risk", "paused", "breached")


@dataclass(frozen=True)
class Outcome:
    """One promise at the instant of evaluation.

    `state`: running, at_risk, paused, breached, met, met_late or cancelled. `due_at` is None while
    it is paused unbroken, and when it was fulfilled or cancelled then. A broken one may be paused
    too: `pauses` says why, and its overdue time stands still. `overdue` is open time,
    `overdue_wall` the same on the wall clock. `whole` is what shares of the time are shares of.
    """

    kind: str
    cycle: int
    state: str
    terms: Terms
    calendar: Calendar
    calendar_version: int | None
    started_at: datetime
    target: timedelta
    due_at: datetime | None
    at_risk_at: datetime | None
    at_risk_since: datetime | None
    remaining: timedelta
    pauses: tuple[str, ...]
    breached_at: datetime | None
    overdue: timedelta
    overdue_wall: timedelta
    fulfilled_at: datetime | None
    cancelled: str | None
    ended_at: datetime | None
    arm_no: int
    arm_started_at: datetime
    since: datetime
    left: timedelta
    whole: timedelta
    periods: tuple[Period, ...]

    @property
    def is_live(self) -> bool:
        """Whether it is still owed."""
        return self.state in LIVE

    def reaches(self, percent: float) -> datetime | None:
        """When so many hundredths of its time are over; None while no due is known."""
        if self.due_at is None:
            return None
        still = self.whole * (100 - percent) / 100
        return self.calendar.add(self.since, self.left - still)


@dataclass(frozen=True)
class Evaluation:
    """All promises of a topic; `first_answer` is None when none was ever made.

    `terms`: those in force for it. `versions`: the versions of calendars by which hours that can
    still move are counted, those of promises that are not told yet too.
    """

    first_answer: Outcome | None
    next_answers: tuple[Outcome, ...]
    resolution: Outcome | None
    updates: tuple[Outcome, ...]
    terms: Terms
    versions: frozenset[int]

    def __iter__(self) -> Iterator[Outcome]:
        """Every promise, in the order they are told."""
        if self.first_answer is not None:
            yield self.first_answer
        yield from self.next_answers
        if self.resolution is not None:
            yield self.resolution
        yield from self.updates

    @property
    def overdue_badge(self) -> bool:
        """Whether the page says that a promise is broken and not yet made good."""
        return any(outcome.state == "breached" for outcome in self)

    @property
    def answer(self) -> Outcome | None:
        """The promise of an answer that counts now: the last one made."""
        return self.next_answers[-1] if self.next_answers else self.first_answer


def evaluate(events: Sequence[Event], now: datetime) -> Evaluation:
    """How every promise stands at `now`, from the events up to then; the first is `opened`.

    Raises UnknownEventError, and NeverOpenError for a calendar that never opens again.
    """
    replay = _Replay()
    for event in standing([e for e in events if e.at <= now]):
        replay.take(event)
    return replay.read(now)


class _Replay:
    """The clocks of one topic while its events are played."""

    def __init__(self) -> None:
        self.terms = Terms()
        self.answers: list[Clock] = []
        self.resolution: Clock | None = None
        self.updates: list[Clock] = []
        # One for each post of the asker beside the promise that is owed already. It counts when an
        # answer turns out to have been written without having seen that post.
        self.shadows: list[Clock] = []
        self.removed = False
        self.over = False

    def take(self, event: Event) -> None:
        act = _ACTS.get(event.type)
        if act is None:
            raise UnknownEventError(event.type)
        self.advance(event.at)
        act(self, event)

    def advance(self, at: datetime) -> None:
        for clock in self.clocks():
            clock.advance(at)

    def read(self, now: datetime) -> Evaluation:
        self.advance(now)
        for clock in self.clocks():
            clock.finish(now)
        first = [c for c in self.answers if c.kind == FIRST_ANSWER]
        return Evaluation(
            _outcome(first[0], now) if first else None,
            tuple(_outcome(c, now) for c in self.answers if c.kind == NEXT_ANSWER),
            _outcome(self.resolution, now) if self.resolution else None,
            tuple(_outcome(c, now) for c in self.updates),
            self.terms,
            frozenset(v for c in self.clocks() if c.is_movable for v in c.versions()),
        )

    def clocks(self) -> Iterator[Clock]:
        yield from self.answers
        yield from self.shadows
        yield from self.updates
        if self.resolution is not None:
            yield self.resolution

    def live(self) -> Clock | None:
        """The promise of an answer that is still owed."""
        return next((c for c in reversed(self.answers) if c.is_live), None)

    # ------------------------------------------------------------------------- what may happen

    def opened(self, event: Event) -> None:
        self.terms = event.terms or self.terms
        self.answers.append(self.made(FIRST_ANSWER, event.at))
        target = self.terms.policy.target(RESOLUTION)
        if target is not None:
            self.resolution = Clock(RESOLUTION, 1, event.at, target, self.terms, self.terms)

    def customer_post(self, event: Event) -> None:
        self.terms = event.terms or self.terms
        if self.over:
            return
        live = self.live()
        if live is not None:
            live.resume(event.at, CUSTOMER)
            if event.seq is not None:
                self.shadows.append(self.made(NEXT_ANSWER, event.at, event.seq))
        elif self.answers:
            self.answers.append(self.made(NEXT_ANSWER, event.at, event.seq))
        if self.resolution is not None:
            self.resolution.reopen(event.at, removed=self.removed)
            self.resolution.resume(event.at, CUSTOMER)

    def official_answer(self, event: Event) -> None:
        self.answered(event)
        if self.resolution is not None and self.live() is None:
            self.resolution.pause(event.at, CUSTOMER)

    def answered(self, event: Event) -> None:
        """It answers to what its author saw; what the asker said meanwhile is owed an answer."""
        live = self.live()
        if live is not None and _saw(event, live.asked_seq):
            live.fulfil(event.at)
        self.shadows = [s for s in self.shadows if not _saw(event, s.asked_seq)]
        if self.shadows and self.live() is None and not self.over:
            crossed = self.shadows.pop(0)
            crossed.cycle = self.cycle(NEXT_ANSWER)
            self.answers.append(crossed)
        self.keep_update(event.at)

    def clarification(self, event: Event) -> None:
        if not self.terms.policy.clarification_pauses:
            return
        # Who asks back without having read what the asker said last waits for nothing.
        live = self.live()
        asked = [live, *self.shadows] if live is not None else self.shadows
        if any(not _saw(event, clock.asked_seq) for clock in asked):
            return
        if (
            live is not None
            and CUSTOMER not in live.pauses
            and live.pauses_used < live.terms.policy.max_pauses
        ):
            live.pauses_used += 1
            live.pause(event.at, CUSTOMER)
        if self.resolution is not None:
            self.resolution.pause(event.at, CUSTOMER)

    def holding(self, event: Event) -> None:
        # It may count as the answer that was owed, but the next to act is still the bank.
        if self.terms.policy.holding_counts:
            self.answered(event)
        if event.due_at is not None:
            self.update_promised(event)

    def update_promised(self, event: Event) -> None:
        """A named date. It is itself the news that an earlier date promised."""
        self.keep_update(event.at)
        if event.due_at is not None and not self.over:
            span = max(event.due_at - event.at, timedelta(0))
            cycle = len(self.updates) + 1
            made = Clock(PROMISED_UPDATE, cycle, event.at, span, self.terms, NAMED_DATE)
            self.updates.append(self.started(made))

    def keep_update(self, at: datetime) -> None:
        for clock in self.updates:
            clock.fulfil(at)

    def was_removed(self, event: Event) -> None:
        self.removed = True
        for clock in self.clocks():
            clock.pause(event.at, REMOVED)

    def was_restored(self, event: Event) -> None:
        self.removed = False
        for clock in self.clocks():
            clock.resume(event.at, REMOVED)

    def no_reply_needed(self, event: Event) -> None:
        self.let_off(event.at, "no_reply_needed")

    def asker_content(self, event: Event) -> None:
        """The asker waits for nothing more, and said so without waiting for the answer."""
        self.let_off(event.at, "solved")

    def let_off(self, at: datetime, reason: str) -> None:
        live = self.live()
        if live is not None and live.kind == NEXT_ANSWER:
            live.cancel(at, reason)
            self.shadows = []
            if self.resolution is not None:
                self.resolution.pause(at, CUSTOMER)

    def resolved(self, event: Event) -> None:
        if self.resolution is not None:
            self.resolution.fulfil(event.at)
        self.keep_update(event.at)

    def ended(self, event: Event) -> None:
        self.over = True
        for clock in self.clocks():
            clock.cancel(event.at, ENDS[event.type])

    def transfer(self, event: Event) -> None:
        self.terms = event.terms or self.terms
        for clock in self.clocks():
            if clock.is_live:
                clock.transfer(event.at, self.terms)

    def calendar_changed(self, event: Event) -> None:
        """A calendar has another version: the one that the event names, else the topic's own."""
        new = event.terms or self.terms
        old = new if new.calendar_id is not None else self.terms
        for clock in self.clocks():
            clock.change_calendar(event.at, old, new)
        if new.calendar_id is None:
            self.terms = new
        elif self.terms.counts_like(new):
            self.terms = self.terms.by_calendar_of(new)

    def policy_changed(self, event: Event) -> None:
        self.terms = event.terms or self.terms

    def tighten_open(self, event: Event) -> None:
        self.terms = event.terms or self.terms
        grace = timedelta(seconds=event.grace or 0)
        for clock in self.clocks():
            if clock.kind == PROMISED_UPDATE:
                continue
            target = self.terms.policy.target(clock.kind)
            if event.target is not None and clock.kind != RESOLUTION:
                target = timedelta(seconds=event.target)
            if target is not None:
                clock.tighten(event.at, target, grace)

    def absorbed(self, event: Event) -> None:
        """Another topic was merged into this one: the earlier of the two hours stands."""
        live = self.live()
        if live is not None and event.due_at is not None:
            live.bring_forward(event.at, event.due_at)

    def nothing(self, _event: Event) -> None:
        """It is told, and changes no hour."""

    # ---------------------------------------------------------------------------------- inside

    def made(self, kind: str, at: datetime, seq: int | None = None) -> Clock:
        policy = self.terms.policy
        seconds = policy.first_answer_s if kind == FIRST_ANSWER else policy.next_answer_s
        target = timedelta(seconds=seconds)
        clock = Clock(kind, self.cycle(kind), at, target, self.terms, self.terms, asked_seq=seq)
        return self.started(clock)

    def started(self, clock: Clock) -> Clock:
        if self.removed:
            clock.pause(clock.started_at, REMOVED)
        return clock

    def cycle(self, kind: str) -> int:
        return sum(c.kind == kind for c in self.answers) + 1


if TYPE_CHECKING:
    Act = Callable[[_Replay, Event], None]

_ACTS: dict[str, Act] = {
    "opened": _Replay.opened,
    "customer_post": _Replay.customer_post,
    "reopened": _Replay.customer_post,
    "customer_other_post": _Replay.nothing,
    "official_answer": _Replay.official_answer,
    "clarification": _Replay.clarification,
    "holding": _Replay.holding,
    "update_promised": _Replay.update_promised,
    "removed": _Replay.was_removed,
    "restored": _Replay.was_restored,
    "no_reply_needed": _Replay.no_reply_needed,
    "asker_content": _Replay.asker_content,
    "resolved": _Replay.resolved,
    "transfer": _Replay.transfer,
    "calendar_changed": _Replay.calendar_changed,
    "policy_changed": _Replay.policy_changed,
    "tighten_open": _Replay.tighten_open,
    "absorbed": _Replay.absorbed,
    "answer_replaced": _Replay.nothing,
    "owner_changed": _Replay.nothing,
    "taken": _Replay.nothing,
    "review_asked": _Replay.nothing,
    "review_ended": _Replay.nothing,
    **dict.fromkeys(ENDS, _Replay.ended),
    **dict.fromkeys(UNDOES, _Replay.nothing),
}
KNOWN = frozenset(_ACTS)


def _saw(event: Event, seq: int | None) -> bool:
    return event.seen_seq is None or seq is None or seq <= event.seen_seq


def _outcome(clock: Clock, now: datetime) -> Outcome:
    # A clock that was fulfilled or cancelled before it broke keeps the due it had then.
    live = clock.is_live
    return Outcome(
        kind=clock.kind,
        cycle=clock.cycle,
        state=_state(clock, now),
        terms=clock.terms,
        calendar=clock.calendar,
        calendar_version=clock.hours.calendar_version,
        started_at=clock.started_at,
        target=clock.target,
        due_at=clock.breached_at or clock.due,
        at_risk_at=clock.at_risk_at if live and clock.breached_at is None else None,
        at_risk_since=clock.at_risk_since,
        remaining=clock.remaining(now) if live else clock.left,
        pauses=tuple(sorted(clock.pauses)),
        breached_at=clock.breached_at,
        overdue=clock.overdue,
        overdue_wall=clock.overdue_wall,
        fulfilled_at=clock.fulfilled_at,
        cancelled=clock.cancelled,
        ended_at=clock.ended_at,
        arm_no=clock.arm_no,
        arm_started_at=clock.arm_started_at,
        since=clock.since,
        left=clock.left,
        whole=clock.whole,
        periods=tuple(clock.periods),
    )


def _state(clock: Clock, now: datetime) -> str:
    if clock.cancelled is not None:
        return "cancelled"
    if clock.fulfilled_at is not None:
        return "met" if clock.breached_at is None else "met_late"
    if clock.breached_at is not None:
        return "breached"
    if clock.pauses:
        return "paused"
    risk = clock.at_risk_at
    return "at_risk" if risk is not None and now >= risk else "running"
