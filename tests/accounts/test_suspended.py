"""Somebody suspended is told so, until when and why, whichever way they prove who they are."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from app.accounts import passkeys
from app.accounts import service as accounts
from app.accounts.models import Session, Ticket
from app.core import clock
from app.core.db import session
from app.moderation import queries, service
from tests.accounts.authenticator import Device
from tests.accounts.test_passkeys import ask, with_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.accounts.models import Person
    from tests.builders import Builders
    from tests.conftest import Browser

REASON = "Реклама в ответах."
WORDS = "совсем новый пароль"


@pytest.fixture
def anna(house: Builders) -> Person:
    house.brand()
    return house.customer(with_password=True, locale="en", email="anna@example.org")


def suspend(house: Builders, person: Person) -> None:
    until = clock.now() + timedelta(days=7)
    service.restrain(house.manager(), person, "suspend", REASON, until)
    session.commit()


def is_told(answer: Any, person: Person) -> bool:
    """Why, and where to appeal; and nobody came in."""
    [restraint] = queries.in_force(person)
    rows = select(Session.id).where(Session.person_id == person.id)
    inside = session.scalars(rows).all()
    said = REASON in answer.text and service.token_of(restraint) in answer.text
    return answer.status_code == 422 and said and not inside


def last_token() -> str:
    return accounts.token(session.scalars(select(Ticket).order_by(Ticket.id.desc())).first())


def test_by_a_mailed_link(house: Builders, browser: Browser, anna: Person) -> None:
    suspend(house, anna)
    known = browser.post("/sign-in/link", {"email": "anna@example.org"})
    nobody = browser.post("/sign-in/link", {"email": "nobody@example.org"})
    assert known.text.replace("anna@", "nobody@") == nobody.text
    [link] = session.scalars(select(Ticket).where(Ticket.purpose == "link"))
    page = browser.post(f"/sign-in/link/{accounts.token(link)}")
    assert is_told(page, anna)
    assert browser.get("/profile").status_code == 303


def test_by_a_new_password(house: Builders, browser: Browser, anna: Person) -> None:
    suspend(house, anna)
    browser.post("/reset", {"email": "anna@example.org"})
    assert is_told(browser.post(f"/reset/{last_token()}", {"password": WORDS}), anna)


@pytest.mark.usefixtures("on_https")
def test_by_a_passkey(house: Builders, browser: Browser, anna: Person) -> None:
    device = Device()
    with_key(anna, device)
    suspend(house, anna)
    answer = device.prove(ask(browser), passkeys.handle(anna).encode())
    assert is_told(browser.post("/sign-in/passkey", {"credential": answer}), anna)


def test_only_those_who_prove_it_are_told(
    house: Builders, new_browser: Callable[[], Browser], anna: Person
) -> None:
    suspend(house, anna)
    for path, fields in (
        ("/sign-in", {"email": "anna@example.org", "password": "не тот пароль"}),
        ("/sign-in/link", {"email": "anna@example.org"}),
        ("/reset", {"email": "anna@example.org"}),
        ("/sign-up", {"email": "anna@example.org", "name": "Анна", "password": WORDS}),
    ):
        assert REASON not in new_browser().post(path, fields).text, path


def test_whoever_is_shut_out_is_not_told_that_they_are_suspended(
    house: Builders, browser: Browser, anna: Person
) -> None:
    suspend(house, anna)
    browser.post("/sign-in/link", {"email": "anna@example.org"})
    token = last_token()
    anna.disabled_at = clock.now()
    session.commit()
    assert browser.post(f"/sign-in/link/{token}").status_code == 410
