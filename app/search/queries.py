"""What the index is told of the database, and which of its hits a reader may see."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, time
from functools import lru_cache
from typing import TYPE_CHECKING

from sqlalchemy import case, func, or_, select

from app.accounts.models import Person
from app.core import markup
from app.core.db import session
from app.core.language import CODES
from app.ideas.models import IdeaChange
from app.search.facets import Sort
from app.search.index import Document
from app.search.quotes import Said
from app.topics.models import Post, Tag, Topic, topic_tags
from app.topics.policy import visible_topics

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import date

    from app.core.policy import Actor
    from app.search.index import Filters

BATCH = 200

plain = lru_cache(maxsize=1024)(markup.plain)


def documents(topic_ids: Collection[int], *, posts: int | None = None) -> list[Document]:
    """These topics as anybody may read them; at most `posts` replies of each. Five statements."""
    rows = session.execute(
        select(
            Topic.id,
            Topic.title,
            Topic.body_html,
            Topic.language,
            Topic.asker_id,
            Topic.opened_at,
            Topic.category_id,
            Topic.kind,
            Topic.state,
            Topic.answer_id,
            Topic.hidden_at,
            Topic.merged_into_id,
        ).where(Topic.id.in_(topic_ids))
    ).all()
    official, comments = _said(topic_ids, posts)
    tags = _tags(topic_ids)
    answered_by = _answered_by(topic_ids)
    return [
        Document(
            topic_id=row.id,
            title=row.title,
            body=plain(row.body_html),
            language=row.language if row.language in CODES else None,
            official=official[row.id],
            comments=comments[row.id],
            tags=tags[row.id],
            category_id=row.category_id,
            kind=row.kind,
            state=row.state,
            people=[row.asker_id, *answered_by[row.id]],
            asked_at=row.opened_at,
            answered=row.answer_id is not None,
            visible=row.hidden_at is None and row.merged_into_id is None,
        )
        for row in rows
    ]


def every_document() -> Iterator[Document]:
    """All topics by their ids, a batch a transaction: no snapshot is held for minutes."""
    last = 0
    while True:
        session.rollback()
        query = select(Topic.id).where(Topic.id > last).order_by(Topic.id).limit(BATCH)
        ids = session.scalars(query).all()
        if not ids:
            return
        last = ids[-1]
        yield from documents(ids)


def _said(
    topic_ids: Collection[int], most: int | None
) -> tuple[dict[int, list[str]], dict[int, list[str]]]:
    """What the bank and what others said in public, by topic: the bank's words come first."""
    official: defaultdict[int, list[str]] = defaultdict(list)
    comments: defaultdict[int, list[str]] = defaultdict(list)
    order = (case((Post.kind == "answer", 0), else_=1), Post.seq)
    place = func.row_number().over(partition_by=Post.topic_id, order_by=order)
    public = (
        select(Post.topic_id, Post.kind, Post.body_html, place.label("place"))
        .where(Post.topic_id.in_(topic_ids), Post.hidden_at.is_(None))
        .subquery()
    )
    query = select(public).order_by(public.c.topic_id, public.c.place)
    if most is not None:
        query = query.where(public.c.place <= most)
    for row in session.execute(query):
        said = official if row.kind == "answer" else comments
        said[row.topic_id].append(plain(row.body_html))
    decided = select(IdeaChange.topic_id, IdeaChange.note_html).order_by(IdeaChange.id)
    for topic_id, note in session.execute(decided.where(IdeaChange.topic_id.in_(topic_ids))):
        official[topic_id].append(plain(note))
    return official, comments


def _answered_by(topic_ids: Collection[int]) -> dict[int, list[int]]:
    """Who answered for the bank, by topic."""
    answered: defaultdict[int, list[int]] = defaultdict(list)
    query = select(Post.topic_id, Post.author_id).distinct()
    query = query.where(
        Post.topic_id.in_(topic_ids), Post.kind == "answer", Post.hidden_at.is_(None)
    )
    for topic_id, author_id in session.execute(query.order_by(Post.author_id)):
        answered[topic_id].append(author_id)
    return answered


