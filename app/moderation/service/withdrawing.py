"""The asker takes a topic back before it was answered, and may think better of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core import clock
from app.core.events import record
from app.core.policy import can
from app.moderation import queries
from app.moderation.events import TopicReinstated, TopicWithdrawn
from app.moderation.service.acting import AlreadySoError, OthersWaitHereError, is_owed, write_act
from app.topics import queries as topics
from app.topics.models import WITHDRAWN
from app.topics.service import FIRST_STATES

if TYPE_CHECKING:
    from datetime import datetime

    from app.accounts.models import Person
    from app.moderation.models import Act
    from app.topics.models import Topic


def withdraw(asker: Person, topic: Topic, reason: str = "", *, at: datetime | None = None) -> Act:
    """Nobody owes an answer any more; the topic stays to be read.

    Raises OthersWaitHereError when topics of others were merged into it.
    """
    topic = topics.held(topic.id)
    if not can(asker, "moderation.withdraw", topic):
        raise AlreadySoError
    if queries.merged_here(topic):
        raise OthersWaitHereError
    owed = is_owed(topic)
    topic.closed_at, topic.state = at or clock.now(), WITHDRAWN
    act = write_act(asker, topic, "withdraw", reason, topic.closed_at, was_owed=owed)
    record(TopicWithdrawn(topic.id, act.id), by=asker.id, at=act.at)
    return act


def reinstate(asker: Person, topic: Topic, *, at: datetime | None = None) -> Act:
    """Its asker wants the answer after all: the promise runs as if nothing had been."""
    topic = topics.held(topic.id)
    if not can(asker, "moderation.reinstate", topic):
        raise AlreadySoError
    topic.closed_at, topic.state = None, FIRST_STATES[topic.kind]
    act = write_act(asker, topic, "reinstate", "", at)
    record(TopicReinstated(topic.id, act.id), by=asker.id, at=act.at)
    return act
