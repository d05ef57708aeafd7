"""The deadline rules a second time, as plainly as can be: walk minute by minute and count.

Nothing here is shared with the engine. Of each minute it asks: is the local wall time of this
instant inside the hours of its local date? Instants are whole minutes since midnight UTC of a day.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from functools import lru_cache
from zoneinfo import ZoneInfo

DAY = 1440


@dataclass(frozen=True)
class Hours:
    """Open minutes of the day as (from, to), Monday first; `weekly` None: day and night."""

    zone: str
    weekly: tuple[tuple[tuple[int, int], ...], ...] | None = None
    dates: tuple[tuple[date, tuple[tuple[int, int], ...]], ...] = ()


@dataclass(frozen=True)
class Rules:
    """What is promised, in minutes."""

    hours: Hours
    first: int
    next: int
    resolution: int | None = None
    risk: int = 80
    asks_back: bool = True
    pauses: int = 1
    floor: int = 0
    holding: bool = False


@dataclass(frozen=True)
class Happening:
    minute: int
    type: str
    id: str | None = None
    ref: str | None = None
    seq: int | None = None
    seen_seq: int | None = None
    rules: Rules | None = None
    target: int | None = None
    grace: int | None = None


@dataclass(frozen=True)
class Story:
    """`base`: the UTC day the minutes count from. The first happening is `opened`."""

    base: date
    happenings: tuple[Happening, ...]
    now: int


# ------------------------------------------------------------------------------ is it open?


@lru_cache(maxsize=4000)
def wall_times(zone: str, day: date) -> tuple[tuple[date, int], ...]:
    """What the wall clock shows in each minute of a UTC day: local date, minute of the day."""
    tz, midnight = ZoneInfo(zone), datetime(day.year, day.month, day.day, tzinfo=UTC)
    walls = ((midnight + timedelta(minutes=m)).astimezone(tz) for m in range(DAY))
    return tuple((wall.date(), wall.hour * 60 + wall.minute) for wall in walls)


class Doors:
    def __init__(self, hours: Hours, base: date) -> None:
        self.hours, self.base = hours, base
        self.days: dict[int, list[bool]] = {}
        self.minutes: dict[date, set[int]] = {}

    def open(self, minute: int) -> bool:
        if self.hours.weekly is None:
            return True
        day, of_day = divmod(minute, DAY)
        if day not in self.days:
            walls = wall_times(self.hours.zone, self.base + timedelta(days=day))
            self.days[day] = [of in self.open_minutes(local) for local, of in walls]
        return self.days[day][of_day]

    def open_minutes(self, local: date) -> set[int]:
        if local not in self.minutes:
            hours = dict(self.hours.dates).get(local, self.hours.weekly[local.weekday()])
            self.minutes[local] = {m for begins, ends in hours for m in range(begins, ends)}
        return self.minutes[local]

    def reach(self, minute: int, budget: int, rest: Fraction | int = 0) -> Fraction | int:
        """The instant at which no more than `rest` of the budget is left."""
        while budget > rest:
            if self.open(minute):
                if budget - 1 <= rest:
                    return minute + (budget - rest)
                budget -= 1
            minute += 1
        return minute


# -------------------------------------------------------------------------------- one promise


@dataclass(eq=False)
class Promise:
    kind: str
    start: int
    target: int
    rules: Rules
    doors: Doors
    seq: int | None = None

    budget: int = 0
    whole: int = 0
    since: int = 0
    since_budget: int = 0
    spent: int = 0
    empty_at: int | None = None
    broken_at: int | None = None
    late: int = 0
    late_wall: int = 0
    pauses: set[str] = field(default_factory=set)
    asked_back: int = 0
    offers: list[tuple[Rules, Doors]] = field(default_factory=list)
    done_at: int | None = None
    due_when_done: int | None = None
    reason: str | None = None

    def __post_init__(self) -> None:
        self.budget = self.whole = self.target
        self.restart(self.start)

    @property
    def live(self) -> bool:
        return self.done_at is None

    def restart(self, minute: int) -> None:
        self.since, self.since_budget = minute, self.budget
        self.empty_at = minute if self.budget == 0 else None

    def look(self, minute: int) -> None:
        """At an instant: after the due one it is broken, for good."""
        running = self.live and not self.pauses and self.broken_at is None
        if running and self.empty_at is not None and minute > self.empty_at:
            self.broken_at = self.empty_at

    def pass_minute(self, minute: int) -> None:
        if not self.live or self.pauses:
            return
        if self.budget == 0:
            self.late_wall += 1
        if self.doors.open(minute):
            if self.budget == 0:
                self.late += 1
                return
            self.budget -= 1
            self.spent += 1
            if self.budget == 0:
                self.empty_at = minute + 1

    def due(self, minute: int) -> int | None:
        if self.broken_at is not None:
            return self.broken_at
        if self.pauses:
            return None
        return self.empty_at if self.budget == 0 else int(self.doors.reach(minute, self.budget))

    def risk_at(self) -> Fraction | int:
        rest = Fraction(self.whole * (100 - self.rules.risk), 100)
        return self.doors.reach(self.since, self.since_budget, rest)

    def unpause(self, minute: int, reason: str) -> None:
        if not self.live or reason not in self.pauses:
            return
        self.pauses.discard(reason)
        if self.pauses or self.broken_at is not None:
            return
        self.budget = max(self.budget, self.rules.floor)
        self.restart(minute)
        for offer in self.offers:
            self.consider(minute, *offer)
        self.offers = []

    def transfer(self, minute: int, rules: Rules, doors: Doors) -> None:
        if not self.live:
            return
        self.rules = rules
        if self.broken_at is not None:
            return
        if self.pauses:
            self.offers.append((rules, doors))
        else:
            self.consider(minute, rules, doors)

    def consider(self, minute: int, rules: Rules, doors: Doors) -> None:
        targets = {"first_answer": rules.first, "next_answer": rules.next}
        target = targets.get(self.kind, rules.resolution)
        if target is not None and doors.reach(minute, target) < self.due(minute):
            self.doors, self.budget = doors, target
        self.whole = self.budget
        self.restart(minute)

    def finish(self, minute: int, reason: str | None = None) -> None:
        if self.live:
            self.due_when_done = self.due(minute)
            self.done_at, self.reason = minute, reason

    def reopen(self, minute: int, hidden: bool) -> None:
        if self.live or self.reason is not None:
            return
        self.done_at = None
        self.pauses = {"customer", "removed"} if hidden else {"customer"}
        self.unpause(minute, "customer")

    def state(self, now: int) -> str:
        if self.reason is not None:
            return "cancelled"
        if self.done_at is not None:
            return "met" if self.broken_at is None else "met_late"
        if self.broken_at is not None:
            return "breached"
        if self.pauses:
            return "paused"
        return "at_risk" if now >= self.risk_at() else "running"


# ------------------------------------------------------------------------------- the story


UNDONE_BY = {
    "answer_restored": "answer_retracted",
    "answer_retracted": "official_answer",
    "no_reply_disputed": "no_reply_needed",
    "unmerged": "merged_into",
}


def as_if_never(happenings: list[Happening]) -> list[Happening]:
    """The happenings without what was undone. First what undoes an undoing, then the rest."""
    gone: set[int] = set()
    for round_ in (("answer_restored",), ("answer_retracted", "no_reply_disputed", "unmerged")):
        for index, said in enumerate(happenings):
            if said.type not in round_ or index in gone:
                continue
            for earlier in range(index - 1, -1, -1):
                aim = happenings[earlier]
                if aim.type != UNDONE_BY[said.type] or earlier in gone:
                    continue
                if said.ref is None or said.ref in {aim.id, aim.ref}:
                    gone.add(earlier)
                    break
    return [said for index, said in enumerate(happenings) if index not in gone]


class Walk:
    """Walk through a story up to its `now`; the promises are in `answers` and `resolution`."""

    def __init__(self, story: Story) -> None:
        self.base = story.base
        self.doors: dict[Hours, Doors] = {}
        self.answers: list[Promise] = []
        self.shadows: list[Promise] = []
        self.resolution: Promise | None = None
        self.hidden = self.over = False
        told = sorted((h for h in story.happenings if h.minute <= story.now), key=_minute)
        told = as_if_never(told)
        self.rules = told[0].rules
        for minute in range(told[0].minute, story.now + 1):
            for promise in self.promises():
                promise.look(minute)
            while told and told[0].minute == minute:
                self.happens(told.pop(0))
            if minute == story.now:
                break
            for promise in self.promises():
                promise.pass_minute(minute)

    def promises(self) -> list[Promise]:
        """All that may count, those that are over too."""
        counted = [*self.answers, *self.shadows]
        return [*counted, self.resolution] if self.resolution is not None else counted

    def doors_of(self, hours: Hours) -> Doors:
        return self.doors.setdefault(hours, Doors(hours, self.base))

    def make(self, kind: str, minute: int, target: int, seq: int | None = None) -> Promise:
        made = Promise(kind, minute, target, self.rules, self.doors_of(self.rules.hours), seq)
        if self.hidden:
            made.pauses.add("removed")
        return made

    def owed(self) -> Promise | None:
        live = [promise for promise in self.answers if promise.live]
        return live[-1] if live else None

    def wait_for_customer(self) -> None:
        """The bank's time for the whole matter stands still."""
        if self.resolution is not None and self.resolution.live:
            self.resolution.pauses.add("customer")

    def happens(self, said: Happening) -> None:
        self.before = self.rules
        self.rules = said.rules or self.rules
        getattr(self, said.type)(said)

    def opened(self, said: Happening) -> None:
        self.answers.append(self.make("first_answer", said.minute, self.rules.first))
        if self.rules.resolution is not None:
            self.resolution = self.make("resolution", said.minute, self.rules.resolution)

    def customer_post(self, said: Happening) -> None:
        if self.over:
            return
        owed = self.owed()
        if owed is not None:
            owed.unpause(said.minute, "customer")
        if owed is None or said.seq is not None:
            made = self.make("next_answer", said.minute, self.rules.next, said.seq)
            (self.answers if owed is None else self.shadows).append(made)
        if self.resolution is not None:
            self.resolution.reopen(said.minute, self.hidden)
            self.resolution.unpause(said.minute, "customer")

    def official_answer(self, said: Happening) -> None:
        self.answered(said)
        if self.owed() is None:
            self.wait_for_customer()

    def holding(self, said: Happening) -> None:
        if self.rules.holding:
            self.answered(said)

    def answered(self, said: Happening) -> None:
        owed = self.owed()
        if owed is not None and saw(said, owed):
            owed.finish(said.minute)
        self.shadows = [promise for promise in self.shadows if not saw(said, promise)]
        if self.shadows and self.owed() is None and not self.over:
            self.answers.append(self.shadows.pop(0))

    def clarification(self, said: Happening) -> None:
        owed = self.owed()
        asked = [*self.shadows] if owed is None else [owed, *self.shadows]
        if not self.rules.asks_back or not all(saw(said, promise) for promise in asked):
            return
        may = owed is not None and owed.asked_back < owed.rules.pauses
        if may and "customer" not in owed.pauses:
            owed.asked_back += 1
            owed.pauses.add("customer")
        self.wait_for_customer()

    def removed(self, _said: Happening) -> None:
        self.hidden = True
        for promise in self.promises():
            if promise.live:
                promise.pauses.add("removed")

    def restored(self, said: Happening) -> None:
        self.hidden = False
        for promise in self.promises():
            promise.unpause(said.minute, "removed")

    def transfer(self, said: Happening) -> None:
        for promise in self.promises():
            promise.transfer(said.minute, self.rules, self.doors_of(self.rules.hours))

    def calendar_changed(self, said: Happening) -> None:
        old, new = self.before.hours, self.rules.hours
        if old.weekly is None:
            return
        for promise in self.promises():
            if not promise.live or promise.broken_at is not None:
                continue
            promise.offers = [
                (rules, self.doors_of(new) if doors.hours == old else doors)
                for rules, doors in promise.offers
            ]
            if promise.doors.hours == old:
                promise.doors = self.doors_of(new)
                promise.restart(said.minute)

    def tighten_open(self, said: Happening) -> None:
        rules = self.rules
        targets = {
            "first_answer": said.target or rules.first,
            "next_answer": said.target or rules.next,
            "resolution": rules.resolution,
        }
        for promise in self.promises():
            target = targets[promise.kind]
            if not promise.live or promise.broken_at is not None:
                continue
            if target is None or target >= promise.target:
                continue
            budget = max(target - promise.spent, said.grace or 0)
            if budget < promise.budget:
                promise.whole = max(promise.whole - (promise.budget - budget), 0)
                promise.budget = budget
                promise.restart(said.minute)

    def no_reply_needed(self, said: Happening) -> None:
        owed = self.owed()
        if owed is not None and owed.kind == "next_answer":
            owed.finish(said.minute, "no_reply_needed")
            self.shadows = []
            self.wait_for_customer()

    def resolved(self, said: Happening) -> None:
        if self.resolution is not None:
            self.resolution.finish(said.minute)

    def merged_into(self, said: Happening) -> None:
        self.over = True
        for promise in self.promises():
            promise.finish(said.minute, "merged")

    def nothing(self, _said: Happening) -> None:
        pass

    customer_other_post = policy_changed = nothing
    answer_retracted = answer_restored = no_reply_disputed = unmerged = nothing


def saw(said: Happening, promise: Promise) -> bool:
    return said.seen_seq is None or promise.seq is None or promise.seq <= said.seen_seq


def _minute(said: Happening) -> int:
    return said.minute
