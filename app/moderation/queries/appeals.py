"""Finding what people say against decisions, and who may look again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, or_, select

from app.accounts import queries as accounts
from app.core.db import session
from app.core.policy import RefusedError, is_manager
from app.moderation.models import Act, Appeal
from app.topics.models import Post, Topic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.accounts.models import Person
    from app.core.policy import Actor

REMOVALS = ("hide", "spam", "hide_post")
MANY = 50


def appeal(_actor: Actor, appeal_id: int) -> Appeal | None:
    """One appeal; for moderators."""
    return session.get(Appeal, appeal_id)


def appeal_made(appeal_id: int) -> Appeal | None:
    """One appeal; for reactions and letters. None when it is forgotten already."""
    return session.get(Appeal, appeal_id)


def appeal_against(*, submission_id: int | None = None, act_id: int | None = None) -> Appeal | None:
    """What was said against this decision."""
    said = Appeal.submission_id == submission_id if submission_id else Appeal.act_id == act_id
    return session.scalar(select(Appeal).where(said))


def appeals_waiting() -> Sequence[Appeal]:
    """Appeals nobody has decided, the oldest first."""
    query = select(Appeal).where(Appeal.verdict == "").order_by(Appeal.id).limit(MANY)
    return session.scalars(query).all()


def appeals_waiting_count() -> int:
    """How many there are."""
    query = select(func.count()).select_from(Appeal).where(Appeal.verdict == "")
    return session.scalar(query) or 0


def deciders(appeal: Appeal) -> list[Person]:
    """The managers and administrators who did not make the decision."""
    return [
        p
        for p in accounts.staff()
        if is_manager(p, None) and p.is_active and p.id not in {appeal.against_id, appeal.person_id}
    ]


def may_decide(person: Person, appeal: Appeal) -> bool:
    """Another than who decided; whoever did, when there is nobody else."""
    return person.id != appeal.against_id or not deciders(appeal)


def removal_in_sight(actor: Actor, act_id: int) -> Act | None:
    """An act that took one's own topic or post out of sight, while it is."""
    if actor.id is None:
        raise RefusedError(act_id)
    found = session.get(Act, act_id)
    if found is None or found.name not in REMOVALS:
        return None
    return found if found.id in {each.id for each in _standing(actor.id, found)} else None


def removals_of(person: Person) -> list[Act]:
    """The acts that keep this person's topics and posts out of sight, the latest first."""
    return _standing(person.id)


def _standing(person_id: int, one: Act | None = None) -> list[Act]:
    """The last act alone stands for what it took away."""
    query = (
        select(Act)
        .join(Topic, Topic.id == Act.topic_id)
        .outerjoin(Post, Post.id == Act.post_id)
        .where(
            Act.name.in_(REMOVALS),
            # What reports hid by themselves is looked at anyway.
            Act.by_id.is_not(None),
            or_(
                Act.post_id.is_(None)
                & (Topic.asker_id == person_id)
                & Topic.hidden_at.is_not(None),
                (Post.author_id == person_id) & Post.hidden_at.is_not(None),
            ),
        )
    )
    if one is not None:
        query = query.where(Act.topic_id == one.topic_id)
    last: dict[tuple[int | None, int | None], Act] = {}
    for each in session.scalars(query.order_by(Act.id.desc()).limit(MANY)):
        last.setdefault((each.topic_id, each.post_id), each)
    return list(last.values())
