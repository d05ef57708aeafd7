"""Another look: whoever was refused may say once why not, and somebody else decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from app.core import clock
from app.core.db import add_once, session
from app.core.events import record
from app.moderation import queries, trust
from app.moderation.events import AppealDecided, AppealMade
from app.moderation.models import Appeal
from app.moderation.service.acting import SecondPersonError, write_act_on
from app.moderation.service.reading import HandledError, publish
from app.moderation.service.removing import restore, restore_post, unmark_spam
from app.moderation.service.restraining import lift

if TYPE_CHECKING:
    from app.accounts.models import Person
    from app.moderation.models import Act, Submission


class AppealedError(ValueError):
    """It was appealed against once, or there is nothing to appeal against."""


def appeal_text(author: Person, submission: Submission, words: str) -> Appeal:
    """Ask another moderator to read a returned text. Raises AppealedError."""
    row = queries.held_row(submission.id)
    if row.state != "returned" or row.author_id != author.id:
        raise AppealedError
    return _appeal(Appeal(submission_id=row.id, against_id=row.handled_by_id), author, words)


def appeal_act(person: Person, act: Act, words: str) -> Appeal:
    """Ask another moderator whether a topic, a post or oneself was rightly removed.

    What readers' reports hid is looked at anyway. Raises AppealedError.
    """
    if act.by_id is None:
        raise AppealedError
    return _appeal(Appeal(act_id=act.id, against_id=act.by_id), person, words)


def decide(moderator: Person, appeal: Appeal, answer: str, *, grant: bool) -> None:
    """Undo the decision, or let it stand.

    Raises SecondPersonError when it was this moderator's own and somebody else may look,
    HandledError when it is decided, and what undoing raises.
    """
    query = select(Appeal).where(Appeal.id == appeal.id).with_for_update(of=Appeal)
    row = session.scalars(query.execution_options(populate_existing=True)).one()
    if row.verdict:
        raise AppealedError
    if not queries.may_decide(moderator, row):
        raise SecondPersonError(queries.deciders(row))
    if grant:
        _undo(moderator, row, answer)
    row.verdict, row.answer = "granted" if grant else "upheld", answer
    row.decided_by, row.decided_at = moderator, clock.now()
    session.flush()
    if not grant:
        about = row.submission
        person = row.person if about is None else None
        write_act_on(moderator, "uphold", answer, submission=about, person=person)
    record(AppealDecided(row.id, grant), by=moderator.id, at=row.decided_at)


def _appeal(appeal: Appeal, person: Person, words: str) -> Appeal:
    appeal.person, appeal.words = person, words
    if not add_once(appeal):
        raise AppealedError
    record(AppealMade(appeal.id), by=person.id)
    return appeal


def _undo(moderator: Person, appeal: Appeal, answer: str) -> None:
    if appeal.submission is not None:
        submission = queries.held_row(appeal.submission.id)
        if submission.state != "returned":
            raise HandledError(submission)
        # Sent then and refused wrongly: the promise runs from there.
        publish(moderator, submission, "grant", answer)
        trust.count(submission.author_id, returned=-1)
        return
    act = appeal.act
    if act is None:
        return
    if act.name in {"silence", "suspend"}:
        restraint = queries.restraint_of_act(act.id)
        if restraint is not None and restraint.is_in_force:
            lift(moderator, restraint, answer)
    elif act.topic is not None:
        _bring_back(moderator, act, answer)


def _bring_back(moderator: Person, act: Act, answer: str) -> None:
    topic, post = act.topic, act.post
    if topic is None:
        return
    if post is not None:
        restore_post(moderator, topic, post, answer)
    elif act.name == "spam":
        unmark_spam(moderator, topic, answer)
    else:
        restore(moderator, topic, answer)
