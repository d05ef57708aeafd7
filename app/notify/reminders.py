"""The letters of the ladder: which kind each is, who may refuse it, and its name in the mail.

One letter tells a person all that fell to them together. What became of each promise is looked up
again right before the letter leaves, so it never asks for what was done meanwhile.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from app.notify import policy
from app.sla.queries import reminders
from app.sla.service.reminders import drop

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.accounts.models import Person
    from app.sla.events import RemindersDue
    from app.sla.queries.reminders import Reminder

# A digest names so many topics; the desk has the rest.
LONGEST = 30


def settle(event: RemindersDue) -> list[Reminder]:
    """Let go of what was settled meanwhile; what still holds.

    Read once for each letter: an answer may come at any moment, also between two looks.
    """
    left = reminders.standing(event)
    drop(event, {each.promise.id for each in left})
    return left


def wanted(holding: list[Reminder], person: Person) -> list[Reminder]:
    """What still holds, without what this person refused and may refuse."""
    return [each for each in holding if each.is_a_duty or policy.wants(person, kind_of(each))]


def kind_of(reminder: Reminder) -> str:
    """Which letter says it when it stands alone."""
    if reminder.rung != "open":
        if not reminder.is_late:
            return "reminder"
        return "overdue" if reminder.is_a_duty else "escalated"
    if reminder.promise.arm_no > 1:
        return "handed_over"
    if reminder.promise.kind == "next_answer":
        return "reopened" if reminder.post_id is None else "asked_again"
    return "question"


def one_a_topic(wanted: Sequence[Reminder]) -> list[Reminder]:
    """The most pressing reminder of each topic."""
    return list({each.topic.id: each for each in reversed(wanted)}.values())[::-1]


def mail_name(event: RemindersDue) -> str:
    """What names the letter for ever: the same reminders of the same person, the same name."""
    said = sorted(".".join(str(part) for part in each) for each in event.reminders)
    key = said[0] if len(said) == 1 else sha256(" ".join(said).encode()).hexdigest()[:24]
    return f"sla.{key}.{event.person_id}"
