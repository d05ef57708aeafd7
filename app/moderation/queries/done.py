"""Finding acts of moderation."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import aliased, joinedload, lazyload

from app.accounts import queries as accounts
from app.accounts.models import Person
from app.core.db import session
from app.core.events import Delivery
from app.core.pages import SIZE, Order, Page, keyset
from app.core.policy import is_manager
from app.moderation.models import Act
from app.topics import answering
from app.topics.models import Category, Post, Topic
from app.topics.policy import answers_for_it, visible_topics

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement

    from app.core.policy import Actor

NEWEST: Order[Act] = Order((Act.id,), lambda act: (act.id,))
# What takes a topic out of the figures, and the act that undoes it.
UNDONE_BY = {
    "spam": "unspam",
    "merge": "unmerge",
    "withdraw": "reinstate",
    "close": "unlock",
    "hide": "restore",
}
# How many of the later comments may go along with one that becomes a topic.
LONGEST_THREAD = 50
# How many topics are offered when one is looked for by its words.
OFFERED = 8


def act(act_id: int) -> Act:
    """One act; for reactions and letters."""
    return session.get_one(Act, act_id)


def acts(topic: Topic) -> Sequence[Act]:
    """Everything done to a topic, the latest first."""
    query = select(Act).where(Act.topic_id == topic.id).order_by(Act.id.desc())
    return session.scalars(query).all()


def times_moved(topic: Topic) -> int:
    """How often a topic went to another category."""
    query = select(func.count()).where(Act.topic_id == topic.id, Act.name == "move")
    return session.scalar(query) or 0


def last_act(topic: Topic, name: str) -> Act | None:
    """The latest act of this name on a topic itself."""
    query = select(Act).where(Act.topic_id == topic.id, Act.name == name)
    return session.scalar(query.order_by(Act.id.desc()).limit(1))


def _last_of(topic: Topic, *names: str) -> Act | None:
    query = select(Act).where(Act.topic_id == topic.id, Act.name.in_(names))
    return session.scalar(query.order_by(Act.id.desc()).limit(1))


def is_spam(topic: Topic) -> bool:
    """Whether it was judged to be spam, and that judgement stands."""
    last = _last_of(topic, "spam", "unspam") if topic.hidden_at is not None else None
    return last is not None and last.name == "spam"


def comments_after(post: Post) -> Sequence[Post]:
    """What was said beside the answers after a comment, as everybody sees it."""
    later = (Post.topic_id == post.topic_id) & (Post.seq > post.seq)
    plain = (Post.kind == "comment") & Post.hidden_at.is_(None)
    query = select(Post).where(later, plain).order_by(Post.seq).limit(LONGEST_THREAD)
    return session.scalars(query).unique().all()


def was_split(post: Post) -> bool:
    """Whether a reply became a topic of its own; then it is out of sight here for good."""
    if post.hidden_at is None:
        return False
    query = select(Act.id).where(Act.post_id == post.id, Act.name == "split")
    return session.scalar(query.limit(1)) is not None


def stands_hidden(topic: Topic) -> bool:
    """Whether it was hidden and not restored since, whatever else was done to it."""
    last = _last_of(topic, "hide", "restore")
    return last is not None and last.name == "hide"


def stands_closed(topic: Topic) -> bool:
    """Whether it was closed or withdrawn, and nobody undid it."""
    last = _last_of(topic, "close", "unlock", "withdraw", "reinstate")
    return last is not None and last.name in {"close", "withdraw"}


def merged_here(topic: Topic) -> Sequence[Topic]:
    """The topics that went into this one."""
    query = select(Topic).where(Topic.merged_into_id == topic.id).order_by(Topic.id)
    return session.scalars(query).unique().all()


def is_of_the_team(person: Person, topic: Topic) -> bool:
    """Whether this person would have to answer: removing it is not theirs to decide alone."""
    return answers_for_it(person, topic)


def who_may_remove(topic: Topic) -> list[Person]:
    """The managers and administrators who do not answer for the topic's category."""
    acting = answering.answers_today(topic.category).person.id
    return [
        p
        for p in accounts.staff()
        if is_manager(p, None)
        and p.confirmed_at is not None
        and p.id != acting
        and not topic.category.is_answered_by(p.id)
    ]


