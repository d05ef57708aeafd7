"""Who may see and change accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core.policy import anyone, is_administrator, is_guest, is_signed_in, permission

if TYPE_CHECKING:
    from app.accounts.models import Person
    from app.core.policy import Actor


def is_themselves(actor: Actor, person: Person) -> bool:
    """The person in question."""
    return actor.id is not None and actor.id == person.id


permission("accounts.sign_up", [is_guest])
permission("accounts.sign_in", [anyone])
permission("accounts.sign_out", [is_signed_in])
permission("accounts.prove_address", [anyone])
permission("accounts.read", [anyone])
permission("accounts.edit_own", [is_signed_in])
permission("accounts.manage", [is_administrator])
