"""Finding texts that wait to be read, and those that were."""

from __future__ import annotations

from datetime import datetime, timedelta
from statistics import quantiles
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, bindparam, func, or_, select
from sqlalchemy.orm import lazyload

from app.accounts.models import Person
from app.core import clock
from app.core.db import session
from app.core.pages import SIZE, Order, Page, keyset
from app.core.policy import RefusedError
from app.moderation.models import Act, Submission

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement

    from app.core.policy import Actor
    from app.topics.gate import Sending
    from app.topics.models import Post, Topic

WAITS = Submission.state == "waiting"
NEWEST: Order[Submission] = Order((Submission.id,), lambda each: (each.id,))
IN_TURN: Order[Submission] = Order(
    (Submission.turn_at, Submission.id), lambda each: (each.turn_at, each.id), descending=False
)
# What was returned is remembered for so long when the same words come again.
REMEMBERED = timedelta(days=90)
# How many of the last ones say how long reading takes, and how few say nothing.
LAST, FEW = 50, 5
EARLIER = 8


def submission(_actor: Actor, submission_id: int) -> Submission | None:
    """One text, whatever became of it; for moderators."""
    return session.get(Submission, submission_id)


def text(submission_id: int) -> Submission | None:
    """One text; for reactions and letters. None when it is forgotten already."""
    return session.get(Submission, submission_id)


def own_submission(actor: Actor, submission_id: int) -> Submission | None:
    """One's own text; nobody else's is there at all. A guest may be its author: they sign in."""
    if actor.id is None:
        raise RefusedError(submission_id)
    found = session.get(Submission, submission_id)
    return found if found is not None and found.author_id == actor.id else None


def held_row(submission_id: int) -> Submission:
    """The row, ours until commit, as it is now."""
    query = select(Submission).where(Submission.id == submission_id)
    query = query.options(lazyload("*")).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).one()


def lock_author(person: Person) -> None:
    """What one person sends goes in turn."""
    mine = select(Person.id).where(Person.id == person.id)
    session.execute(mine.with_for_update(key_share=True))


def sent_already(
    author: Person, act: str, fields: dict[str, Any], since: datetime
) -> Submission | None:
    """The same words by the same author that wait, or were sent a moment ago."""
    query = select(Submission).where(
        Submission.author_id == author.id,
        Submission.act == act,
        Submission.state != "withdrawn",
        or_(WAITS, Submission.sent_at >= since),
    )
    mine = session.scalars(query.order_by(Submission.id.desc()).limit(LAST)).unique()
    return next((each for each in mine if _same(each.fields, fields)), None)


def was_returned(author: Person, fields: dict[str, Any]) -> bool:
    """Whether these very words were returned to their author lately."""
    query = select(Submission).where(
        Submission.author_id == author.id,
        Submission.state == "returned",
        Submission.sent_at >= clock.now() - REMEMBERED,
    )
    mine = session.scalars(query.order_by(Submission.id.desc()).limit(LAST)).unique()
    return any(_folded(each.fields) == _folded(fields) for each in mine)


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(one.get(name) == other.get(name) for name in ("title", "body"))


def _folded(fields: dict[str, Any]) -> str:
    return "".join(c for c in str(fields.get("body") or "").casefold() if c.isalnum())


def waiting_edit(sending: Sending) -> Submission | None:
    """The change of the same text by the same author that waits already."""
    query = select(Submission).where(
        WAITS,
        Submission.author_id == sending.author.id,
        Submission.act == "edit",
        Submission.topic_id == (sending.topic.id if sending.topic is not None else None),
        Submission.post_id == (sending.post.id if sending.post is not None else None),
    )
    return session.scalars(query.limit(1)).unique().first()


