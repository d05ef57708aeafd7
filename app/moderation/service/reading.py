"""Reading what waits: publish it, change and publish it, give it back; and what its author may do.

Whoever comes second finds it handled already: the row is held and looked at again.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from app.core import clock
from app.core.db import session
from app.core.events import record
from app.core.i18n import _l
from app.core.policy import can
from app.moderation import queries, trust
from app.moderation.events import (
    PersonVouchedFor,
    TextApproved,
    TextReturned,
    TextSentAgain,
    TextsWaitLong,
    TextWithdrawn,
)
from app.moderation.service.acting import write_act_on
from app.moderation.service.keeping import (
    check_may_write,
    judged_again,
    sending_of,
    turn,
)
from app.topics import gate
from app.topics import queries as topics
from app.topics.models import Post

if TYPE_CHECKING:
    from datetime import datetime

    from app.accounts.models import Person
    from app.moderation.models import Submission
    from app.topics.gate import Sending
    from app.topics.models import Category, Topic


# Why a text is given back, as its author reads it.
RETURNED_FOR = {
    "private": _l("It tells the public something private: about you or about somebody else."),
    "unclear": _l("It is not clear what you need. Please tell a little more."),
    "elsewhere": _l("It is not about the bank, or not about this category."),
    "said_already": _l("It is asked and answered here already."),
    "rude": _l("It is rude to somebody. Please say the same without that."),
    "advertising": _l("It advertises something."),
    "other": _l("For another reason, told below."),
}
# After that the managers are told.
WAITS_LONG = timedelta(hours=4)


class HandledError(ValueError):
    """Somebody was first; the submission says who, and what they did."""

    def __init__(self, submission: Submission) -> None:
        super().__init__(submission.state)
        self.submission = submission


class ChangedError(ValueError):
    """Its author changed it since it was read."""


class NowhereError(ValueError):
    """There is no place for it any more; `why` is closed, hidden, archived, gone or shut."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def approve(
    moderator: Person,
    submission: Submission,
    *,
    seal: str | None = None,
    changed: dict[str, Any] | None = None,
    category: Category | None = None,
    reason: str = "",
    trusting: bool = False,
) -> Topic | Post:
    """Publish it as sent then. Raises HandledError, ChangedError and NowhereError.

    `seal`: of the words that were read; None stands for whatever they are.
    `changed`: title, body and tags in other words; what its author wrote is kept beside.
    `trusting`: what they write next is not read first for being new.
    """
    row = _waiting(submission, seal)
    if category is not None and row.act == "topic":
        row.category = category
    was_changed = changed is not None and _change(row, changed)
    name = "approve_changed" if was_changed else "approve"
    thing = publish(moderator, row, name, reason, was_changed=was_changed)
    if trusting:
        vouch(moderator, row.author, reason)
    return thing


def publish(
    moderator: Person, row: Submission, name: str, reason: str, *, was_changed: bool = False
) -> Topic | Post:
    """Let a row that is ours appear; `name` is the act that did it. Raises NowhereError."""
    sending = sending_of(row)
    why = nowhere(row, sending)
    if why is not None:
        raise NowhereError(why)
    thing = gate.publish(sending)
    row.state, row.reason, row.words = "published", "", reason
    row.topic_id = thing.topic_id if isinstance(thing, Post) else thing.id
    row.post_id = thing.id if isinstance(thing, Post) else None
    _handled(moderator, row)
    act = write_act_on(moderator, name, reason, submission=row, at=row.handled_at)
    record(
        TextApproved(row.topic_id, row.id, act.id, was_changed), by=moderator.id, at=row.handled_at
    )
    return thing


def give_back(
    moderator: Person,
    submission: Submission,
    reason: str,
    words: str = "",
    *,
    seal: str | None = None,
) -> None:
    """Return it to its author, who may change it and send it again.

    Raises HandledError and ChangedError.
    """
    row = _waiting(submission, seal)
    row.state, row.reason, row.words = "returned", reason, words
    _handled(moderator, row)
    trust.count(row.author_id, returned=1)
    act = write_act_on(moderator, "return", words, submission=row, at=row.handled_at)
    record(TextReturned(row.id, act.id), by=moderator.id, at=row.handled_at)


def vouch(moderator: Person, person: Person, reason: str = "") -> None:
    """Trust somebody before the figures do."""
    if person.is_staff:
        return
    trust.vouch(person, moderator)
    act = write_act_on(moderator, "vouch", reason, person=person)
    record(PersonVouchedFor(person.id, act.id), by=moderator.id, at=act.at)


def send_again(author: Person, submission: Submission, fields: dict[str, Any]) -> None:
    """Its author changes what waits, or sends what was returned once more.

    What was returned is a new text, and asks for its answer from now on. Raises HandledError and
    what the gate raises.
    """
    check_may_write(author)
    row = queries.held_row(submission.id)
    if row.state not in {"waiting", "returned"}:
        raise HandledError(row)
    appeal = queries.appeal_against(submission_id=row.id)
    if appeal is not None and not appeal.verdict:
        raise HandledError(row)
    said = {name: value for name, value in row.fields.items() if name != "sent"} | fields
    judged_again(row, sending_of(row, said))
    if row.state == "returned":
        row.sent_at = clock.now()
        row.due_at, row.turn_at = turn(sending_of(row))
        row.state, row.told_at = "waiting", None
    session.flush()
    record(TextSentAgain(row.id), by=author.id)


def take_back(author: Person, submission: Submission) -> None:
    """Its author does not want it published any more. Raises HandledError."""
    row = queries.held_row(submission.id)
    if row.state not in {"waiting", "returned"}:
        raise HandledError(row)
    row.state = "withdrawn"
    session.flush()
    record(TextWithdrawn(row.id), by=author.id)


def tell_what_waits_long() -> None:
    """Say once of each text that it has waited longer than it should."""
    at = clock.now()
    late = queries.waiting_too_long(at - WAITS_LONG)
    for row in late:
        row.told_at = at
    if late:
        session.flush()
        record(TextsWaitLong([row.id for row in late]))


def nowhere(row: Submission, sending: Sending | None = None) -> str | None:
    """Why it cannot appear where it was sent to; None when it can."""
    said = sending or sending_of(row)
    if not (row.author.confirmed_at and row.author.disabled_at is None):
        return "shut"
    if said.act == "topic":
        return "archived" if row.category.archived_at is not None else None
    if said.topic is None or (said.act == "edit" and row.post_id and said.post is None):
        return "gone"
    topic = topics.held(said.topic.id)
    if topic.hidden_at is not None or (said.post is not None and said.post.hidden_at is not None):
        return "hidden"
    return None if can(row.author, "topics.comment", topic) else "closed"


def _waiting(submission: Submission, seal: str | None) -> Submission:
    row = queries.held_row(submission.id)
    if row.state != "waiting":
        raise HandledError(row)
    if seal is not None and seal != row.seal:
        raise ChangedError
    return row


def _change(row: Submission, changed: dict[str, Any]) -> bool:
    before = {name: row.fields.get(name) for name in changed}
    if before == changed:
        return False
    sent = row.fields.get("sent") or {n: row.fields.get(n) for n in ("title", "body", "tags")}
    row.fields = {**row.fields, **changed, "sent": sent}
    return True


def _handled(moderator: Person, row: Submission, at: datetime | None = None) -> None:
    row.handled_by, row.handled_at = moderator, at or clock.now()
    session.flush()
