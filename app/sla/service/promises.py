"""Promises follow from events: append one, and project what it means.

The rows of `promises`, and what a list of topics shows of them, are written here and nowhere else,
always from all events of the topic and an instant. Whoever calls has the topic's row locked, or is
about to publish it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete

from app.core import clock
from app.core.db import session
from app.core.events import record
from app.sla.engine.people import Roster, ledger, rosters
from app.sla.engine.promises import evaluate
from app.sla.engine.rules import FIRST_ANSWER, NEXT_ANSWER
from app.sla.events import PromiseBroken, PromiseKept, PromiseMade
from app.sla.models import BreachReason, ClockEvent, Promise, RungSent
from app.sla.queries import promises, terms

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from app.sla.engine.promises import Evaluation, Outcome
    from app.topics.models import Category, Topic

# "I take it" keeps reminders from others for so long.
TAKEN_FOR = timedelta(hours=4)


def note(
    topic: Topic,
    kind: str,
    *,
    at: datetime | None = None,
    by: int | None = None,
    as_of: datetime | None = None,
    **data: Any,
) -> ClockEvent:
    """Something happened to a topic at `at` (now): write it down and project what follows.

    `as_of`: when it is written down only later, so that what was noticed since is not unnoticed.
    `data`: the other fields of `engine.events.Event`; instants as they are.
    """
    at = at or clock.now()
    rules = terms.rules_in_force(topic.category_id, at)
    said = {k: v.isoformat() if hasattr(v, "isoformat") else v for k, v in data.items()}
    if "owner" in said:
        said["category"] = topic.category_id
    event = ClockEvent(
        topic_id=topic.id,
        type=kind,
        at=at,
        policy_version_id=rules.policy_version_id,
        calendar_version_id=rules.calendar_version_id,
        data={k: v for k, v in said.items() if v is not None},
        by_id=by,
    )
    session.add(event)
    session.flush()
    project(topic, max(at, as_of or at))
    session.flush()
    return event


def named(category: Category) -> dict[str, int | None]:
    """Who is named for a category, as clock events carry it."""
    return {"owner": category.owner_id, "deputy": category.deputy_id}


def project(
    topic: Topic,
    now: datetime,
    events: Sequence[ClockEvent] | None = None,
    rows: Sequence[Promise] | None = None,
) -> Evaluation:
    """Make the rows say what the events mean at `now`, and record what became of promises.

    `events` and `rows` when they were read already, for many topics at once.
    """
    told = promises.clock_events([topic.id])[topic.id] if events is None else events
    # What was written while we waited for the lock has happened, whatever our own clock says.
    now = max([now, *(e.at for e in told)])
    known = promises.promises_on([topic.id])[topic.id] if rows is None else rows
    had = {(row.kind, row.cycle): row for row in known}
    read = promises.as_engine_reads(told)
    found = evaluate(read, now)
    turns = rosters(read) or [Roster(topic.opened_at, topic.category.owner_id)]
    for outcome in found:
        row = had.pop((outcome.kind, outcome.cycle), None)
        _write(topic, row, outcome, turns, told, now)
    for row in had.values():
        # Events were undone: as if it had never been made.
        row.state, row.reason, row.next_action_at = "cancelled", "superseded", None
        row.fulfilled_at = row.breached_at = row.attributed_to_id = None
        row.overdue_s = row.overdue_wall_s = 0.0
    _show(topic, found, turns)
    return found


def _write(
    topic: Topic,
    row: Promise | None,
    outcome: Outcome,
    turns: Sequence[Roster],
    told: Sequence[ClockEvent],
    now: datetime,
) -> None:
    new = row is None
    if row is None:
        row = Promise(topic_id=topic.id, kind=outcome.kind, cycle=outcome.cycle)
        row.category_id, row.detected_at = topic.category_id, None
        session.add(row)
    elif row.started_at != outcome.started_at:
        # An asker's turn was undone, and this number is another turn's now: nobody was told of it.
        _forget(row)
    broken_before, kept_before = row.breached_at, row.fulfilled_at
    before = _urgent(row)
    for name, value in meant(outcome, turns, told, now).items():
        setattr(row, name, value)
    if new or before != _urgent(row):
        row.next_action_at = now if outcome.is_live else None
    if new:
        session.flush()
        record(PromiseMade(topic.id, row.id), at=row.started_at)
    if row.breached_at is not None and broken_before is None:
        row.detected_at = clock.now()
        record(PromiseBroken(topic.id, row.id), at=row.breached_at)
    if row.fulfilled_at is not None and kept_before != row.fulfilled_at:
        record(PromiseKept(topic.id, row.id, row.state == "met_late"), at=row.fulfilled_at)


def _forget(row: Promise) -> None:
    """What was recorded under a number that stood for another promise."""
    row.detected_at = row.breached_at = row.fulfilled_at = None
    for told in (RungSent, BreachReason):
        session.execute(delete(told).where(told.promise_id == row.id))


def meant(
    outcome: Outcome,
    turns: Sequence[Roster],
    told: Sequence[ClockEvent],
    now: datetime,
) -> dict[str, Any]:
    """The columns of a row as its topic's events make them: what `verify` compares."""
    book = ledger(outcome, turns, (), now, None)
    ended, paused = outcome.ended_at is not None, outcome.state == "paused"
    taken_by_id, taken_until = _taken(outcome, told, now)
    columns: dict[str, Any] = {
        "policy_version_id": outcome.terms.policy_version,
        "calendar_version_id": outcome.calendar_version,
        "started_at": outcome.started_at,
        "target_s": int(outcome.target.total_seconds()),
        "due_at": outcome.due_at,
        "at_risk_at": outcome.at_risk_at,
        "state": "running" if outcome.state == "at_risk" else outcome.state,
        "pauses": " ".join(outcome.pauses),
        "remaining_s": outcome.remaining.total_seconds() if paused else None,
        "reason": outcome.cancelled,
        "fulfilled_at": outcome.fulfilled_at,
        "ended_at": outcome.ended_at,
        "answer_id": _answer_of(outcome, told),
        "breached_at": outcome.breached_at,
        "overdue_s": outcome.overdue.total_seconds() if ended else 0.0,
        "overdue_wall_s": outcome.overdue_wall.total_seconds() if ended else 0.0,
        "took_s": _took(outcome),
        "accountable_id": book.in_name_of,
        "attributed_to_id": book.breach_attributed_to,
        "arm_no": outcome.arm_no,
        "taken_by_id": taken_by_id,
        "taken_until": taken_until,
    }
    if book.in_category is not None:
        columns["category_id"] = book.in_category
    return columns


