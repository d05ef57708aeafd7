"""Finding topics, posts, categories, drafts. Lists cost a fixed number of statements."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Integer, String, and_, bindparam, func, literal_column, select
from sqlalchemy.orm import joinedload, lazyload, selectinload

from app.accounts.models import Person
from app.accounts.queries import people_by_id
from app.core.db import session, while_reading
from app.core.pagecache import pieces
from app.core.pages import SIZE, Order, Page, keyset, keyset_rows
from app.topics import answerers, answering
from app.topics.models import (
    Category,
    Draft,
    Moved,
    Post,
    Revision,
    Tag,
    Topic,
    Vote,
    topic_tags,
)
from app.topics.policy import MANAGERS, sight, visible_posts, visible_topics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Select

    from app.core.policy import Actor

RECENT: Order[Topic] = Order(
    (Topic.pinned, Topic.opened_at, Topic.id), lambda t: (t.pinned, t.opened_at, t.id)
)
NEWEST: Order[Any] = Order((Topic.opened_at, Topic.id), lambda t: (t.opened_at, t.id))
POPULAR: Order[Topic] = Order((Topic.votes_count, Topic.id), lambda t: (t.votes_count, t.id))
SOONEST: Order[Any] = Order((Topic.due_at, Topic.id), lambda t: (t.due_at, t.id), descending=False)

# What the front page and a category page may be asked to show, and how it is sorted.
VIEWS = ("recent", "unanswered", "popular", "solved", "ideas")


def topic(topic_id: int) -> Topic:
    """The topic, hidden or not; for reactions and commands."""
    return session.get_one(Topic, topic_id)


def held(topic_id: int) -> Topic:
    """The topic as it stands now, its row ours until commit: what is done to it goes in turn."""
    query = select(Topic).where(Topic.id == topic_id).with_for_update(of=Topic)
    return session.scalars(query.execution_options(populate_existing=True)).unique().one()


def topic_in_sight(actor: Actor, topic_id: int) -> Topic | None:
    """The topic if this actor may read it."""
    return session.scalar(_in_sight(sight(actor)), {"topic_id": topic_id})


@cache
def _in_sight(whose: str) -> Select[tuple[Topic]]:
    """Who is beside it is asked for where it is shown: on most pages that is kept already."""
    seen = () if whose == MANAGERS else (Topic.hidden_at.is_(None),)
    query = select(Topic).where(Topic.id == bindparam("topic_id"), *seen)
    return query.options(lazyload("*"))


def post_in_sight(actor: Actor, post_id: int) -> Post | None:
    """The post if this actor may read it and its topic."""
    query = (
        select(Post)
        .join(Topic, Topic.id == Post.topic_id)
        .where(Post.id == post_id, visible_posts(actor), visible_topics(actor))
    )
    return session.scalar(query)


def topics(  # noqa: PLR0913 (each narrows the list)
    actor: Actor,
    view: str = "recent",
    *,
    category: Category | None = None,
    tag: Tag | None = None,
    asker: Person | None = None,
    kind: str | None = None,
    state: str | None = None,
    cursor: str | None = None,
    size: int = SIZE,
) -> Page[Topic]:
    """One page of topics this actor may read, each with category, asker, executive and answer.

    What was merged is found where it went; among one's own topics it stands, marked.
    """
    query = select(Topic).where(visible_topics(actor)).options(*_for_a_line())
    if category is not None:
        query = query.where(Topic.category_id == category.id)
    if tag is not None:
        query = query.join(topic_tags).where(topic_tags.c.tag_id == tag.id)
    if asker is not None:
        query = query.where(Topic.asker_id == asker.id)
    else:
        query = query.where(Topic.merged_into_id.is_(None))
    if kind is not None:
        query = query.where(Topic.kind == kind)
    if state is not None:
        query = query.where(Topic.state == state)
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


def due_for(
    person: Person | None,
    *,
    among: Iterable[Category | Named] | None = None,
    category: Category | Named | None = None,
    paused: bool = False,
    cursor: str | None = None,
    size: int = SIZE,
) -> Page[Waits]:
    """What waits for an answer, soonest first; only what `person` may answer, when given.

    `paused`: instead, what stands still until its asker replies, the newest first. `among`: the
    categories in which they may answer, when they were read already. The first page of a pile is
    kept as long as a piece of a page.
    """
    of = category.id if category else None
    ids = None if person is None else tuple(_ids(person, among))

    def found() -> Page[Waits]:
        query = select(*_IN_THE_PILE).where(*_on_desk(person, among, paused=paused))
        if of is not None:
            query = query.where(Topic.category_id == of)
        page = keyset_rows(query, NEWEST if paused else SOONEST, cursor, size)
        return Page(tuple(map(Waits._make, page.items)), page.newer, page.older)

    # Of first pages there are few: others are as many as somebody likes to make up.
    if cursor is not None:
        return found()
    return pieces.keep_for_all("topics:pile", ids, of, paused, size, make=found)


class Waits(NamedTuple):
    """What stands of a topic on the desk while another is open, and how its promise stands."""

    id: int
    title: str
    language: str
    opened_at: datetime
    promised_at: datetime | None
    due_at: datetime | None
    at_risk_at: datetime | None
    kept_at: datetime | None
    is_awaiting: bool
    paused_for: str | None


_IN_THE_PILE = tuple(getattr(Topic, name) for name in Waits._fields)


def topic_on_desk(
    person: Person | None,
    topic_id: int,
    *,
    among: Iterable[Category | Named] | None = None,
    paused: bool = False,
) -> Topic | None:
    """The topic, if it lies in that pile of this person (of anybody, when None)."""
    found = session.scalar(_in_sight(MANAGERS), {"topic_id": topic_id})
    if found is None or found.hidden_at is not None:
        return None
    if person is not None and found.category_id not in _ids(person, among):
        return None
    waits = found.paused_for == "customer" if paused else found.is_awaiting
    return found if waits else None


@dataclass(frozen=True)
class Day:
    """How a desk's day stands: answers given, topics left, and those of them overdue.

    `paused`: how many stand still until their asker replies. `next_due_at`: when one more is
    overdue, if nothing happens.
    """

    answered: int
    left: int
    overdue: int
    paused: int = 0
    next_due_at: datetime | None = None


def day(
    person: Person | None,
    since: datetime,
    at: datetime,
    *,
    among: Iterable[Category | Named] | None = None,
) -> Day:
    """The day of `person`'s desk (of the whole bank, when None), which began `since`."""
    late = func.count().filter(Topic.due_at < at)
    turns = func.min(Topic.due_at).filter(Topic.due_at >= at)
    left, overdue, next_due_at = session.execute(
        select(func.count(), late, turns).select_from(Topic).where(*_on_desk(person, among))
    ).one()
    stand = select(func.count()).select_from(Topic).where(*_on_desk(person, among, paused=True))
    paused, given = session.scalar(stand) or 0, _given(since)
    answered = sum(given.values()) if person is None else given.get(person.id, 0)
    return Day(answered, left, overdue, paused, next_due_at)


