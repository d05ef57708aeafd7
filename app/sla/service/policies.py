"""Making promise rules in versions, and asking for a second look at those that promise less."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from app.core import clock
from app.core.db import add_once
from app.core.events import record
from app.sla.engine.calendars import MIDNIGHT, NeverOpenError
from app.sla.engine.rules import FIRST_ANSWER, NEXT_ANSWER, RESOLUTION
from app.sla.events import PolicyVersionDecided, PolicyVersionMade
from app.sla.models import EVERYWHERE, PolicyVersion
from app.sla.queries import policies, terms
from app.sla.service.calendars import NothingNewError, StaleError

if TYPE_CHECKING:
    from datetime import datetime

    from app.accounts.models import Person
    from app.sla.queries.policies import Scope
    from app.sla.queries.terms import Rules

# Two calendars are compared by questions asked every three hours through four weeks.
EVERY, TIMES = timedelta(hours=3), 224


class NotYoursError(ValueError):
    """Whoever made a version may not be the one who approves it."""


class NotWaitingError(ValueError):
    """The version does not wait for anybody (any more)."""


def present_rules(scope: Scope, at: datetime | None = None) -> Rules:
    """The rules that hold for a scope, its own or those it falls back to."""
    if scope.category is not None:
        return terms.rules_in_force(scope.category.id, at)
    version = terms.policy_in_force(EVERYWHERE, at or clock.now())
    return terms.rules_of(version, at) if version is not None and version.spec else terms.HOUSE


def rules_from(spec: dict[str, Any], calendar_id: int | None) -> Rules:
    """The rules that a version with this spec would mean now."""
    return terms.rules_of(PolicyVersion(spec=spec, calendar_id=calendar_id))


def general_rules() -> Rules:
    """What a category without rules of its own promises by."""
    return present_rules(policies.Scope())


def make(
    by: Person,
    scope: Scope,
    spec: dict[str, Any],
    calendar_id: int | None,
    note: str,
    based_on: int,
) -> PolicyVersion:
    """New rules for a scope: in force at once, or, when they promise less, once somebody agrees.

    Open promises keep their hours. `based_on`: the version whoever writes this has seen, 0 when
    there was none. Raises StaleError and NothingNewError.
    """
    if policies.last_number(scope) != based_on:
        raise StaleError
    now = clock.now()
    before = present_rules(scope, now)
    after = rules_from(spec, calendar_id) if spec else general_rules()
    present = policies.present(scope)
    if _says_the_same(present, spec, calendar_id):
        raise NothingNewError
    approval = "free"
    if weaker(before, after, now):
        approval = "waiting" if policies.who_else_decides(by) else "alone"
    last = policies.waiting(scope)
    made = PolicyVersion(
        scope=scope.key,
        version=based_on + 1,
        calendar_id=calendar_id if spec else None,
        spec=spec,
        note=note,
        made_by_id=by.id,
        made_at=now,
        approval=approval,
    )
    if not add_once(made):
        raise StaleError
    if last is not None:
        last.approval = "overtaken"
    record(PolicyVersionMade(made.id, approval), by=by.id, at=now)
    return made


def approve(by: Person, version: PolicyVersion) -> None:
    """Let rules that promise less come into force, by a second person."""
    _decide(by, version, "approved")


def decline(by: Person, version: PolicyVersion) -> None:
    """Refuse them, or take one's own back: what held holds on."""
    if version.approval != "waiting":
        raise NotWaitingError
    version.approval, version.decided_by_id = "declined", by.id
    version.decided_at = clock.now()
    record(PolicyVersionDecided(version.id, "declined"), by=by.id, at=version.decided_at)


def weaker(before: Rules, after: Rules, now: datetime) -> list[str]:
    """In what `after` promises less than `before`; each a word that pages put into a sentence."""
    kinds = (FIRST_ANSWER, NEXT_ANSWER, RESOLUTION)
    return [
        *(kind for kind in kinds if _later(kind, before, after, now)),
        *(["pauses"] if _pauses(after) > _pauses(before) else []),
        *(["floor"] if after.policy.resume_floor_s > before.policy.resume_floor_s else []),
        *(["holding"] if after.policy.holding_counts and not before.policy.holding_counts else []),
        *(["risk"] if after.policy.at_risk_pct > before.policy.at_risk_pct else []),
        *(["ladder"] if _is_quieter(before, after) else []),
        *(["quiet"] if _quiet_seconds(after) > _quiet_seconds(before) else []),
        *(["chief"] if before.chief_id is not None and after.chief_id is None else []),
    ]


def _decide(by: Person, version: PolicyVersion, verdict: str) -> None:
    if version.approval != "waiting":
        raise NotWaitingError
    if version.made_by_id == by.id:
        raise NotYoursError
    version.approval, version.decided_by_id, version.decided_at = verdict, by.id, clock.now()
    record(PolicyVersionDecided(version.id, verdict), by=by.id, at=version.decided_at)


def _says_the_same(
    present: PolicyVersion | None, spec: dict[str, Any], calendar_id: int | None
) -> bool:
    if present is None:
        return not spec
    return bool(spec) and (present.spec, present.calendar_id) == (spec, calendar_id)


def _later(kind: str, before: Rules, after: Rules, now: datetime) -> bool:
    """Whether any question would be promised an answer later than it is today."""
    had, has = before.policy.target(kind), after.policy.target(kind)
    if had is None:
        return False
    if has is None:
        return True
    if before.calendar == after.calendar:
        return has > had
    try:
        return any(
            after.calendar.add(at, has) > before.calendar.add(at, had)
            for at in (now + n * EVERY for n in range(TIMES))
        )
    except NeverOpenError:
        return True


def _pauses(rules: Rules) -> int:
    return rules.policy.max_pauses if rules.policy.clarification_pauses else 0


def _is_quieter(before: Rules, after: Rules) -> bool:
    has = {rung.name: rung for rung in after.ladder}
    return any(rung.name not in has or has[rung.name].value > rung.value for rung in before.ladder)


def _quiet_seconds(rules: Rules) -> int:
    """For how many seconds of a week nobody is written to."""
    quiet = rules.quiet
    if quiet is None:
        return 0
    night = (quiet.end - quiet.start) % MIDNIGHT
    return 5 * night + 2 * (MIDNIGHT if quiet.weekends else night)
