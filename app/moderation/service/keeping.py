"""Standing at the gate: what is published at once, what waits to be read, what is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from app.core.db import session
from app.core.events import record
from app.core.i18n import _, when
from app.moderation import queries, signals, trust
from app.moderation.events import TextHeld, TextSentAgain
from app.moderation.models import Submission
from app.moderation.signals import Judgement, Reason
from app.topics import promise
from app.topics.gate import Held, RefusedError, Sending, differs_much
from app.topics.service import SENT_TWICE

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from app.accounts.models import Person
    from app.topics.models import Post, Topic

# What asks for no answer is read by then at the latest.
READ_WITHIN = timedelta(hours=24)


def look(sending: Sending) -> Sending | Held:
    """Let it pass, as the watched words leave it, or keep it to be read; may raise RefusedError."""
    check_may_write(sending.author)
    judgement = _judged(sending)
    sending = sending.saying(judgement.texts)
    queries.lock_author(sending.author)
    already = queries.sent_already(sending.author, sending.act, _fields(sending), _since(sending))
    if already is not None and _is_the_same(already, sending):
        return Held(already.id)
    why = [*_why_here(sending)]
    if judgement.verdict == "hold":
        why += judgement.reasons
    if not why:
        return replace(sending, found=judgement)
    return Held(_hold(sending, why).id)


def note(sending: Sending, thing: Topic | Post) -> None:
    """It is published: what was found in it may still be worth a moderator's look."""
    if isinstance(sending.found, Judgement):
        signals.note(sending, sending.found, thing)


def check_may_write(person: Person) -> None:
    """Raise RefusedError for somebody who is silenced."""
    until = person.silenced_until
    if not person.is_silenced or until is None:
        return
    if queries.is_endless(until):
        raise RefusedError([_("You cannot write here for now. Your profile says why.")])
    words = _("You cannot write here until %(moment)s. Your profile says why.", moment=when(until))
    raise RefusedError([words])


def may_say(author: Person, topic: Topic, words: str) -> bool:
    """Whether these few words, which cannot wait, may stand on a topic's page at once."""
    if author.is_silenced:
        return False
    sending = Sending("comment", author, topic.category, words, topic=topic)
    try:
        judgement = _judged(sending)
    except RefusedError:
        return False
    return judgement == Judgement() and not [*_why_here(sending)]


def judged_again(submission: Submission, sending: Sending) -> None:
    """Put new words into what waits; whatever is found in them, a moderator reads them."""
    judgement = _judged(sending)
    said = sending.saying(judgement.texts)
    submission.fields = {**_fields(said), **_sent_first(submission)}
    found = judgement.reasons if judgement.verdict == "hold" else ()
    kept = [tuple(each) for each in submission.why if each[0] in {"category", "newcomer"}]
    fresh = [(r.code, r.detail) for r in found] or [tuple(each) for each in submission.why]
    submission.why = [list(each) for each in dict.fromkeys([*kept, *fresh])]


def sending_of(submission: Submission, fields: dict[str, Any] | None = None) -> Sending:
    """What waits, as the gate takes it, as sent then."""
    said = fields if fields is not None else submission.fields
    return Sending(
        submission.act,
        submission.author,
        submission.category,
        str(said.get("body") or ""),
        title=str(said.get("title") or ""),
        kind=str(said.get("kind") or ""),
        tags=tuple(said.get("tags") or ()),
        language=said.get("language"),
        topic=submission.topic if submission.act != "topic" else None,
        post=submission.post if submission.act == "edit" else None,
        wants_answer=bool(said.get("wants_answer", True)),
        reason=str(said.get("reason") or ""),
        at=submission.sent_at,
    )


def turn(sending: Sending) -> tuple[datetime | None, datetime]:
    """The hour promised to its author, if any, and when it is its turn to be read."""
    asks = sending.act == "topic" and sending.kind != "praise"
    asked_in = sending.topic if sending.act == "comment" and sending.wants_answer else None
    asks = asks or (
        asked_in is not None and asked_in.expects_answer and asked_in.asker_id == sending.author.id
    )
    due = promise.foretold(sending.category.id, sending.at) if asks else None
    return due, due or sending.at + READ_WITHIN


def _judged(sending: Sending) -> Judgement:
    judgement = signals.judge(sending)
    if judgement.verdict == "refuse":
        words = [signals.words_for(reason) for reason in judgement.reasons]
        raise RefusedError(words, judgement.fields)
    return judgement


def _why_here(sending: Sending) -> Iterable[Reason]:
    """What the category asks for, and what was returned to this author before."""
    if queries.was_returned(sending.author, _fields(sending)):
        yield Reason("returned")
    if sending.act == "edit" and not _says_something_new(sending):
        return
    if sending.category.gate == "everybody":
        yield Reason("category")
    elif sending.category.gate == "newcomers" and trust.level(sending.author) == "new":
        yield Reason("newcomer")


def _says_something_new(sending: Sending) -> bool:
    """An edit is measured by what a moderator read last, else by what was said first."""
    if not sending.changes_much or sending.topic is None:
        return sending.changes_much
    read = queries.last_read(sending.topic, sending.post)
    if read is None:
        return True
    before = f"{read.fields.get('title') or ''}\n{read.body}"
    return differs_much(before, f"{sending.title}\n{sending.body}")


def _hold(sending: Sending, why: list[Reason]) -> Submission:
    waiting = queries.waiting_edit(sending) if sending.act == "edit" else None
    if waiting is not None and queries.held_row(waiting.id).state != "waiting":
        waiting = None
    due, at_turn = turn(sending)
    submission = waiting or Submission(
        author=sending.author,
        act=sending.act,
        category=sending.category,
        topic_id=sending.topic.id if sending.topic is not None else None,
        post_id=sending.post.id if sending.post is not None else None,
        sent_at=sending.at,
        due_at=due,
        turn_at=at_turn,
    )
    submission.fields = _fields(sending)
    submission.why = [[reason.code, reason.detail] for reason in why]
    session.add(submission)
    session.flush()
    codes = list(dict.fromkeys(reason.code for reason in why))
    event = TextSentAgain(submission.id) if waiting else TextHeld(submission.id, codes)
    record(event, by=sending.author.id, at=sending.at)
    return submission


def _fields(sending: Sending) -> dict[str, Any]:
    return {
        "kind": sending.kind,
        "title": sending.title,
        "body": sending.body,
        "tags": list(sending.tags),
        "language": sending.language,
        "wants_answer": sending.wants_answer,
        "reason": sending.reason,
    }


def _sent_first(submission: Submission) -> dict[str, Any]:
    return {"sent": submission.fields["sent"]} if "sent" in submission.fields else {}


def _since(sending: Sending) -> datetime:
    return sending.at - SENT_TWICE


def _is_the_same(submission: Submission, sending: Sending) -> bool:
    topic_id = sending.topic.id if sending.topic is not None else None
    post_id = sending.post.id if sending.post is not None else None
    if sending.act == "edit":
        return submission.state == "waiting" and submission.post_id == post_id
    if sending.act == "comment":
        return submission.topic_id == topic_id
    return submission.category_id == sending.category.id
