"""How long things are kept: one table of terms, each slice says its own, staff may change the days.

    retention.keep("letters", 90, _l("…"), Rows(Letter, lambda until: Letter.written_at < until))

Whoever cleans up goes through them in batches, so that nobody waits for a long deletion. What
belongs to somebody under a legal hold stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import String, delete, func, inspect, select, tuple_
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.db import Base, Model, session
from app.core.personal import NOBODY, holds

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import ColumnElement

BATCH = 500


class Period(Model):
    """Days that the administrator chose instead of a term's own."""

    __tablename__ = "retention_periods"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    days: Mapped[int]


@dataclass(frozen=True)
class Rows:
    """The rows of a table that are too old; `person` tells whose they are, if anybody's."""

    model: type[Base]
    old: Callable[[datetime], ColumnElement[bool]]
    person: Any = None


@dataclass(frozen=True)
class Term:
    """What is kept for so many days. `files` finds those that are too old."""

    name: str
    days: int
    about: str
    rows: tuple[Rows, ...] = ()
    files: Callable[[datetime], Iterable[Path]] | None = None


_terms: dict[str, Term] = {}


def keep(
    name: str,
    days: int,
    about: str,
    *rows: Rows,
    files: Callable[[datetime], Iterable[Path]] | None = None,
) -> None:
    """Say for how long something is kept, by default."""
    _terms[name] = Term(name, days, about, rows, files)


def terms() -> list[Term]:
    """All of them, by name."""
    return sorted(_terms.values(), key=lambda term: term.name)


def chosen() -> dict[str, int]:
    """The days in force, by term."""
    ours = {term.name: term.days for term in _terms.values()}
    rows: Sequence[Any] = session.execute(select(Period.name, Period.days)).all()
    return ours | {name: days for name, days in rows if name in ours}


def days(name: str) -> int:
    """For how many days something is kept here."""
    found = session.get(Period, name)
    return found.days if found is not None else _terms[name].days


def choose(name: str, number: int) -> None:
    """Keep something for so many days from now on."""
    if number == _terms[name].days:
        session.execute(delete(Period).where(Period.name == name))
        return
    session.merge(Period(name=name, days=number))
    session.flush()


def overdue(term: Term, number: int, held: Collection[int]) -> int:
    """How much is too old; changes nothing."""
    until = clock.now() - timedelta(days=number)
    found = sum(1 for _ in term.files(until)) if term.files else 0
    for rows in term.rows:
        query = select(func.count()).select_from(rows.model).where(*_those(rows, until, held))
        found += session.scalar(query) or 0
    return found


def clean(term: Term, number: int, held: Collection[int], size: int = BATCH) -> Iterator[int]:
    """Delete what is too old; yields the number after each batch, where the caller may commit."""
    until = clock.now() - timedelta(days=number)
    for rows in term.rows:
        while gone := _one_batch(rows, until, held, size):
            yield gone
            if gone < size:
                break
    for file in term.files(until) if term.files else ():
        file.unlink(missing_ok=True)
        yield 1


def _one_batch(rows: Rows, until: datetime, held: Collection[int], size: int) -> int:
    keys = list(inspect(rows.model).primary_key)
    ids = session.execute(select(*keys).where(*_those(rows, until, held)).limit(size)).all()
    if not ids:
        return 0
    these = (
        keys[0].in_([row[0] for row in ids])
        if len(keys) == 1
        else tuple_(*keys).in_([tuple(row) for row in ids])
    )
    # Asked again: what was used meanwhile is not too old any more.
    gone = session.execute(delete(rows.model).where(these, *_those(rows, until, held)))
    return int(gone.rowcount)  # type: ignore[attr-defined]


def _those(rows: Rows, until: datetime, held: Collection[int]) -> list[ColumnElement[bool]]:
    those = [rows.old(until)]
    if rows.person is not None and held:
        those.append(rows.person.is_(None) | rows.person.not_in(held))
    return those


holds("retention", {"retention_periods.name": NOBODY})
