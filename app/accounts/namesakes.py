"""Customers whose names could be taken for the bank's: found when a colleague comes or is renamed.

Nobody takes such a name any more; these had theirs before, or brought it from elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import and_, or_, select

from app.accounts import queries, service
from app.accounts.events import RenameAsked
from app.accounts.models import NameRequest, Person
from app.brand.queries import brand
from app.core import clock, names
from app.core.db import add_once, session
from app.core.events import record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import ColumnElement

    from app.core.policy import Actor

# More than these nobody looks through; the next come when these have other names.
SHOWN = 100
PATIENCE = timedelta(days=7)


@dataclass(frozen=True)
class Namesake:
    """A customer, and since when they are asked for another name."""

    person: Person
    asked: NameRequest | None

    @property
    def can_be_asked(self) -> bool:
        """Whether there is somebody who reads letters here."""
        return self.asked is None and self.person.email is not None

    @property
    def can_be_renamed(self) -> bool:
        """Whether waiting is over, or there is nobody to wait for."""
        if self.asked is None:
            return self.person.email is None
        return clock.now() - self.asked.at > PATIENCE


def found(of: str | None = None) -> list[Namesake]:
    """Customers whose names could be taken for the bank's; with `of`, for this colleague's."""
    people = [person for person, _ in zip(_alike(of), range(SHOWN), strict=False)]
    ids = [person.id for person in people]
    asked = session.scalars(select(NameRequest).where(NameRequest.person_id.in_(ids)))
    requests = {request.person_id: request for request in asked}
    return [Namesake(person, requests.get(person.id)) for person in people]


def namesake(_actor: Actor, person_id: int) -> Namesake | None:
    """A customer whose name could be taken for the bank's, by their number."""
    person = session.get(Person, person_id)
    if person is None or person.is_staff or not service.could_be_taken(person.name, brand().name):
        return None
    return Namesake(person, session.get(NameRequest, person_id))


def is_asked(person: Person) -> bool:
    """Whether somebody was asked to choose another name, and has not."""
    return session.get(NameRequest, person.id) is not None


def ask(manager: Person, namesake: Namesake) -> None:
    """Ask a customer by letter to choose another name."""
    person = namesake.person
    if namesake.can_be_asked and add_once(NameRequest(person_id=person.id, by_id=manager.id)):
        record(RenameAsked(person.id), by=manager.id)


def rename(manager: Person, namesake: Namesake, neutral: str) -> None:
    """Give a name that says nothing to somebody who was asked and did not choose one."""
    if namesake.can_be_renamed:
        service.rename(namesake.person, neutral)
        service.note_change(namesake.person, by=manager)


def _alike(of: str | None) -> Iterator[Person]:
    """The database finds who has the letters, `names` tells who looks alike."""
    bank = brand()
    theirs = [of] if of is not None else queries.staff_names()
    suspects = [*map(_has_words_of, theirs)]
    if of is None:
        single = [*names.NOBODYS.split(), *bank.reserved_names, bank.name]
        suspects += [_has_words_of(name) for name in dict.fromkeys(single)]
    query = select(Person).where(
        Person.role == "customer", Person.disabled_at.is_(None), or_(*suspects)
    )
    for person in session.scalars(query.order_by(Person.id.desc())):
        if of is not None and not names.takes(person.name, of):
            continue
        if of is not None or service.could_be_taken(person.name, bank.name):
            yield person


def _has_words_of(name: str) -> ColumnElement[bool]:
    parts = names.words(name) or [names.skeleton(name)]
    return and_(*(Person.skeleton.contains(part, autoescape=True) for part in parts))
