"""Readers report, a person decides; what weighs enough is out of sight until then.

Never hidden by itself: what the bank says, what one person alone reports, what somebody has looked
at and kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core import clock
from app.core.db import add_once, session
from app.core.events import record
from app.core.i18n import _, speaking
from app.moderation import queries, reported, trust
from app.moderation.events import (
    HidingConfirmed,
    PostHidden,
    ReportsDecided,
    ThingReported,
    TopicHidden,
)
from app.moderation.models import Act, Report
from app.moderation.service.acting import is_owed, recount, second_person, write_act
from app.moderation.service.removing import hide, hide_post, restore, restore_post
from app.topics import queries as topics
from app.topics import service as topics_service
from app.topics.models import Post, Topic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.accounts.models import Person


class AlreadyReportedError(ValueError):
    """This person said so before."""


class AlreadyDecidedError(ValueError):
    """Somebody else has looked meanwhile."""


def report(person: Person, thing: Topic | Post, reason: str, words: str = "") -> Report:
    """Say that somebody should look. Raises AlreadyReportedError."""
    topic = topics.held(_topic_id(thing))
    made = Report(
        about=reported.name_of(thing),
        topic_id=topic.id,
        post_id=thing.id if isinstance(thing, Post) else None,
        reporter_id=person.id,
        reason=reason,
        words=words,
        weight=reported.weight_of(person),
        is_newcomers=not person.is_staff and trust.level(person) == "new",
    )
    if not add_once(made):
        raise AlreadyReportedError
    record(ThingReported(topic.id, made.post_id, made.id, reason), by=person.id)
    if _may_be_hidden(topic, thing) and reported.is_enough(reported.open_about(thing)):
        _hide_until_somebody_looks(topic, thing)
    return made


def agree(
    person: Person, thing: Topic | Post, reason: str, *, up_to: int | None = None
) -> Sequence[Report]:
    """They are right: it is hidden, or stays so, and its author may appeal.

    `up_to`: the last report that was seen. Raises SecondPersonError, AlreadyDecidedError.
    """
    topic = topics.held(_topic_id(thing))
    waiting = _waiting(thing, up_to)
    session.refresh(thing, ["hidden_at"])
    if reported.was_hidden_by_reports(thing):
        _confirm(person, topic, thing, reason)
    elif thing.hidden_at is not None:
        pass  # somebody was first, with a reason of their own
    elif isinstance(thing, Post):
        hide_post(person, topic, thing, reason)
    else:
        hide(person, topic, reason)
    author = thing.author if isinstance(thing, Post) else topic.asker
    if not author.is_staff:
        trust.count(author.id, upheld=1)
    return _decide(waiting, person, thing, "agreed")


def disagree(person: Person, thing: Topic | Post, *, up_to: int | None = None) -> Sequence[Report]:
    """It may stay; what reports had hidden is back. Raises AlreadyDecidedError."""
    topic = topics.held(_topic_id(thing))
    waiting = _waiting(thing, up_to)
    _bring_back(person, topic, thing)
    return _decide(waiting, person, thing, "disagreed")


def ignore(person: Person, one: Report) -> None:
    """This report was groundless on purpose: who made it weighs nothing for a while.

    Raises AlreadyDecidedError.
    """
    topic = topics.held(one.topic_id)
    session.refresh(one, ["state"])
    if one.state != "open" or one.reporter_id is None:
        raise AlreadyDecidedError
    thing = one.post or topic
    _decide([one], person, thing, "ignored")
    left = reported.open_about(thing)
    if not left or not reported.is_enough(left):
        _bring_back(person, topic, thing)


def _topic_id(thing: Topic | Post) -> int:
    return thing.topic_id if isinstance(thing, Post) else thing.id


def _may_be_hidden(topic: Topic, thing: Topic | Post) -> bool:
    session.refresh(thing, ["hidden_at"])
    if thing.hidden_at is not None:
        return False
    if isinstance(thing, Post):
        if thing.is_by_the_bank or thing.author.is_staff:
            return False
    elif topic.asker.is_staff:
        return False
    return not reported.was_kept(thing)


def _hide_until_somebody_looks(topic: Topic, thing: Topic | Post) -> None:
    at = clock.now()
    with speaking(topic.language, "UTC"):
        reason = str(_("Readers reported it. Somebody of the bank looks at it and decides."))
    said = {"topic_id": topic.id, "reason": reason, "is_public": False, "at": at}
    if isinstance(thing, Post):
        thing.hidden_at = at
        topics_service.recount_posts(topic, thing, -1)
        act = _written(Act(**said, name="hide_post", post_id=thing.id))
        record(PostHidden(topic.id, thing.id, act.id))
        return
    counted, owed = topic.is_counted, is_owed(topic)
    topic.hidden_at = at
    recount(topic, counted)
    act = _written(Act(**said, name="hide", was_owed=owed))
    record(TopicHidden(topic.id, act.id), at=at)


def _written(act: Act) -> Act:
    session.add(act)
    session.flush()
    return act


def _confirm(person: Person, topic: Topic, thing: Topic | Post, reason: str) -> None:
    """It stays out of sight, by a person's word now: nobody removes alone what they answer for."""
    is_asked = isinstance(thing, Topic) or thing.author_id == topic.asker_id
    alone = is_asked and second_person(person, topic)
    post_id = thing.id if isinstance(thing, Post) else None
    name = "hide_post" if post_id is not None else "hide"
    act = write_act(person, topic, name, reason, None, post_id=post_id, is_public=alone)
    record(HidingConfirmed(topic.id, post_id, act.id), by=person.id)


def _bring_back(person: Person, topic: Topic, thing: Topic | Post) -> None:
    if not reported.was_hidden_by_reports(thing):
        return
    with speaking(topic.language, "UTC"):
        reason = str(_("Somebody looked at the reports: it may stay."))
    if isinstance(thing, Post):
        restore_post(person, topic, thing, reason)
    elif not queries.is_spam(topic):
        restore(person, topic, reason)


def _waiting(thing: Topic | Post, up_to: int | None) -> Sequence[Report]:
    waiting = [r for r in reported.open_about(thing) if up_to is None or r.id <= up_to]
    if not waiting:
        raise AlreadyDecidedError
    return waiting


def _decide(
    reports: Sequence[Report], person: Person, thing: Topic | Post, verdict: str
) -> Sequence[Report]:
    for each in reports:
        each.state, each.decided_by_id, each.decided_at = verdict, person.id, clock.now()
    session.flush()
    post_id = thing.id if isinstance(thing, Post) else None
    ids = [each.id for each in reports]
    record(ReportsDecided(_topic_id(thing), post_id, ids, verdict), by=person.id)
    return reports
