"""What every verb of moderation does: the act is written down, the counts stay true."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core import clock
from app.core.db import session
from app.moderation import queries
from app.moderation.models import Act
from app.topics import service as topics

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from app.accounts.models import Person
    from app.moderation.models import Submission
    from app.topics.models import Topic


class AlreadySoError(ValueError):
    """The topic or post is in that state already."""


class SecondPersonError(ValueError):
    """Who answers for a category does not remove what it is asked; one of `others` may."""

    def __init__(self, others: Sequence[Person]) -> None:
        super().__init__([p.id for p in others])
        self.others = others


class OthersWaitHereError(ValueError):
    """Other topics were merged into it: who asked them waits for the answer here."""


def write_act(
    person: Person,
    topic: Topic,
    name: str,
    reason: str,
    at: datetime | None,
    **more: int | bool | None,
) -> Act:
    """Write down what is done."""
    act = Act(topic_id=topic.id, name=name, reason=reason, by=person, at=at or clock.now(), **more)
    session.add(act)
    session.flush()
    return act


def write_act_on(
    by: Person,
    name: str,
    reason: str,
    *,
    submission: Submission | None = None,
    person: Person | None = None,
    at: datetime | None = None,
) -> Act:
    """Write down what is done to a text that waited, or to a person; it is not told in public."""
    act = Act(
        topic_id=submission.topic_id if submission is not None else None,
        post_id=submission.post_id if submission is not None else None,
        submission_id=submission.id if submission is not None else None,
        person_id=person.id if person is not None else None,
        name=name,
        reason=reason,
        is_public=False,
        by=by,
        at=at or clock.now(),
    )
    session.add(act)
    session.flush()
    return act


def is_owed(topic: Topic) -> bool:
    """Whether somebody waits for an answer there, though the clock may stand still."""
    return topic.is_awaiting or topic.paused_for is not None


def second_person(person: Person, topic: Topic) -> bool:
    """Raise SecondPersonError when another must decide; True when one should, and there is none."""
    if not queries.is_of_the_team(person, topic):
        return False
    others = queries.who_may_remove(topic)
    if others:
        raise SecondPersonError(others)
    return True


def recount(topic: Topic, was_counted: bool) -> None:  # noqa: FBT001 (how it was before)
    """Keep the numbers of the category and the tags; categories first, whoever counts."""
    step = int(topic.is_counted) - int(was_counted)
    if step:
        topics.count_in_category(topic.category_id, step)
        topics.count_in_tags(topic, step)
