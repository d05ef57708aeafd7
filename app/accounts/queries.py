"""Finding people, sessions and tickets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, or_, select

from app.accounts.models import ROLES, Absence, OutsideIdentity, Person, Session, Ticket
from app.core import names
from app.core.db import session
from app.core.pages import SIZE, Order, Page, keyset

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement

    from app.core.policy import Actor


def person(person_id: int) -> Person | None:
    """The person, disabled or not."""
    return session.get(Person, person_id)


def person_in_sight(_actor: Actor, person_id: int) -> Person | None:
    """A person whose public page may be read: confirmed or brought in, and not disabled."""
    found = session.get(Person, person_id)
    if found is None or found.disabled_at is not None:
        return None
    return found if found.confirmed_at is not None or found.origin is not None else None


def by_email(email: str) -> Person | None:
    """The account with this address, however it is written."""
    return session.scalar(select(Person).where(Person.email == email.strip().lower()))


def by_address(email: str) -> Person:
    """The account with exactly this address, which must be there."""
    return session.scalars(select(Person).where(Person.email == email)).one()


def of_the_bank() -> ColumnElement[bool]:
    """SQL for those who work for the bank: roles by name, for an index finds no "is not"."""
    return Person.role.in_(ROLES[1:])


def staff() -> Sequence[Person]:
    """Everybody who works for the bank here, by name."""
    query = select(Person).where(of_the_bank(), Person.disabled_at.is_(None))
    return session.scalars(query.order_by(Person.name, Person.id)).all()


def administrators() -> Sequence[Person]:
    """Those who are told when something is wrong with the installation."""
    query = select(Person).where(Person.role == "administrator", Person.disabled_at.is_(None))
    return session.scalars(query.order_by(Person.id)).all()


def managers() -> Sequence[Person]:
    """The community managers."""
    query = select(Person).where(Person.role == "manager", Person.disabled_at.is_(None))
    return session.scalars(query.order_by(Person.id)).all()


def named(words: str, *, limit: int) -> Sequence[int]:
    """Ids of the people whose name begins so, and of the bank's whose name holds it anywhere."""
    looks = names.skeleton(words)
    if not looks:
        return []
    begins = Person.skeleton.startswith(looks, autoescape=True)
    holds = Person.skeleton.contains(looks, autoescape=True)
    query = select(Person.id).where(or_(begins, of_the_bank() & holds))
    return session.scalars(query.order_by(Person.role == "customer", Person.id).limit(limit)).all()


def staff_names() -> Sequence[str]:
    """Names that are taken by the bank's people, those too who are shut out."""
    return session.scalars(select(Person.name).where(of_the_bank())).all()


def staff_looks() -> set[str]:
    """Perceptual hashes (hex) of the portraits of the bank's people."""
    people = session.scalars(select(Person).where(of_the_bank(), Person.portrait_id.is_not(None)))
    return {p.portrait.looks for p in people if p.portrait}


def identity(issuer: str, subject: str) -> OutsideIdentity | None:
    """Whom a provider knows by this subject."""
    query = select(OutsideIdentity).where(
        OutsideIdentity.issuer == issuer, OutsideIdentity.subject == subject
    )
    return session.scalar(query)


def identities_of(person: Person) -> Sequence[OutsideIdentity]:
    """The providers that know a person, the first linked first."""
    query = select(OutsideIdentity).where(OutsideIdentity.person_id == person.id)
    return session.scalars(query.order_by(OutsideIdentity.id)).all()


def own_identity(actor: Actor, identity_id: int) -> OutsideIdentity | None:
    """An identity of the actor's."""
    found = session.get(OutsideIdentity, identity_id)
    return found if found is not None and found.person_id == actor.id else None


def ticket(ticket_id: int | None) -> Ticket | None:
    """A ticket, used or not."""
    return session.get(Ticket, ticket_id) if ticket_id is not None else None


def tickets_to(email: str, purpose: str, since: datetime) -> Sequence[Ticket]:
    """What was mailed to an address since then and is not used yet, the last first."""
    query = select(Ticket).where(
        Ticket.email == email,
        Ticket.purpose == purpose,
        Ticket.created_at >= since,
        Ticket.used_at.is_(None),
    )
    return session.scalars(query.order_by(Ticket.id.desc())).unique().all()


