"""A comment that asks something of its own becomes a topic, with its own promise.

The promise runs from when the comment was written. Comments that belong to it go along; what stood
here under their numbers leads to where they are now. To undo it, the two are merged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core import clock
from app.core.db import session
from app.core.events import record
from app.moderation import queries
from app.moderation.events import CommentSplit
from app.moderation.service.acting import AlreadySoError, write_act
from app.topics import queries as topics
from app.topics import service as topics_service

if TYPE_CHECKING:
    from collections.abc import Collection

    from app.accounts.models import Person
    from app.topics.models import Category, Post, Topic


def can_split(post: Post) -> bool:
    """Only what a customer said beside the answer, and everybody still sees."""
    return post.kind == "comment" and post.hidden_at is None and not post.author.is_staff


def split(
    person: Person,
    post: Post,
    *,
    kind: str,
    title: str,
    category: Category,
    reason: str,
    along: Collection[int] = (),
) -> Topic:
    """Make a topic of a comment; `along`: the ids of the later comments that belong to it."""
    topic = topics.held(post.topic_id)
    session.refresh(post, ["hidden_at", "topic_id", "body"])
    if post.topic_id != topic.id or not can_split(post) or topic.merged_into_id is not None:
        raise AlreadySoError
    words = topics_service.Words(kind, title, post.body, category, language=post.language)
    made = topics_service.start_from(post, topic, words)
    going = [each for each in queries.comments_after(post) if each.id in set(along)]
    topics_service.hand_over(going, topic, made)
    act = write_act(person, topic, "split", reason, clock.now(), post_id=post.id, after_id=made.id)
    record(CommentSplit(topic.id, post.id, made.id, act.id), by=person.id, at=act.at)
    return made