def _urgent(row: Promise) -> tuple[object, ...]:
    """What decides when the scheduler must look again."""
    return (
        row.state,
        row.due_at,
        row.arm_no,
        row.pauses,
        row.taken_by_id,
        row.breached_at,
        row.accountable_id,
        row.calendar_version_id,
    )


def _answer_of(outcome: Outcome, told: Sequence[ClockEvent]) -> int | None:
    """The post that fulfilled it."""
    if outcome.fulfilled_at is None or outcome.kind not in {FIRST_ANSWER, NEXT_ANSWER}:
        return None
    for event in told:
        if event.type == "official_answer" and event.at == outcome.fulfilled_at:
            return post_id(str(event.data.get("id", "")))
    return None


def post_name(post_id_: int) -> str:
    """How clock events refer to a post."""
    return f"post:{post_id_}"


def post_id(name: str) -> int | None:
    """The post that a clock event refers to."""
    number = name.removeprefix("post:")
    return int(number) if number.isdecimal() else None


def _took(outcome: Outcome) -> float | None:
    if outcome.fulfilled_at is None:
        return None
    running = [p for p in outcome.periods if p.kind != "paused"]
    return sum(p.calendar.between(p.start, p.end).total_seconds() for p in running)


def _taken(
    outcome: Outcome, told: Sequence[ClockEvent], now: datetime
) -> tuple[int | None, datetime | None]:
    """Who said "I take it" in this arm, and until when that holds."""
    if not outcome.is_live:
        return None, None
    said = [e for e in told if e.type == "taken" and outcome.arm_started_at <= e.at <= now]
    if not said or said[-1].at + TAKEN_FOR <= now:
        return None, None
    return said[-1].by_id, said[-1].at + TAKEN_FOR


def _show(topic: Topic, found: Evaluation, turns: Sequence[Roster]) -> None:
    """Copy what lists need of the promise that counts now to its topic."""
    shown = _shown(found)
    topic.paused_for = None
    if shown is None:
        topic.promised_at = topic.due_at = topic.kept_at = topic.at_risk_at = None
        topic.is_awaiting = False
        return
    topic.promised_at, topic.due_at = shown.started_at, shown.due_at
    topic.at_risk_at, topic.kept_at = shown.at_risk_at, shown.fulfilled_at
    topic.is_awaiting = shown.is_live and not shown.pauses
    if shown.is_live:
        topic.paused_for = shown.pauses[0] if shown.pauses else None
        topic.responsible_id = turns[-1].owner  # type: ignore[assignment]
        session.expire(topic, ["responsible"])


def _shown(found: Evaluation) -> Outcome | None:
    """The answer that is owed, else the news that is, else the last answer that was not let off."""
    answers = [found.first_answer, *found.next_answers]
    standing = [a for a in answers if a is not None and a.cancelled is None]
    live = [a for a in (*reversed(standing), *reversed(found.updates)) if a.is_live]
    if live:
        return live[0]
    return standing[-1] if standing else None
