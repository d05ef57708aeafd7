"""Who moderates; what askers may do to their own topics."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from app.core import clock
from app.core.policy import (
    anyone,
    is_administrator,
    is_manager,
    is_signed_in,
    is_staff,
    permission,
)
from app.topics.models import Post, Topic
from app.topics.policy import answers_for_it, asked_it, is_not_closed, is_not_praise

if TYPE_CHECKING:
    from app.accounts.models import Person
    from app.core.policy import Actor
    from app.moderation.models import Submission

# So long somebody may think better of having withdrawn a topic.
SECOND_THOUGHTS = timedelta(days=7)


def may_be_withdrawn(_actor: Actor, topic: Topic) -> bool:
    """Nobody has answered or decided on it yet."""
    return topic.first_answer_at is None and topic.state in {"waiting", "new"}


def was_withdrawn_lately(_actor: Actor, topic: Topic) -> bool:
    """Withdrawn, in sight, and not longer ago than one may think better of it."""
    at = topic.closed_at if topic.is_withdrawn and topic.is_counted else None
    return at is not None and clock.now() - at <= SECOND_THOUGHTS


def wrote_it(actor: Actor, submission: Submission) -> bool:
    """Who sent the text; whose topic or post was taken out of sight is found by the query."""
    return actor.id is not None and submission.author_id == actor.id


def is_a_customer(actor: Actor, person: Person) -> bool:
    """Not one of the bank's people, and not oneself."""
    return person.role == "customer" and person.id != actor.id


def did_not_write_it(actor: Actor, thing: Topic | Post) -> bool:
    """Anybody but its author, who may edit it or ask for it to be removed."""
    author_id = thing.author_id if isinstance(thing, Post) else thing.asker_id
    return actor.id != author_id


permission("moderation.act", [is_manager])
permission("moderation.read_own", [is_signed_in])
permission("moderation.change_own", [wrote_it])
permission("moderation.restrain", [is_manager, is_a_customer])
# Whoever is suspended cannot sign in: a signed link leads to what was decided on them.
permission("moderation.read_restraint", [anyone])
# Who answers for it may give it to those whom it concerns; a manager has "moderation.act".
permission("moderation.pass_on", [is_staff, answers_for_it, is_not_closed])
permission("moderation.oversee", [is_manager])
# That something was hidden, and why: for those who work here, and the asker by letter.
permission("moderation.read_hidden_reasons", [is_staff])
permission("moderation.replay", [is_administrator])
permission("moderation.report", [is_signed_in, did_not_write_it])
permission("moderation.read_own_reports", [is_signed_in])
permission("moderation.watch_words", [is_manager])
permission("moderation.write_questions", [is_manager])
permission("moderation.withdraw", [asked_it, is_not_closed, is_not_praise, may_be_withdrawn])
permission("moderation.reinstate", [asked_it, was_withdrawn_lately])
