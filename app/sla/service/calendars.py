"""Making calendars and new versions of them. A version, once made, is never changed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.core import clock
from app.core.db import add_once, session
from app.core.events import record
from app.sla.engine.calendars import parse
from app.sla.events import CalendarVersionMade
from app.sla.models import CalendarVersion, WorkCalendar
from app.sla.queries import calendars
from app.sla.service import changes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from app.accounts.models import Person
    from app.sla.models import PolicyVersion


class StaleError(ValueError):
    """Somebody made another version since this one was begun."""


class NothingNewError(ValueError):
    """The version would say what the last one says."""


class NameTakenError(ValueError):
    """Somebody else gave another calendar this name meanwhile."""


class InUseError(ValueError):
    """Promise rules still count by the calendar."""

    def __init__(self, users: list[PolicyVersion]) -> None:
        super().__init__(len(users))
        self.users = users


@dataclass(frozen=True)
class Said:
    """What a version of a calendar says: see `CalendarVersion`."""

    name: str
    spec: dict[str, Any]
    horizon: date | None = None
    source: str = ""
    note: str = ""


def digest(spec: dict[str, Any]) -> str:
    """The SHA-256 of a spec, the same however its keys are ordered."""
    text = json.dumps(spec, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def create(by: Person, said: Said) -> WorkCalendar:
    """A new calendar with its first version. Raises NameTakenError."""
    made = WorkCalendar(name=said.name)
    if not add_once(made):
        raise NameTakenError
    _version(made, 1, by, said)
    return made


def change(by: Person, calendar: WorkCalendar, said: Said, based_on: int) -> None:
    """A new version. Open promises that count by the calendar are moved to it afterwards.

    `based_on`: the version whoever writes this has seen. Raises StaleError, NothingNewError and
    NameTakenError.
    """
    held = select(WorkCalendar).where(WorkCalendar.id == calendar.id)
    session.scalars(held.with_for_update()).one()
    last = calendars.newest(calendar)
    if last.version != based_on:
        raise StaleError
    same = (last.digest, last.horizon, last.source) == (
        digest(said.spec),
        said.horizon,
        said.source,
    )
    if same and calendar.name == said.name:
        raise NothingNewError
    _rename(calendar, said.name)
    if not same:
        _version(calendar, last.version + 1, by, said)
        record(CalendarVersionMade(calendar.id), by=by.id)


def count_by_the_newest(calendar_id: int, after: int) -> None:
    """Move a batch of open promises to a calendar's newest version; the next is a turn of its own.

    There may be very many of them, and nobody who asks or answers should wait for all.
    """
    calendar = calendars.calendar(calendar_id)
    last = changes.keep_up(calendar, after) if calendar is not None else None
    if last is not None:
        record(CalendarVersionMade(calendar_id, last))


def leave_none_behind() -> Iterator[None]:
    """Move what still counts by an older version. The caller commits after each batch.

    Somebody may have asked just when a version was made; and when an end is undone, as by opening a
    closed topic, its promise is counted again as it was then.
    """
    for calendar in calendars.changed_lately():
        yield from _move_all(calendar, hidden=True)
    for calendar in calendars.behind():
        yield from _move_all(calendar, hidden=False)


def archive(calendar: WorkCalendar) -> None:
    """Offer it no longer. Raises InUseError while rules count by it."""
    users = calendars.users_of(calendar)
    if users:
        raise InUseError(users)
    calendar.archived_at = calendar.archived_at or clock.now()
    session.flush()


def reopen(calendar: WorkCalendar) -> None:
    """Offer it again."""
    calendar.archived_at = None
    session.flush()


def _move_all(calendar: WorkCalendar, *, hidden: bool) -> Iterator[None]:
    last: int | None = 0
    while last is not None:
        last = changes.keep_up(calendar, last, hidden=hidden)
        yield


def _rename(calendar: WorkCalendar, name: str) -> None:
    try:
        with session.begin_nested():
            calendar.name = name
    except IntegrityError:
        raise NameTakenError from None


def _version(calendar: WorkCalendar, number: int, by: Person, said: Said) -> CalendarVersion:
    parse(said.spec)  # what cannot be read must never be kept
    made = CalendarVersion(
        calendar_id=calendar.id,
        version=number,
        spec=said.spec,
        horizon=said.horizon,
        source=said.source,
        note=said.note,
        digest=digest(said.spec),
        made_by_id=by.id,
        made_at=clock.now(),
    )
    if not add_once(made):
        raise StaleError
    return made
