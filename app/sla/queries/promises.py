"""Finding promises and the events that they follow from."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import aliased, lazyload

from app.core import clock
from app.core.db import session
from app.sla.engine.events import Event
from app.sla.models import ClockEvent, Promise, RungSent, Tick
from app.sla.queries import terms
from app.topics.models import Topic

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from sqlalchemy import ColumnElement, Select

    from app.sla.engine.rules import Terms
    from app.topics.models import Category

LIVE = ("running", "paused", "breached")
# Rows of `Tick`: a round of each host, the last replay, and whoever is at the next one.
A_TICK, THE_CHECK, CHECKING = "tick:", "verify", "verifying"
# Whose last round is older than this goes no rounds any more, and says nothing about letters.
GOING = timedelta(minutes=3)


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


def tick_of(host: str) -> Tick | None:
    """The last round of a host."""
    return session.get(Tick, tick_name(host), populate_existing=True)


def tick_name(host: str) -> str:
    """How the rounds of a host are named."""
    return f"{A_TICK}{host}"[:80]


def last_tick() -> Tick | None:
    """The last round that any host went."""
    query = select(Tick).where(Tick.name.startswith(A_TICK)).order_by(Tick.at.desc()).limit(1)
    return session.scalar(query.execution_options(populate_existing=True))


def letters_are_held() -> bool:
    """Whether no host that goes its rounds trusts its clock."""
    since = clock.now() - GOING
    query = select(Tick.held).where(Tick.name.startswith(A_TICK), Tick.at > since)
    held = session.scalars(query).all()
    return bool(held) and all(held)


def last_check() -> Tick | None:
    """When what is owed was replayed last; `held` when something was stored otherwise."""
    return session.get(Tick, THE_CHECK, populate_existing=True)


def oldest_unnoticed() -> datetime | None:
    """The earliest instant at which somebody should look at a promise."""
    return session.scalar(
        select(func.min(Promise.next_action_at)).where(Promise.next_action_at.is_not(None))
    )


def due_now(at: datetime, limit: int) -> int:
    """How many promises wait for somebody to look at them; counted up to `limit`."""
    due = select(Promise.id).where(
        Promise.next_action_at.is_not(None), Promise.next_action_at <= at
    )
    return session.scalar(select(func.count()).select_from(due.limit(limit).subquery())) or 0


def running() -> tuple[ColumnElement[bool], ...]:
    """What is true of a promise that somebody is reminded of."""
    return Promise.state.in_(LIVE), Promise.due_at.is_not(None), Promise.pauses == ""


def running_in(category_ids: Collection[int], after: int, limit: int) -> list[int]:
    """The ids of topics in these categories on which something runs: the next ones `after` one."""
    query = select(Promise.topic_id).join(Topic, Topic.id == Promise.topic_id)
    query = query.where(*running(), Topic.category_id.in_(category_ids), Promise.topic_id > after)
    return list(session.scalars(query.distinct().order_by(Promise.topic_id).limit(limit)))


def named_otherwise(category: Category, after: int, limit: int) -> list[int]:
    """The ids of topics that owe something and were last given other people than the category's.

    The next ones `after` one. One statement, of indexes, whatever the category owes.
    """
    owner, deputy = ClockEvent.data["owner"].as_integer(), ClockEvent.data["deputy"].as_integer()
    other = aliased(ClockEvent)
    last = select(func.max(other.id)).where(
        other.topic_id == Topic.id, other.data["owner"].as_integer().is_not(None)
    )
    owed = select(Promise.id).where(Promise.topic_id == Topic.id, Promise.state.in_(LIVE))
    query = select(Topic.id).join(
        ClockEvent, ClockEvent.id == last.correlate(Topic).scalar_subquery()
    )
    query = query.where(Topic.category_id == category.id, Topic.id > after, owed.exists())
    changed = or_(owner != category.owner_id, deputy.is_distinct_from(category.deputy_id))
    return list(session.scalars(query.where(changed).order_by(Topic.id).limit(limit)))


def hold(topic_ids: Collection[int]) -> Sequence[Topic]:
    """These topics as they stand now, locked in the order of their ids, and theirs alone."""
    ids = select(Topic.id).where(Topic.id.in_(topic_ids)).order_by(Topic.id)
    session.execute(ids.with_for_update(of=Topic))
    query = select(Topic).where(Topic.id.in_(topic_ids)).order_by(Topic.id)
    return session.scalars(query.execution_options(populate_existing=True)).unique().all()


def has_clock(topic: Topic) -> bool:
    """Whether anything was ever promised on a topic."""
    query = select(ClockEvent.id).where(ClockEvent.topic_id == topic.id).limit(1)
    return session.scalar(query) is not None


def last_named(told: Iterable[ClockEvent]) -> dict[str, int | None] | None:
    """Who was named for a topic last, by its events: its owner and deputy."""
    named = [e.data for e in told if "owner" in e.data]
    return {"owner": named[-1]["owner"], "deputy": named[-1].get("deputy")} if named else None


def broken_ids(promise_ids: Iterable[int]) -> set[int]:
    """Those of these promises that are broken still: what an undone event had broken is not."""
    query = select(Promise.id).where(
        Promise.id.in_(list(promise_ids)), Promise.breached_at.is_not(None)
    )
    return set(session.scalars(query))
