"""Where a topic stands: in which category, open or closed, on top or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core import clock
from app.core.events import record
from app.moderation.events import (
    TopicClosed,
    TopicMoved,
    TopicPinned,
    TopicUnlocked,
    TopicUnpinned,
)
from app.moderation.service.acting import AlreadySoError, is_owed, write_act
from app.topics import queries as topics_queries
from app.topics import service as topics

if TYPE_CHECKING:
    from datetime import datetime

    from app.accounts.models import Person
    from app.moderation.models import Act
    from app.topics.models import Category, Topic


def move(
    person: Person, topic: Topic, to: Category, reason: str, *, at: datetime | None = None
) -> Act:
    """Give a topic to another category. The promised hour stands; who keeps it changes."""
    topic = topics_queries.held(topic.id)
    if topic.category_id == to.id or topic.merged_into_id is not None:
        raise AlreadySoError
    before = topic.category_id
    if topic.is_counted:
        for category_id, step in sorted(((before, -1), (to.id, 1))):
            topics.count_in_category(category_id, step)
    topic.category = to
    act = write_act(person, topic, "move", reason, at, before_id=before, after_id=to.id)
    record(TopicMoved(topic.id, act.id), by=person.id, at=act.at)
    return act


def close(person: Person, topic: Topic, reason: str, *, at: datetime | None = None) -> Act:
    """End the replies; the topic stays to be read."""
    topic = topics_queries.held(topic.id)
    if topic.closed_at is not None:
        raise AlreadySoError
    owed = is_owed(topic)
    topic.closed_at = at or clock.now()
    act = write_act(person, topic, "close", reason, at, was_owed=owed)
    record(TopicClosed(topic.id, act.id), by=person.id, at=act.at)
    return act


def unlock(person: Person, topic: Topic, reason: str) -> Act:
    """Open a closed topic for replies again; what was merged or withdrawn is opened otherwise."""
    topic = topics_queries.held(topic.id)
    if topic.closed_at is None or topic.merged_into_id is not None or topic.is_withdrawn:
        raise AlreadySoError
    topic.closed_at = None
    act = write_act(person, topic, "unlock", reason, None)
    record(TopicUnlocked(topic.id, act.id), by=person.id)
    return act


def pin(person: Person, topic: Topic, reason: str, *, at: datetime | None = None) -> Act:
    """Put a topic on top of its lists."""
    topic = topics_queries.held(topic.id)
    if topic.pinned:
        raise AlreadySoError
    topic.pinned = 1
    act = write_act(person, topic, "pin", reason, at)
    record(TopicPinned(topic.id, act.id), by=person.id, at=act.at)
    return act


def unpin(person: Person, topic: Topic, reason: str) -> Act:
    """Let a topic stand in its place again."""
    topic = topics_queries.held(topic.id)
    if not topic.pinned:
        raise AlreadySoError
    topic.pinned = 0
    act = write_act(person, topic, "unpin", reason, None)
    record(TopicUnpinned(topic.id, act.id), by=person.id)
    return act
