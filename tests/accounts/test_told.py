"""Letters about the account: whoever it was, its owner learns of it."""

from __future__ import annotations

from datetime import timedelta
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Any

import pytest
import time_machine

from app.accounts import factors, passkeys, service
from app.core.db import session
from tests.accounts.test_factors import AT, SECRET, code, with_app
from tests.builders import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from app.accounts.models import Person
    from tests.builders import Builders


@pytest.fixture(autouse=True)
def noon() -> Any:
    with time_machine.travel(AT, tick=False) as traveller:
        yield traveller


@pytest.fixture
def anna(house: Builders) -> Person:
    house.brand(name="Bank & Sons")
    return house.customer(
        with_password=True, locale="en", email="anna@example.org", timezone="Europe/Kyiv"
    )


@pytest.fixture
def told(app: Flask, work: Callable[[], None]) -> Callable[[], list[tuple[str, str, str]]]:
    """To whom, which kind, and what every new letter says."""
    folder = app.config["MAIL_PATH"]
    # Rows are rolled back and their numbers given again: another test's letter has the same name.
    for path in folder.glob("*.eml"):
        path.unlink()

    def new() -> list[tuple[str, str, str]]:
        work()
        found = []
        for path in sorted(folder.glob("*.eml")):
            letter: Any = message_from_bytes(path.read_bytes(), policy=policy.default)
            path.unlink()
            text = letter.get_body(("plain",)).get_content()
            html = letter.get_body(("html",)).get_content()
            assert "Bank &amp; Sons" in html
            assert "&amp;amp;" not in html
            said = f"{letter['Subject']}\n{text}"
            found.append((str(letter["To"]), letter["X-Otklik-Letter"], said))
        return found

    return new


def the_one(letters: list[tuple[str, str, str]]) -> tuple[str, str, str]:
    assert len(letters) == 1, letters
    return letters[0]


def test_of_every_change_to_the_second_factors(anna: Person, told: Any) -> None:
    key = passkeys.Key("name-of-key", "public", 0, [])
    made = factors.add_passkey(anna, key, "Phone")
    first = factors.new_recovery_codes(anna)
    to, kind, words = the_one(told())
    assert "anna@example.org" in to
    assert kind == "second_factor"
    assert "A passkey was added to your account on Bank & Sons" in words
    assert "20 November 2026, 14:00 (Kyiv)" in words
    assert "http://otklik.test/profile/safety" in words

    factors.add_app(anna, SECRET, code(AT))
    assert "An app with codes was added" in the_one(told())[2]
    factors.new_recovery_codes(anna)
    assert "New recovery codes" in the_one(told())[2]
    with pytest.raises(factors.WrongCodeError):
        factors.use_code(anna, first[0])
    factors.remove_app(anna, one_must_stay=True)
    assert "was removed" in the_one(told())[2]
    factors.remove_passkey(anna, made.id, one_must_stay=False)
    assert "A passkey of your account on Bank & Sons was removed" in the_one(told())[2]
    session.commit()


def test_of_a_recovery_code_and_of_somebody_guessing(anna: Person, told: Any) -> None:
    with_app(anna)
    made = factors.new_recovery_codes(anna)
    told()
    factors.use_code(anna, made[0])
    assert "Unused codes left: 9" in the_one(told())[2]
    for _ in range(5):
        with pytest.raises(factors.WrongCodeError):
            factors.use_code(anna, "000000")
    words = the_one(told())[2]
    assert "somebody knows your password" in words
    assert "http://otklik.test/reset" in words


def test_of_a_reset_by_an_administrator(house: Builders, anna: Person, told: Any) -> None:
    with_app(anna)
    told()
    factors.reset(house.administrator(), anna, "lost")
    to, _, words = the_one(told())
    assert "anna@example.org" in to
    assert "Your second factors on Bank & Sons were reset" in words


def test_of_a_new_password(anna: Person, told: Any) -> None:
    service.change_password(anna, PASSWORD, "another long password")
    assert the_one(told())[1] == "password_changed"


def test_the_old_address_of_the_new_one(anna: Person, told: Any) -> None:
    ticket = service.ask_change_of_address(anna, "new@example.org", PASSWORD, "en")
    to, kind, _ = the_one(told())
    assert ("new@example.org" in to, kind) == (True, "change")
    service.change_address(ticket)
    to, kind, words = the_one(told())
    assert ("anna@example.org" in to, kind) == (True, "address_changed")
    assert "new@example.org" not in words


def test_who_asks_for_a_link_without_having_a_way(house: Builders, anna: Person, told: Any) -> None:
    """The page says the same to everybody; the letter says what is true, to its owner only."""
    house.manager(email="nika@example.org", locale="en")
    service.ask_link("nika@example.org", "en")
    to, kind, words = the_one(told())
    assert ("nika@example.org" in to, kind) == (True, "no_link")
    assert "Who works for the bank signs in with a passkey" in words
    service.ask_link("nobody@example.org", "en")
    to, kind, words = the_one(told())
    assert ("nobody@example.org" in to, kind) == (True, "no_link")
    assert "no account uses it" in words


def test_a_link_that_is_too_old_is_not_sent_any_more(anna: Person, told: Any, noon: Any) -> None:
    service.ask_link("anna@example.org", "en")
    session.commit()
    noon.shift(timedelta(minutes=16))
    assert told() == []
