"""Personal data: what each slice holds of a person, how it hands that out, how it forgets it.

Lower slices never see upper ones, so each says here what lies in its own tables:

    personal.holds("topics", {"drafts.fields": ERASED, …}, collect=collect, forget=forget)

Whoever exports or erases asks them all. Every column that could say who somebody is must be
declared, which a test watches: a table that nobody thought of cannot be forgotten.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, inspect, select, update

from app.core.db import Base, session
from app.core.events import Delivery

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import ColumnElement

    from app.core.files import File


class Fate(StrEnum):
    """What erasure does to a column."""

    # Deleted with its row, or emptied.
    ERASED = "erased"
    # Deleted or replaced when the person asks for their words too.
    WORDS = "words"
    # A number that stays; the row it names has no name any more.
    NUMBER = "number"
    # The bank's own words and people: a record of business.
    BANK = "bank"
    # Says nothing of anybody: words from a list, addresses of pages, counts.
    NOBODY = "nobody"


ERASED, WORDS, NUMBER, BANK, NOBODY = Fate


@dataclass(frozen=True)
class Subject:
    """Whose data it is: their number, and what else of theirs stands in tables without it."""

    person_id: int
    name: str = ""
    addresses: frozenset[str] = frozenset()
    # Hashes of the guest keys of their browsers.
    guests: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Section:
    """Some of what is held of a person, as rows. `fields` says what each key means.

    `files`: what belongs to it and is no text, by the name it gets.
    """

    key: str
    title: str
    fields: Mapping[str, str]
    rows: Iterable[Mapping[str, Any]]
    files: Mapping[str, File] = field(default_factory=dict)


@dataclass
class Erasing:
    """One erasure while it runs, counting what it destroys.

    `words`: what they wrote goes too, not only who they are. `in_words(language)` stands in place
    of what is gone. `topics`: those that read otherwise afterwards.
    """

    subject: Subject
    words: bool
    at: datetime
    in_words: Callable[[str], str]
    destroyed: Counter[str] = field(default_factory=Counter)
    files: list[Path | File] = field(default_factory=list)
    topics: set[int] = field(default_factory=set)

    def delete(self, model: type[Base], *those: ColumnElement[bool]) -> None:
        """Delete rows."""
        gone = session.execute(
            delete(model).where(*those).execution_options(synchronize_session="fetch")
        )
        self.count(model, gone.rowcount)  # type: ignore[attr-defined]

    def empty(self, model: type[Base], values: Any, *those: ColumnElement[bool]) -> None:
        """Overwrite columns of rows that stay."""
        done = session.execute(
            update(model)
            .where(*those)
            .values(values)
            .execution_options(synchronize_session="fetch")
        )
        self.count(model, done.rowcount)  # type: ignore[attr-defined]

    def count(self, model: type[Base], number: int = 1) -> None:
        """So many rows of this table are destroyed."""
        if number:
            self.destroyed[model.__tablename__] += number


@dataclass(frozen=True)
class Holding:
    """What one slice holds."""

    name: str
    columns: Mapping[str, Fate]
    collect: Callable[[Subject], Iterable[Section]] | None = None
    forget: Callable[[Erasing], None] | None = None
    order: int = 50


_holdings: dict[str, Holding] = {}


def holds(
    name: str,
    columns: Mapping[str, Fate],
    *,
    collect: Callable[[Subject], Iterable[Section]] | None = None,
    forget: Callable[[Erasing], None] | None = None,
    order: int = 50,
) -> None:
    """Say what a slice holds. Those of a lower `order` forget first: what others refer to, last."""
    _holdings[name] = Holding(name, columns, collect, forget, order)


def declared() -> dict[str, Fate]:
    """Every declared column ("people.name") and what becomes of it."""
    return {column: fate for h in _holdings.values() for column, fate in h.columns.items()}


def collect(subject: Subject) -> list[Section]:
    """Everything that is held of a person."""
    askable = sorted(_holdings.values(), key=lambda h: -h.order)
    return [section for h in askable if h.collect for section in h.collect(subject)]


def forget(erasing: Erasing) -> None:
    """Erase a person everywhere, in the caller's transaction. Doing it twice changes nothing."""
    for holding in sorted(_holdings.values(), key=lambda h: h.order):
        if holding.forget is not None:
            holding.forget(erasing)
    session.flush()


def _forget_addresses_in_errors(erasing: Erasing) -> None:
    """A mail server's complaint names the address it would not take."""
    for address in erasing.subject.addresses:
        told = func.lower(Delivery.error).contains(address.lower(), autoescape=True)
        erasing.empty(Delivery, {"error": None}, told)


def rows_of(model: type[Base], *those: ColumnElement[bool], limit: int = 100_000) -> Any:
    """The rows of a person, the oldest first."""
    keys = inspect(model).primary_key
    return session.scalars(select(model).where(*those).order_by(*keys).limit(limit)).unique()


holds(
    "core",
    {
        "facts.name": NOBODY,
        "facts.stream": NOBODY,
        "facts.data": NUMBER,
        "facts.actor_id": NUMBER,
        "deliveries.reaction": NOBODY,
        "deliveries.error": ERASED,
        "deliveries.state": NOBODY,
        "beats.name": NOBODY,
        "record.payload": NUMBER,
        "record.action": NOBODY,
        "record.object": NOBODY,
        "record.actor": NUMBER,
        "record.prev_hash": NOBODY,
        "record.hash": NOBODY,
        "record_head.hash": NOBODY,
        "pseudonyms.person_id": ERASED,
        "challenge_questions.lines": BANK,
        "challenge_questions.editor_id": NUMBER,
    },
    forget=_forget_addresses_in_errors,
)
