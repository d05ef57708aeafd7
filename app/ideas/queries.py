"""Finding changes of ideas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from app.core.db import session
from app.ideas.models import IdeaChange
from app.topics.models import Topic
from app.topics.policy import visible_topics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.core.policy import Actor


def change(change_id: int) -> IdeaChange:
    """One change; for reactions and letters."""
    return session.get_one(IdeaChange, change_id)


def changes(topic: Topic) -> Sequence[IdeaChange]:
    """Everything decided on an idea, the latest first."""
    query = select(IdeaChange).where(IdeaChange.topic_id == topic.id)
    return session.scalars(query.order_by(IdeaChange.id.desc())).all()


def counts(actor: Actor) -> dict[str, int]:
    """How many ideas stand in which state."""
    query = select(Topic.state, func.count()).where(
        Topic.kind == "idea", Topic.merged_into_id.is_(None), visible_topics(actor)
    )
    return dict(session.execute(query.group_by(Topic.state)).tuples().all())
