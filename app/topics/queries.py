"""Finding topics, posts, categories, drafts. Lists cost a fixed number of statements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from app.core.db import session
from app.core.pages import SIZE, Order, Page, keyset
from app.topics.models import Category, Draft, Post, Revision, Tag, Topic, Vote, topic_tags
from app.topics.policy import visible_posts, visible_topics

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Select

    from app.accounts.models import Person
    from app.core.policy import Actor

RECENT: Order[Topic] = Order(
    (Topic.pinned, Topic.opened_at, Topic.id), lambda t: (t.pinned, t.opened_at, t.id)
)
NEWEST: Order[Topic] = Order((Topic.opened_at, Topic.id), lambda t: (t.opened_at, t.id))
POPULAR: Order[Topic] = Order((Topic.votes_count, Topic.id), lambda t: (t.votes_count, t.id))
SOONEST: Order[Topic] = Order(
    (Topic.due_at, Topic.id), lambda t: (t.due_at, t.id), descending=False
)

# What the front page and a category page may be asked to show, and how it is sorted.
VIEWS = ("recent", "unanswered", "popular", "solved", "ideas")


def topic(topic_id: int) -> Topic:
    """The topic, hidden or not; for reactions and commands."""
    return session.get_one(Topic, topic_id)


def topic_in_sight(actor: Actor, topic_id: int) -> Topic | None:
    """The topic if this actor may read it."""
    query = select(Topic).where(Topic.id == topic_id, visible_topics(actor))
    return session.scalar(query.options(_with_answer()))


def post_in_sight(actor: Actor, post_id: int) -> Post | None:
    """The post if this actor may read it and its topic."""
    query = (
        select(Post)
        .join(Topic, Topic.id == Post.topic_id)
        .where(Post.id == post_id, visible_posts(actor), visible_topics(actor))
    )
    return session.scalar(query)


def topics(
    actor: Actor,
    view: str = "recent",
    *,
    category: Category | None = None,
    tag: Tag | None = None,
    asker: Person | None = None,
    kind: str | None = None,
    cursor: str | None = None,
    size: int = SIZE,
) -> Page[Topic]:
    """One page of topics this actor may read, each with category, asker, executive and answer."""
    query = select(Topic).where(visible_topics(actor)).options(*_for_a_line())
    if category is not None:
        query = query.where(Topic.category_id == category.id)
    if tag is not None:
        query = query.join(topic_tags).where(topic_tags.c.tag_id == tag.id)
    if asker is not None:
        query = query.where(Topic.asker_id == asker.id)
    if kind is not None:
        query = query.where(Topic.kind == kind)
    query, order = _viewed(query, view)
    return keyset(query, order, cursor, size)


def _viewed(query: Select[tuple[Topic]], view: str) -> tuple[Select[tuple[Topic]], Order[Topic]]:
    if view == "unanswered":
        return query.where(Topic.is_awaiting.is_(True)), NEWEST
    if view == "popular":
        return query, POPULAR
    if view == "solved":
        return query.where(Topic.state == "solved"), NEWEST
    if view == "ideas":
        return query.where(Topic.kind == "idea"), POPULAR
    return query, RECENT


def due_for(person: Person | None, *, cursor: str | None = None, size: int = SIZE) -> Page[Topic]:
    """What waits for an answer, soonest first; only what `person` may answer, when given."""
    query = (
        select(Topic)
        .where(Topic.is_awaiting.is_(True), Topic.hidden_at.is_(None))
        .options(*_for_a_line())
    )
    if person is not None:
        query = query.where(Topic.category_id.in_(category_ids_of(person)))
    return keyset(query, SOONEST, cursor, size)


def topics_by_id(actor: Actor, ids: Iterable[int]) -> dict[int, Topic]:
    """Those of `ids` that this actor may read, by id."""
    query = select(Topic).where(Topic.id.in_(list(ids)), visible_topics(actor))
    found = session.scalars(query.options(*_for_a_line())).unique()
    return {t.id: t for t in found}


def posts(topic: Topic, actor: Actor) -> Sequence[Post]:
    """A topic's answers and comments that this actor may read, in the order they were written."""
    query = select(Post).where(Post.topic_id == topic.id, visible_posts(actor))
    return session.scalars(query.order_by(Post.seq)).unique().all()


