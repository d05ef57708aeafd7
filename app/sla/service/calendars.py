"""Making calendars and new versions of them. A version, once made, is never changed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from app.core import clock
from app.core.db import add_once, session
from app.sla.engine.calendars import parse
from app.sla.models import CalendarVersion, WorkCalendar
from app.sla.queries import calendars
from app.sla.service import changes

if TYPE_CHECKING:
    from datetime import date

    from app.accounts.models import Person
    from app.sla.models import PolicyVersion
    from app.sla.service.changes import Move


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


def change(by: Person, calendar: WorkCalendar, said: Said, based_on: int) -> list[Move]:
    """A new version; open promises that count by the calendar are counted by it from now on.

    `based_on`: the version whoever writes this has seen. Raises StaleError and NothingNewError.
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
    calendar.name = said.name
    if same:
        return []
    moves = changes.calendar_moves(calendar, parse(said.spec))
    made = _version(calendar, last.version + 1, by, said)
    changes.move_to(made, moves, by)
    return moves


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
