"""Who may see and change accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core.policy import (
    anyone,
    is_administrator,
    is_guest,
    is_manager,
    is_signed_in,
    is_staff,
    permission,
)

if TYPE_CHECKING:
    from app.accounts.models import Absence, Person
    from app.core.policy import Actor


def is_themselves(actor: Actor, person: Person) -> bool:
    """The person in question."""
    return actor.id is not None and actor.id == person.id


def is_theirs(actor: Actor, absence: Absence) -> bool:
    """Whoever is away then."""
    return actor.id is not None and actor.id == absence.person_id


permission("accounts.sign_up", [is_guest])
permission("accounts.sign_in", [anyone])
permission("accounts.sign_out", [is_signed_in])
permission("accounts.prove_address", [anyone])
permission("accounts.read", [anyone])
permission("accounts.edit_own", [is_signed_in])
permission("accounts.manage", [is_administrator])
permission("accounts.keep_names", [is_manager])
permission("accounts.go_away", [is_staff])
permission("accounts.plan_absences", [is_manager])
permission("accounts.change_absence", [is_staff, is_theirs], [is_manager])
