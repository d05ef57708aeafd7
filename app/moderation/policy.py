"""Who moderates; what askers may do to their own topics."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from app.core import clock
from app.core.policy import is_administrator, is_manager, is_staff, permission
from app.topics.policy import answers_for_it, asked_it, is_not_closed, is_not_praise

if TYPE_CHECKING:
    from app.core.policy import Actor
    from app.topics.models import Topic

# So long somebody may think better of having withdrawn a topic.
SECOND_THOUGHTS = timedelta(days=7)


def may_be_withdrawn(_actor: Actor, topic: Topic) -> bool:
    """Nobody has answered or decided on it yet."""
    return topic.first_answer_at is None and topic.state in {"waiting", "new"}


def was_withdrawn_lately(_actor: Actor, topic: Topic) -> bool:
    """Withdrawn, in sight, and not longer ago than one may think better of it."""
    at = topic.closed_at if topic.is_withdrawn and topic.is_counted else None
    return at is not None and clock.now() - at <= SECOND_THOUGHTS


permission("moderation.act", [is_manager])
# Who answers for it may give it to those whom it concerns; a manager has "moderation.act".
permission("moderation.pass_on", [is_staff, answers_for_it, is_not_closed])
permission("moderation.oversee", [is_manager])
# That something was hidden, and why: for those who work here, and the asker by letter.
permission("moderation.read_hidden_reasons", [is_staff])
permission("moderation.replay", [is_administrator])
permission("moderation.withdraw", [asked_it, is_not_closed, is_not_praise, may_be_withdrawn])
permission("moderation.reinstate", [asked_it, was_withdrawn_lately])
