"""Finding promises and the events that they follow from."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlalchemy.orm import lazyload

from app.core.db import session
from app.sla.engine.events import Event
from app.sla.models import ClockEvent, Promise, RungSent, Tick
from app.sla.queries import terms
from app.topics.models import Topic

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Select

    from app.sla.engine.rules import Terms

LIVE = ("running", "paused", "breached")
THE_TICK, THE_CHECK = "tick", "verify"


def clock_events(topic_ids: Iterable[int]) -> dict[int, list[ClockEvent]]:
    """The clock events of these topics, in the order they were written. One statement."""
    query = select(ClockEvent).where(ClockEvent.topic_id.in_(list(topic_ids)))
    found: dict[int, list[ClockEvent]] = defaultdict(list)
    for row in session.scalars(query.order_by(ClockEvent.topic_id, ClockEvent.id)):
        found[row.topic_id].append(row)
    return found


def as_engine_reads(rows: Sequence[ClockEvent]) -> list[Event]:
    """Rows as the engine's events, each with its terms. Two statements at most, and no more."""
    known = terms.terms_by_versions((r.policy_version_id, r.calendar_version_id) for r in rows)
    return [_event(r, known[r.policy_version_id, r.calendar_version_id]) for r in rows]


def _event(row: ClockEvent, those: Terms) -> Event:
    data: dict[str, Any] = dict(row.data)
    if data.get("due_at"):
        data["due_at"] = datetime.fromisoformat(data["due_at"])
    return Event(row.type, row.at, terms=those, **data)


def promises_of(topic: Topic) -> Sequence[Promise]:
    """All promises made on a topic, in the order they were made."""
    return session.scalars(
        select(Promise).where(Promise.topic_id == topic.id).order_by(Promise.started_at, Promise.id)
    ).all()


def promises_on(topic_ids: Iterable[int]) -> dict[int, list[Promise]]:
    """The promises of these topics by topic. One statement."""
    query = select(Promise).where(Promise.topic_id.in_(list(topic_ids))).order_by(Promise.id)
    found: dict[int, list[Promise]] = defaultdict(list)
    for row in session.scalars(query.execution_options(populate_existing=True)):
        found[row.topic_id].append(row)
    return found


def last_promise(topic: Topic) -> Promise | None:
    """The latest promise of an answer on a topic, however it stands."""
    query = select(Promise).where(
        Promise.topic_id == topic.id, Promise.kind.in_(("first_answer", "next_answer"))
    )
    return session.scalar(query.order_by(Promise.started_at.desc(), Promise.id.desc()).limit(1))


def live_promise(topic: Topic) -> Promise | None:
    """The promise of an answer that is not yet fulfilled."""
    last = last_promise(topic)
    return last if last is not None and last.is_live else None


def topics_to_look_at(at: datetime, limit: int) -> Sequence[Topic]:
    """Topics with a promise whose next instant has come, soonest first, their rows ours."""
    ids = list(dict.fromkeys(session.scalars(what_is_due(at, limit))))
    if not ids:
        return []
    query = select(Topic).where(Topic.id.in_(ids)).execution_options(populate_existing=True)
    query = query.options(lazyload(Topic.asker), lazyload(Topic.responsible), lazyload(Topic.tags))
    found = {t.id: t for t in session.scalars(query.options(lazyload(Topic.answer))).unique()}
    return [found[topic_id] for topic_id in ids]


def what_is_due(at: datetime, limit: int) -> Select[tuple[int]]:
    """The statement that a round begins with: an index of what is to be looked at, and no more."""
    return (
        select(Topic.id)
        .join(Promise, Promise.topic_id == Topic.id)
        .where(Promise.next_action_at.is_not(None), Promise.next_action_at <= at)
        .order_by(Promise.next_action_at)
        .limit(limit)
        .with_for_update(of=Topic, skip_locked=True)
    )


def rungs_sent(promise_ids: Iterable[int]) -> dict[int, list[RungSent]]:
    """What was recorded for these promises. One statement."""
    query = select(RungSent).where(RungSent.promise_id.in_(list(promise_ids)))
    found: dict[int, list[RungSent]] = defaultdict(list)
    for row in session.scalars(query):
        found[row.promise_id].append(row)
    return found


def last_tick() -> Tick | None:
    """When the scheduler went its last round."""
    return session.get(Tick, THE_TICK, populate_existing=True)


def last_check() -> Tick | None:
    """When what is owed was replayed last; `held` when something was stored otherwise."""
    return session.get(Tick, THE_CHECK, populate_existing=True)


def oldest_unnoticed() -> datetime | None:
    """The earliest instant at which somebody should look at a promise."""
    return session.scalar(
        select(func.min(Promise.next_action_at)).where(Promise.next_action_at.is_not(None))
    )


def live_topics_in(category_id: int) -> Sequence[Topic]:
    """Topics of a category on which anything is still owed."""
    owed = select(Promise.topic_id).where(Promise.state.in_(LIVE))
    query = select(Topic).where(Topic.category_id == category_id, Topic.id.in_(owed))
    return session.scalars(query.order_by(Topic.id)).unique().all()


def has_clock(topic: Topic) -> bool:
    """Whether anything was ever promised on a topic."""
    query = select(ClockEvent.id).where(ClockEvent.topic_id == topic.id).limit(1)
    return session.scalar(query) is not None


def last_named(topic: Topic) -> dict[str, int | None] | None:
    """Who was named for a topic last: its owner and deputy."""
    named = [e.data for e in clock_events([topic.id])[topic.id] if "owner" in e.data]
    return {"owner": named[-1]["owner"], "deputy": named[-1].get("deputy")} if named else None


def broken_ids(promise_ids: Iterable[int]) -> set[int]:
    """Those of these promises that are broken still: what an undone event had broken is not."""
    query = select(Promise.id).where(
        Promise.id.in_(list(promise_ids)), Promise.breached_at.is_not(None)
    )
    return set(session.scalars(query))
