"""Whose turn it is: what the bank asked back, what it thinks needs no answer, who took it.

Read from what is there, for whoever decides who may do what; the clocks are the knowledge of `sla`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import aliased

from app.core.db import session
from app.core.events import Fact
from app.topics.events import (
    AnswerPublished,
    CommentPublished,
    NoReplyDisputed,
    NoReplyNeeded,
    TopicReopened,
    TopicTaken,
)
from app.topics.models import Post, Topic

if TYPE_CHECKING:
    from datetime import datetime

    from app.core.policy import Actor

# What passes the turn from one to the other.
_TURNS = (AnswerPublished, CommentPublished, TopicReopened, NoReplyNeeded, NoReplyDisputed)
# A run of thanks longer than this hides what was before it.
_LONGEST = 50


def question_back(topic: Topic) -> Post | None:
    """What the bank asked the asker last, while they have not written since."""
    reply = aliased(Post)
    answered = exists().where(
        reply.topic_id == topic.id, reply.author_id == topic.asker_id, reply.seq > Post.seq
    )
    query = select(Post).where(
        Post.topic_id == topic.id,
        Post.kind == "clarification",
        Post.hidden_at.is_(None),
        ~answered,
    )
    return session.scalars(query.order_by(Post.seq.desc()).limit(1)).unique().first()


def awaits_only_news(topic: Topic) -> bool:
    """Whether all that is owed is the news of which the bank named the day."""
    if not topic.is_awaiting:
        return False
    # What is owed began when it was promised.
    promised = select(Post.id).where(
        Post.topic_id == topic.id,
        Post.promised_for.is_not(None),
        Post.published_at == topic.promised_at,
    )
    return session.scalar(promised.limit(1)) is not None


def owes_another_answer(topic: Topic) -> bool:
    """Whether the asker waits for an answer to what they wrote after an official one."""
    return topic.is_awaiting and topic.answer_id is not None and not awaits_only_news(topic)


def is_let_off(topic: Topic) -> bool:
    """Whether the bank said last that no answer is needed, and nobody spoke since."""
    query = (
        select(Fact)
        .where(
            Fact.stream == f"topic:{topic.id}",
            Fact.name.in_([kind.__name__ for kind in _TURNS]),
            or_(Fact.name != CommentPublished.__name__, Fact.actor_id == topic.asker_id),
        )
        .order_by(Fact.id.desc())
        .limit(_LONGEST)
    )
    for fact in session.scalars(query):
        event = fact.event
        if not isinstance(event, CommentPublished) or event.wants_answer:
            return isinstance(event, NoReplyNeeded)
    return False


def took_it(person: Actor, topic: Topic, since: datetime) -> bool:
    """Whether this person said "I take it" since then."""
    query = select(Fact.id).where(
        Fact.stream == f"topic:{topic.id}",
        Fact.name == TopicTaken.__name__,
        Fact.actor_id == person.id,
        Fact.at >= since,
    )
    return session.scalar(query.limit(1)) is not None
