"""The rules in force: which policy and which calendar hold for a category at an instant."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from app.core import clock
from app.core.db import session
from app.sla.engine.calendars import ALWAYS, Calendar, NeverOpenError, parse, seconds_of
from app.sla.engine.ladder import LADDER, Quiet, Rung
from app.sla.engine.rules import FIRST_ANSWER, Policy, Terms
from app.sla.models import EVERYWHERE, CalendarVersion, PolicyVersion
from app.topics import promise

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

# How a version came to hold; the others wait for somebody's consent, or were refused it.
HELD = ("free", "approved", "alone")
POLICY_FIELDS = tuple(f.name for f in fields(Policy))


@dataclass(frozen=True)
class QuietHours:
    """Seconds of each recipient's own day between which nobody is written to."""

    start: int = 21 * 3600
    end: int = 8 * 3600
    weekends: bool = False

    def of(self, zone: str) -> Quiet:
        """The quiet hours of somebody who lives by the clock of `zone`."""
        return Quiet(zone, self.start, self.end, self.weekends)


@dataclass(frozen=True)
class Rules:
    """Everything a category promises by. The versions are None for the house's own default."""

    policy: Policy
    calendar: Calendar
    ladder: tuple[Rung, ...]
    quiet: QuietHours | None
    chief_id: int | None = None
    policy_version_id: int | None = None
    calendar_version_id: int | None = None
    calendar_id: int | None = None

    @property
    def terms(self) -> Terms:
        """What the engine needs of it."""
        return Terms(
            self.policy,
            self.calendar,
            self.policy_version_id,
            self.calendar_version_id,
            self.calendar_id,
        )


# What holds before anybody wrote a policy: it may never change, for old promises are under it.
HOUSE = Rules(Policy(resume_floor_s=2 * 3600), ALWAYS, LADDER, QuietHours())

# Versions never change, so what was parsed once stays true; the digest is of the content.
_parsed: dict[str, Calendar] = {}


def scope_of(category_id: int | None) -> str:
    """How policies name a category, or all of them."""
    return EVERYWHERE if category_id is None else f"category:{category_id}"


def rules_in_force(category_id: int, at: datetime | None = None) -> Rules:
    """The rules of a category at an instant (now, when not given): its own, else the general."""
    at = at or clock.now()
    version = policy_in_force(scope_of(category_id), at)
    if version is None or not version.spec:
        version = policy_in_force(EVERYWHERE, at)
    if version is None or not version.spec:
        return HOUSE
    return rules_of(version, at)


def terms_in_force(category_id: int, at: datetime | None = None) -> Terms:
    """Policy and calendar of a category at an instant."""
    return rules_in_force(category_id, at).terms


@promise.foreteller
def due_if_asked(category_id: int, at: datetime) -> datetime | None:
    """By when what is asked there at an instant is answered; None: nothing is promised."""
    rules = rules_in_force(category_id, at)
    target = rules.policy.target(FIRST_ANSWER)
    try:
        return rules.calendar.add(at, target) if target is not None else None
    except NeverOpenError:
        return None


def policy_in_force(scope: str, at: datetime) -> PolicyVersion | None:
    """The last version for a scope that held by then: made, and approved where that was needed."""
    since = func.coalesce(PolicyVersion.decided_at, PolicyVersion.made_at)
    query = select(PolicyVersion).where(
        PolicyVersion.scope == scope, PolicyVersion.approval.in_(HELD), since <= at
    )
    return session.scalar(query.order_by(PolicyVersion.version.desc()).limit(1))


def rules_of(version: PolicyVersion, at: datetime | None = None) -> Rules:
    """What a version of a policy says, with the calendar that it names as it was then."""
    days = calendar_in_force(version.calendar_id, at or clock.now())
    spec = version.spec
    return Rules(
        policy_of(spec),
        calendar_of(days) if days else ALWAYS,
        ladder_of(spec),
        quiet_of(spec),
        spec.get("chief_id"),
        version.id,
        days.id if days else None,
        days.calendar_id if days else None,
    )


def calendar_in_force(calendar_id: int | None, at: datetime) -> CalendarVersion | None:
    """The last version of a calendar that was made by then; None is around the clock."""
    if calendar_id is None:
        return None
    mine = (CalendarVersion.calendar_id == calendar_id, CalendarVersion.made_at <= at)
    query = select(CalendarVersion).where(*mine).order_by(CalendarVersion.version.desc()).limit(1)
    return session.scalar(query)


def calendar_of(version: CalendarVersion) -> Calendar:
    """A version as the engine reads it."""
    if version.digest not in _parsed:
        _parsed[version.digest] = parse(version.spec)
    return _parsed[version.digest]


def policy_of(spec: dict[str, Any]) -> Policy:
    """The engine's part of a policy's spec."""
    return Policy(**{name: spec[name] for name in POLICY_FIELDS if name in spec})


def ladder_of(spec: dict[str, Any]) -> tuple[Rung, ...]:
    """The rungs of a policy's spec."""
    told = spec.get("ladder")
    return tuple(Rung(name, mode, value) for name, mode, value in told) if told else LADDER


def quiet_of(spec: dict[str, Any]) -> QuietHours | None:
    """The quiet hours of a policy's spec; None when it says that there are none."""
    if "quiet" not in spec:
        return QuietHours()
    told = spec["quiet"]
    if told is None:
        return None
    weekends = bool(told.get("weekends"))
    return QuietHours(seconds_of(told["from"]), seconds_of(told["to"]), weekends)


def terms_by_versions(
    pairs: Iterable[tuple[int | None, int | None]],
) -> dict[tuple[int | None, int | None], Terms]:
    """Terms by the ids of their policy's and calendar's versions. Two statements at most."""
    wanted = set(pairs)
    policies = _by_id(PolicyVersion, {p for p, _ in wanted if p is not None})
    calendars = _by_id(CalendarVersion, {c for _, c in wanted if c is not None})
    return {
        (p, c): Terms(
            policy_of(policies[p].spec) if p is not None else HOUSE.policy,
            calendar_of(calendars[c]) if c is not None else ALWAYS,
            p,
            c,
            calendars[c].calendar_id if c is not None else None,
        )
        for p, c in wanted
    }


def _by_id(model: Any, ids: set[int]) -> dict[int, Any]:
    if not ids:
        return {}
    return {row.id: row for row in session.scalars(select(model).where(model.id.in_(ids)))}


def current_versions() -> list[CalendarVersion]:
    """The newest version of every calendar that is in use."""
    query = select(CalendarVersion).order_by(CalendarVersion.calendar_id, CalendarVersion.version)
    newest = {v.calendar_id: v for v in session.scalars(query)}
    return [v for v in newest.values() if v.calendar.archived_at is None]
