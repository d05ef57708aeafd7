"""What a change of rules would do to promises that are open, and doing it.

A new policy moves no hour that was shown; a new version of a calendar does, for it says when we are
open. Either is worked out first by the engine itself, as if the event had happened, and shown. What
is shown is a picture: what is done is decided anew for each topic, once its row is ours.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from app.core import clock
from app.core.db import session
from app.core.events import record
from app.sla.engine.events import Event
from app.sla.engine.promises import evaluate
from app.sla.engine.rules import Terms
from app.sla.events import HourMoved
from app.sla.models import ClockEvent, Promise
from app.sla.queries import calendars, promises, terms
from app.sla.service.promises import note, project
from app.topics import queries as topics
from app.topics.models import Topic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import Select

    from app.accounts.models import Person
    from app.sla.engine.calendars import Calendar
    from app.sla.engine.promises import Evaluation, Outcome
    from app.sla.models import CalendarVersion, WorkCalendar
    from app.sla.queries.policies import Scope

log = logging.getLogger(__name__)

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

    def changed(_topic: Topic, _events: Sequence[Event], at: datetime) -> Event:
        new = Terms(calendar=said, calendar_id=calendar.id)
        return Event("calendar_changed", at, terms=new)

    ours = {version.id for version in calendars.versions(calendar)}
    query = select(Promise.topic_id).where(Promise.calendar_version_id.in_(ours))
    return _dry_run(query.distinct(), changed, now or clock.now())


def keep_up(calendar: WorkCalendar, after: int = 0, *, hidden: bool = True) -> int | None:
    """Count open promises by the newest version of a calendar: a batch, from topic `after` on.

    The last topic looked at, while there may be more. `hidden`: look behind promises that count by
    another calendar too, for what a topic's events may still bring up. Whoever calls commits; any
    number may do it at once or again, for only what counts by an older version is changed.
    """
    newest = calendars.newest(calendar)
    older = {v.id for v in calendars.versions(calendar)} - {newest.id}
    find = calendars.may_count_by if hidden else calendars.seen_to_count_by
    ids = session.scalars(find(older, after).limit(BATCH)).all()
    for topic_id in ids:
        try:
            with session.begin_nested():
                _keep_up(topics.held(topic_id), newest, older)
        except SQLAlchemyError:
            raise
        except Exception:
            log.exception("topic %s cannot be counted by a new version of a calendar", topic_id)
    return ids[-1] if len(ids) == BATCH else None


def tighten_moves(scope: Scope, grace_s: int, now: datetime | None = None) -> list[Move]:
    """The open promises that the rules in force would make due sooner, none within the grace."""

    def tightened(topic: Topic, _events: Sequence[Event], at: datetime) -> Event | None:
        return _tightened(topic, scope, grace_s, at)

    query = select(Promise.topic_id).distinct()
    if scope.category is not None:
        query = query.where(Promise.category_id == scope.category.id)
    return _dry_run(query, tightened, now or clock.now())


def tighten(scope: Scope, moves: Iterable[Move], grace_s: int, by: Person) -> int:
    """Make these promises due sooner, by the rules in force; how many topics.

    What was answered, moved elsewhere or made due sooner since they were found is let be.
    """
    return sum(
        _tighten(topics.held(topic_id), scope, grace_s, by)
        for topic_id in sorted({move.topic.id for move in moves})
    )


def _keep_up(topic: Topic, newest: CalendarVersion, older: set[int]) -> None:
    events = promises.as_engine_reads(promises.clock_events([topic.id])[topic.id])
    at = _after(events)
    before = evaluate(events, at)
    if not before.versions & older:
        return
    # The calendar changes and nothing else: what the policy has become since is for new cycles.
    event = ClockEvent(
        topic_id=topic.id,
        type="calendar_changed",
        at=at,
        policy_version_id=before.terms.policy_version,
        calendar_version_id=newest.id,
        data={},
        by_id=newest.made_by_id,
    )
    session.add(event)
    session.flush()
    moves = _compare(topic, before, project(topic, at))
    if any(move.before != move.after for move in moves):
        is_later = any(move.is_later for move in moves)
        record(HourMoved(topic.id, is_later), by=newest.made_by_id, at=at)


def _tighten(topic: Topic, scope: Scope, grace_s: int, by: Person) -> bool:
    if scope.category is not None and topic.category_id != scope.category.id:
        return False
    events = promises.as_engine_reads(promises.clock_events([topic.id])[topic.id])
    at = _after(events)
    event = _tightened(topic, scope, grace_s, at)
    if event is None or not _compare(topic, evaluate(events, at), evaluate([*events, event], at)):
        return False
    note(topic, "tighten_open", at=at, by=by.id, grace=grace_s)
    return True


def _tightened(topic: Topic, scope: Scope, grace_s: int, at: datetime) -> Event | None:
    if scope.category is None and _has_own_rules(topic.category_id, at):
        return None
    held = terms.terms_in_force(topic.category_id, at)
    return Event("tighten_open", at, terms=held, grace=grace_s)


def _after(events: Sequence[Event]) -> datetime:
    """Now, and not before anything that is written down: another machine's clock may be ahead."""
    return max([clock.now(), *(event.at for event in events)])


def _dry_run(
    topic_ids: Select[tuple[int]],
    imagined: Callable[[Topic, Sequence[Event], datetime], Event | None],
    now: datetime,
) -> list[Move]:
    query = topic_ids.where(Promise.state.in_(calendars.MOVABLE))
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
                then = evaluate([*events, event], now)
                moves += _compare(topic, evaluate(events, now), then)
    return moves


def _compare(topic: Topic, now: Evaluation, then: Evaluation) -> list[Move]:
    changed = {_key(outcome): outcome for outcome in then}
    return [
        Move(topic, outcome.kind, outcome.due_at, changed[_key(outcome)].due_at)
        for outcome in now
        if outcome.is_live and _differs(outcome, changed[_key(outcome)])
    ]


def _differs(before: Outcome, after: Outcome) -> bool:
    if before.due_at != after.due_at:
        return True
    still = before.due_at is None
    return still and (before.calendar != after.calendar or before.remaining != after.remaining)


def _key(outcome: Outcome) -> tuple[str, int]:
    return outcome.kind, outcome.cycle


def _has_own_rules(category_id: int, at: datetime) -> bool:
    own = terms.policy_in_force(terms.scope_of(category_id), at)
    return own is not None and bool(own.spec)
