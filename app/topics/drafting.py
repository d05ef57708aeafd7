"""Text in hand: writing comes before identifying, and nothing typed is lost.

A draft belongs to a person, or to a browser by the hash of its guest key until somebody signs in
there.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete

from app.core import clock
from app.core.db import add_once, session
from app.topics import queries
from app.topics.models import Draft

if TYPE_CHECKING:
    from app.core.policy import Actor

FIELDS = ("kind", "title", "body", "category_id", "tags")
# A field longer than this is cut: a draft is not a place to store files.
LONGEST = 20_000
# As long as a guest's key lives (`core.guests`): after that nobody could find it again.
ABANDONED = timedelta(days=30)


def keep(actor: Actor, guest: str | None, about: str, fields: dict[str, Any]) -> Draft:
    """Save the text in hand for `about` ("new", or "topic:7"); one draft for each owner."""
    draft = queries.draft(about, person_id=actor.id, guest=guest)
    if draft is None:
        owner = {"person_id": actor.id} if actor.id is not None else {"guest": guest}
        draft = Draft(about=about, fields={}, **owner)
        if not add_once(draft):  # another tab was first
            return keep(actor, guest, about, fields)
    kept = {k: str(fields.get(k) or "")[:LONGEST] for k in FIELDS if k in fields}
    draft.fields = {**(draft.fields or {}), **kept}
    draft.changed_at = clock.now()
    session.flush()
    return draft


def drop(actor: Actor, guest: str | None, about: str) -> None:
    """Forget the text in hand: it was published, or its writer let it go."""
    draft = queries.draft(about, person_id=actor.id, guest=guest)
    if draft is not None:
        session.delete(draft)
        session.flush()


def adopt(person_id: int, guest: str | None) -> None:
    """Give a person what their browser had begun; newer text wins over an older draft of theirs."""
    if guest is None:
        return
    for draft in queries.drafts_of_guest(guest):
        own = queries.draft(draft.about, person_id=person_id, guest=None)
        if own is not None and own.changed_at >= draft.changed_at:
            session.delete(draft)
            continue
        if own is not None:
            session.delete(own)
            session.flush()
        draft.person_id, draft.guest = person_id, None
        session.flush()


def forget_abandoned() -> int:
    """Drop guests' drafts untouched for longer than their key lives; how many."""
    old = clock.now() - ABANDONED
    gone = delete(Draft).where(Draft.guest.is_not(None), Draft.changed_at < old)
    return int(session.execute(gone).rowcount)  # type: ignore[attr-defined]
