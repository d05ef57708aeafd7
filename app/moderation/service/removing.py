"""Out of sight and back: hidden for a while, or judged to be spam.

Nobody removes alone what they would have to answer: another manager does, if there is one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core import clock
from app.core.db import session
from app.core.events import record
from app.moderation import queries
from app.moderation.events import (
    PostHidden,
    PostRestored,
    TopicHidden,
    TopicMarkedSpam,
    TopicRestored,
    TopicUnmarkedSpam,
)
from app.moderation.service.acting import (
    AlreadySoError,
    OthersWaitHereError,
    is_owed,
    recount,
    second_person,
    write_act,
)
from app.topics import queries as topics
from app.topics import service as topics_service

if TYPE_CHECKING:
    from datetime import datetime

    from app.accounts.models import Person
    from app.moderation.models import Act
    from app.topics.models import Post, Topic


def hide(person: Person, topic: Topic, reason: str, *, at: datetime | None = None) -> Act:
    """Take a topic out of sight. The reason is for staff and the asker, not for the public.

    Raises SecondPersonError.
    """
    topic = topics.held(topic.id)
    if topic.hidden_at is not None:
        raise AlreadySoError
    alone = second_person(person, topic)
    counted, owed = topic.is_counted, is_owed(topic)
    topic.hidden_at = at or clock.now()
    recount(topic, counted)
    act = write_act(person, topic, "hide", reason, at, is_public=alone, was_owed=owed)
    record(TopicHidden(topic.id, act.id), by=person.id, at=act.at)
    return act


def restore(person: Person, topic: Topic, reason: str) -> Act:
    """Bring a hidden topic back; its promise has the time left that it had then."""
    topic = topics.held(topic.id)
    if topic.hidden_at is None or queries.is_spam(topic):
        raise AlreadySoError
    counted = topic.is_counted
    topic.hidden_at = None
    recount(topic, counted)
    act = write_act(person, topic, "restore", reason, None, is_public=False)
    record(TopicRestored(topic.id, act.id), by=person.id)
    return act


def mark_spam(person: Person, topic: Topic, reason: str, *, at: datetime | None = None) -> Act:
    """Judge a topic, in sight or hidden, to be spam: out of sight, and owed nothing.

    Raises SecondPersonError, and OthersWaitHereError when others asked the same.
    """
    topic = topics.held(topic.id)
    if topic.merged_into_id is not None or queries.is_spam(topic):
        raise AlreadySoError
    if queries.merged_here(topic):
        raise OthersWaitHereError
    alone = second_person(person, topic)
    counted, owed = topic.is_counted, is_owed(topic)
    topic.hidden_at = topic.hidden_at or at or clock.now()
    recount(topic, counted)
    act = write_act(person, topic, "spam", reason, at, is_public=alone, was_owed=owed)
    record(TopicMarkedSpam(topic.id, act.id), by=person.id, at=act.at)
    return act


def unmark_spam(person: Person, topic: Topic, reason: str) -> Act:
    """It was none: everything is as if it had never been called so. What was hidden stays so."""
    topic = topics.held(topic.id)
    if not queries.is_spam(topic):
        raise AlreadySoError
    counted = topic.is_counted
    if not queries.stands_hidden(topic):
        topic.hidden_at = None
    recount(topic, counted)
    act = write_act(person, topic, "unspam", reason, None, is_public=False)
    record(TopicUnmarkedSpam(topic.id, act.id), by=person.id, at=act.at)
    return act


def hide_post(person: Person, topic: Topic, post: Post, reason: str) -> Act:
    """Take a comment or an answer out of sight; raises SecondPersonError for the asker's words."""
    topic = topics.held(topic.id)
    session.refresh(post, ["hidden_at"])
    if post.hidden_at is not None:
        raise AlreadySoError
    asks = post.author_id == topic.asker_id
    alone = asks and second_person(person, topic)
    post.hidden_at = clock.now()
    topics_service.recount_posts(topic, post, -1)
    act = write_act(person, topic, "hide_post", reason, None, post_id=post.id, is_public=alone)
    record(PostHidden(topic.id, post.id, act.id), by=person.id)
    return act


def restore_post(person: Person, topic: Topic, post: Post, reason: str) -> Act:
    """Bring a hidden comment or answer back."""
    topic = topics.held(topic.id)
    session.refresh(post, ["hidden_at"])
    if post.hidden_at is None or queries.was_split(post):
        raise AlreadySoError
    post.hidden_at = None
    topics_service.recount_posts(topic, post, 1)
    act = write_act(person, topic, "restore_post", reason, None, post_id=post.id, is_public=False)
    record(PostRestored(topic.id, post.id, act.id), by=person.id)
    return act
