"""What is older than its term goes, in batches; what is under a hold stays."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from app.accounts.models import Session, Ticket
from app.core import clock, retention
from app.core.db import session
from app.notify.models import Letter
from app.topics.models import Draft

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.builders import Builders


def term(name: str) -> retention.Term:
    return next(t for t in retention.terms() if t.name == name)


def clean(name: str, held: set[int] | None = None, size: int = 2) -> list[int]:
    return list(retention.clean(term(name), retention.days(name), held or set(), size))


def old(days: int) -> object:
    return clock.now() - timedelta(days=days, minutes=1)


def test_old_drafts_go_in_batches_and_held_ones_stay(house: Builders) -> None:
    held = house.customer()
    people = [house.customer() for _ in range(3)]
    kept = retention.days("drafts")
    for person in (held, *people):
        session.add(Draft(about="new", person_id=person.id, fields={}, changed_at=old(kept)))
    session.add(Draft(about="topic:1", person_id=held.id, fields={}))
    session.flush()
    assert retention.overdue(term("drafts"), kept, {held.id}) == 3
    assert clean("drafts", {held.id}) == [2, 1]
    assert session.scalar(select(func.count()).select_from(Draft)) == 2
    assert clean("drafts") == [1]
    assert session.scalar(select(func.count()).select_from(Draft)) == 1


def test_sessions_tickets_and_letters(house: Builders, work: Callable[[], None]) -> None:
    house.brand()
    topic = house.question()
    work()
    letters = session.scalars(select(Letter)).all()
    assert letters
    letters[0].written_at = old(retention.days("letters"))
    person = topic.asker
    session.add(Session(key_hash="x" * 64, person_id=person.id, seen_at=old(91)))
    session.add(Session(key_hash="y" * 64, person_id=person.id))
    for age in (31, 1):
        session.add(
            Ticket(
                purpose="reset",
                person_id=person.id,
                email="a@b.example",
                locale="ru",
                created_at=old(age),
                expires_at=old(age),
            )
        )
    session.flush()
    assert clean("letters") == [1]
    assert clean("sessions") == [1]
    assert clean("tickets") == [1]
    assert session.scalars(select(Session)).one().key_hash == "y" * 64


def test_kept_letters_go_as_files(app: Flask, transaction: None) -> None:
    folder = app.config["MAIL_PATH"]
    folder.mkdir(parents=True, exist_ok=True)
    new, ancient = folder / "new.eml", folder / "ancient.eml"
    for file in (new, ancient):
        file.write_bytes(b"To: a@b.example\r\n\r\n")
    month = 31 * 24 * 3600
    os.utime(ancient, (ancient.stat().st_mtime - month,) * 2)
    assert retention.overdue(term("mail_files"), 30, set()) >= 1
    clean("mail_files")
    assert new.exists()
    assert not ancient.exists()
    new.unlink()


@pytest.mark.parametrize("name", [t.name for t in retention.terms()])
def test_every_term_runs_on_an_empty_house(name: str, transaction: None) -> None:
    assert retention.overdue(term(name), 1, {1}) == 0 or name == "mail_files"
    assert clean(name, {1}) == [] or name == "mail_files"
