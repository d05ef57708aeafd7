"""Finding changes of ideas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from app.core.db import session
from app.ideas.models import IdeaChange

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.topics.models import Topic


def change(change_id: int) -> IdeaChange:
    """One change; for reactions and letters."""
    return session.get_one(IdeaChange, change_id)


def changes(topic: Topic) -> Sequence[IdeaChange]:
    """Everything decided on an idea, the latest first."""
    query = select(IdeaChange).where(IdeaChange.topic_id == topic.id)
    return session.scalars(query.order_by(IdeaChange.id.desc())).all()