def titles(acts: Iterable[Act], actor: Actor) -> dict[int, str]:
    """The titles of the topics that these acts joined, parted or made, as the actor may read."""
    joining = [act for act in acts if act.name in {"merge", "unmerge", "split"}]
    ids = {i for act in joining for i in (act.topic_id, act.after_id) if i}
    if not ids:
        return {}
    query = select(Topic.id, Topic.title).where(Topic.id.in_(ids), visible_topics(actor))
    return dict(session.execute(query).tuples().all())


def acts_by_id(ids: Iterable[int]) -> dict[int, Act]:
    """These acts by their numbers."""
    wanted = list(ids)
    if not wanted:
        return {}
    return {a.id: a for a in session.scalars(select(Act).where(Act.id.in_(wanted)))}


def may_be_meant(topic: Topic, words: str) -> Sequence[Topic]:
    """Topics that this one may go into and whose titles hold all of these words, newest first."""
    query = select(Topic).where(
        Topic.id != topic.id,
        Topic.hidden_at.is_(None),
        Topic.closed_at.is_(None),
        Topic.merged_into_id.is_(None),
        *(_in_title(_stem(word)) for word in re.findall(r"\w+", words)),
    )
    query = query.options(lazyload(Topic.tags), lazyload(Topic.answer))
    return session.scalars(query.order_by(Topic.id.desc()).limit(OFFERED)).unique().all()


def _stem(word: str) -> str:
    """Without its ending, as in `topics.queries.category_for`: "карта" finds "карту"."""
    return word[: max(4, len(word) - 2)] if len(word) > len("карт") else word


def _in_title(word: str) -> ColumnElement[bool]:
    """SQLite knows upper and lower case of Latin letters only, so each way of writing is asked."""
    ways = {word, word.lower(), word.capitalize(), word.upper()}
    return or_(*(Topic.title.contains(way, autoescape=True) for way in sorted(ways)))


def excluded(first: datetime, after: datetime, cursor: str | None) -> Page[Act]:
    """Acts between these instants that keep topics out of the figures still, the latest first."""
    query = select(Act).where(*_keeps_out(first, after))
    query = query.options(
        joinedload(Act.topic).load_only(Topic.title, Topic.hidden_at).lazyload("*")
    )
    return keyset(query, NEWEST, cursor, SIZE)


def excluded_counts(first: datetime, after: datetime) -> dict[str, int]:
    """How many there are of each sort."""
    query = select(Act.name, func.count()).where(*_keeps_out(first, after)).group_by(Act.name)
    return dict(session.execute(query).tuples().all())


def _keeps_out(first: datetime, after: datetime) -> tuple[ColumnElement[bool], ...]:
    later = aliased(Act)
    undone = and_(
        later.topic_id == Act.topic_id,
        later.id > Act.id,
        later.name == case(UNDONE_BY, value=Act.name),
    )
    return (
        Act.at >= first,
        Act.at < after,
        Act.name.in_(UNDONE_BY),
        # To close what was answered takes nothing out of the figures.
        or_(Act.name != "close", Act.was_owed.is_(True)),
        ~select(later.id).where(undone).exists(),
    )


def log(by: Person | None, *, cursor: str | None = None, size: int = SIZE) -> Page[Act]:
    """Every act, the latest first, with its topic and post; only one person's, when given."""
    query = select(Act).options(
        joinedload(Act.topic).load_only(Topic.title, Topic.hidden_at).lazyload("*"),
        joinedload(Act.post).load_only(Post.seq, Post.kind).lazyload("*"),
        joinedload(Act.person).load_only(Person.name).lazyload("*"),
    )
    if by is not None:
        query = query.where(Act.by_id == by.id)
    return keyset(query, NEWEST, cursor, size)


def category_names(acts: Iterable[Act]) -> dict[int, str]:
    """The names of the categories that moves were made between, archived ones too."""
    moves = [act for act in acts if act.name == "move"]
    ids = {i for act in moves for i in (act.before_id, act.after_id) if i is not None}
    if not ids:
        return {}
    rows = session.execute(select(Category.id, Category.name).where(Category.id.in_(ids)))
    return dict(rows.tuples().all())


def dead_deliveries() -> dict[str, int]:
    """Reactions that gave up, by name: each is a letter unsent or an index unfed."""
    query = select(Delivery.reaction, func.count()).where(Delivery.state == "dead")
    rows = session.execute(query.group_by(Delivery.reaction).order_by(Delivery.reaction))
    return dict(rows.tuples().all())