def sessions_of(person: Person) -> Sequence[Session]:
    """The browsers a person is signed in with, the last used first."""
    query = select(Session).where(Session.person_id == person.id).order_by(Session.seen_at.desc())
    return session.scalars(query).all()


def person_for_staff(_actor: Actor, person_id: int) -> Person | None:
    """Any person, for those who keep accounts."""
    return session.get(Person, person_id)


BY_NAME: Order[Person] = Order((Person.name, Person.id), lambda p: (p.name, p.id), descending=False)


def people(words: str, *, cursor: str | None = None, size: int = SIZE) -> Page[Person]:
    """The bank's people by name; with `words`, everybody whose name or address begins so."""
    query = select(Person)
    if not words:
        return keyset(query.where(of_the_bank()), BY_NAME, cursor, size)
    looks = names.skeleton(words)
    begins = [Person.email.startswith(words.lower(), autoescape=True)]
    if looks:
        begins.append(Person.skeleton.startswith(looks, autoescape=True))
    return keyset(query.where(or_(*begins)), BY_NAME, cursor, size)


def other_administrators(person: Person) -> int:
    """How many administrators who can sign in there are besides this one; their rows ours."""
    query = select(Person.id).where(
        Person.role == "administrator",
        Person.disabled_at.is_(None),
        Person.confirmed_at.is_not(None),
    )
    # All of them are locked in one order, so that two administrators cannot remove each other.
    ids = session.scalars(query.order_by(Person.id).with_for_update()).all()
    return sum(1 for other in ids if other != person.id)


def colleague(_actor: Actor, person_id: int) -> Person | None:
    """Somebody who works for the bank here, disabled or not."""
    found = session.get(Person, person_id)
    return found if found is not None and found.is_staff else None


def substitutes_for(person: Person) -> list[Person]:
    """Who could stand in for somebody: colleagues who can sign in."""
    return [p for p in staff() if p.id != person.id and p.is_active]


def absence(_actor: Actor, absence_id: int) -> Absence | None:
    """An absence by its id."""
    return session.get(Absence, absence_id)


def absences_ahead(at: datetime, person: Person | None = None) -> Sequence[Absence]:
    """What is not over at `at`, of everybody or of one, the first first."""
    query = select(Absence).where(Absence.ends_at > at)
    if person is not None:
        query = query.where(Absence.person_id == person.id)
    return session.scalars(query.order_by(Absence.starts_at, Absence.id)).unique().all()


def absences_past(at: datetime, person: Person, limit: int = 10) -> Sequence[Absence]:
    """What is over at `at`, the last first."""
    query = select(Absence).where(Absence.person_id == person.id, Absence.ends_at <= at)
    query = query.order_by(Absence.ends_at.desc(), Absence.id.desc()).limit(limit)
    return session.scalars(query).unique().all()


def people_by_id(ids: Iterable[int]) -> dict[int, Person]:
    """These people."""
    wanted = list(ids)
    return {p.id: p for p in session.scalars(_THOSE, {"ids": wanted})} if wanted else {}


# Made once: to put a statement together and know it again takes longer than to ask it.
_THOSE = select(Person).where(Person.id.in_(bindparam("ids", expanding=True)))


def absences_between(start: datetime, end: datetime) -> Sequence[Absence]:
    """Everybody's absences that touch `[start, end)`, the first first."""
    query = select(Absence).where(Absence.starts_at < end, Absence.ends_at > start)
    return session.scalars(query.order_by(Absence.starts_at, Absence.id)).unique().all()


def hold(*people: Person | None) -> None:
    """Make what is done to these people's absences go in turn, in one order for everybody."""
    ids = [p.id for p in people if p is not None]
    query = select(Person.id).where(Person.id.in_(ids)).order_by(Person.id)
    session.execute(query.with_for_update())


def absence_as_it_is(absence: Absence) -> Absence | None:
    """The absence read anew, its row ours; None when somebody has taken it back."""
    query = select(Absence).where(Absence.id == absence.id).with_for_update(of=Absence)
    return session.scalar(query.execution_options(populate_existing=True))
