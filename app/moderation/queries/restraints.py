"""Finding who is kept from writing or from signing in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import or_, select

from app.core import clock
from app.core.db import session
from app.moderation.models import Restraint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.accounts.models import Person

# On the person, for a restraint that has no end of its own.
FOREVER = datetime(9999, 1, 1, tzinfo=UTC)


def is_endless(until: datetime) -> bool:
    """Whether it stands for "until it is lifted"."""
    return until >= FOREVER


def restraint(restraint_id: int) -> Restraint | None:
    """One of them."""
    return session.get(Restraint, restraint_id)


def restraint_of_act(act_id: int) -> Restraint | None:
    """The one that an act began."""
    return session.scalar(select(Restraint).where(Restraint.act_id == act_id))


def restraints_of(person: Person) -> Sequence[Restraint]:
    """All there ever were, the latest first."""
    query = select(Restraint).where(Restraint.person_id == person.id)
    return session.scalars(query.order_by(Restraint.id.desc())).all()


def in_force(person: Person) -> Sequence[Restraint]:
    """Those that hold now."""
    query = select(Restraint).where(
        Restraint.person_id == person.id,
        Restraint.lifted_at.is_(None),
        or_(Restraint.ends_at.is_(None), Restraint.ends_at > clock.now()),
    )
    return session.scalars(query.order_by(Restraint.id)).all()


def over(person: Person, kind: str) -> Sequence[Restraint]:
    """Those of a kind that time has ended and nobody noted, their rows ours."""
    query = select(Restraint).where(
        Restraint.person_id == person.id,
        Restraint.kind == kind,
        Restraint.lifted_at.is_(None),
        Restraint.ends_at <= clock.now(),
    )
    return session.scalars(query.with_for_update(of=Restraint)).all()