def _tags(topic_ids: Collection[int]) -> dict[int, list[str]]:
    tags: defaultdict[int, list[str]] = defaultdict(list)
    query = select(topic_tags.c.topic_id, Tag.name).join(Tag, Tag.id == topic_tags.c.tag_id)
    for topic_id, name in session.execute(query.where(topic_tags.c.topic_id.in_(topic_ids))):
        tags[topic_id].append(name)
    return tags


def visible(actor: Actor, ids: Collection[int]) -> dict[int, Sort]:
    """Those of `ids` that this actor may read, and of what sort each is."""
    query = select(Topic.id, Topic.category_id, Topic.kind, Topic.state)
    found = session.execute(query.where(Topic.id.in_(ids), visible_topics(actor)))
    return {row.id: Sort(row.category_id, row.kind, row.state) for row in found}


def replies(topic_ids: Collection[int], most: int) -> dict[int, list[Said]]:
    """What was replied in public, by topic: the bank's answers first, at most so many of each."""
    replied: defaultdict[int, list[Said]] = defaultdict(list)
    order = (case((Post.kind == "answer", 0), else_=1), Post.seq)
    place = func.row_number().over(partition_by=Post.topic_id, order_by=order)
    public = (
        select(Post.id, Post.topic_id, Post.kind, Post.body_html, Post.author_id)
        .add_columns(place.label("place"))
        .where(Post.topic_id.in_(topic_ids), Post.hidden_at.is_(None))
        .subquery()
    )
    query = (
        select(public, Person.name)
        .join(Person, Person.id == public.c.author_id)
        .where(public.c.place <= most)
        .order_by(public.c.topic_id, public.c.place)
    )
    for row in session.execute(query):
        is_official = row.kind == "answer"
        replied[row.topic_id].append(Said(plain(row.body_html), row.name, is_official, row.id))
    decided = (
        select(IdeaChange.topic_id, IdeaChange.note_html, Person.name)
        .join(Person, Person.id == IdeaChange.signed_by_id)
        .where(IdeaChange.topic_id.in_(topic_ids))
        .order_by(IdeaChange.id)
    )
    for topic_id, note, name in session.execute(decided):
        replied[topic_id].append(Said(plain(note), name, is_official=True))
    return replied


def newest(actor: Actor, filters: Filters, limit: int) -> list[int]:
    """Ids of the newest topics that fit what was chosen and that this actor may read."""
    query = select(Topic.id).where(visible_topics(actor), Topic.merged_into_id.is_(None))
    if filters.category_ids:
        query = query.where(Topic.category_id.in_(filters.category_ids))
    if filters.kinds:
        query = query.where(Topic.kind.in_(filters.kinds))
    if filters.states:
        query = query.where(Topic.state.in_(filters.states))
    if filters.tags:
        query = query.where(Topic.tags.any(Tag.name.in_(filters.tags)))
    if filters.people:
        answered = select(Post.topic_id).where(
            Post.author_id.in_(filters.people), Post.kind == "answer", Post.hidden_at.is_(None)
        )
        query = query.where(or_(Topic.asker_id.in_(filters.people), Topic.id.in_(answered)))
    if filters.since is not None:
        query = query.where(Topic.opened_at >= _midnight(filters.since))
    if filters.before is not None:
        query = query.where(Topic.opened_at < _midnight(filters.before))
    order = (Topic.opened_at.desc(), Topic.id.desc())
    return list(session.scalars(query.order_by(*order).limit(limit)))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


def is_in_sight(topic: Topic) -> bool:
    """Whether the index should hold it."""
    return topic.hidden_at is None and topic.merged_into_id is None


def topics_in_sight() -> int:
    """How many topics the index should hold."""
    found = select(func.count(Topic.id))
    found = found.where(Topic.hidden_at.is_(None), Topic.merged_into_id.is_(None))
    return session.scalar(found) or 0


def topics_at_all() -> int:
    """How many topics a rebuild reads."""
    return session.scalar(select(func.count(Topic.id))) or 0
