"""Being away, and who answers meanwhile. What has been is never changed, only what is to come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from app.accounts import queries
from app.accounts.events import AbsenceChanged
from app.accounts.models import Absence, Person
from app.core import clock
from app.core.db import session
from app.core.events import record

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

LONGEST = timedelta(days=366)


class OverlapError(ValueError):
    """They are away then already; `other` says when."""

    def __init__(self, other: Absence) -> None:
        super().__init__(other.id)
        self.other = other


class RingError(ValueError):
    """Whoever stands in is away too, and their stand-ins lead back; `names` is the way round."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(" → ".join(names))
        self.names = names


class WrongSpanError(ValueError):
    """It ends before it begins, is over already, or lasts longer than a year."""


@dataclass(frozen=True)
class Leave:
    """What somebody says about being away in `[starts_at, ends_at)`."""

    starts_at: datetime
    ends_at: datetime
    substitute: Person | None = None
    note: str = ""


def go_away(by: Person, person: Person, leave: Leave) -> Absence:
    """Note that `person` will be away; raises OverlapError, RingError and WrongSpanError.

    One that begins today begins now: who was here this morning answered for this morning.
    """
    queries.hold(person, leave.substitute)
    starts_at = max(leave.starts_at, clock.now())
    _check(person, starts_at, leave.ends_at)
    _check_ring(person, leave.substitute, starts_at, leave.ends_at)
    made = Absence(
        person_id=person.id,
        starts_at=starts_at,
        ends_at=leave.ends_at,
        substitute=leave.substitute,
        note=leave.note,
        made_by_id=by.id,
    )
    session.add(made)
    _note(by, person.id)
    return made


def come_back(by: Person, absence: Absence) -> None:
    """Back early: it ends now. Nothing happens to one that has not begun or is over."""
    at, held = clock.now(), queries.absence_as_it_is(absence)
    if held is not None and held.starts_at < at < held.ends_at:
        held.ends_at = at
        _note(by, held.person_id)


def change_end(by: Person, absence: Absence, ends_at: datetime) -> None:
    """Be back earlier or later than was said; raises as `go_away` does."""
    queries.hold(absence.person, absence.substitute)
    held = queries.absence_as_it_is(absence)
    if held is None or held.ends_at <= clock.now():
        raise WrongSpanError
    _check(held.person, held.starts_at, ends_at, but=held)
    _check_ring(held.person, held.substitute, held.starts_at, ends_at)
    held.ends_at = ends_at
    _note(by, held.person_id)


def call_off(by: Person, absence: Absence) -> bool:
    """Take back one that has not begun; False when it has."""
    held = queries.absence_as_it_is(absence)
    if held is None or held.starts_at <= clock.now():
        return False
    session.delete(held)
    _note(by, held.person_id)
    return True


def _check(
    person: Person, starts_at: datetime, ends_at: datetime, but: Absence | None = None
) -> None:
    if ends_at <= max(starts_at, clock.now()) or ends_at - starts_at > LONGEST:
        raise WrongSpanError
    for other in queries.absences_between(starts_at, ends_at):
        if other.person_id == person.id and other is not but:
            raise OverlapError(other)


def _check_ring(
    person: Person, substitute: Person | None, starts_at: datetime, ends_at: datetime
) -> None:
    if substitute is None:
        return
    if substitute.id == person.id:
        raise RingError([person.name, person.name])
    others = queries.absences_between(starts_at, ends_at)
    way = _way_back(person, [substitute], (starts_at, ends_at), others)
    if way:
        raise RingError([p.name for p in (person, *way, person)])


def _way_back(
    person: Person,
    way: list[Person],
    span: tuple[datetime, datetime],
    others: Sequence[Absence],
) -> list[Person]:
    """The substitutes through which `person` would stand in for themselves at one instant."""
    for other in others:
        begin, end = max(span[0], other.starts_at), min(span[1], other.ends_at)
        if other.person_id != way[-1].id or begin >= end or other.substitute is None:
            continue
        if other.substitute_id == person.id:
            return way
        if other.substitute not in way:
            found = _way_back(person, [*way, other.substitute], (begin, end), others)
            if found:
                return found
    return []


def _note(by: Person, person_id: int) -> None:
    session.flush()
    record(AbsenceChanged(person_id), by=by.id)