def _given(since: datetime) -> Mapping[int, int]:
    """How many official answers each author gave since then.

    Asked for all desks at once: to find an author's of today is to read all they ever gave.
    """

    def counted() -> dict[int, int]:
        return dict(session.execute(_GIVEN, {"since": since}).tuples().all())

    return pieces.keep_for_all("topics:given", since, make=counted)


# By a sum, for else SQLite would read every answer there is, in the order of an index by author.
_AUTHOR = Post.author_id + literal_column("0")
_GIVEN = (
    select(_AUTHOR, func.count())
    .where(Post.kind == "answer", Post.published_at >= bindparam("since"), Post.hidden_at.is_(None))
    .group_by(_AUTHOR)
)


def _on_desk(
    person: Person | None, among: Iterable[Category | Named] | None = None, *, paused: bool = False
) -> tuple[ColumnElement[bool], ...]:
    waits = (
        Topic.paused_for == "customer" if paused else Topic.is_awaiting.is_(True),
        Topic.hidden_at.is_(None),
    )
    if person is None:
        return waits
    return (*waits, Topic.category_id.in_(_ids(person, among)))


def _ids(person: Person, among: Iterable[Category | Named] | None) -> list[int]:
    return category_ids_of(person) if among is None else [c.id for c in among]


def topics_by_id(actor: Actor, ids: Iterable[int]) -> dict[int, Topic]:
    """Those of `ids` that this actor may read, by id."""
    query = select(Topic).where(Topic.id.in_(list(ids)), visible_topics(actor))
    found = session.scalars(query.options(*_for_a_line(selectinload))).unique()
    return {t.id: t for t in found}


