"""Keeping somebody from writing, or from signing in, for a while and for a reason they are told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from app.accounts import service as accounts
from app.accounts.models import Person
from app.core import clock, signing
from app.core.db import add_once, session
from app.core.events import record
from app.moderation import queries
from app.moderation.events import PersonReleased, PersonRestrained
from app.moderation.models import Restraint
from app.moderation.service.acting import AlreadySoError, write_act_on

if TYPE_CHECKING:
    from datetime import datetime

KINDS = ("silence", "suspend")


class NotTheirsError(ValueError):
    """Nobody silences the bank's people, or themselves."""


def restrain(
    moderator: Person, person: Person, kind: str, reason: str, ends_at: datetime | None
) -> Restraint:
    """Silence or suspend a customer until `ends_at`, or until it is lifted.

    Suspended, they are signed out everywhere at once. Raises NotTheirsError and AlreadySoError.
    """
    if person.is_staff or person.id == moderator.id:
        raise NotTheirsError
    _held(person)
    for each in queries.over(person, kind):
        each.lifted_at = each.ends_at
    session.flush()
    act = write_act_on(moderator, kind, reason, person=person)
    restraint = Restraint(
        person=person, kind=kind, reason=reason, ends_at=ends_at, act_id=act.id, by=moderator
    )
    restraint.starts_at = act.at
    if not add_once(restraint):
        session.delete(act)
        session.flush()
        raise AlreadySoError
    _show(person, kind, ends_at or queries.FOREVER)
    if kind == "suspend":
        accounts.sign_out_everywhere(person)
    record(PersonRestrained(restraint.id, kind), by=moderator.id, at=act.at)
    return restraint


def lift(moderator: Person, restraint: Restraint, reason: str) -> None:
    """End it before its time. Raises AlreadySoError."""
    _held(restraint.person)
    session.refresh(restraint, ["lifted_at", "ends_at"])
    if not restraint.is_in_force:
        raise AlreadySoError
    restraint.lifted_at = clock.now()
    _show(restraint.person, restraint.kind, None)
    name = f"un{restraint.kind}"
    write_act_on(moderator, name, reason, person=restraint.person, at=restraint.lifted_at)
    record(PersonReleased(restraint.id, restraint.kind), by=moderator.id, at=restraint.lifted_at)


def token_of(restraint: Restraint) -> str:
    """The link that shows somebody what was decided on them, though they cannot sign in."""
    return f"{restraint.id}.{signing.sign('restraint', restraint.id)}"


def _held(person: Person) -> None:
    """Two who restrain the same person go in turn."""
    mine = select(Person.id).where(Person.id == person.id)
    session.execute(mine.with_for_update(key_share=True))


def _show(person: Person, kind: str, until: datetime | None) -> None:
    if kind == "silence":
        person.silenced_until = until
    else:
        person.suspended_until = until
    session.flush()
