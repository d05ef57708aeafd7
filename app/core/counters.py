"""Stored counters: what lists sort by and pages show without counting, and how to prove them right.

Each slice declares its own beside what they count (`topics/counted.py`):

    counted(Topic.votes_count, select(func.count()).where(Vote.topic_id == Topic.id))

`flask counters verify` compares every row with the count, some thousand rows a statement, so that
nobody waits and a snapshot of each statement holds both. What is wrong is repaired with its rows
locked before they are counted: whoever counts at the same time adds to what was repaired.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, inspect, select, update

from app.core.db import session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import ColumnElement, ScalarSelect, Select
    from sqlalchemy.orm import InstrumentedAttribute

BATCH = 5000


@dataclass(frozen=True)
class Counter:
    """A column, and what should stand in it; `at_least`: it may say more, and never less."""

    name: str
    column: Any
    truth: ScalarSelect[Any]
    at_least: bool = False

    @property
    def key(self) -> Any:
        """The number of its rows."""
        return inspect(self.column.class_).primary_key[0]

    @property
    def differs(self) -> ColumnElement[bool]:
        """Whether a row says something else than what is counted."""
        if self.at_least:
            differs: ColumnElement[bool] = self.column < self.truth
        else:
            differs = self.column.is_distinct_from(self.truth)
        return differs


@dataclass(frozen=True)
class Wrong:
    """A row that says `stored` where `counted` is true."""

    name: str
    key: int
    stored: Any
    counted: Any


@dataclass(frozen=True)
class Looked:
    """What one batch came to: so many numbers of rows further, and what was wrong there."""

    numbers: int
    wrong: list[Wrong] = field(default_factory=list)


class UnknownCounterError(LookupError):
    """Nobody declared it."""


_declared: dict[str, Counter] = {}


def counted(
    column: InstrumentedAttribute[Any], truth: Select[Any], *, at_least: bool = False
) -> None:
    """Say what a stored counter counts; `truth` is one number for each row of its table."""
    name = f"{column.class_.__tablename__}.{column.key}"
    correlated = truth.correlate(column.class_).scalar_subquery()
    _declared[name] = Counter(name, column, correlated, at_least)


def declared() -> list[Counter]:
    """All of them, by name."""
    return [_declared[name] for name in sorted(_declared)]


def named(name: str) -> Counter:
    """One of them ("topics.votes_count")."""
    try:
        return _declared[name]
    except KeyError:
        raise UnknownCounterError(name) from None


def numbers(counter: Counter) -> int:
    """How many numbers of rows there are to go through."""
    first, last = _ends(counter)
    return last - first + 1 if last else 0


def verify(counter: Counter, size: int = BATCH) -> Iterator[Looked]:
    """Compare every row; the caller may end its transaction after each batch."""
    first, last = _ends(counter)
    for start in range(first, last + 1, size) if last else ():
        end = min(start + size - 1, last)
        yield Looked(end - start + 1, _wrong(counter, start, end))


def repair(counter: Counter, size: int = BATCH) -> Iterator[Looked]:
    """The same, and write what was counted; the caller commits after each batch."""
    first, last = _ends(counter)
    for start in range(first, last + 1, size) if last else ():
        end = min(start + size - 1, last)
        wrong = _wrong(counter, start, end)
        if wrong:
            _write([each.key for each in wrong], counter)
        yield Looked(end - start + 1, wrong)


def _ends(counter: Counter) -> tuple[int, int]:
    first, last = session.execute(select(func.min(counter.key), func.max(counter.key))).one()
    return first or 0, last or 0


def _wrong(counter: Counter, start: int, end: int) -> list[Wrong]:
    rows = session.execute(
        select(counter.key, counter.column, counter.truth)
        .where(counter.key.between(start, end), counter.differs)
        .order_by(counter.key)
    )
    return [Wrong(counter.name, *row) for row in rows]


def _write(keys: list[int], counter: Counter) -> None:
    # First the locks, then the count: a statement sees what was committed before it began.
    mine = select(counter.key).where(counter.key.in_(keys)).order_by(counter.key)
    session.execute(mine.with_for_update())
    model = counter.column.class_
    session.execute(
        update(model)
        .where(counter.key.in_(keys), counter.differs)
        .values({counter.column.key: counter.truth})
        .execution_options(synchronize_session=False)
    )
    session.expire_all()
