"""Whether nearly the same text was sent before, though nobody keeps the texts for it.

Of a text's groups of three words the smallest hashes are kept. Two texts that share most of their
groups share most of these, so a copy with another name or greeting is still a copy.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select

from app.core import clock
from app.core.db import session
from app.moderation.models import Trace
from app.moderation.thresholds import REMEMBERED_FOR, SHORTEST_REPEATED
from app.moderation.watching import words_of
from app.topics.models import Post, Topic

if TYPE_CHECKING:
    from app.accounts.models import Person

GROUP: Final = 3
MARKS: Final = 8
# So many marks of eight in common are nearly the same text.
ALIKE: Final = 5
# However many copies there are, no more rows than this are looked at.
READ: Final = 400


@dataclass(frozen=True)
class Copies:
    """Texts nearly like this one: how many by the same person, and how many other people's."""

    by_them: int = 0
    people: int = 0


def marks(text: str) -> list[int]:
    """What is kept of a text; nothing of a short one, which many say alike."""
    words = words_of(text)
    if len(words) < SHORTEST_REPEATED:
        return []
    groups = {" ".join(words[i : i + GROUP]) for i in range(len(words) - GROUP + 1)}
    return sorted({_hashed(group) for group in groups})[:MARKS]


def copies(person: Person, text: str) -> Copies:
    """How often nearly the same was sent lately."""
    kept = marks(text)
    if not kept:
        return Copies()
    needed = max(1, len(kept) * ALIKE // MARKS)
    since = clock.now() - REMEMBERED_FOR
    near = (
        select(Trace.text_key, Trace.person_id, Trace.mark)
        .where(Trace.mark.in_(kept), Trace.at > since)
        .order_by(Trace.at.desc())
        .limit(READ)
        .subquery()
    )
    query = (
        select(near.c.person_id, near.c.text_key)
        .group_by(near.c.person_id, near.c.text_key)
        .having(func.count(near.c.mark.distinct()) >= needed)
    )
    found = session.execute(query).tuples().all()
    ours = sum(1 for person_id, _key in found if person_id == person.id)
    return Copies(ours, len({person_id for person_id, _key in found} - {person.id}))


def remember(person: Person, text: str) -> None:
    """Keep the marks of a text that was sent."""
    key, at = secrets.randbelow(2**31), clock.now()
    session.add_all(
        Trace(text_key=key, mark=mark, person_id=person.id, at=at) for mark in marks(text)
    )
    session.flush()


def in_a_minute(person: Person) -> int:
    """How many texts somebody sent within the last minute."""
    since = clock.now() - timedelta(minutes=1)
    said = select(func.count()).where(Post.author_id == person.id, Post.published_at > since)
    asked = select(func.count()).where(Topic.asker_id == person.id, Topic.opened_at > since)
    return (session.scalar(said) or 0) + (session.scalar(asked) or 0)


def _hashed(group: str) -> int:
    digest = hashlib.blake2b(group.encode(), digest_size=4, person=b"otklik:traces").digest()
    return int.from_bytes(digest, "big") >> 1
