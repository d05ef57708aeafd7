"""Who answers at an instant, who is accountable, and who held the work for how long."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from app.sla.engine.calendars import NOTHING

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence
    from datetime import datetime

    from app.sla.engine.events import Event
    from app.sla.engine.promises import Outcome

# How far a substitute's substitute is looked for.
DEEPEST = 3


@dataclass(frozen=True)
class Absence:
    """`who` is away in `[start, end)`; `substitute` answers meanwhile, when one is named."""

    who: Hashable
    start: datetime
    end: datetime
    substitute: Hashable | None = None

    def covers(self, at: datetime) -> bool:
        """Whether it is so at an instant."""
        return self.start <= at < self.end


@dataclass(frozen=True)
class Roster:
    """The people of a category from an instant on."""

    since: datetime
    owner: Hashable
    deputy: Hashable | None = None
    category: Hashable | None = None


@dataclass(frozen=True)
class Review:
    """`who` (lawyers, the press office) has the work in `[start, end)`; None: it goes on."""

    who: Hashable
    start: datetime
    end: datetime | None = None

    def covers(self, at: datetime) -> bool:
        """Whether it is so at an instant."""
        return self.start <= at and (self.end is None or at < self.end)


@dataclass(frozen=True)
class Acting:
    """Who answers: the owner themselves, or `because` of an `absence` somebody else.

    `role`: owner, substitute, deputy or manager.
    """

    who: Hashable
    role: str
    absence: Absence | None = None


@dataclass(frozen=True)
class Ledger:
    """Who answered for a promise: when it fell due, over its life, and for its breach.

    `in_name_of`: who was accountable when it ended, or is, `in_category`. The holder is whom the
    work lies with: who acts, or who reviews the answer. A review takes no account away.
    """

    in_name_of: Hashable
    in_category: Hashable | None
    accountable_at_due: Hashable
    acting_at_due: Hashable
    holder_at_due: Hashable
    held: dict[Hashable, timedelta]
    breach_attributed_to: Hashable | None


def acting(
    owner: Hashable,
    deputy: Hashable | None,
    absences: Sequence[Absence],
    at: datetime,
    manager: Hashable,
) -> Acting:
    """Who answers at an instant: owner, else their substitute, else the deputy, else `manager`."""
    absence = _absence(owner, absences, at)
    if absence is None:
        return Acting(owner, "owner")
    stands_in = _substitute(owner, absences, at)
    if stands_in is not None:
        return Acting(stands_in, "substitute", absence)
    if deputy is not None:
        if _absence(deputy, absences, at) is None:
            return Acting(deputy, "deputy", absence)
        stands_in = _substitute(deputy, absences, at)
        if stands_in is not None and stands_in != owner:
            return Acting(stands_in, "deputy", absence)
    return Acting(manager, "manager", absence)


def rosters(events: Sequence[Event]) -> list[Roster]:
    """Who was named for a topic and since when, from its events."""
    return [Roster(e.at, e.owner, e.deputy, e.category) for e in events if e.owner is not None]


def ledger(
    promise: Outcome,
    people: Sequence[Roster],
    absences: Sequence[Absence],
    now: datetime,
    manager: Hashable,
    reviews: Sequence[Review] = (),
) -> Ledger:
    """Who is behind a promise. A breach is the sender's when it was passed on at risk already."""
    due = promise.due_at or promise.ended_at or now
    # What ended before its hour is theirs who had it then, whoever has it since.
    over = min(due, promise.ended_at or due)
    at_due = _roster(people, due)
    blamed: Hashable | None = None
    if promise.breached_at is not None:
        risk = promise.at_risk_since or due
        blamed = _roster(people, min(risk, due)).owner
    acts = acting(at_due.owner, at_due.deputy, absences, due, manager).who
    spent = held(promise, people, absences, manager, reviews)
    name = _roster(people, over)
    return Ledger(
        name.owner,
        name.category,
        at_due.owner,
        acts,
        _holder(reviews, due, acts),
        spent,
        blamed,
    )


def held(
    promise: Outcome,
    people: Sequence[Roster],
    absences: Sequence[Absence],
    manager: Hashable,
    reviews: Sequence[Review] = (),
) -> dict[Hashable, timedelta]:
    """Open time by who had the work; while the bank waits for the asker, nobody has."""
    turns = {r.since for r in people}
    for absence in absences:
        turns.update((absence.start, absence.end))
    for review in reviews:
        turns.update(turn for turn in (review.start, review.end) if turn is not None)
    spent: dict[Hashable, timedelta] = defaultdict(lambda: NOTHING)
    for period in promise.periods:
        if period.kind == "paused":
            continue
        cuts = [period.start, *sorted(t for t in turns if period.start < t < period.end)]
        for start, end in zip(cuts, [*cuts[1:], period.end], strict=True):
            of = _roster(people, start)
            acts = acting(of.owner, of.deputy, absences, start, manager).who
            spent[_holder(reviews, start, acts)] += period.calendar.between(start, end)
    return dict(spent)


def _roster(people: Sequence[Roster], at: datetime) -> Roster:
    return next((r for r in reversed(people) if r.since <= at), people[0])


def _holder(reviews: Sequence[Review], at: datetime, acts: Hashable) -> Hashable:
    return next((r.who for r in reversed(reviews) if r.covers(at)), acts)


def _absence(who: Hashable, absences: Sequence[Absence], at: datetime) -> Absence | None:
    return next((a for a in absences if a.who == who and a.covers(at)), None)


def _substitute(who: Hashable, absences: Sequence[Absence], at: datetime) -> Hashable | None:
    """The first of a chain of substitutes who is there, at most three deep and never in a ring."""
    met = {who}
    for _ in range(DEEPEST):
        absence = _absence(who, absences, at)
        if absence is None:
            return who
        if absence.substitute is None or absence.substitute in met:
            return None
        who = absence.substitute
        met.add(who)
    return who if _absence(who, absences, at) is None else None