def answered_among(actor: Actor, ids: Iterable[int]) -> dict[int, Topic]:
    """Those of `ids` that this actor may read and that have an answer in sight, by id."""
    found = session.scalars(_answered_in_sight(sight(actor)), {"ids": list(ids)}).unique()
    return {t.id: t for t in found}


@cache
def _answered_in_sight(whose: str) -> Select[tuple[Topic]]:
    seen = () if whose == MANAGERS else (Topic.hidden_at.is_(None),)
    is_answered = Topic.answer.has(Post.hidden_at.is_(None))
    query = select(Topic).where(Topic.id.in_(bindparam("ids", expanding=True)), is_answered, *seen)
    return query.options(*_for_a_line())


def answers_among(actor: Actor, ids: Iterable[int]) -> dict[int, tuple[int, str, Post]]:
    """Their numbers, titles and answers, when no more is shown of them."""
    found = session.execute(_answers_of(sight(actor)), {"ids": list(ids)})
    return {number: (number, title, post) for number, title, post in found}


@cache
def _answers_of(whose: str) -> Select[tuple[int, str, Post]]:
    seen = () if whose == MANAGERS else (Topic.hidden_at.is_(None),)
    query = select(Topic.id, Topic.title, Post).join(Post, Post.id == Topic.answer_id)
    query = query.where(Topic.id.in_(bindparam("ids", expanding=True)), Post.hidden_at.is_(None))
    return query.where(*seen).options(joinedload(Post.author).lazyload(Person.portrait))


def last_posts(topic: Topic, actor: Actor, count: int) -> list[Post]:
    """The last answers and comments that this actor may read, in the order they were written."""
    asked = {"topic_id": topic.id, "size": count}
    found = session.scalars(_last_in_sight(sight(actor)), asked).unique().all()
    return list(reversed(found))


@cache
def _last_in_sight(whose: str) -> Select[tuple[Post]]:
    seen = () if whose == MANAGERS else (Post.hidden_at.is_(None),)
    query = select(Post).where(Post.topic_id == bindparam("topic_id"), *seen)
    return query.order_by(Post.seq.desc()).limit(bindparam("size", type_=Integer))


def earlier_by_the_same(topic: Topic, actor: Actor, count: int) -> list[tuple[int, str, datetime]]:
    """What else its asker asked last: number, title and when."""
    asked = {"asker_id": topic.asker_id, "topic_id": topic.id, "size": count}
    found = session.execute(_by_the_same(sight(actor)), asked)
    return [(number, title, at) for number, title, at in found]


@cache
def _by_the_same(whose: str) -> Select[tuple[int, str, datetime]]:
    seen = () if whose == MANAGERS else (Topic.hidden_at.is_(None),)
    query = select(Topic.id, Topic.title, Topic.opened_at).where(
        Topic.asker_id == bindparam("asker_id"), Topic.id != bindparam("topic_id"), *seen
    )
    query = query.order_by(*(column.desc() for column in RECENT.columns))
    return query.limit(bindparam("size", type_=Integer))


def places_of_posts(topic: Topic) -> dict[int, int]:
    """The numbers of a topic's official answers in public sight, by id."""
    query = select(Post.id, Post.seq).where(
        Post.topic_id == topic.id, Post.kind == "answer", Post.hidden_at.is_(None)
    )
    return dict(session.execute(query).tuples().all())


def public_posts(ids: Iterable[int]) -> dict[int, Post]:
    """Those of these posts that everybody may read, by id."""
    query = select(Post).where(Post.id.in_(list(ids)), Post.hidden_at.is_(None))
    return {p.id: p for p in session.scalars(query).unique()}


def taken_back(ids: Iterable[int]) -> dict[int, tuple[datetime, str | None]]:
    """When these posts were published and why the bank took them back, by id."""
    query = select(Post.id, Post.published_at, Post.retraction).where(Post.id.in_(list(ids)))
    return {post_id: (at, why) for post_id, at, why in session.execute(query)}


@dataclass(frozen=True)
class Comments:
    """A page of comments: `earlier` and `later` are the numbers the neighbouring pages begin at."""

    items: Sequence[Post]
    earlier: int | None = None
    later: int | None = None


COMMENTS = 100


