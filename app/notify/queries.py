"""Finding follows, letters, and those who are to be told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import selectinload

from app.accounts.models import Person
from app.core.db import session
from app.core.pages import SIZE, Order, Page, keyset
from app.core.policy import PUBLIC
from app.notify.models import Follow, Letter
from app.topics import queries as topics
from app.topics.models import Post, Topic, Vote
from app.topics.policy import visible_posts, visible_topics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Select

    from app.core.policy import Actor
    from app.topics.models import Category

LATEST: Order[Follow] = Order((Follow.at, Follow.topic_id), lambda f: (f.at, f.topic_id))
FEED_SIZE = 30


def follow(topic_id: int, person_id: int | None) -> Follow | None:
    """What this person said about following this topic, yes or no."""
    return session.get(Follow, (topic_id, person_id)) if person_id is not None else None


def is_following(actor: Actor, topic: Topic) -> bool:
    """Whether this actor is told what happens to the topic."""
    if actor.id is None:
        return False
    asked = {"topic_id": topic.id, "person_id": actor.id}
    return session.execute(_FOLLOWS, asked).first() is not None


_FOLLOWS = select(Follow.__table__.c.topic_id).where(
    Follow.__table__.c.topic_id == bindparam("topic_id"),
    Follow.__table__.c.person_id == bindparam("person_id"),
    Follow.__table__.c.ended_at.is_(None),
)


def has_declined(person: Person, topic_id: int) -> bool:
    """Whether this person said "no more letters about this topic"."""
    found = follow(topic_id, person.id)
    return found is not None and found.ended_at is not None


def declined_ids(topic: Topic) -> set[int | None]:
    """Everybody who said "no more letters about this topic"."""
    return set(
        session.scalars(
            select(Follow.person_id).where(
                Follow.topic_id == topic.id, Follow.ended_at.is_not(None)
            )
        )
    )


def topic(topic_id: int) -> Topic | None:
    """The topic, hidden or not; None when it was never there or is gone."""
    return session.get(Topic, topic_id)


def followed(person: Person, *, cursor: str | None = None, size: int = SIZE) -> Page[Follow]:
    """One page of what a person follows and may read, the last begun first."""
    query = (
        select(Follow)
        .join(Follow.topic)
        .where(Follow.person_id == person.id, Follow.ended_at.is_(None), visible_topics(person))
        .options(selectinload(Follow.topic, Topic.tags))
    )
    return keyset(query, LATEST, cursor, size)


def followers(topic: Topic) -> Sequence[Person]:
    """Everybody who follows the topic."""
    return session.scalars(select(Person).where(Person.id.in_(_following(topic)))).all()


def interested(topic: Topic) -> Sequence[Person]:
    """The asker, the followers and the voters, each once."""
    voters = select(Vote.person_id).where(Vote.topic_id == topic.id)
    query = select(Person).where(
        or_(
            Person.id == topic.asker_id,
            Person.id.in_(_following(topic)),
            Person.id.in_(voters),
        )
    )
    return session.scalars(query.order_by(Person.id)).all()


def letter(letter_id: int) -> Letter | None:
    """A letter; None when what it was about is gone."""
    return session.get(Letter, letter_id)


def addresses_written_to(fact_id: int) -> set[str]:
    """Where letters about this fact go already."""
    return set(session.scalars(select(Letter.address).where(Letter.fact_id == fact_id)))


def public_topic(_actor: Actor, topic_id: int) -> Topic | None:
    """The topic if everybody may read it, whoever asks."""
    return topics.topic_in_sight(PUBLIC, topic_id)


def public_topics(category: Category | None = None) -> Sequence[Topic]:
    """The newest topics everybody may read, each with its official answer."""
    query = select(Topic).where(visible_topics(PUBLIC), Topic.merged_into_id.is_(None))
    if category is not None:
        query = query.where(Topic.category_id == category.id)
    query = query.order_by(Topic.opened_at.desc(), Topic.id.desc()).limit(FEED_SIZE)
    return session.scalars(query).unique().all()


def public_posts(topic: Topic) -> Sequence[Post]:
    """The newest answers and comments everybody may read, the newest first."""
    query = select(Post).where(Post.topic_id == topic.id, visible_posts(PUBLIC))
    return session.scalars(query.order_by(Post.seq.desc()).limit(FEED_SIZE)).unique().all()


def _following(topic: Topic) -> Select[tuple[int]]:
    return select(Follow.person_id).where(Follow.topic_id == topic.id, Follow.ended_at.is_(None))
