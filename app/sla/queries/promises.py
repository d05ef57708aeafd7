"""Finding promises."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from app.core.db import session
from app.sla.models import Promise

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from app.topics.models import Topic

LIVE = ("running", "breached")


def live_promise(topic: Topic) -> Promise | None:
    """The promise not yet fulfilled, its row ours until commit."""
    query = select(Promise).where(Promise.topic_id == topic.id, Promise.state.in_(LIVE))
    return session.scalar(query.order_by(Promise.id.desc()).limit(1).with_for_update())


def promises_of(topic: Topic) -> Sequence[Promise]:
    """All promises made on a topic, the first first."""
    return session.scalars(
        select(Promise).where(Promise.topic_id == topic.id).order_by(Promise.id)
    ).all()


def last_promise(topic: Topic) -> Promise | None:
    """The latest promise made on a topic, however it stands; its row ours until commit."""
    query = select(Promise).where(Promise.topic_id == topic.id)
    return session.scalar(query.order_by(Promise.id.desc()).limit(1).with_for_update())


def to_look_at(at: datetime, limit: int) -> Sequence[Promise]:
    """Running promises whose next instant has come, soonest first, their rows ours."""
    query = (
        select(Promise)
        .where(Promise.state == "running", Promise.next_action_at <= at)
        .order_by(Promise.next_action_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return session.scalars(query).all()