def official_answers(topic: Topic, actor: Actor) -> Sequence[Post]:
    """The bank's answers that this actor may read, the newest first."""
    query = _answers_in_sight(sight(actor))
    return session.scalars(query, {"topic_id": topic.id}).unique().all()


@cache
def _answers_in_sight(whose: str) -> Select[tuple[Post]]:
    seen = () if whose == MANAGERS else (Post.hidden_at.is_(None),)
    query = select(Post).where(Post.topic_id == bindparam("topic_id"), Post.kind == "answer", *seen)
    return query.order_by(Post.seq.desc())


def all_replies(topic: Topic, actor: Actor) -> tuple[Sequence[Post], Comments]:
    """The answers and the comments, at once, of a topic that is no longer than a page.

    Who wrote them is asked for where it is shown (`authors`): on most pages that is kept already.
    """
    asked = {"topic_id": topic.id}
    found = session.scalars(_posts_in_sight(sight(actor)), asked).unique().all()
    said = [post for post in found if not post.is_official]
    return [post for post in reversed(found) if post.is_official], Comments(said)


@cache
def _posts_in_sight(whose: str) -> Select[tuple[Post]]:
    seen = () if whose == MANAGERS else (Post.hidden_at.is_(None),)
    query = select(Post).where(Post.topic_id == bindparam("topic_id"), *seen)
    return query.order_by(Post.seq).options(lazyload("*"))


def authors(posts: Iterable[Post]) -> Sequence[Person]:
    """Who wrote them; whoever holds these spares each post the asking."""
    return list(people_by_id({post.author_id for post in posts}).values())


def comments(topic: Topic, actor: Actor, start: int = 0, size: int = COMMENTS) -> Comments:
    """One page of comments from the number `start` on. Two statements at most, three when deep."""
    asked = {"topic_id": topic.id, "start": start, "size": size + 1}
    found = session.scalars(_comments_in_sight(sight(actor)), asked).unique().all()
    earlier = None
    if start > 0:
        those = (Post.topic_id == topic.id, Post.kind != "answer", visible_posts(actor))
        before = select(Post.seq).where(*those, Post.seq < start).order_by(Post.seq.desc())
        numbers = session.scalars(before.limit(size)).all()
        earlier = numbers[-1] if numbers else None
    later = found[size].seq if len(found) > size else None
    return Comments(found[:size], earlier, later)


@cache
def _comments_in_sight(whose: str) -> Select[tuple[Post]]:
    seen = () if whose == MANAGERS else (Post.hidden_at.is_(None),)
    query = select(Post).where(
        Post.topic_id == bindparam("topic_id"),
        Post.kind != "answer",
        Post.seq >= bindparam("start"),
        *seen,
    )
    return query.order_by(Post.seq).limit(bindparam("size", type_=Integer))


def post(post_id: int) -> Post:
    """The post, hidden or not; for reactions and commands."""
    return session.get_one(Post, post_id)


def last_official_answer(topic: Topic) -> Post | None:
    """The newest official answer that stands."""
    query = select(Post).where(
        Post.topic_id == topic.id, Post.kind == "answer", Post.hidden_at.is_(None)
    )
    return session.scalar(query.order_by(Post.seq.desc()).limit(1))


def standing_answers(topic: Topic) -> Sequence[Post]:
    """Every official answer that is in sight, the first first."""
    query = select(Post).where(
        Post.topic_id == topic.id, Post.kind == "answer", Post.hidden_at.is_(None)
    )
    return session.scalars(query.order_by(Post.seq)).all()


def revisions(topic: Topic) -> Sequence[Revision]:
    """What a topic and its posts said before, newest first."""
    query = select(Revision).where(Revision.topic_id == topic.id).order_by(Revision.id.desc())
    return session.scalars(query).all()


def moved(topic: Topic, seq: int) -> Moved | None:
    """Where the reply went that stood in a topic under this number; None when none went."""
    return session.get(Moved, (topic.id, seq))


def moved_along(topic_id: int, to_id: int) -> Sequence[Post]:
    """The replies that went from one topic to the other and stand there."""
    query = select(Post).join(Moved, Moved.post_id == Post.id)
    return session.scalars(query.where(Moved.topic_id == topic_id, Post.topic_id == to_id)).all()


