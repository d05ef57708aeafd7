"""Erasing a person: asked for, waited for, done, and done again after a restore.

Who they were goes from every table, file and queue that `core.personal` knows of. The row with
their number stays, so that threads can be read and the record holds; it names nobody.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from app.accounts import personal as accounts
from app.accounts import service as people
from app.accounts.models import Person
from app.brand.queries import brand
from app.core import clock, personal, retention
from app.core.db import session
from app.core.events import record
from app.core.i18n import _, is_locale, speaking
from app.privacy import ledger, queries
from app.privacy.events import AuthorErased, ErasureAsked, ErasureCancelled, PersonErased
from app.privacy.models import Erasure

if TYPE_CHECKING:
    from app.privacy.ledger import Line


class StaffError(ValueError):
    """Who works for the bank gives the role up first."""


class AlreadyAskedError(ValueError):
    """An erasure of this person waits already."""


def request_erasure(person: Person, *, words: bool) -> Erasure:
    """Erase me after some days, in which a thief of the account would be noticed.

    Signs out everywhere; raises StaffError and AlreadyAskedError.
    """
    after = timedelta(days=retention.days("cooling"))
    erasure = _asked(person, person.id, "own_request", words=words, after=after)
    people.sign_out_everywhere(person)
    return erasure


def order_erasure(
    administrator: Person, person: Person, *, words: bool, basis: str, reference: str
) -> Erasure:
    """Erase somebody at once, on a request that came another way; raises StaffError."""
    waiting = queries.waiting_erasure(person.id)
    if waiting is not None:
        cancel(waiting, administrator.id)
    erasure = _asked(person, administrator.id, basis, words=words, after=timedelta())
    erasure.reference = reference
    return erasure


def _asked(person: Person, by: int, basis: str, *, words: bool, after: timedelta) -> Erasure:
    session.execute(select(Person.id).where(Person.id == person.id).with_for_update())
    session.refresh(person, ["role", "erased_at", "words_erased_at"])
    if person.is_staff:
        raise StaffError
    if queries.waiting_erasure(person.id) is not None:
        raise AlreadyAskedError
    at = clock.now()
    erasure = Erasure(
        key=secrets.token_hex(16),
        person_id=person.id,
        words=words,
        basis=basis,
        asked_at=at,
        asked_by_id=by,
        due_at=at + after,
        act={},
    )
    session.add(erasure)
    session.flush()
    record(ErasureAsked(person.id, erasure.id, basis, words), by=by)
    return erasure


def cancel(erasure: Erasure, by: int) -> None:
    """They stay."""
    erasure.cancelled_at = clock.now()
    session.flush()
    record(ErasureCancelled(erasure.person_id, erasure.id), by=by)


def erase(erasure: Erasure) -> None:
    """Do it, and write the act; the ledger has it before the database.

    The caller holds the row and commits.
    """
    person = erasure.person
    if person.is_staff:  # a role that was given meanwhile
        cancel(erasure, person.id)
        return
    erasure.done_at = clock.now()
    line = ledger.Line(
        key=erasure.key,
        person_id=person.id,
        mark=ledger.mark(person),
        words=erasure.words,
        basis=erasure.basis,
        asked_at=erasure.asked_at.isoformat(),
        asked_by_id=erasure.asked_by_id,
        at=erasure.done_at.isoformat(),
    )
    ledger.write(line)
    _destroy(erasure, person)


def reapply(line: Line) -> Erasure | None:
    """Erase again who came back with a backup; None when there is nothing to be done."""
    person = session.get(Person, line.person_id)
    if person is None or ledger.mark(person) != line.mark:
        return None
    if person.erased_at is not None and (not line.words or person.words_erased_at is not None):
        return None
    erasure = queries.erasure_by_key(line.key) or Erasure(
        key=line.key,
        person_id=person.id,
        words=line.words,
        basis=line.basis,
        asked_at=datetime.fromisoformat(line.asked_at),
        asked_by_id=line.asked_by_id,
        due_at=line.done_at,
    )
    erasure.cancelled_at = None
    erasure.done_at, erasure.reapplied_at = line.done_at, clock.now()
    session.add(erasure)
    session.flush()
    _destroy(erasure, person)
    return erasure


def _destroy(erasure: Erasure, person: Person) -> None:
    if session.get_bind().dialect.name == "sqlite":
        # What is deleted is overwritten, not only no longer pointed at.
        session.connection().exec_driver_sql("PRAGMA secure_delete=ON")
    erasing = personal.Erasing(
        subject=accounts.subject(person),
        words=erasure.words,
        at=erasure.done_at or clock.now(),
        in_words=_in_words,
    )
    personal.forget(erasing)
    # Files go before their rows are committed: a row without a file is found again.
    for file in erasing.files:
        file.unlink(missing_ok=True)
    erasure.act = {
        "tables": dict(sorted(erasing.destroyed.items())),
        "files": len(erasing.files),
        "topics": len(erasing.topics),
    }
    session.flush()
    for topic_id in sorted(erasing.topics):
        record(AuthorErased(topic_id))
    record(PersonErased(person.id, erasure.id, erasure.words), by=erasure.asked_by_id)


def _in_words(language: str) -> str:
    """What stands in place of what is gone, in the language of the text."""
    bank: Any = brand()
    with speaking(language if is_locale(language) else bank.locale, bank.timezone):
        return _("Deleted at the author's request")
