"""Replaying everything, to see that the rows still say what the events mean.

A difference is an alarm: somebody changed a row by hand, or the world changed under us (a country
moved its clocks and the new time zone data moves a due instant).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from app.core import clock
from app.core.db import session
from app.core.events import quietly
from app.sla.engine.people import Roster, rosters
from app.sla.engine.promises import evaluate
from app.sla.models import ClockEvent, Promise, Tick
from app.sla.queries import promises
from app.sla.service.promises import meant, project
from app.topics.models import Topic

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

BATCH = 200
ONCE_IN = timedelta(hours=20)
# They pass by themselves as time goes: the scheduler notices them, or has yet to.
NOTICED_LATER = {"state", "breached_at", "at_risk_at", "attributed_to_id"}
LAPSING = {"taken_by_id", "taken_until"}


@dataclass(frozen=True)
class Difference:
    """A column of a promise that does not say what its topic's events mean."""

    topic_id: int
    kind: str
    cycle: int
    column: str
    stored: Any
    computed: Any


def count() -> int:
    """How many topics have promises to replay."""
    return session.scalar(select(func.count(func.distinct(ClockEvent.topic_id)))) or 0


def replay(*, repair: bool = False) -> Iterator[tuple[int, list[Difference]]]:
    """Replay every topic; each one's id with its differences. `repair` writes the rows anew.

    Read in batches, so that the whole history is never held at once. The caller commits.
    """
    last = 0
    while ids := _next_ids(last):
        last = ids[-1]
        yield from _replay(ids, repair=repair)
        if repair:
            session.flush()
        session.expunge_all()


def replay_what_runs() -> Iterator[list[Difference]]:
    """Replay the topics on which anything is owed, a batch at a time, unless it was done today.

    Whether all was well is remembered for `flask doctor`. The caller commits after each batch, so
    that nobody waits for the whole.
    """
    now, known = clock.now(), session.get(Tick, promises.THE_CHECK)
    if known is not None and now - known.at < ONCE_IN:
        return
    wrong, last = False, 0
    while ids := _next_owed(last):
        last = ids[-1]
        found = [each for _id, those in _replay(ids, repair=False) for each in those]
        wrong = wrong or bool(found)
        session.expunge_all()
        yield found
    session.merge(Tick(name=promises.THE_CHECK, at=now, held=wrong))
    session.flush()


def project_what_never_was() -> int:
    """Make the promises of topics that have events and no promises: after an upgrade."""
    query = select(ClockEvent.topic_id).where(
        ~select(Promise.id).where(Promise.topic_id == ClockEvent.topic_id).exists()
    )
    ids = list(session.scalars(query.distinct().order_by(ClockEvent.topic_id)))
    # What was kept and broken long ago is history: nobody is written to about it.
    with quietly():
        for start in range(0, len(ids), BATCH):
            for _ in _replay(ids[start : start + BATCH], repair=True):
                pass
            session.flush()
    return len(ids)


def _next_owed(last: int) -> list[int]:
    query = select(Promise.topic_id).where(
        Promise.state.in_(promises.LIVE), Promise.topic_id > last
    )
    return list(session.scalars(query.distinct().order_by(Promise.topic_id).limit(BATCH)))


def _next_ids(last: int) -> list[int]:
    query = select(ClockEvent.topic_id).where(ClockEvent.topic_id > last).distinct()
    return list(session.scalars(query.order_by(ClockEvent.topic_id).limit(BATCH)))


def _replay(ids: Sequence[int], *, repair: bool) -> Iterator[tuple[int, list[Difference]]]:
    now = clock.now()
    events, rows = promises.clock_events(ids), promises.promises_on(ids)
    query = select(Topic).where(Topic.id.in_(ids))
    for topic in session.scalars(query.order_by(Topic.id)).unique():
        found = list(_differences(topic, events[topic.id], rows[topic.id], now))
        if repair and (found or not rows[topic.id]):
            project(topic, now, events[topic.id], rows[topic.id])
        yield topic.id, found


def _differences(
    topic: Topic, told: Sequence[ClockEvent], rows: Sequence[Promise], now: datetime
) -> Iterator[Difference]:
    read = promises.as_engine_reads(told)
    turns = rosters(read) or [Roster(topic.opened_at, topic.category.owner_id)]
    stored = {(row.kind, row.cycle): row for row in rows}
    for outcome in evaluate(read, now):
        row = stored.pop((outcome.kind, outcome.cycle), None)
        if row is None:
            yield Difference(topic.id, outcome.kind, outcome.cycle, "row", None, outcome.state)
            continue
        unnoticed = row.state == "running" and outcome.state == "breached"
        passing = LAPSING | (NOTICED_LATER if unnoticed else set())
        for name, value in meant(outcome, turns, told, now).items():
            had = getattr(row, name)
            if name not in passing and had != value:
                yield Difference(topic.id, outcome.kind, outcome.cycle, name, had, value)
    for row in stored.values():
        if row.reason != "superseded":
            yield Difference(topic.id, row.kind, row.cycle, "row", row.state, None)
