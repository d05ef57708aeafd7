"""The board: every promise in its lane, and what needs a decision. A fixed number of statements."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, and_, case, func, not_, select
from sqlalchemy.orm import defaultload, lazyload

from app.core import clock
from app.core.db import session
from app.core.events import Delivery
from app.core.pages import Order, Page, keyset
from app.topics.models import Category, Topic

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from app.accounts.models import Person

LANES = ("overdue", "at_risk", "reopened", "waiting", "answered")
# As many cards as a lane shows beside the others, and on a page of its own.
SHORT, LONG = 6, 30
# An idea may wait so long for a first word from the bank.
PATIENCE = timedelta(days=14)
UNDECIDED = 5

SOONEST: Order[Topic] = Order(
    (Topic.due_at, Topic.id), lambda t: (t.due_at, t.id), descending=False
)
LATEST: Order[Topic] = Order((Topic.kept_at, Topic.id), lambda t: (t.kept_at, t.id))


@dataclass(frozen=True)
class View:
    """What somebody looks at: an instant, when its day began for them, and what they filter by."""

    at: datetime
    today: datetime
    category: Category | None = None
    person: Person | None = None

    @property
    def narrowed(self) -> list[ColumnElement[bool]]:
        """The filters as SQL."""
        clauses: list[ColumnElement[bool]] = [Topic.hidden_at.is_(None)]
        if self.category is not None:
            clauses.append(Topic.category_id == self.category.id)
        if self.person is not None:
            clauses.append(Topic.responsible_id == self.person.id)
        return clauses


@dataclass(frozen=True)
class Lane:
    """Promises in one state: how many, and the first of them."""

    name: str
    count: int
    page: Page[Topic]


@dataclass(frozen=True)
class Undecided:
    """Ideas nobody has decided on for too long: how many, and those with the most voices."""

    count: int = 0
    ideas: Sequence[Topic] = field(default_factory=list)


def board(view: View) -> list[Lane]:
    """Every lane with its first cards."""
    counted = counts(view)
    return [Lane(name, counted[name], lane_page(view, name, size=SHORT)) for name in LANES]


def lane(view: View, name: str, cursor: str | None) -> Lane:
    """One lane on its own."""
    return Lane(name, counts(view)[name], lane_page(view, name, cursor=cursor, size=LONG))


def lane_page(view: View, name: str, *, cursor: str | None = None, size: int) -> Page[Topic]:
    """A page of one lane: what is due soonest first, what was answered last first."""
    query = select(Topic).where(*view.narrowed, _in_lane(view, name)).options(*_for_a_card())
    return keyset(query, LATEST if name == "answered" else SOONEST, cursor, size)


def counts(view: View) -> dict[str, int]:
    """How many promises stand in each lane. Two statements."""
    waiting = [name for name in LANES if name != "answered"]
    sums = [func.coalesce(func.sum(case((_in_lane(view, n), 1), else_=0)), 0) for n in waiting]
    row = session.execute(
        select(*sums).select_from(Topic).where(*view.narrowed, Topic.is_awaiting.is_(True))
    ).one()
    answered = select(func.count()).select_from(Topic)
    answered = answered.where(*view.narrowed, _in_lane(view, "answered"))
    found = {name: int(number) for name, number in zip(waiting, row, strict=True)}
    return {**found, "answered": session.scalar(answered) or 0}


def undecided(view: View) -> Undecided:
    """Ideas that have waited longer than PATIENCE for any decision."""
    those = [
        *view.narrowed,
        Topic.kind == "idea",
        Topic.state == "new",
        Topic.opened_at < view.at - PATIENCE,
        Topic.closed_at.is_(None),
    ]
    count = session.scalar(select(func.count()).select_from(Topic).where(*those)) or 0
    if not count:
        return Undecided()
    query = select(Topic).where(*those).options(*_for_a_card())
    query = query.order_by(Topic.votes_count.desc(), Topic.id).limit(UNDECIDED)
    return Undecided(count, session.scalars(query).unique().all())


def dead_deliveries() -> dict[str, int]:
    """Reactions that gave up, by name: each is a letter unsent or an index unfed."""
    query = select(Delivery.reaction, func.count()).where(Delivery.state == "dead")
    rows = session.execute(query.group_by(Delivery.reaction).order_by(Delivery.reaction))
    return dict(rows.tuples().all())


def now(today: datetime, **wanted: Any) -> View:
    """The board at this instant."""
    return View(clock.now(), today, **wanted)


def _in_lane(view: View, name: str) -> ColumnElement[bool]:
    if name == "answered":
        return and_(Topic.kept_at.is_not(None), Topic.kept_at >= view.today)
    awaiting = and_(Topic.is_awaiting.is_(True), Topic.due_at.is_not(None))
    overdue = Topic.due_at < view.at
    at_risk = and_(not_(overdue), Topic.at_risk_at <= view.at)
    if name == "overdue":
        return and_(awaiting, overdue)
    if name == "at_risk":
        return and_(awaiting, at_risk)
    in_time = and_(awaiting, not_(overdue), not_(at_risk))
    if name == "reopened":
        return and_(in_time, Topic.state == "reopened")
    return and_(in_time, Topic.state != "reopened")


def _for_a_card() -> tuple[Any, ...]:
    return (
        lazyload(Topic.tags),
        lazyload(Topic.answer),
        defaultload(Topic.category).lazyload(Category.delegates),
    )
