"""Finding acts of moderation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from app.core.db import session
from app.moderation.models import Act

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.topics.models import Topic


def act(act_id: int) -> Act:
    """One act; for reactions and letters."""
    return session.get_one(Act, act_id)


def acts(topic: Topic) -> Sequence[Act]:
    """Everything done to a topic, the latest first."""
    query = select(Act).where(Act.topic_id == topic.id).order_by(Act.id.desc())
    return session.scalars(query).all()
