"""Replaying everything, to see that the rows still say what the events mean.

A difference is an alarm: somebody changed a row by hand, or the world changed under us (a country
moved its clocks and the new time zone data moves a due instant).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, select, update

from app.core import clock
from app.core.db import add_once, session
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

    from app.sla.engine.events import Event

BATCH = 200
ONCE_IN = timedelta(hours=20)
# Whoever is at it says so with each batch.
LEASE = timedelta(hours=1)
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


# A topic's id and how its promises differ.
Replayed = tuple[int, list[Difference]]


def count() -> int:
    """How many topics have promises to replay."""
    return session.scalar(select(func.count(func.distinct(ClockEvent.topic_id)))) or 0


def replay(*, repair: bool = False) -> Iterator[list[Replayed]]:
    """Replay every topic, a batch at a time; each one's id with its differences.

    `repair` writes their rows anew. The caller commits after each batch, so that the whole history
    is never held at once, nor anybody kept waiting for it.
    """
    last = 0
    while ids := _next_ids(last):
        last = ids[-1]
        yield _replay(ids, repair=repair)
        session.expunge_all()


def claim() -> bool:
    """Whether this worker is to replay what is owed: it was not done today, nor is anybody at it.

    The claim holds for an hour, so that one who dies at it keeps nobody from it. The caller
    commits.
    """
    now, known = clock.now(), promises.last_check()
    if known is not None and now - known.at < ONCE_IN:
        return False
    if add_once(Tick(name=promises.CHECKING, at=now)):
        return True
    late = update(Tick).where(Tick.name == promises.CHECKING, Tick.at <= now - LEASE)
    return session.execute(late.values(at=now)).rowcount == 1  # type: ignore[attr-defined,no-any-return]


def replay_what_runs() -> Iterator[list[Difference]]:
    """Replay the topics on which anything is owed, a batch at a time; what was found in each.

    For whoever has claimed it. Whether all was well is remembered for `flask doctor`. The caller
    commits after each batch.
    """
    wrong, last = False, 0
    while ids := _next_owed(last):
        last = ids[-1]
        found = [each for _id, those in _replay(ids, repair=False) for each in those]
        wrong = wrong or bool(found)
        ours = update(Tick).where(Tick.name == promises.CHECKING)
        session.execute(ours.values(at=clock.now()))
        session.expunge_all()
        yield found
    session.merge(Tick(name=promises.THE_CHECK, at=clock.now(), held=wrong))
    session.execute(delete(Tick).where(Tick.name == promises.CHECKING))
    session.flush()


def project_what_never_was() -> int:
    """Make the promises of topics that have events and no promises: after an upgrade."""
    query = select(ClockEvent.topic_id).where(
        ~select(Promise.id).where(Promise.topic_id == ClockEvent.topic_id).exists()
    )
    ids = list(session.scalars(query.distinct().order_by(ClockEvent.topic_id)))
    for start in range(0, len(ids), BATCH):
        _replay(ids[start : start + BATCH], repair=True)
    return len(ids)


def _next_owed(last: int) -> list[int]:
    query = select(Promise.topic_id).where(
        Promise.state.in_(promises.LIVE), Promise.topic_id > last
    )
    return list(session.scalars(query.distinct().order_by(Promise.topic_id).limit(BATCH)))


def _next_ids(last: int) -> list[int]:
    query = select(ClockEvent.topic_id).where(ClockEvent.topic_id > last).distinct()
    return list(session.scalars(query.order_by(ClockEvent.topic_id).limit(BATCH)))


def _replay(ids: Sequence[int], *, repair: bool) -> list[Replayed]:
    """Compare these topics. What seems to differ is held and compared once more.

    In between somebody may have answered; and what is written anew must be of now.
    """
    query = select(Topic).where(Topic.id.in_(ids)).order_by(Topic.id)
    found = _compared(session.scalars(query).unique().all())
    doubtful = [topic_id for topic_id, (those, missing) in found.items() if those or missing]
    if doubtful:
        found |= _compared(promises.hold(doubtful), repair=repair)
    return [(topic_id, those) for topic_id, (those, _) in found.items()]


def _compared(
    topics: Sequence[Topic], *, repair: bool = False
) -> dict[int, tuple[list[Difference], bool]]:
    """The differences of each topic, by its id, and whether it has no promises at all."""
    ids, now = [topic.id for topic in topics], clock.now()
    events, rows = promises.clock_events(ids), promises.promises_on(ids)
    read = iter(promises.as_engine_reads([e for topic_id in ids for e in events[topic_id]]))
    found = {}
    # What was kept and broken long ago is history: nobody is written to about it.
    with quietly():
        for topic in topics:
            told, mine = events[topic.id], rows[topic.id]
            those = list(_differences(topic, told, list(islice(read, len(told))), mine, now))
            found[topic.id] = those, not mine
            if repair and (those or not mine):
                project(topic, now, told, mine)
        session.flush()
    return found


def _differences(
    topic: Topic,
    told: Sequence[ClockEvent],
    read: Sequence[Event],
    rows: Sequence[Promise],
    now: datetime,
) -> Iterator[Difference]:
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
