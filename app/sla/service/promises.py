"""Making, keeping and breaking promises.

In this first form a promise is 24 hours around the clock. Its state depends on instants only: an
answer published after the due instant is late whenever anybody looked.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from app.core import clock
from app.core.db import session
from app.core.events import record
from app.sla import queries
from app.sla.events import PromiseBroken, PromiseKept, PromiseMade
from app.sla.models import Promise
from app.topics import queries as answers

if TYPE_CHECKING:
    from datetime import datetime

    from app.accounts.models import Person
    from app.topics.models import Category, Post, Topic

TARGET = timedelta(hours=24)
BATCH = 100


def responsible(category: Category) -> Person:
    """Who answers in this category today: the owner, or the deputy of one who is out for good."""
    if category.owner.disabled_at is not None and category.deputy is not None:
        return category.deputy
    return category.owner


def promise(topic: Topic, kind: str, start: datetime) -> Promise | None:
    """Promise an answer within a day of `start`; praise gets no promise."""
    if not topic.expects_answer or queries.live_promise(topic) is not None:
        return None
    who, due = responsible(topic.category), start + TARGET
    made = Promise(
        topic_id=topic.id,
        category_id=topic.category_id,
        kind=kind,
        cycle=_next_cycle(topic, kind),
        started_at=start,
        target_s=int(TARGET.total_seconds()),
        due_at=due,
        accountable_id=topic.category.owner_id,
        next_action_at=due,
        state="running",
    )
    session.add(made)
    topic.responsible = who
    topic.promised_at, topic.due_at, topic.kept_at = start, due, None
    topic.is_awaiting = True
    session.flush()
    record(PromiseMade(topic.id, made.id), at=start)
    return made


def keep(topic: Topic, answer: Post) -> None:
    """The official answer fulfils the live promise, in time or late by its own instant."""
    kept = queries.live_promise(topic)
    if kept is None:
        return
    late = answer.published_at > kept.due_at
    if late and kept.breached_at is None:
        _breach(kept)
    kept.state = "met_late" if late else "met"
    kept.fulfilled_at, kept.answer_id = answer.published_at, answer.id
    kept.next_action_at = None
    topic.kept_at, topic.is_awaiting = answer.published_at, False
    session.flush()
    record(PromiseKept(topic.id, kept.id, late), at=answer.published_at)


def cancel(topic: Topic) -> None:
    """Nobody is owed an answer any more: the topic was hidden or closed unanswered."""
    live = queries.live_promise(topic)
    if live is not None:
        live.state, live.next_action_at = "cancelled", None
    topic.is_awaiting = False
    session.flush()


def resume(topic: Topic) -> None:
    """The topic is back as if never away: its unfulfilled promise runs on, to the same instant."""
    last = queries.last_promise(topic)
    if last is None or last.state != "cancelled" or last.fulfilled_at is not None:
        return
    last.state = "running" if last.breached_at is None else "breached"
    last.next_action_at = last.due_at if last.breached_at is None else None
    topic.is_awaiting = True
    session.flush()


def judge_again(topic: Topic) -> None:
    """Read the last promise from the answers that stand: one hidden or restored changes it."""
    last = queries.last_promise(topic)
    if last is None or last.state == "cancelled":
        return
    standing = [a for a in answers.standing_answers(topic) if a.published_at >= last.started_at]
    topic.kept_at = None
    if standing:
        first = standing[0]
        late = first.published_at > last.due_at
        last.state = "met_late" if late else "met"
        last.fulfilled_at, last.answer_id, last.next_action_at = first.published_at, first.id, None
        topic.kept_at = first.published_at
    elif last.breached_at is not None:
        last.state, last.fulfilled_at, last.answer_id = "breached", None, None
    else:
        last.state, last.fulfilled_at, last.answer_id = "running", None, None
        last.next_action_at = last.due_at
    topic.is_awaiting = not standing
    session.flush()


def hand_over(topic: Topic) -> None:
    """The topic moved to another category: its people answer now, and the shown hour stands."""
    who = responsible(topic.category)
    live = queries.live_promise(topic)
    if live is not None:
        live.category_id = topic.category_id
        if live.breached_at is None:
            live.accountable_id = topic.category.owner_id
    if topic.is_awaiting or topic.kept_at is None:
        topic.responsible = who if topic.expects_answer else None
    session.flush()


def hand_over_all(category: Category) -> None:
    """Whoever is responsible in this category today takes what waits there for another."""
    who = responsible(category)
    for topic in answers.awaiting_in(category):
        if topic.responsible_id != who.id:
            hand_over(topic)


def watch() -> int:
    """Notice promises whose due instant has passed; how many."""
    noticed = 0
    while batch := queries.to_look_at(clock.now(), BATCH):
        for late in batch:
            _breach(late)
            late.state, late.next_action_at = "breached", None
            record(PromiseBroken(late.topic_id, late.id), at=late.due_at)
        noticed += len(batch)
        session.flush()
        if len(batch) < BATCH:
            break
    return noticed


def _breach(late: Promise) -> None:
    late.breached_at, late.detected_at = late.due_at, clock.now()


def _next_cycle(topic: Topic, kind: str) -> int:
    last = select(func.max(Promise.cycle)).where(Promise.topic_id == topic.id, Promise.kind == kind)
    return (session.scalar(last) or 0) + 1
