"""Finding acts of moderation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.core.db import session
from app.core.pages import SIZE, Order, Page, keyset
from app.moderation.models import Act
from app.topics.models import Category, Post, Topic

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from app.accounts.models import Person

NEWEST: Order[Act] = Order((Act.id,), lambda act: (act.id,))


def act(act_id: int) -> Act:
    """One act; for reactions and letters."""
    return session.get_one(Act, act_id)


def acts(topic: Topic) -> Sequence[Act]:
    """Everything done to a topic, the latest first."""
    query = select(Act).where(Act.topic_id == topic.id).order_by(Act.id.desc())
    return session.scalars(query).all()


def last_act(topic: Topic, name: str) -> Act | None:
    """The latest act of this name on a topic itself."""
    query = select(Act).where(Act.topic_id == topic.id, Act.name == name)
    return session.scalar(query.order_by(Act.id.desc()).limit(1))


def log(by: Person | None, *, cursor: str | None = None, size: int = SIZE) -> Page[Act]:
    """Every act, the latest first, with its topic and post; only one person's, when given."""
    query = select(Act).options(
        joinedload(Act.topic).load_only(Topic.title, Topic.hidden_at).lazyload("*"),
        joinedload(Act.post).load_only(Post.seq, Post.kind).lazyload("*"),
    )
    if by is not None:
        query = query.where(Act.by_id == by.id)
    return keyset(query, NEWEST, cursor, size)


def category_names(acts: Iterable[Act]) -> dict[int, str]:
    """The names of the categories that moves were made between, archived ones too."""
    ids = {i for act in acts for i in (act.before_id, act.after_id) if i is not None}
    if not ids:
        return {}
    rows = session.execute(select(Category.id, Category.name).where(Category.id.in_(ids)))
    return dict(rows.tuples().all())
