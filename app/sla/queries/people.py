"""Who answers in a category at an instant: owner, substitute, deputy, or a community manager.

Resolved whenever it is asked, from the absences as they stand, and never stored. Whose account is
closed, or who is no longer with the bank, is away without end.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import event, select
from sqlalchemy.orm import lazyload

from app.accounts.models import Absence, Person
from app.core import clock, pagecache
from app.core.db import session
from app.sla.engine import people as engine
from app.topics import answering
from app.topics.answering import ActingPerson

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from app.topics.models import Category

EVER, FOREVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


@dataclass
class _Roll:
    """Everybody's absences that were not over when it was read, and the people they name."""

    read_at: datetime
    absences: list[engine.Absence]
    substitutes: dict[int, Person]
    # When somebody goes or comes back.
    turns: tuple[datetime, ...]
    # Read when somebody's work first falls to them.
    managers: list[Person] | None = field(default=None)


_ROLL = "sla.roll"


def acting(category: Category, at: datetime | None = None) -> ActingPerson:
    """Who answers in this category at an instant (now, when none is given)."""
    return acting_in([category], at)[category.id]


@answering.resolver
def acting_in(
    categories: Iterable[Category], at: datetime | None = None
) -> dict[int, ActingPerson]:
    """Who answers in each category, by its id. Three statements at most in a transaction."""
    asked, at = at, at or clock.now()
    roll = _roll(at)
    if asked is None:
        # Somebody goes or comes back without anything being written.
        for turn in roll.turns:
            pagecache.until(turn)
    return {each.id: _acting(each, at, roll) for each in categories}


def reachable(category: Category, at: datetime | None = None) -> bool:
    """Whether a question asked there finds anybody at all."""
    return acting(category, at).is_there


def managers() -> Sequence[Person]:
    """Whom the work of everybody away falls to: community managers, then administrators."""
    query = select(Person).where(
        Person.role.in_(("manager", "administrator")),
        Person.disabled_at.is_(None),
        Person.confirmed_at.is_not(None),
    )
    # "manager" comes after "administrator" in the alphabet, and first in duty.
    return session.scalars(query.order_by(Person.role.desc(), Person.id)).all()


def absences_between(
    people_ids: Iterable[int], start: datetime, end: datetime
) -> list[engine.Absence]:
    """The absences in `[start, end)` of these people and of all who might stand in for them.

    Closed accounts are absences without end. Two statements, however long a chain is.
    """
    query = select(Absence).where(Absence.starts_at < end, Absence.ends_at > start)
    rows = session.scalars(query.order_by(Absence.starts_at, Absence.id)).unique().all()
    ids, grown = set(people_ids), 0
    while len(ids) > grown:
        grown = len(ids)
        ids |= {a.substitute_id for a in rows if a.person_id in ids and a.substitute_id}
    of_theirs = [_read(a) for a in rows if a.person_id in ids]
    people = session.scalars(select(Person).where(Person.id.in_(ids))).all() if ids else []
    return [*of_theirs, *(a for a in _gone(people) if a.start < end)]


def _acting(category: Category, at: datetime, roll: _Roll) -> ActingPerson:
    named = [p for p in (category.owner, category.deputy) if p is not None]
    absences = [*roll.absences, *_gone(named)]
    if not any(a.who == category.owner_id and a.covers(at) for a in absences):
        return ActingPerson(category.owner)
    found = _resolved(category, absences, at)
    if found.who is None:
        found = engine.Acting(_manager(roll, at), "manager", found.absence)
    if found.who is None:
        return ActingPerson(category.owner, "nobody")
    people = {p.id: p for p in (*named, *roll.substitutes.values(), *(roll.managers or ()))}
    return ActingPerson(
        people[cast("int", found.who)],
        found.role,
        category.owner,
        _until(category, absences, at, found.who),
    )


def _resolved(
    category: Category, absences: Sequence[engine.Absence], at: datetime
) -> engine.Acting:
    return engine.acting(category.owner_id, category.deputy_id, absences, at, None)


def _until(
    category: Category, absences: Sequence[engine.Absence], at: datetime, who: object
) -> datetime | None:
    """The first instant from which somebody else answers: not always when the owner is back."""
    turns = {t for a in absences for t in (a.start, a.end) if at < t < FOREVER}
    manager = who if _resolved(category, absences, at).who is None else None
    for turn in sorted(turns):
        then = _resolved(category, absences, turn).who
        if (manager if then is None else then) != who:
            return turn
    return None


def _manager(roll: _Roll, at: datetime) -> object:
    """The first of the managers who is there, or whose substitute is."""
    if roll.managers is None:
        roll.managers = list(managers())
    there = (engine.acting(m.id, None, roll.absences, at, None).who for m in roll.managers)
    return next((who for who in there if who is not None), None)


def _roll(at: datetime) -> _Roll:
    """The absences from `at` on, kept until the transaction ends or one of them changes."""
    kept: _Roll | None = session.info.get(_ROLL)
    if kept is not None and kept.read_at <= at:
        return kept
    query = select(Absence).where(Absence.ends_at > at).order_by(Absence.starts_at, Absence.id)
    rows = session.scalars(query.options(lazyload(Absence.person))).unique().all()
    substitutes = {a.substitute.id: a.substitute for a in rows if a.substitute is not None}
    gone = _gone(substitutes.values())
    turns = tuple(turn for a in rows for turn in (a.starts_at, a.ends_at) if turn > at)
    roll = _Roll(at, [*map(_read, rows), *gone], substitutes, turns)
    session.info[_ROLL] = roll
    return roll


def _read(absence: Absence) -> engine.Absence:
    return engine.Absence(
        absence.person_id, absence.starts_at, absence.ends_at, absence.substitute_id
    )


def _gone(people: Iterable[Person]) -> list[engine.Absence]:
    return [
        engine.Absence(p.id, p.disabled_at or EVER, FOREVER)
        for p in people
        if p.disabled_at is not None or not p.is_staff
    ]


@event.listens_for(session, "after_flush")
def _after_a_change(flushed: Any, _context: Any) -> None:
    changed = (*flushed.new, *flushed.dirty, *flushed.deleted)
    if any(isinstance(row, Absence | Person) for row in changed):
        flushed.info.pop(_ROLL, None)


@event.listens_for(session, "after_commit")
def _after_the_transaction(ended: Any) -> None:
    ended.info.pop(_ROLL, None)


@event.listens_for(session, "after_soft_rollback")
def _after_a_rollback(ended: Any, _transaction: Any) -> None:
    ended.info.pop(_ROLL, None)
