"""Broken promises: how late, whose, and why, as far as anybody has said why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import joinedload

from app.core.db import session
from app.core.pages import Order, Page, count_up_to, keyset
from app.sla.engine.people import ledger, rosters
from app.sla.engine.promises import evaluate
from app.sla.models import BreachReason, Promise
from app.sla.queries.ledger import events_by_topic
from app.sla.queries.promises import LIVE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Select

    from app.accounts.models import Person
    from app.sla.engine.promises import Outcome
    from app.topics.models import Category

CODES = ("too_busy", "waited_inside", "wrong_place", "away", "unnoticed", "outage", "other")
# What a filter calls breaches that nobody has given a reason for.
UNNAMED = "none"
SIZE = 30
# Where a page only says that there is work, it says "more than a thousand" and does not count.
MANY = 1000
# Rows that an export holds in memory at once.
CHUNK = 500

LAST_BROKEN: Order[Promise] = Order((Promise.due_at, Promise.id), lambda p: (p.due_at, p.id))


@dataclass(frozen=True)
class Period:
    """Breaches that fell due in `[start, at)`; only of a category, a person, or with a reason."""

    start: datetime
    at: datetime
    category: Category | None = None
    person: Person | None = None
    code: str | None = None

    @property
    def within(self) -> list[ColumnElement[bool]]:
        """Everything but the reason, as SQL."""
        clauses = [broken(self.at), Promise.due_at >= self.start]
        if self.category is not None:
            clauses.append(Promise.category_id == self.category.id)
        if self.person is not None:
            # One nobody noticed yet is nobody's in particular: that of who is accountable.
            whose = func.coalesce(Promise.attributed_to_id, Promise.accountable_id)
            clauses.append(whose == self.person.id)
        return clauses


@dataclass(frozen=True)
class Breach:
    """A broken promise at an instant. `attributed_to_id`: whose breach it is.

    `overdue` is open time, `overdue_wall` by the clock on the wall; they grow while `is_owed`.
    """

    promise: Promise
    reason: BreachReason | None
    overdue: timedelta
    overdue_wall: timedelta
    attributed_to_id: int
    is_owed: bool

    @property
    def was_passed_on(self) -> bool:
        """Whether somebody gave it away when little time was left, and answers for the breach."""
        return self.attributed_to_id != self.promise.accountable_id


def broken(at: datetime) -> ColumnElement[bool]:
    """What was due before `at` and not kept by then, noticed or not, answered since or not."""
    return and_(
        Promise.due_at < at,
        Promise.state.in_(("running", "breached", "met_late", "cancelled")),
        or_(Promise.state != "cancelled", Promise.breached_at.is_not(None)),
    )


def page(period: Period, cursor: str | None = None, size: int = SIZE) -> tuple[Page[Promise], int]:
    """A page of them, the last broken first, and how many there are."""
    query = _narrowed(select(Promise), period)
    count = session.scalar(_narrowed(select(func.count()).select_from(Promise), period)) or 0
    return keyset(query, LAST_BROKEN, cursor, size), count


def unnamed(period: Period, size: int) -> tuple[Sequence[Promise], int]:
    """Those that nobody gave a reason for, the last first, and how many, up to one over MANY."""
    found = keyset(_narrowed(select(Promise), period), LAST_BROKEN, size=size)
    return found.items, count_up_to(_narrowed(select(Promise.id), period), MANY)


def totals(period: Period) -> dict[str, int]:
    """How many for each reason; under UNNAMED those without one. One statement."""
    code = case((BreachReason.code.is_(None), UNNAMED), else_=BreachReason.code)
    query = select(code, func.count()).select_from(Promise)
    query = query.outerjoin(BreachReason, BreachReason.promise_id == Promise.id)
    return dict(session.execute(query.where(*period.within).group_by(code)).tuples().all())


def told(rows: Sequence[Promise], at: datetime) -> list[Breach]:
    """Everything about these breaches. What is still owed is replayed: its delay grows."""
    reasons = reasons_of(row.id for row in rows)
    growing = _replayed([row for row in rows if row.state in LIVE], at)
    return [_breach(row, reasons.get(row.id), growing.get(row.id)) for row in rows]


def every(period: Period) -> Iterator[Breach]:
    """All of them, the last broken first, read in pieces."""
    cursor: str | None = None
    while True:
        piece = keyset(_narrowed(select(Promise), period), LAST_BROKEN, cursor, CHUNK)
        yield from told(piece.items, period.at)
        cursor = piece.older
        if cursor is None:
            return


def reasons_of(promise_ids: Iterable[int]) -> dict[int, BreachReason]:
    """What was said of these promises, and by whom."""
    query = select(BreachReason).where(BreachReason.promise_id.in_(list(promise_ids)))
    found = session.scalars(query.options(joinedload(BreachReason.by)))
    return {r.promise_id: r for r in found}


def is_broken(promise: Promise, at: datetime) -> bool:
    """Whether one was broken by then."""
    query = select(Promise.id).where(Promise.id == promise.id, broken(at))
    return session.scalar(query) is not None


def _replayed(rows: Sequence[Promise], at: datetime) -> dict[int, tuple[Outcome, int]]:
    """What the engine says of promises still owed, and whose breach each is. Three statements."""
    if not rows:
        return {}
    read = events_by_topic({row.topic_id for row in rows})
    found: dict[int, tuple[Outcome, int]] = {}
    for row in rows:
        told_of = read.get(row.topic_id, [])
        turns = rosters(told_of)
        for outcome in evaluate(told_of, at) if turns else ():
            if (outcome.kind, outcome.cycle) == (row.kind, row.cycle):
                book = ledger(outcome, turns, (), at, None)
                whose = book.breach_attributed_to or row.accountable_id
                found[row.id] = outcome, int(str(whose))
    return found


def _breach(
    row: Promise, reason: BreachReason | None, growing: tuple[Outcome, int] | None
) -> Breach:
    if growing is not None:
        outcome, whose = growing
        return Breach(row, reason, outcome.overdue, outcome.overdue_wall, whose, is_owed=True)
    return Breach(
        row,
        reason,
        timedelta(seconds=row.overdue_s),
        timedelta(seconds=row.overdue_wall_s),
        row.attributed_to_id or row.accountable_id,
        is_owed=False,
    )


def _narrowed(query: Select[Any], period: Period) -> Select[Any]:
    query = query.where(*period.within)
    if period.code is None:
        return query
    said = select(BreachReason.promise_id).where(BreachReason.promise_id == Promise.id)
    if period.code == UNNAMED:
        return query.where(~said.exists())
    return query.where(said.where(BreachReason.code == period.code).exists())
