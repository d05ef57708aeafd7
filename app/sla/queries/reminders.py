"""Reminders right before they are sent: which still hold, and what each asks of its reader."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.accounts import queries as accounts
from app.core.db import session
from app.sla.models import Promise
from app.sla.queries import people, promises, terms

if TYPE_CHECKING:
    from app.accounts.models import Person
    from app.sla.events import RemindersDue
    from app.sla.models import ClockEvent
    from app.topics.models import Topic

BEFORE_DUE = ("open", "r50", "r80")
BEGINNINGS = ("opened", "customer_post", "reopened", "holding", "update_promised")
NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Reminder:
    """One rung of one promise for one person.

    `role`, in which they are written to: "answers", "deputy" (or a delegate), "manager" or "chief".
    `post_id`: the asker's words that the promise answers to, when those are not the topic itself.
    """

    promise: Promise
    rung: str
    role: str
    post_id: int | None

    @property
    def topic(self) -> Topic:
        """What waits."""
        return self.promise.topic

    @property
    def is_late(self) -> bool:
        """Whether it is about a broken promise."""
        return self.rung not in BEFORE_DUE

    @property
    def is_a_duty(self) -> bool:
        """Whether its reader is one of those who broke it: they cannot refuse to hear of it."""
        return self.is_late and self.role in {"answers", "deputy"}


def standing(event: RemindersDue) -> list[Reminder]:
    """Those that still hold: broken promises first, then what is due soonest.

    Not what was answered, withdrawn, paused or handed on meanwhile, or taken by somebody else.
    """
    person = accounts.person(event.person_id)
    wanted = {int(number): (int(arm), str(rung)) for number, arm, rung in event.reminders}
    if person is None:
        return []
    query = select(Promise).where(Promise.id.in_(wanted)).options(joinedload(Promise.topic))
    live = [
        promise
        for promise in session.scalars(query).unique()
        if promise.is_live
        and not promise.pauses
        and promise.arm_no == wanted[promise.id][0]
        and promise.taken_by_id in {None, person.id}
    ]
    events = promises.clock_events({p.topic_id for p in live})
    found = [
        Reminder(
            promise,
            wanted[promise.id][1],
            _role(person, promise.topic),
            _asked_by(promise, events[promise.topic_id]),
        )
        for promise in live
    ]
    found.sort(key=lambda r: (not r.is_late, r.promise.due_at or NEVER, r.promise.id))
    return found


def _role(person: Person, topic: Topic) -> str:
    if people.acting(topic.category).person.id == person.id:
        return "answers"
    if topic.category.is_answered_by(person.id):
        return "deputy"
    if person.role == "manager":
        return "manager"
    chief_id = terms.rules_in_force(topic.category_id).chief_id
    return "chief" if person.id == chief_id else "manager"


def _asked_by(promise: Promise, told: list[ClockEvent]) -> int | None:
    """The post that began it; None when that was the topic, or the word "not solved"."""
    began = (e for e in told if e.at == promise.started_at and e.type in BEGINNINGS)
    event = next(began, None)
    name = str(event.data.get("id", "")) if event is not None else ""
    number = name.removeprefix("post:")
    return int(number) if number.isdecimal() else None
