"""Who may see and end what is held of whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core.policy import is_administrator, is_signed_in, permission

if TYPE_CHECKING:
    from app.core.policy import Actor
    from app.privacy.models import Export


def is_theirs(actor: Actor, export: Export) -> bool:
    """The person it is about."""
    return actor.id is not None and actor.id == export.person_id


permission("privacy.own", [is_signed_in])
permission("privacy.take_export", [is_signed_in, is_theirs])
permission("privacy.manage", [is_administrator])
