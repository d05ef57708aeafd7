"""Two topics that ask the same become one, and may be parted again as if they never had been.

Nothing is copied. The merged topic stays where it is, closed; who asked, followed or voted there is
counted where the answer comes. What came over is known by the instant of the merge.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from app.core import clock
from app.core.db import session
from app.core.events import record
from app.core.policy import can
from app.moderation import queries
from app.moderation.events import TopicJoined, TopicMerged, TopicParted, TopicUnmerged
from app.moderation.service.acting import AlreadySoError, is_owed, recount, write_act
from app.topics import queries as topics
from app.topics import service as topics_service
from app.topics.models import Topic, Vote

if TYPE_CHECKING:
    from datetime import datetime

    from app.accounts.models import Person
    from app.moderation.models import Act


class CannotMergeError(ValueError):
    """They cannot become one; `why` is one of the words of `why_not`, or of a missing answer.

    "unanswered": an official answer must say first where it was answered. "not_yours": it must, and
    this person may not give it.
    """

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def why_not(topic: Topic, into: Topic) -> str | None:
    """Why `topic` cannot go into `into`; None when it can."""
    if topic.id == into.id:
        return "itself"
    if into.hidden_at is not None:
        return "hidden"
    if into.merged_into_id is not None:
        return "merged"
    if into.closed_at is not None:
        return "closed"
    if queries.merged_here(topic):
        return "joined"
    return None


def needs_answer(topic: Topic, into: Topic) -> bool:
    """Whether the asker waits for an answer that would never come: there, none is owed any more."""
    return is_owed(topic) and not is_owed(into)


def merge(
    person: Person,
    topic: Topic,
    into: Topic,
    reason: str,
    *,
    answer: str = "",
    at: datetime | None = None,
) -> Act:
    """Let `into` be answered for both. Raises CannotMergeError.

    `answer`: the official answer that says where it was answered, when `needs_answer`.
    """
    topic, into = _held(topic.id, into.id)
    if topic.merged_into_id is not None or topic.hidden_at is not None:
        raise AlreadySoError
    why = why_not(topic, into)
    if why is not None:
        raise CannotMergeError(why)
    at = at or clock.now()
    owed = is_owed(topic)
    if needs_answer(topic, into):
        _answer_first(person, topic, answer, at)
    counted = topic.is_counted
    topic.merged_into_id, topic.closed_at = into.id, topic.closed_at or at
    recount(topic, counted)
    _bring_votes(topic, into, at)
    act = write_act(person, topic, "merge", reason, at, after_id=into.id, was_owed=owed)
    record(TopicMerged(topic.id, into.id, act.id), by=person.id, at=at)
    record(TopicJoined(into.id, topic.id, act.id), by=person.id, at=at)
    return act


def unmerge(person: Person, topic: Topic, reason: str) -> Act:
    """Part them: every promise, vote and count is as if they had never been one.

    An official answer that was given on the way stands: it was said in public.
    """
    topic, into = _held(topic.id, topic.merged_into_id or topic.id)
    if topic.merged_into_id != into.id or into.id == topic.id:
        raise AlreadySoError
    merged = queries.last_act(topic, "merge")
    counted = topic.is_counted
    topic.merged_into_id = None
    if not queries.stands_closed(topic):
        topic.closed_at = None
    recount(topic, counted)
    session.flush()
    if merged is not None:
        _take_votes_back(topic, into, merged.at)
    act = write_act(person, topic, "unmerge", reason, None, after_id=into.id)
    record(TopicUnmerged(topic.id, into.id, act.id), by=person.id, at=act.at)
    record(TopicParted(into.id, topic.id, act.id), by=person.id, at=act.at)
    return act


def _held(topic_id: int, into_id: int) -> tuple[Topic, Topic]:
    """Both rows ours, taken in one order, so that two who merge crosswise wait in turn."""
    rows = {i: topics.held(i) for i in sorted({topic_id, into_id})}
    return rows[topic_id], rows[into_id]


def _answer_first(person: Person, topic: Topic, answer: str, at: datetime) -> None:
    if not can(person, "topics.answer", topic):
        raise CannotMergeError("not_yours")
    if not answer:
        raise CannotMergeError("unanswered")
    topics_service.answer(person, topic, answer, at=at)


def _voices(topic: Topic) -> set[int]:
    """Everybody who has the same: the voters, and the asker, whose topic is their voice."""
    return {*topics.voter_ids(topic), topic.asker_id}


def _bring_votes(topic: Topic, into: Topic, at: datetime) -> None:
    if into.kind == "praise":
        return
    new = _voices(topic) - _voices(into)
    session.add_all(Vote(topic_id=into.id, person_id=i, at=at) for i in sorted(new))
    into.votes_count += len(new)
    session.flush()


def _take_votes_back(topic: Topic, into: Topic, at: datetime) -> None:
    came = select(Vote.person_id).where(Vote.topic_id == into.id, Vote.at == at)
    gone = _voices(topic).intersection(session.scalars(came))
    session.execute(delete(Vote).where(Vote.topic_id == into.id, Vote.person_id.in_(gone)))
    into.votes_count -= len(gone)
    # Some of them spoke up in a third topic that stays merged.
    for other in queries.merged_here(into):
        act = queries.last_act(other, "merge")
        if act is not None:
            _bring_votes(other, into, act.at)
