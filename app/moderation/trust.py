"""How far somebody is trusted, from what they did here: it grows with time and good posts.

new      signs up; where a category says so, their texts are read first.
known    confirmed their address a day ago and published three texts that stand.
trusted  thirty days and twenty texts; what they report weighs more.

Each text returned to them, each report upheld against them and each text hidden asks for three good
ones more. A moderator may vouch for somebody, which makes them known until their next fault.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import update

from app.core import clock
from app.core.db import add_up, session
from app.moderation.models import Trust

if TYPE_CHECKING:
    from app.accounts.models import Person

LEVELS = ("new", "known", "trusted")


@dataclass(frozen=True)
class Threshold:
    """What a level asks for at least."""

    age: timedelta
    published: int


THRESHOLDS = {
    "known": Threshold(timedelta(days=1), 3),
    "trusted": Threshold(timedelta(days=30), 20),
}
# So many good texts more for each fault.
A_FAULT_COSTS = 3
# How much a report counts by who makes it, in the same order as the levels.
WEIGHTS = {"new": 1, "known": 2, "trusted": 4}
STAFF_WEIGHT = 8


@dataclass(frozen=True)
class Standing:
    """Somebody's level and the facts it follows from."""

    level: str
    published: int = 0
    returned: int = 0
    upheld: int = 0
    vouched_by_id: int | None = None


def standing(person: Person) -> Standing:
    """How far `person` is trusted, and why."""
    if person.is_staff:
        return Standing("trusted")
    row = session.get(Trust, person.id, populate_existing=True)
    if row is None:
        return Standing("new")
    reached: str = _reached(person, row)
    if reached == "new" and row.vouched_by_id is not None:
        reached = "known"
    return Standing(reached, row.published, row.returned, row.upheld, row.vouched_by_id)


def level(person: Person) -> str:
    """One of LEVELS."""
    return standing(person).level


def weight(person: Person) -> int:
    """How much a report by this person counts."""
    return STAFF_WEIGHT if person.is_staff else WEIGHTS[level(person)]


def count(person_id: int, *, published: int = 0, returned: int = 0, upheld: int = 0) -> None:
    """Somebody published so many more, or fewer; a fault uses up what a moderator vouched for."""
    steps = {"published": published, "returned": returned, "upheld": upheld}
    add_up(Trust, [{"person_id": person_id, **steps}], list(steps))
    if returned > 0 or upheld > 0:
        given = update(Trust).where(Trust.person_id == person_id)
        session.execute(given.values(vouched_by_id=None))


def vouch(person: Person, by: Person) -> None:
    """Let `person` be known from now on, on the word of `by`."""
    count(person.id)
    given = update(Trust).where(Trust.person_id == person.id)
    session.execute(given.values(vouched_by_id=by.id))


def _reached(person: Person, row: Trust) -> str:
    if person.confirmed_at is None:
        return "new"
    age = clock.now() - person.confirmed_at
    good = row.published - A_FAULT_COSTS * (row.returned + row.upheld)
    for name in ("trusted", "known"):
        asked = THRESHOLDS[name]
        if age >= asked.age and good >= asked.published:
            return name
    return "new"
