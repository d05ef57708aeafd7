"""Finding promise rules: of all categories, of one, in force and waiting for a second look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from app.accounts import queries as accounts
from app.core import clock
from app.core.db import row_id, session
from app.sla.models import EVERYWHERE, PolicyVersion
from app.sla.queries.terms import policy_in_force, scope_of
from app.topics import queries as topics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.accounts.models import Person
    from app.core.policy import Actor
    from app.topics.models import Category


@dataclass(frozen=True)
class Scope:
    """What rules hold for: one category, or (None) every one that has none of its own."""

    category: Category | None = None

    @property
    def key(self) -> str:
        """As policy versions name it."""
        return scope_of(self.category.id if self.category else None)

    @property
    def place(self) -> str:
        """As addresses name it."""
        return f"category-{self.category.id}" if self.category else EVERYWHERE


def scope_in_sight(_actor: Actor, place: str) -> Scope | None:
    """The scope that an address names; None when there is no such category."""
    if place == EVERYWHERE:
        return Scope()
    kind, _hyphen, number = place.partition("-")
    wanted = row_id(number) if kind == "category" else None
    found = topics.category(wanted) if wanted is not None else None
    return Scope(found) if found is not None else None


def scopes() -> list[Scope]:
    """The general rules first, then every open category's."""
    return [Scope(), *(Scope(c) for c in topics.categories())]


def versions(scope: Scope) -> Sequence[PolicyVersion]:
    """All rules ever made for a scope, the newest first."""
    query = select(PolicyVersion).where(PolicyVersion.scope == scope.key)
    return session.scalars(query.order_by(PolicyVersion.version.desc())).all()


def newest(scope: Scope) -> PolicyVersion | None:
    """The version made last, in force or not."""
    found = versions(scope)
    return found[0] if found else None


def present(scope: Scope) -> PolicyVersion | None:
    """The scope's own rules as they are in force now; None when it has none of its own."""
    found = policy_in_force(scope.key, clock.now())
    return found if found is not None and found.spec else None


def waiting(scope: Scope) -> PolicyVersion | None:
    """Rules that somebody else must look at before they hold: only the newest can."""
    last = newest(scope)
    return last if last is not None and last.approval == "waiting" else None


def standing() -> list[PolicyVersion]:
    """The rules in force of every scope, and those that wait to be."""
    scopes_used = session.scalars(select(PolicyVersion.scope).distinct()).all()
    now = clock.now()
    held = [policy_in_force(scope, now) for scope in scopes_used]
    open_ones = session.scalars(
        select(PolicyVersion).where(PolicyVersion.approval == "waiting")
    ).all()
    return [v for v in held if v is not None and v.spec] + list(open_ones)


def last_number(scope: Scope) -> int:
    """The number of the version made last; 0 before the first."""
    query = select(func.max(PolicyVersion.version)).where(PolicyVersion.scope == scope.key)
    return session.scalar(query) or 0


def who_else_decides(person: Person) -> list[Person]:
    """Those who may approve what this person made weaker."""
    return [
        p
        for p in accounts.staff()
        if p.role in {"manager", "administrator"} and p.id != person.id and p.is_active
    ]