def first_words(topic: Topic, post: Post | None) -> Revision | None:
    """What a topic, or a post of it, said before it was ever changed; None when it never was."""
    query = select(Revision).where(
        Revision.topic_id == topic.id, Revision.post_id == (post.id if post else None)
    )
    return session.scalar(query.order_by(Revision.id).limit(1))


def revisions_in_sight(topic: Topic, actor: Actor) -> list[tuple[Revision, Post | None]]:
    """What a topic and its posts said before, newest first; nothing of posts out of sight."""
    changes = revisions(topic)
    ids = {r.post_id for r in changes if r.post_id is not None}
    query = select(Post).where(Post.id.in_(ids), visible_posts(actor))
    seen = {p.id: p for p in session.scalars(query).unique()} if ids else {}
    return [(r, seen.get(r.post_id or 0)) for r in changes if not r.post_id or r.post_id in seen]


def has_voted(topic: Topic, actor: Actor) -> bool:
    """Whether this actor's voice is counted."""
    if actor.id is None:
        return False
    asked = {"topic_id": topic.id, "person_id": actor.id}
    return session.execute(_VOICE, asked).first() is not None


# Made once: to put a statement together and know it again takes longer than to ask it.
_VOICE = select(Vote.__table__.c.topic_id).where(
    Vote.__table__.c.topic_id == bindparam("topic_id"),
    Vote.__table__.c.person_id == bindparam("person_id"),
)


def voter_ids(topic: Topic) -> Sequence[int]:
    """Everybody whose voice is counted."""
    return session.scalars(select(Vote.person_id).where(Vote.topic_id == topic.id)).all()


def categories() -> Sequence[Category]:
    """The open categories in their order, each with owner and deputy."""
    return while_reading("topics.categories", _categories)


def _categories() -> Sequence[Category]:
    query = select(Category).where(Category.archived_at.is_(None))
    return session.scalars(query.order_by(Category.place, Category.id)).unique().all()


def all_categories() -> Sequence[Category]:
    """Every category, archived ones last."""
    query = select(Category).order_by(Category.archived_at.is_not(None), Category.place)
    return session.scalars(query.order_by(Category.id)).unique().all()


def awaiting_in(category: Category) -> Sequence[Topic]:
    """Everything that waits for an answer in a category, hidden or not."""
    query = select(Topic).where(Topic.category_id == category.id, Topic.is_awaiting.is_(True))
    return session.scalars(query).unique().all()


def category_by_slug(_actor: Actor, slug: str) -> Category | None:
    """A category by its address."""
    return session.scalar(_BY_SLUG, {"slug": slug})


_BY_SLUG = select(Category).where(Category.slug == bindparam("slug")).options(lazyload("*"))


def slug_is_taken(slug: str) -> bool:
    """Whether a category, open or archived, has this address."""
    return session.scalar(select(Category.id).where(Category.slug == slug)) is not None


def category(category_id: int) -> Category | None:
    """A category by its id."""
    return session.get(Category, category_id)


def category_for(text: str, among: Iterable[Category] | None = None) -> Category | None:
    """The open category whose own words stand in `text` most; None when none do.

    Endings are cut, so that "карту" finds "карта"; a long word weighs more than a short one.
    `among`: the open categories, when they were read already.
    """
    said = _word_beginnings(text)
    best, most = None, 0
    for each in categories() if among is None else among:
        stems = {w[: max(4, len(w) - 2)] for w in _words(f"{each.name} {each.words}")}
        weight = sum(len(stem) for stem in stems if stem in said)
        if weight > most:
            best, most = each, weight
    return best


_WORD = re.compile(r"[^\W_]{3,}")


def _words(text: str) -> list[str]:
    return [w.replace("ё", "е") for w in _WORD.findall(text.casefold())]


def _word_beginnings(text: str) -> set[str]:
    return {w[:n] for w in _words(text[:20_000]) for n in range(3, min(len(w), 24) + 1)}


def categories_of(person: Person) -> Sequence[Category]:
    """The categories this person owns, in order."""
    query = select(Category).where(Category.owner_id == person.id, Category.archived_at.is_(None))
    return session.scalars(query.order_by(Category.place)).unique().all()


class Named(NamedTuple):
    """A category as far as a way to it shows it."""

    id: int
    slug: str
    name: str


def named_categories() -> tuple[Named, ...]:
    """The open categories in their order; asked once for many pages."""
    return while_reading(
        "topics.named", partial(pieces.keep_for_all, "topics:named", make=_named_categories)
    )


