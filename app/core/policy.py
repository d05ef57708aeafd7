"""The grammar of permissions.

A permission is granted when any of its clauses holds; a clause, when all of its predicates do.
Predicates read after "if": `permission("topics.answer", [is_signed_in, answers_for_it])`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Actor(Protocol):
    """Whoever acts: a person, or a guest whose `id` and `role` are None."""

    @property
    def id(self) -> int | None: ...
    @property
    def role(self) -> str | None: ...


class Anybody:
    """Whoever reads in public; what they may see, everybody may."""

    id: int | None = None
    role: str | None = None


PUBLIC = Anybody()

if TYPE_CHECKING:
    Predicate = Callable[[Any, Any], bool]
    Clause = Sequence[Predicate]

permissions: dict[str, tuple[Clause, ...]] = {}


class RefusedError(Exception):
    """The actor may not do this; shown as 404 to a person and as a way to sign in to a guest."""


class UnknownPermissionError(LookupError):
    """A route or a check names a permission that no policy declares."""


def permission(name: str, *clauses: Clause) -> None:
    """Declare `name`, granted when every predicate of any one clause holds."""
    if name in permissions:
        message = f"{name} is declared twice"
        raise ValueError(message)
    permissions[name] = clauses


def can(actor: Actor, name: str, thing: object = None) -> bool:
    """Whether `actor` may do `name` to `thing`."""
    try:
        clauses = permissions[name]
    except KeyError:
        raise UnknownPermissionError(name) from None
    return any(all(holds(actor, thing) for holds in clause) for clause in clauses)


def require(actor: Actor, name: str, thing: object = None) -> None:
    """Raise RefusedError unless `actor` may do `name` to `thing`."""
    if not can(actor, name, thing):
        raise RefusedError(name)


def anyone(_actor: Actor, _thing: object) -> bool:
    """Everybody, guests too."""
    return True


def is_signed_in(actor: Actor, _thing: object) -> bool:
    """Any person with an account, signed in."""
    return actor.id is not None


def is_not_silenced(actor: Actor, _thing: object) -> bool:
    """Anybody but somebody who may only read for now."""
    return not getattr(actor, "is_silenced", False)


def is_guest(actor: Actor, _thing: object) -> bool:
    """Somebody not signed in."""
    return actor.id is None


def is_executive(actor: Actor, _thing: object) -> bool:
    """A named executive."""
    return actor.role == "executive"


def is_manager(actor: Actor, _thing: object) -> bool:
    """The community manager (an administrator may do what a manager may)."""
    return actor.role in {"manager", "administrator"}


def is_administrator(actor: Actor, _thing: object) -> bool:
    """The administrator of this installation."""
    return actor.role == "administrator"


def is_staff(actor: Actor, _thing: object) -> bool:
    """Anybody who works for the bank here."""
    return actor.role in {"executive", "manager", "administrator"}


_PEOPLE = {is_signed_in, is_executive, is_manager, is_administrator, is_staff}


def is_for_people(name: str) -> bool:
    """Whether a permission is for somebody signed in, whatever the thing."""
    return all(_PEOPLE.intersection(clause) for clause in permissions[name])
