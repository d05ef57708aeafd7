"""What the facts say to an index that has followed them up to its cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select, union_all

from app.core.db import session
from app.core.events import Fact
from app.search.cursor import MOST_HOLES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Row, Select

    from app.search.cursor import Cursor

    # Number, instant, name and stream.
    Told = tuple[int, datetime, str, str | None]
    FactRow = Row[Told]

# Of the newest facts, how many are looked through for numbers whose writers are still at it.
RECENT = 100_000
MOST_COUNTED = 10_000
# Facts about a topic after which it reads as before. Names, for some are of slices beside this one
# or above it; what is missing here costs a needless look, no more.
SILENT = frozenset(
    {
        "BreachExplained",
        "HourMoved",
        "NoReplyDisputed",
        "NoReplyNeeded",
        "PromiseBroken",
        "PromiseKept",
        "PromiseMade",
        "TopicClosed",
        "TopicPinned",
        "TopicTaken",
        "TopicUnlocked",
        "TopicUnpinned",
        "VoteCast",
        "VoteWithdrawn",
    }
)

_FACT = (Fact.id, Fact.at, Fact.name, Fact.stream)


def beyond(cursor: Cursor, limit: int) -> Sequence[FactRow]:
    """The oldest facts that were not followed; among them, to compare, the last one that was."""
    found: list[FactRow] = []
    late = cursor.within_holes()
    if late is not None:
        found += session.execute(_in_order(late, limit)).all()
    return [*found, *session.execute(_in_order(Fact.id >= cursor.last, limit - len(found) + 1))]


def _in_order(those: ColumnElement[bool], limit: int) -> Select[Told]:
    return select(*_FACT).where(those).order_by(Fact.id).limit(limit)


def newest() -> tuple[int, datetime] | None:
    """The number of the last fact that can be seen, and when it happened."""
    found = session.execute(select(Fact.id, Fact.at).order_by(Fact.id.desc()).limit(1)).first()
    return (found.id, found.at) if found else None


def missing(until: int) -> list[tuple[int, int]]:
    """Ranges of numbers that nobody has seen among the last facts up to that one."""
    before = func.lag(Fact.id, 1, max(until - RECENT, 0)).over(order_by=Fact.id).label("before")
    recent = select(Fact.id, before).where(Fact.id > until - RECENT, Fact.id <= until).subquery()
    gaps = select(recent.c.before + 1, recent.c.id - 1).where(recent.c.id > recent.c.before + 1)
    found = session.execute(gaps.order_by(recent.c.id.desc()).limit(MOST_HOLES)).all()
    return [(first, last) for first, last in reversed(found)]


def topics_changed(facts: Iterable[FactRow]) -> list[int]:
    """The topics that read otherwise after these facts."""
    streams = dict.fromkeys(f.stream for f in facts if f.stream and f.name not in SILENT)
    return [int(stream[len("topic:") :]) for stream in streams if stream.startswith("topic:")]


def are_of_another_database(facts: Iterable[FactRow], cursor: Cursor) -> bool:
    """Whether the fact that the cursor ends at is not among these, or is another one."""
    return cursor.last > 0 and not any(f.id == cursor.last and f.at == cursor.at for f in facts)


def know(cursor: Cursor) -> bool:
    """Whether the database has what the cursor ends at: one restored from a backup may not."""
    query = select(*_FACT).where(Fact.id == cursor.last)
    return not are_of_another_database(session.execute(query).all(), cursor)


def stale_ids(cursor: Cursor, among: Collection[int]) -> set[int]:
    """Those topics that an index followed up to `cursor` may hold withdrawn words of."""
    if not among:
        return set()
    streams = [f"topic:{topic_id}" for topic_id in among]
    last = select(*_FACT).where(Fact.id == cursor.last)
    since = (select(*_FACT).where(Fact.stream.in_(streams), part) for part in cursor.unread())
    rows = session.execute(union_all(last, *since)).all()
    if are_of_another_database(rows, cursor):
        return set(among)
    return set(topics_changed(row for row in rows if row.id != cursor.last))


def waiting(cursor: Cursor) -> int:
    """How many topics changed since, among so many facts that counting them costs nobody much."""
    streams: set[str | None] = set()
    for part in cursor.unread():
        some = select(Fact.stream, Fact.name).where(part).order_by(Fact.id).limit(MOST_COUNTED)
        told = some.subquery()
        changed = told.c.stream.like("topic:%") & told.c.name.not_in(SILENT)
        streams.update(session.scalars(select(told.c.stream).where(changed).distinct()))
    return len(streams)
