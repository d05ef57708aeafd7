"""Who may answer where, by their ids: what a desk and a permission ask of every category at once.

Read of people and categories is no more than it takes to say so, and kept as a piece of a page is:
until something public is written, or until somebody goes or comes back.
"""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from sqlalchemy import select
from sqlalchemy.orm import aliased

from app.accounts.models import Person
from app.core.db import reads_only, session, while_reading
from app.core.pagecache import pieces
from app.topics.answering import answers_in, answers_today
from app.topics.models import Category, Topic, delegates

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import Row

    from app.core.policy import Actor


class Answerers(NamedTuple):
    """Those whom a category names, and who answers there today."""

    owner: int
    people: frozenset[int]
    today: int

    def may_answer(self, person_id: int) -> bool:
        """Whether they give the official answer there today."""
        return person_id == self.today or person_id in self.people


class _Everywhere(dict[int, Answerers]):
    """By category. Of one that came while the page is made nobody is known yet."""

    def __missing__(self, category_id: int) -> Answerers:
        return Answerers(0, frozenset(), 0)


def may_answer(actor: Actor, topic: Topic) -> bool:
    """Whether this person is named in the topic's category, or answers there today."""
    if actor.id is None:
        return False
    if reads_only.get():
        return everywhere()[topic.category_id].may_answer(actor.id)
    category = topic.category
    return category.is_answered_by(actor.id) or answers_today(category).person.id == actor.id


def everywhere() -> Mapping[int, Answerers]:
    """The same for every category, an archived one too, by its id."""
    kept = partial(pieces.keep_for_all, "topics:answerers", make=_everywhere)
    return while_reading("topics.answerers", kept)


def _everywhere() -> _Everywhere:
    rows = [_category(row) for row in session.execute(_CATEGORIES)]
    today = answers_in(cast("list[Category]", rows))
    named = defaultdict(set)
    for category_id, person_id in session.execute(select(delegates)):
        named[category_id].add(person_id)
    for row in rows:
        named[row.id].update(p.id for p in (row.owner, row.deputy) if p is not None)
    return _Everywhere(
        {c.id: Answerers(c.owner_id, frozenset(named[c.id]), today[c.id].person.id) for c in rows}
    )


class _Person(NamedTuple):
    id: int
    disabled_at: datetime | None
    is_staff: bool


class _Category(NamedTuple):
    """Enough of a category for `answering.Resolver`."""

    id: int
    owner: _Person
    deputy: _Person | None

    @property
    def owner_id(self) -> int:
        return self.owner.id

    @property
    def deputy_id(self) -> int | None:
        return self.deputy and self.deputy.id


_owner, _deputy = aliased(Person), aliased(Person)
_CATEGORIES = (
    select(
        *(Category.id, _owner.id, _owner.disabled_at, _owner.role != "customer"),
        *(_deputy.id, _deputy.disabled_at, _deputy.role != "customer"),
    )
    .join(_owner, _owner.id == Category.owner_id)
    .outerjoin(_deputy, _deputy.id == Category.deputy_id)
)


def _category(row: Row[Any]) -> _Category:
    deputy = None if row[4] is None else _Person(*row[4:])
    return _Category(row[0], _Person(*row[1:4]), deputy)