def _named_categories() -> tuple[Named, ...]:
    query = select(Category.id, Category.slug, Category.name).where(Category.archived_at.is_(None))
    return tuple(map(Named._make, session.execute(query.order_by(Category.place, Category.id))))


def on_desk_of(person: Person) -> tuple[Named, ...]:
    """The open categories where this person gives the official answer today, in order."""
    who = answerers.everywhere()
    return tuple(c for c in named_categories() if who[c.id].may_answer(person.id))


def category_ids_of(person: Person) -> list[int]:
    """The open categories this person may answer in today, as `policy.answers_for_it` has it."""
    return [c.id for c in on_desk_of(person)]


def categories_answered_by(person: Person) -> list[Category]:
    """The open categories where this person gives the official answer today, in order."""
    who = answerers.everywhere()
    return [c for c in categories() if who[c.id].may_answer(person.id)]


def names_of_today() -> dict[int, str]:
    """How those are called who answer in each category today, by its id."""
    who = answerers.everywhere()
    query = select(Person.id, Person.given_name).where(
        Person.id.in_({each.today for each in who.values()}), Person.erased_at.is_(None)
    )
    names = dict(session.execute(query).tuples().all())
    # Somebody erased is called as the reader's language has it.
    for each in who.values():
        if each.today not in names:
            names[each.today] = session.get_one(Person, each.today).name
    return {category_id: names[each.today] for category_id, each in who.items()}


def categories_stood_in_by(person: Person) -> list[Category]:
    """The open categories of others that this person answers in today."""
    who = answerers.everywhere()
    if not any(each.today == person.id != each.owner for each in who.values()):
        return []
    return [c for c in categories() if who[c.id].today == person.id != who[c.id].owner]


@dataclass(frozen=True)
class Waiting:
    """How many topics wait for one person, and the promise that falls due first."""

    count: int
    started_at: datetime
    due_at: datetime


def waiting(known: Iterable[Category] = ()) -> dict[int, Waiting]:
    """What waits for whom, by the id of who answers today; `known` need not be read again."""
    those = (
        Topic.is_awaiting.is_(True),
        Topic.hidden_at.is_(None),
        Topic.due_at.is_not(None),
    )
    piles = (
        select(
            Topic.category_id,
            func.count().label("waiting"),
            func.min(Topic.due_at).label("due_at"),
        )
        .where(*those)
        .group_by(Topic.category_id)
        .subquery()
    )
    # The first of each pile is looked up by its hour: no pile has to be sorted.
    soonest = select(piles, Topic.promised_at).join(
        Topic,
        and_(Topic.due_at == piles.c.due_at, Topic.category_id == piles.c.category_id, *those),
    )
    first = {r.category_id: r for r in session.execute(soonest)}
    at_hand = {c.id: c for c in known}
    missing = _by_id(first.keys() - at_hand.keys())
    today = answering.answers_in([*at_hand.values(), *missing])
    whose: dict[int, list[Waiting]] = defaultdict(list)
    for category_id, r in first.items():
        pile = Waiting(r.waiting, r.promised_at, r.due_at)
        whose[today[category_id].person.id].append(pile)
    return {person_id: _one_pile(pile) for person_id, pile in whose.items()}


def _one_pile(piles: list[Waiting]) -> Waiting:
    first = min(piles, key=lambda pile: pile.due_at)
    return Waiting(sum(pile.count for pile in piles), first.started_at, first.due_at)


def _by_id(ids: set[int]) -> Sequence[Category]:
    if not ids:
        return []
    return session.scalars(select(Category).where(Category.id.in_(ids))).unique().all()


def asked_since(asker: Person, since: datetime) -> Topic | None:
    """The last topic by this person, if it is as young as that; what they ask next goes in turn."""
    mine = select(Person.id).where(Person.id == asker.id)
    session.execute(mine.with_for_update(key_share=True))
    query = select(Topic).where(Topic.asker_id == asker.id, Topic.opened_at >= since)
    return session.scalars(query.order_by(Topic.id.desc()).limit(1)).unique().first()


def said_since(topic: Topic, author: Person, kind: str, since: datetime) -> Post | None:
    """The last reply of this kind by this person, if it is as young as that and stands."""
    query = select(Post).where(
        Post.topic_id == topic.id,
        Post.author_id == author.id,
        Post.kind == kind,
        Post.published_at >= since,
        Post.hidden_at.is_(None),
    )
    return session.scalars(query.order_by(Post.seq.desc()).limit(1)).first()


