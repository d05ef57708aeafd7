"""What a change of rules would do to promises that are open, and doing it.

A new policy moves no hour that was shown; a new version of a calendar does, for it says when we are
open. Either is worked out first by the engine itself, as if the event had happened, and shown.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from app.core import clock
from app.core.db import session
from app.core.events import record
from app.sla.engine.events import Event
from app.sla.engine.promises import evaluate
from app.sla.engine.rules import Terms
from app.sla.events import HourMoved
from app.sla.models import CalendarVersion, ClockEvent, Promise
from app.sla.queries import promises, terms
from app.sla.service.promises import note, project
from app.topics.models import Topic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from app.accounts.models import Person
    from app.sla.engine.calendars import Calendar
    from app.sla.engine.promises import Outcome
    from app.sla.models import WorkCalendar
    from app.sla.queries.policies import Scope

# So many topics are worked out at a time.
BATCH = 200


@dataclass(frozen=True)
class Move:
    """One open promise: its hour now and after the change; both None while it stands still."""

    topic: Topic
    kind: str
    before: datetime | None
    after: datetime | None

    @property
    def is_later(self) -> bool:
        """Whether somebody would wait longer than they were told."""
        return self.before is not None and self.after is not None and self.after > self.before


def calendar_moves(
    calendar: WorkCalendar, said: Calendar, now: datetime | None = None
) -> list[Move]:
    """The open promises that count by `calendar`, and what becomes of them when it says `said`."""
    ours = _parsed_versions(calendar)

    def changed(_topic: Topic, events: Sequence[Event], at: datetime) -> Event | None:
        last = _terms_of(events)
        if last.calendar_version not in ours:
            return None
        return Event("calendar_changed", at, terms=Terms(last.policy, said, last.policy_version))

    query = select(Promise.topic_id).where(Promise.calendar_version_id.in_(ours))
    return _dry_run(query.distinct(), changed, now or clock.now())


def move_to(version: CalendarVersion, moves: Iterable[Move], by: Person) -> int:
    """Count what is left of these promises by a new version from now on; how many topics."""
    at, of_topic = clock.now(), _by_topic(moves)
    for topic in _held(sorted(of_topic)):
        events = promises.as_engine_reads(promises.clock_events([topic.id])[topic.id])
        # The calendar changes and nothing else: what the policy has become since is for new cycles.
        session.add(
            ClockEvent(
                topic_id=topic.id,
                type="calendar_changed",
                at=at,
                policy_version_id=_terms_of(events).policy_version,
                calendar_version_id=version.id,
                data={},
                by_id=by.id,
            )
        )
        session.flush()
        project(topic, at)
        mine = of_topic[topic.id]
        if any(move.before != move.after for move in mine):
            record(HourMoved(topic.id, any(move.is_later for move in mine)), by=by.id, at=at)
    return len(of_topic)


def tighten_moves(scope: Scope, grace_s: int, now: datetime | None = None) -> list[Move]:
    """The open promises that the rules in force would make due sooner, none within the grace."""
    category = scope.category

    def tightened(topic: Topic, _events: Sequence[Event], at: datetime) -> Event | None:
        if category is None and _has_own_rules(topic.category_id, at):
            return None
        held = terms.terms_in_force(topic.category_id, at)
        return Event("tighten_open", at, terms=held, grace=grace_s)

    query = select(Promise.topic_id).distinct()
    if category is not None:
        query = query.where(Promise.category_id == category.id)
    return _dry_run(query, tightened, now or clock.now())


def tighten(moves: Iterable[Move], grace_s: int, by: Person) -> int:
    """Make these promises due sooner, by the rules in force; how many topics."""
    ids = sorted({move.topic.id for move in moves})
    at = clock.now()
    for topic in _held(ids):
        note(topic, "tighten_open", at=at, by=by.id, grace=grace_s)
    return len(ids)


def _dry_run(
    topic_ids: object,
    imagined: Callable[[Topic, Sequence[Event], datetime], Event | None],
    now: datetime,
) -> list[Move]:
    query = topic_ids.where(Promise.state.in_(("running", "paused")))  # type: ignore[attr-defined]
    ids = list(session.scalars(query.order_by(Promise.topic_id)))
    moves: list[Move] = []
    for start in range(0, len(ids), BATCH):
        batch = ids[start : start + BATCH]
        told = promises.clock_events(batch)
        query_topics = select(Topic).where(Topic.id.in_(batch)).order_by(Topic.id)
        for topic in session.scalars(query_topics).unique():
            events = promises.as_engine_reads(told[topic.id])
            event = imagined(topic, events, now) if events else None
            if event is not None:
                moves += _compare(topic, events, event, now)
    return moves


def _compare(topic: Topic, events: list[Event], event: Event, now: datetime) -> list[Move]:
    then = {_key(o): o for o in evaluate([*events, event], now)}
    return [
        Move(topic, o.kind, o.due_at, then[_key(o)].due_at)
        for o in evaluate(events, now)
        if o.is_live and _differs(o, then[_key(o)])
    ]


def _differs(before: Outcome, after: Outcome) -> bool:
    if before.due_at != after.due_at:
        return True
    still = before.due_at is None
    return still and (before.calendar != after.calendar or before.remaining != after.remaining)


def _key(outcome: Outcome) -> tuple[str, int]:
    return outcome.kind, outcome.cycle


def _terms_of(events: Sequence[Event]) -> Terms:
    """The terms that hold for a topic after its events: those its last terms-bearing one brought.

    As `evaluate` keeps them; every event of ours carries some, and only these types bring them in.
    """
    bringing = {
        "opened",
        "customer_post",
        "reopened",
        "transfer",
        "calendar_changed",
        "policy_changed",
        "tighten_open",
    }
    found = [e.terms for e in events if e.type in bringing and e.terms is not None]
    return found[-1] if found else Terms()


def _parsed_versions(calendar: WorkCalendar) -> set[int | None]:
    query = select(CalendarVersion.id).where(CalendarVersion.calendar_id == calendar.id)
    return set(session.scalars(query))


def _by_topic(moves: Iterable[Move]) -> dict[int, list[Move]]:
    found: dict[int, list[Move]] = defaultdict(list)
    for move in moves:
        found[move.topic.id].append(move)
    return found


def _has_own_rules(category_id: int, at: datetime) -> bool:
    own = terms.policy_in_force(terms.scope_of(category_id), at)
    return own is not None and bool(own.spec)


def _held(ids: Sequence[int]) -> Iterable[Topic]:
    """These topics, their rows ours, always in one order."""
    for start in range(0, len(ids), BATCH):
        query = select(Topic).where(Topic.id.in_(ids[start : start + BATCH])).order_by(Topic.id)
        yield from session.scalars(query.with_for_update(of=Topic)).unique().all()
