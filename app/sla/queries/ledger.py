"""Who held the work for how long: for one topic, and over a period.

Computed from events and absences whenever it is asked for, in open time of each promise's calendar;
while the bank waits for the asker, nobody holds anything.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from app.accounts.queries import people_by_id
from app.core.db import session
from app.sla.engine import people as engine
from app.sla.engine.promises import evaluate
from app.sla.engine.rules import FIRST_ANSWER, NEXT_ANSWER
from app.sla.models import Promise
from app.sla.queries import people, promises
from app.sla.queries.board import MOVES, moves

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Select

    from app.accounts.models import Person
    from app.sla.engine.events import Event
    from app.sla.engine.promises import Outcome
    from app.topics.models import Category, Topic

ANSWERS = (FIRST_ANSWER, NEXT_ANSWER)
# The most promises that one page replays, a tenth of a millisecond and more each: what somebody
# who opens it waits for may not grow with the bank.
MOST = 750
CHUNK = 250
NOTHING = timedelta(0)


@dataclass(frozen=True)
class Held:
    """How long one person had it, and what part of the whole that is, 0 to 1.

    `person` None: it fell to a community manager, and there was none. `promises`: in how many.
    """

    person: Person | None
    time: timedelta
    share: float
    promises: int = 1


@dataclass(frozen=True)
class PromiseLedger:
    """Who is behind one promise: when it fell due (or now), for its breach, over its life."""

    promise: Outcome
    accountable: Person | None
    acting: Person | None
    attributed: Person | None
    held: list[Held]


@dataclass(frozen=True)
class TopicLedger:
    """All promises of answers on a topic, the first first, and everybody's part in them all."""

    promises: list[PromiseLedger]
    held: list[Held]
    moves: int


@dataclass(frozen=True)
class Shares:
    """Who held the work of a period.

    `count`: how many promises of answers were settled in it; `counted`: how many of them, the last,
    are told of here. `topics` had them, `moved` of these were moved, `moves` times in all;
    `restless`: the ids of those moved more often than MOVES.
    """

    held: list[Held]
    count: int
    counted: int
    topics: int
    moved: int
    moves: int
    restless: list[int]


def of_topic(topic: Topic, now: datetime) -> TopicLedger:
    """Who held a topic how long. Ten statements at most, however long its story."""
    read = events_by_topic([topic.id])[topic.id]
    turns = engine.rosters(read)
    answers = [o for o in evaluate(read, now) if o.kind in ANSWERS] if turns else []
    away, manager = _away({topic.id: turns}, topic.opened_at, now)
    books = [(o, engine.ledger(o, turns, away, now, manager)) for o in answers]
    spent: dict[object, timedelta] = defaultdict(lambda: NOTHING)
    for _outcome, book in books:
        for who, time in book.held.items():
            spent[who] += time
    named = {w for _, b in books for w in (b.accountable_at_due, b.breach_attributed_to)}
    known = _people({*spent, *named, *(b.acting_at_due for _, b in books)})
    told = [
        PromiseLedger(
            outcome,
            known.get(book.accountable_at_due),
            known.get(book.acting_at_due),
            known.get(book.breach_attributed_to),
            _shared(book.held, known),
        )
        for outcome, book in books
    ]
    return TopicLedger(told, _shared(spent, known), moves([topic.id]).get(topic.id, 0))


def shares(start: datetime, end: datetime, category: Category | None = None) -> Shares:
    """Who held the promises of answers that were settled in `[start, end)`, by open time.

    What was cancelled is left out. At most MOST promises, the last settled; read in pieces.
    """
    count = session.scalar(_settled(select(func.count()), start, end, category)) or 0
    query = _settled(select(Promise.topic_id, Promise.kind, Promise.cycle), start, end, category)
    rows = session.execute(query.order_by(Promise.ended_at.desc(), Promise.id).limit(MOST)).all()
    wanted: dict[int, set[tuple[str, int]]] = defaultdict(set)
    for topic_id, kind, cycle in rows:
        wanted[topic_id].add((kind, cycle))
    spent: dict[object, timedelta] = defaultdict(lambda: NOTHING)
    times: dict[object, int] = defaultdict(int)
    moved: dict[int, int] = {}
    ids = list(wanted)
    for n in range(0, len(ids), CHUNK):
        piece = ids[n : n + CHUNK]
        for held in _held(piece, wanted, end):
            for who, time in held.items():
                spent[who] += time
                times[who] += time > NOTHING
        moved |= moves(piece)
    known = _people(spent)
    return Shares(
        _shared(spent, known, times),
        count,
        len(rows),
        len(ids),
        len(moved),
        sum(moved.values()),
        sorted(i for i, n in moved.items() if n > MOVES),
    )


def events_by_topic(topic_ids: Iterable[int]) -> dict[int, list[Event]]:
    """The events of many topics as the engine reads them. Three statements."""
    found = promises.clock_events(topic_ids)
    rows = [row for those in found.values() for row in those]
    read: dict[int, list[Event]] = defaultdict(list)
    for row, event in zip(rows, promises.as_engine_reads(rows), strict=True):
        read[row.topic_id].append(event)
    return read


def _settled(
    query: Select[tuple[int]] | Select[tuple[int, str, int]],
    start: datetime,
    end: datetime,
    category: Category | None,
) -> Select[tuple[int, str, int]]:
    query = query.select_from(Promise).where(
        Promise.ended_at >= start,
        Promise.ended_at < end,
        Promise.fulfilled_at.is_not(None),
        Promise.kind.in_(ANSWERS),
    )
    if category is not None:
        query = query.where(Promise.category_id == category.id)
    return query  # type: ignore[return-value]


def _held(
    ids: Sequence[int], wanted: Mapping[int, set[tuple[str, int]]], end: datetime
) -> Iterable[dict[object, timedelta]]:
    read = events_by_topic(ids)
    turns = {i: engine.rosters(read[i]) for i in ids}
    opened = [read[i][0].at for i in ids if read[i]]
    away, manager = _away(turns, min(opened, default=end), end)
    for topic_id in ids:
        if not turns[topic_id]:
            continue
        for outcome in evaluate(read[topic_id], end):
            if (outcome.kind, outcome.cycle) in wanted[topic_id]:
                yield engine.held(outcome, turns[topic_id], away, manager)


def _away(
    turns: Mapping[int, Sequence[engine.Roster]], start: datetime, end: datetime
) -> tuple[list[engine.Absence], int | None]:
    """The absences of everybody named, and whom the work of everybody away falls to."""
    named = {w for those in turns.values() for r in those for w in (r.owner, r.deputy)}
    at_hand = people.managers()
    away = people.absences_between({int(str(w)) for w in named - {None}}, start, end)
    return away, at_hand[0].id if at_hand else None


def _people(ids: Iterable[object]) -> dict[Any, Person]:
    return people_by_id({int(str(i)) for i in ids if i is not None})


def _shared(
    spent: Mapping[object, timedelta],
    known: Mapping[Any, Person],
    times: Mapping[object, int] | None = None,
) -> list[Held]:
    whole = sum(spent.values(), NOTHING)
    told = [
        Held(known.get(who), time, time / whole if whole else 0.0, times[who] if times else 1)
        for who, time in spent.items()
        if time
    ]
    return sorted(told, key=lambda held: (-held.time, held.person.name if held.person else ""))