def last_read(topic: Topic, post: Post | None) -> Submission | None:
    """What a moderator read last of a topic, or of a post in it, and let through."""
    query = select(Submission).where(
        Submission.state == "published",
        Submission.topic_id == topic.id,
        Submission.post_id == (post.id if post is not None else None),
    )
    return session.scalars(query.order_by(Submission.id.desc()).limit(1)).unique().first()


def waiting_count() -> int:
    """How many texts wait to be read."""
    return session.scalar(select(func.count()).select_from(Submission).where(WAITS)) or 0


def waiting(limit: int = SIZE) -> Sequence[Submission]:
    """The first of what waits, the most urgent on top."""
    query = select(Submission).where(WAITS).order_by(*IN_TURN.columns).limit(limit)
    return session.scalars(query).unique().all()


def queue(cursor: str | None = None) -> Page[Submission]:
    """What waits, by the hour that was promised."""
    return keyset(select(Submission).where(WAITS), IN_TURN, cursor, SIZE)


def next_in_turn(after: Submission) -> Submission | None:
    """What comes after this one in the queue."""
    later = or_(Submission.turn_at > after.turn_at, _beside(after, Submission.id > after.id))
    query = select(Submission).where(WAITS, later).order_by(*IN_TURN.columns)
    return session.scalars(query.limit(1)).unique().first()


def previous_in_turn(before: Submission) -> Submission | None:
    """What comes before this one."""
    sooner = or_(Submission.turn_at < before.turn_at, _beside(before, Submission.id < before.id))
    query = select(Submission).where(WAITS, sooner)
    query = query.order_by(Submission.turn_at.desc(), Submission.id.desc())
    return session.scalars(query.limit(1)).unique().first()


def _beside(each: Submission, side: ColumnElement[bool]) -> ColumnElement[bool]:
    return and_(Submission.turn_at == each.turn_at, side)


def own(person: Person, cursor: str | None = None) -> Page[Submission]:
    """Everything this person sent that was held, the latest first."""
    query = select(Submission).where(Submission.author_id == person.id)
    return keyset(query, NEWEST, cursor, SIZE)


def open_of(person_id: int) -> dict[str, int]:
    """How many of somebody's texts wait, and how many came back to them."""
    return dict(session.execute(_OPEN, {"author_id": person_id}).tuples().all())


_table = Submission.__table__.c
_OPEN = (
    select(_table.state, func.count())
    .where(_table.author_id == bindparam("author_id"), _table.state.in_(("waiting", "returned")))
    .group_by(_table.state)
)


def earlier_by(submission: Submission) -> Sequence[Submission]:
    """What else its author sent that was held, the latest first."""
    query = select(Submission).where(
        Submission.author_id == submission.author_id, Submission.id != submission.id
    )
    return session.scalars(query.order_by(Submission.id.desc()).limit(EARLIER)).unique().all()


def acts_on(submission: Submission) -> Sequence[Act]:
    """What moderators did with a text, the latest first."""
    query = select(Act).where(Act.submission_id == submission.id).order_by(Act.id.desc())
    return session.scalars(query).all()


def usual_wait() -> timedelta | None:
    """Within what time four of five texts were read lately; None while too few were."""
    query = select(Submission.sent_at, Submission.handled_at).where(
        Submission.state.in_(("published", "returned")), Submission.handled_at.is_not(None)
    )
    rows = session.execute(query.order_by(Submission.handled_at.desc()).limit(LAST)).tuples()
    took = [(handled - sent).total_seconds() for sent, handled in rows if handled is not None]
    if len(took) < FEW:
        return None
    return timedelta(seconds=max(quantiles(took, n=5)[3], 60.0))


def waiting_too_long(before: datetime) -> Sequence[Submission]:
    """What was sent before this instant and still waits, and nobody was told of it."""
    query = select(Submission).where(
        WAITS, Submission.sent_at <= before, Submission.told_at.is_(None)
    )
    query = query.options(lazyload("*")).order_by(Submission.id).limit(LAST)
    return session.scalars(query.with_for_update(skip_locked=True)).all()