def post(post_id: int) -> Post:
    """The post, hidden or not; for reactions and commands."""
    return session.get_one(Post, post_id)


def last_official_answer(topic: Topic) -> Post | None:
    """The newest official answer that stands."""
    query = select(Post).where(
        Post.topic_id == topic.id, Post.kind == "answer", Post.hidden_at.is_(None)
    )
    return session.scalar(query.order_by(Post.seq.desc()).limit(1))


def official_answers(topic: Topic) -> Sequence[Post]:
    """Every official answer that stands, the first first."""
    query = select(Post).where(
        Post.topic_id == topic.id, Post.kind == "answer", Post.hidden_at.is_(None)
    )
    return session.scalars(query.order_by(Post.seq)).all()


def revisions(topic: Topic) -> Sequence[Revision]:
    """What a topic and its posts said before, newest first."""
    query = select(Revision).where(Revision.topic_id == topic.id).order_by(Revision.id.desc())
    return session.scalars(query).all()


def has_voted(topic: Topic, actor: Actor) -> bool:
    """Whether this actor's voice is counted."""
    return actor.id is not None and session.get(Vote, (topic.id, actor.id)) is not None


def voter_ids(topic: Topic) -> Sequence[int]:
    """Everybody whose voice is counted."""
    return session.scalars(select(Vote.person_id).where(Vote.topic_id == topic.id)).all()


def categories() -> Sequence[Category]:
    """The open categories in their order, each with owner and deputy."""
    query = select(Category).where(Category.archived_at.is_(None))
    return session.scalars(query.order_by(Category.place, Category.id)).unique().all()


def category_by_slug(_actor: Actor, slug: str) -> Category | None:
    """A category by its address."""
    return session.scalar(select(Category).where(Category.slug == slug))


def category(category_id: int) -> Category | None:
    """A category by its id."""
    return session.get(Category, category_id)


def categories_of(person: Person) -> Sequence[Category]:
    """The categories this person owns, in order."""
    query = select(Category).where(Category.owner_id == person.id, Category.archived_at.is_(None))
    return session.scalars(query.order_by(Category.place)).unique().all()


def category_ids_of(person: Person) -> list[int]:
    """The categories this person may answer in: as owner, deputy or named delegate."""
    return [c.id for c in categories() if c.is_answered_by(person.id)]


def tag_by_name(_actor: Actor, name: str) -> Tag | None:
    """A tag by its word."""
    return session.scalar(select(Tag).where(Tag.name == name))


def popular_tags(limit: int = 60) -> Sequence[Tag]:
    """The tags in use, the most used first."""
    query = select(Tag).where(Tag.topics_count > 0)
    return session.scalars(query.order_by(Tag.topics_count.desc(), Tag.name).limit(limit)).all()


def draft(about: str, *, person_id: int | None, guest: str | None) -> Draft | None:
    """The text in hand for `about`, of this person or else of this browser."""
    if person_id is not None:
        return session.scalar(
            select(Draft).where(Draft.about == about, Draft.person_id == person_id)
        )
    if guest is None:
        return None
    return session.scalar(select(Draft).where(Draft.about == about, Draft.guest == guest))


def drafts_of_guest(guest: str) -> Sequence[Draft]:
    """What a browser has begun."""
    return session.scalars(select(Draft).where(Draft.guest == guest)).all()


def _with_answer() -> Any:
    return joinedload(Topic.answer).joinedload(Post.author)


def _for_a_line() -> tuple[Any, ...]:
    """Everything a line in a list shows, without a statement a row."""
    return (_with_answer(), selectinload(Topic.tags))
