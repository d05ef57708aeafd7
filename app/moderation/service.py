"""The community manager's verbs. Every one takes a reason, and records it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core import clock
from app.core.db import session
from app.core.events import record
from app.moderation.events import (
    PostHidden,
    PostRestored,
    TopicClosed,
    TopicHidden,
    TopicMoved,
    TopicPinned,
    TopicRestored,
    TopicUnlocked,
    TopicUnpinned,
)
from app.moderation.models import Act
from app.topics import queries as topics_queries
from app.topics import service as topics

if TYPE_CHECKING:
    from datetime import datetime

    from app.accounts.models import Person
    from app.topics.models import Category, Post, Topic


class AlreadySoError(ValueError):
    """The topic or post is in that state already."""


def move(
    person: Person, topic: Topic, to: Category, reason: str, *, at: datetime | None = None
) -> Act:
    """Give a topic to another category. The promised hour stands; who keeps it changes."""
    topic = topics_queries.held(topic.id)
    if topic.category_id == to.id:
        raise AlreadySoError
    before = topic.category_id
    if topic.hidden_at is None:  # what is hidden is counted nowhere
        for category_id, step in sorted(((before, -1), (to.id, 1))):
            topics.count_in_category(category_id, step)
    topic.category = to
    act = _act(person, topic, "move", reason, at, before_id=before, after_id=to.id)
    record(TopicMoved(topic.id, act.id), by=person.id, at=act.at)
    return act


def hide(person: Person, topic: Topic, reason: str, *, at: datetime | None = None) -> Act:
    """Take a topic out of sight. The reason is for staff and the asker, not for the public."""
    topic = topics_queries.held(topic.id)
    if topic.hidden_at is not None:
        raise AlreadySoError
    topic.hidden_at = at or clock.now()
    topics.count_in_category(topic.category_id, -1)
    topics.count_in_tags(topic, -1)
    act = _act(person, topic, "hide", reason, at, is_public=False)
    record(TopicHidden(topic.id, act.id), by=person.id, at=act.at)
    return act


def restore(person: Person, topic: Topic, reason: str) -> Act:
    """Bring a hidden topic back; its promise runs as if it had never been away."""
    topic = topics_queries.held(topic.id)
    if topic.hidden_at is None:
        raise AlreadySoError
    topic.hidden_at = None
    topics.count_in_category(topic.category_id, 1)
    topics.count_in_tags(topic, 1)
    act = _act(person, topic, "restore", reason, None, is_public=False)
    record(TopicRestored(topic.id, act.id), by=person.id)
    return act


def close(person: Person, topic: Topic, reason: str, *, at: datetime | None = None) -> Act:
    """End the replies; the topic stays to be read."""
    topic = topics_queries.held(topic.id)
    if topic.closed_at is not None:
        raise AlreadySoError
    topic.closed_at = at or clock.now()
    act = _act(person, topic, "close", reason, at)
    record(TopicClosed(topic.id, act.id), by=person.id, at=act.at)
    return act


def unlock(person: Person, topic: Topic, reason: str) -> Act:
    """Open a closed topic for replies again."""
    topic = topics_queries.held(topic.id)
    if topic.closed_at is None:
        raise AlreadySoError
    topic.closed_at = None
    act = _act(person, topic, "unlock", reason, None)
    record(TopicUnlocked(topic.id, act.id), by=person.id)
    return act


def pin(person: Person, topic: Topic, reason: str, *, at: datetime | None = None) -> Act:
    """Put a topic on top of its lists."""
    topic = topics_queries.held(topic.id)
    if topic.pinned:
        raise AlreadySoError
    topic.pinned = 1
    act = _act(person, topic, "pin", reason, at)
    record(TopicPinned(topic.id, act.id), by=person.id, at=act.at)
    return act


def unpin(person: Person, topic: Topic, reason: str) -> Act:
    """Let a topic stand in its place again."""
    topic = topics_queries.held(topic.id)
    if not topic.pinned:
        raise AlreadySoError
    topic.pinned = 0
    act = _act(person, topic, "unpin", reason, None)
    record(TopicUnpinned(topic.id, act.id), by=person.id)
    return act


def hide_post(person: Person, topic: Topic, post: Post, reason: str) -> Act:
    """Take a comment or an answer out of sight."""
    topic = topics_queries.held(topic.id)
    session.refresh(post, ["hidden_at"])
    if post.hidden_at is not None:
        raise AlreadySoError
    post.hidden_at = clock.now()
    _recount_posts(topic, post, -1)
    act = _act(person, topic, "hide_post", reason, None, post_id=post.id, is_public=False)
    record(PostHidden(topic.id, post.id, act.id), by=person.id)
    return act


def restore_post(person: Person, topic: Topic, post: Post, reason: str) -> Act:
    """Bring a hidden comment or answer back."""
    topic = topics_queries.held(topic.id)
    session.refresh(post, ["hidden_at"])
    if post.hidden_at is None:
        raise AlreadySoError
    post.hidden_at = None
    _recount_posts(topic, post, 1)
    act = _act(person, topic, "restore_post", reason, None, post_id=post.id, is_public=False)
    record(PostRestored(topic.id, post.id, act.id), by=person.id)
    return act


def _act(
    person: Person,
    topic: Topic,
    name: str,
    reason: str,
    at: datetime | None,
    **more: int | bool | None,
) -> Act:
    act = Act(topic_id=topic.id, name=name, reason=reason, by=person, at=at or clock.now(), **more)
    session.add(act)
    session.flush()
    return act


def _recount_posts(topic: Topic, post: Post, step: int) -> None:
    if not post.is_official:
        topic.comments_count += step
        return
    topic.answers_count += step
    session.flush()
    from_now_on = topics_queries.standing_answers(topic)
    topic.answer_id = from_now_on[-1].id if from_now_on else None
    topic.first_answer_at = from_now_on[0].published_at if from_now_on else None
    if not from_now_on and topic.state in {"answered", "solved"}:
        topic.state, topic.solved_at = "waiting", None
    elif from_now_on and topic.state == "waiting":
        # A restored answer answers again, and solved it if the asker had said so.
        topic.solved_at = max((a.accepted_at for a in from_now_on if a.accepted_at), default=None)
        topic.state = "solved" if topic.solved_at else "answered"
