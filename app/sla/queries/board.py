"""The board: every promise in its lane, by what is true at an instant.

Lanes follow from due instants and pauses, not from what the scheduler has noticed yet. A fixed
number of statements, whatever the lengths.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, and_, case, false, func, not_, or_, select
from sqlalchemy.orm import defaultload, lazyload

from app.accounts.models import Person
from app.accounts.queries import people_by_id
from app.core import clock
from app.core.db import session
from app.core.pages import Order, Page, count_up_to, keyset
from app.sla.engine.calendars import ALWAYS
from app.sla.engine.rules import PROMISED_UPDATE
from app.sla.models import CalendarVersion, ClockEvent, Promise
from app.sla.queries import people, terms
from app.topics.models import Category, Topic

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from app.core.policy import Actor
    from app.sla.engine.calendars import Calendar
    from app.topics.answering import ActingPerson

DECISION, OVERDUE, AT_RISK, WAITING = "decision", "overdue", "at_risk", "waiting"
NEWS, PAUSED, ANSWERED = "news", "paused", "answered"
LANES = (DECISION, OVERDUE, AT_RISK, NEWS, WAITING, PAUSED, ANSWERED)
# Two lanes as one list: whatever is broken and still owed.
BROKEN = "broken"
# As many cards as a lane shows beside the others, and on a page of its own.
SHORT, LONG = 6, 30
# So much open time after the promised hour the manager must act: reassign, or name a day.
PATIENCE = timedelta(hours=24)
# Who gets a topic after this many moves is not found by one more.
MOVES = 2
# An idea may wait so long for a first word from the bank.
IDEA_PATIENCE = timedelta(days=14)
UNDECIDED = 5
# Beyond this a pile is not counted: whoever reads the number does nothing else for it.
MANY = 1000

SOONEST: Order[Promise] = Order(
    (Promise.due_at, Promise.id), lambda p: (p.due_at, p.id), descending=False
)
OLDEST: Order[Promise] = Order(
    (Promise.started_at, Promise.id), lambda p: (p.started_at, p.id), descending=False
)
LATEST: Order[Promise] = Order((Promise.ended_at, Promise.id), lambda p: (p.ended_at, p.id))


@dataclass(frozen=True)
class View:
    """What somebody looks at: an instant, when their day began, and what they filter by.

    `acting`: only where this person answers today. `stale`: see `stale_since`.
    """

    at: datetime
    today: datetime
    category: Category | None = None
    accountable: Person | None = None
    acting: Person | None = None
    kind: str | None = None
    categories: Sequence[Category] = ()
    answering: Mapping[int, ActingPerson] = field(default_factory=dict)
    stale: Sequence[tuple[int | None, datetime]] = ()

    @property
    def narrowed(self) -> list[ColumnElement[bool]]:
        """The filters as SQL."""
        clauses: list[ColumnElement[bool]] = []
        if self.category is not None:
            clauses.append(_in_categories([self.category.id]))
        if self.accountable is not None:
            clauses.append(Promise.accountable_id == self.accountable.id)
        if self.acting is not None:
            theirs = [i for i, who in self.answering.items() if who.person.id == self.acting.id]
            clauses.append(_in_categories(theirs) if theirs else false())
        if self.kind is not None:
            clauses.append(Promise.kind == self.kind)
        return clauses

    @property
    def unattended(self) -> list[Category]:
        """Categories in which a question asked now would find nobody."""
        return [c for c in self.categories if not self.answering[c.id].is_there]


@dataclass(frozen=True)
class Lane:
    """Promises in one state: how many, and the first of them."""

    name: str
    count: int
    page: Page[Promise]


@dataclass(frozen=True)
class Cards:
    """What the cards say beside the promises: topics, people, and how often a topic was moved."""

    topics: Mapping[int, Topic]
    people: Mapping[int, Person]
    moves: Mapping[int, int]


@dataclass(frozen=True)
class Undecided:
    """Ideas nobody has decided on for too long: how many (up to one over MANY), and the first."""

    count: int = 0
    ideas: Sequence[Topic] = field(default_factory=list)


def now(today: datetime, categories: Sequence[Category], **wanted: Any) -> View:
    """The board at this instant."""
    at = clock.now()
    answering = people.acting_in(categories, at)
    return View(
        at,
        today,
        categories=categories,
        answering=answering,
        stale=stale_since(at),
        **wanted,
    )


def lanes(view: View) -> list[Lane]:
    """Every lane with its first cards."""
    counted = counts(view)
    return [Lane(n, counted[n], _page(view, n, None, SHORT, counted[n])) for n in LANES]


def lane(view: View, name: str, cursor: str | None) -> Lane:
    """One lane on its own."""
    counted = counts(view)[name]
    return Lane(name, counted, _page(view, name, cursor, LONG, counted))


def counts(view: View) -> dict[str, int]:
    """How many promises stand in each lane, and in both broken ones together. Two statements."""
    live = [name for name in LANES if name != ANSWERED]
    sums = [func.coalesce(func.sum(case((_among_owed(view, n), 1), else_=0)), 0) for n in live]
    row = session.execute(select(*sums).select_from(Promise).where(owed(), *view.narrowed)).one()
    found = {name: int(number) for name, number in zip(live, row, strict=True)}
    answered = select(func.count()).select_from(Promise)
    answered = answered.where(in_lane(view, ANSWERED), *view.narrowed)
    return {
        **found,
        BROKEN: found[DECISION] + found[OVERDUE],
        ANSWERED: session.scalar(answered) or 0,
    }


def in_lane(view: View, name: str) -> ColumnElement[bool]:
    """What stands in a lane, as SQL. Every live promise in sight stands in exactly one."""
    if name == ANSWERED:
        # News that came is no answer, and is told by its lane while it is due.
        kept = (Promise.fulfilled_at.is_not(None), Promise.kind != PROMISED_UPDATE)
        return and_(*kept, Promise.ended_at >= view.today)
    return and_(owed(), _among_owed(view, name))


def _among_owed(view: View, name: str) -> ColumnElement[bool]:
    """What stands in a lane of all that is owed; read from its index alone."""
    if name == PAUSED:
        return Promise.pauses == "customer"
    runs = and_(Promise.state != "paused", Promise.pauses == "")
    broken = and_(runs, Promise.due_at < view.at)
    if name == BROKEN:
        return broken
    if name in {DECISION, OVERDUE}:
        stale = or_(false(), *(_by_then(version, cut) for version, cut in view.stale))
        return and_(broken, stale if name == DECISION else not_(stale))
    in_time = and_(runs, Promise.due_at >= view.at)
    if name == NEWS:
        return and_(in_time, Promise.kind == PROMISED_UPDATE)
    answers = and_(in_time, Promise.kind != PROMISED_UPDATE)
    at_risk = func.coalesce(Promise.at_risk_at, Promise.due_at) <= view.at
    return and_(answers, at_risk if name == AT_RISK else not_(at_risk))


def owed() -> ColumnElement[bool]:
    """What is not settled, in the words of the index that holds nothing else.

    What an undone event had made was cancelled without an end. A state asked for by its name would
    send the databases to another index, which is not in the order of the lanes.
    """
    return and_(Promise.ended_at.is_(None), Promise.state != "cancelled")


def cards(promises: Iterable[Promise]) -> Cards:
    """What their cards say. Three statements."""
    shown = list(promises)
    topic_ids = {p.topic_id for p in shown}
    who = {i for p in shown for i in (p.accountable_id, p.taken_by_id, p.attributed_to_id) if i}
    return Cards(topics_by_id(topic_ids), people_by_id(who), moves(topic_ids))


def topics_by_id(ids: Iterable[int]) -> dict[int, Topic]:
    """These topics, each with its category."""
    query = select(Topic).where(Topic.id.in_(list(ids))).options(*_for_a_card())
    return {t.id: t for t in session.scalars(query).unique()}


def moves(topic_ids: Iterable[int]) -> dict[int, int]:
    """How often each of these topics was moved from one category to another."""
    query = select(ClockEvent.topic_id, func.count()).where(
        ClockEvent.topic_id.in_(list(topic_ids)), ClockEvent.type == "transfer"
    )
    return dict(session.execute(query.group_by(ClockEvent.topic_id)).tuples().all())


def promise_on_board(_actor: Actor, promise_id: int) -> Promise | None:
    """A promise by its id."""
    return session.get(Promise, promise_id)


def undecided(view: View) -> Undecided:
    """Ideas that have waited longer than IDEA_PATIENCE for any decision."""
    those = [
        Topic.hidden_at.is_(None),
        Topic.kind == "idea",
        Topic.state == "new",
        Topic.opened_at < view.at - IDEA_PATIENCE,
        Topic.closed_at.is_(None),
    ]
    if view.category is not None:
        those.append(Topic.category_id == view.category.id)
    if view.accountable is not None:
        those.append(Topic.responsible_id == view.accountable.id)
    count = count_up_to(select(Topic.id).where(*those), MANY)
    if not count:
        return Undecided()
    query = select(Topic).where(*those).options(*_for_a_card())
    query = query.order_by(Topic.votes_count.desc(), Topic.id).limit(UNDECIDED)
    return Undecided(count, session.scalars(query).unique().all())


def stale_since(at: datetime) -> list[tuple[int | None, datetime]]:
    """By calendar version: what was due before which instant is overdue by more than PATIENCE.

    Open time is counted in each promise's own calendar, so a Friday's promise is not stale on a
    Sunday. Only versions that something broken is under; two statements at most.
    """
    query = select(Promise.calendar_version_id).where(
        owed(),
        Promise.due_at < at - PATIENCE,  # open time is never longer than that on the wall
    )
    ids = set(session.scalars(query.distinct()))
    named = ids - {None}
    rows = select(CalendarVersion).where(CalendarVersion.id.in_(named))
    known = {row.id: terms.calendar_of(row) for row in session.scalars(rows)} if named else {}
    return [(i, before(known[i] if i is not None else ALWAYS, at, PATIENCE)) for i in _sorted(ids)]


def _sorted(ids: Iterable[int | None]) -> list[int | None]:
    """Ids in one order, so that the same question is the same SQL."""
    return sorted(ids, key=lambda i: i or 0)


def before(calendar: Calendar, at: datetime, wanted: timedelta) -> datetime:
    """The instant from which on `wanted` of open time had passed at `at`."""
    if calendar.always:
        return at - wanted
    back = 2 * wanted
    while True:
        left, spans = wanted, list(calendar.spans(at - back, at))
        for start, end in reversed(spans):
            if end - start >= left:
                return end - left
            left -= end - start
        if back > timedelta(days=800):
            return at - back
        back *= 2


def _page(view: View, name: str, cursor: str | None, size: int, count: int) -> Page[Promise]:
    """A page of one lane: what is due soonest first, what was answered last first."""
    if not count:
        return Page([])
    query = select(Promise).where(in_lane(view, name), *view.narrowed)
    order = {PAUSED: OLDEST, ANSWERED: LATEST}.get(name, SOONEST)
    return keyset(query, order, cursor, size)


def _by_then(version: int | None, cut: datetime) -> ColumnElement[bool]:
    mine = Promise.calendar_version_id
    return and_(mine.is_(None) if version is None else mine == version, Promise.due_at < cut)


def _in_categories(ids: Sequence[int]) -> ColumnElement[bool]:
    """Where the topic stands now: a broken promise stays in the figures of where it was broken."""
    standing = select(Topic.id).where(Topic.id == Promise.topic_id, Topic.category_id.in_(ids))
    # A sum, so that no database walks a category's whole past in search of what is owed in it.
    filed = (Promise.category_id + 0).in_(ids)
    return case((Promise.state == "breached", standing.exists()), else_=filed)


def _for_a_card() -> tuple[Any, ...]:
    return (
        lazyload(Topic.tags),
        lazyload(Topic.answer),
        defaultload(Topic.category).lazyload(Category.delegates),
    )