def categories_with(person_id: int) -> list[Category]:
    """The open categories that name this person: owner, deputy or delegate."""
    return [c for c in categories() if c.is_answered_by(person_id)]


def who_answers(asked: Iterable[Category]) -> list[Person]:
    """The people who answer in these categories today, each once, in the categories' order."""
    return list(dict.fromkeys(t.person for t in answering.answers_in(asked).values() if t.is_there))


def executives(asked: Iterable[Category]) -> list[Person]:
    """Those in charge of these categories and those who stand in for them today, each once."""
    asked = list(asked)
    today = answering.answers_in(asked)
    people = (p for c in asked for p in (c.owner, today[c.id].person))
    return [p for p in dict.fromkeys(people) if p.disabled_at is None]


def tag_by_name(_actor: Actor, name: str) -> Tag | None:
    """A tag by its word."""
    return session.scalar(select(Tag).where(Tag.name == name))


def tag(name: str) -> Tag:
    """The tag with this word, which must be there."""
    return session.scalars(select(Tag).where(Tag.name == name)).one()


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


# What somebody may be writing about a topic that is there already.
DRAFTED = ("topic", "answer", "question", "news")


def drafts_about(topic: Topic, *, person_id: int | None, guest: str | None) -> Sequence[Draft]:
    """What is in hand for a topic: a comment ("topic:7"), the bank's words ("answer:7", …)."""
    if person_id is None and guest is None:
        return []
    about = [f"{kind}:{topic.id}" for kind in DRAFTED]
    if person_id is not None:
        return session.scalars(_OF_PERSON, {"about": about, "whose": person_id}).all()
    return session.scalars(_OF_GUEST, {"about": about, "whose": guest}).all()


# Ours, not anybody's words: the guard need not look at them.
_ABOUT = select(Draft).where(Draft.about.in_(bindparam("about", expanding=True, type_=String())))
_OF_PERSON = _ABOUT.where(Draft.person_id == bindparam("whose"))
_OF_GUEST = _ABOUT.where(Draft.guest == bindparam("whose"))


def drafts_of_guest(guest: str) -> Sequence[Draft]:
    """What a browser has begun."""
    return session.scalars(select(Draft).where(Draft.guest == guest)).all()


def answers_by(person: Person, limit: int = 5) -> Sequence[tuple[Post, Topic]]:
    """The last official answers somebody gave in public, with topic and category, newest first."""
    found = session.execute(_ANSWERS_BY, {"author_id": person.id, "size": limit})
    return [(post, topic) for post, topic in found]


_ANSWERS_BY = (
    select(Post, Topic)
    .join(Topic, Topic.id == Post.topic_id)
    .where(
        Post.author_id == bindparam("author_id"),
        Post.kind == "answer",
        Post.hidden_at.is_(None),
        Topic.hidden_at.is_(None),
    )
    .order_by(Post.id.desc())
    .limit(bindparam("size", type_=Integer))
    .options(lazyload("*"), joinedload(Topic.category).lazyload("*"))
)


# As many addresses as one page of the sitemap holds, at most: a range of numbers, so that finding
# the last page costs what finding the first does.
SITEMAP_PAGE = 10_000


def sitemap_pages() -> int:
    """How many pages of topics the sitemap has."""
    return -(-(session.scalar(select(func.max(Topic.id))) or 0) // SITEMAP_PAGE)


def sitemap_topics(actor: Actor, number: int) -> Sequence[tuple[int, datetime]]:
    """Numbers of the visible topics on one page of the sitemap, and when each last changed."""
    last = number * SITEMAP_PAGE
    query = select(Topic.id, Topic.active_at).where(
        Topic.id > last - SITEMAP_PAGE,
        Topic.id <= last,
        Topic.merged_into_id.is_(None),
        visible_topics(actor),
    )
    return [(row.id, row.active_at) for row in session.execute(query.order_by(Topic.id))]


def _for_a_line(tags: Callable[[Any], Any] = lazyload) -> tuple[Any, ...]:
    """Everything a line in a list shows, without a statement a row, and nothing else."""
    category = joinedload(Topic.category)
    return (tags(Topic.tags), category.lazyload(Category.delegates))
