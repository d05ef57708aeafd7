"""Who stands at the gate, what is counted for trust, and what waits too long."""

from app.accounts import queries as accounts
from app.core import jobs, transactions
from app.core.events import now
from app.moderation import service, trust
from app.moderation.events import (
    PostHidden,
    PostRestored,
    TopicHidden,
    TopicMarkedSpam,
    TopicRestored,
    TopicUnmarkedSpam,
)
from app.topics import gate, queries
from app.topics.events import CommentPublished, TopicOpened

gate.keep(service.look, service.note)


@now(TopicOpened)
def count_the_topic(event: TopicOpened) -> None:
    """Trust grows with what is published."""
    _count(queries.topic(event.topic_id).asker_id, published=1)


@now(CommentPublished)
def count_the_comment(event: CommentPublished) -> None:
    """So it does with every reply."""
    _count(queries.post(event.post_id).author_id, published=1)


@now(TopicHidden, TopicRestored)
def weigh_what_was_hidden(event: TopicHidden | TopicRestored) -> None:
    """What is out of sight was no good text."""
    step = 1 if isinstance(event, TopicRestored) else -1
    _count(queries.topic(event.topic_id).asker_id, published=step)


@now(TopicMarkedSpam, TopicUnmarkedSpam)
def weigh_the_spam(event: TopicMarkedSpam | TopicUnmarkedSpam) -> None:
    """Spam is a fault, until it turns out to be none."""
    step = 1 if isinstance(event, TopicMarkedSpam) else -1
    _count(queries.topic(event.topic_id).asker_id, upheld=step)


@now(PostHidden, PostRestored)
def weigh_the_hidden_post(event: PostHidden | PostRestored) -> None:
    """The same of a reply."""
    step = 1 if isinstance(event, PostRestored) else -1
    _count(queries.post(event.post_id).author_id, published=step)


def _count(person_id: int, **steps: int) -> None:
    person = accounts.person(person_id)
    if person is not None and not person.is_staff:
        trust.count(person_id, **steps)


@jobs.every(600, "moderation.waiting")
def tell_what_waits_long() -> None:
    """The managers hear once of each text that waits too long to be read."""
    service.tell_what_waits_long()
    transactions.commit()
