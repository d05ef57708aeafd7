"""Before what matters it is asked once more who is there; nothing typed is lost."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from sqlalchemy import select

from app.accounts import factors
from app.accounts.models import Ticket
from app.core import clock
from app.core.db import session
from tests.accounts.test_factors import AT, code, with_app
from tests.builders import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from app.accounts.models import Person
    from tests.builders import Builders
    from tests.conftest import Browser

# Every route that asks; a new one is to be thought of.
ASKING = {
    "accounts.add_code_app",
    "accounts.add_passkey",
    "accounts.ask_change_of_address",
    "accounts.ask_new_passkey",
    "accounts.begin_code_app",
    "accounts.change_password",
    "accounts.disable",
    "accounts.enable",
    "accounts.end_other_sessions",
    "accounts.end_session",
    "accounts.end_sessions_of",
    "accounts.invite",
    "accounts.manage_person",
    "accounts.new_recovery_codes",
    "accounts.remove_code_app",
    "accounts.remove_passkey",
    "accounts.reset_factors",
}


@pytest.fixture(autouse=True)
def noon() -> Any:
    with time_machine.travel(AT, tick=False) as traveller:
        yield traveller


def hidden(page: str) -> dict[str, str]:
    """The hidden fields of the first form on the page's main part."""
    form = page.partition("<main")[2].partition("<form")[2].partition("</form>")[0]
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form)
    return {unescape(name): unescape(value) for name, value in found}


def test_what_matters_asks(app: Flask) -> None:
    asking = {name for name, view in app.view_functions.items() if getattr(view, "fresh", False)}
    assert asking >= ASKING
    with_get = {"accounts.change_password", "accounts.ask_change_of_address"}
    assert all(app.view_functions[name].fresh is True for name in with_get)  # type: ignore[attr-defined]


def test_a_page_is_shown_after_the_password_is_given_again(
    house: Builders,
    browser: Browser,
    noon: Any,
    cookie: Callable[[Any], str],
    facts: Callable[[str], list[Any]],
) -> None:
    house.brand()
    anna = house.customer(with_password=True)
    browser.sign_in(anna)
    assert browser.get("/profile/password").status_code == 200
    noon.shift(timedelta(minutes=15))
    assert browser.get("/profile").status_code == 200
    asked = browser.get("/profile/password")
    assert asked.location == "/again?next=/profile/password"

    before = cookie(browser)
    wrong = browser.post(asked.location, {"password": "не тот пароль"})
    assert wrong.status_code == 422
    assert 'id="password-error"' in wrong.text
    assert cookie(browser) == before
    right = browser.post(asked.location, {"password": PASSWORD})
    assert (right.status_code, right.location) == (303, "/profile/password")
    assert cookie(browser) != before
    assert browser.get("/profile/password").status_code == 200
    assert [f.data["method"] for f in facts("ProvedAgain")] == ["password"]
    assert [f.data["person_id"] for f in facts("SignInFailed")] == [anna.id]


def test_what_was_typed_waits_in_the_page(house: Builders, browser: Browser, noon: Any) -> None:
    house.brand()
    boss, someone = house.administrator(with_password=True), house.customer()
    browser.sign_in(boss)
    noon.shift(timedelta(minutes=16))
    where = f"/manage/people/{someone.id}"
    assert browser.get(where).status_code == 200
    asked = browser.post(where, {"role": "manager", "post": 'Зам "по" <общению>'})
    assert asked.status_code == 422
    assert someone.role == "customer"

    fields = hidden(asked.text)
    wrong = browser.post("/again", {**fields, "password": "не тот"})
    assert someone.role == "customer"
    shown = browser.post("/again", {**hidden(wrong.text), "password": PASSWORD})
    assert f'action="{where}"' in shown.text
    assert browser.post(where, hidden(shown.text)).status_code == 303
    assert (someone.role, someone.post) == ("manager", 'Зам "по" <общению>')


def test_secrets_never_wait_in_a_page(house: Builders, browser: Browser, noon: Any) -> None:
    house.brand()
    browser.sign_in(house.customer(with_password=True))
    noon.shift(timedelta(minutes=16))
    sent = {"old": PASSWORD, "password": "новый тайный пароль", "name": "видно"}
    page = browser.post("/profile/password", sent)
    assert "видно" in page.text
    assert "новый тайный пароль" not in page.text
    assert PASSWORD not in page.text


def test_a_code_proves_it_too_and_only_the_own(
    house: Builders, browser: Browser, noon: Any
) -> None:
    house.brand()
    anna = with_app(house.customer(with_password=True))
    made = factors.new_recovery_codes(anna)
    browser.sign_in(anna)
    noon.shift(timedelta(minutes=16))
    later = AT + timedelta(minutes=16)
    assert browser.post("/again", {"code": "000000"}).status_code == 422
    assert browser.post("/again", {"code": code(later), "next": "/ask"}).location == "/ask"
    noon.shift(timedelta(minutes=16))
    assert browser.post("/again", {"code": code(later)}).status_code == 422
    assert browser.post("/again", {"code": made[0]}).status_code == 303


@pytest.mark.parametrize("where", ["//evil.example", "https://evil.example/x", "/\\evil.example"])
def test_nobody_is_led_elsewhere(house: Builders, browser: Browser, where: str) -> None:
    house.brand()
    browser.sign_in(house.customer(with_password=True))
    answer = browser.post("/again", {"password": PASSWORD, "next": where, "action": where})
    assert answer.location == "/profile/safety"


def test_who_may_not_is_not_asked(house: Builders, browser: Browser, noon: Any) -> None:
    house.brand()
    someone = house.customer()
    browser.sign_in(house.customer())
    noon.shift(timedelta(minutes=16))
    assert browser.post(f"/manage/people/{someone.id}/disable").status_code == 404


def test_a_session_ended_elsewhere_does_not_rise_again(
    house: Builders, browser: Browser, new_browser: Any, noon: Any
) -> None:
    """The proof arrives with a key that was ended a moment ago."""
    house.brand()
    anna = house.customer(with_password=True)
    browser.sign_in(anna)
    new_browser().sign_in(anna).post("/profile/sessions/end")
    answer = browser.post("/again", {"password": PASSWORD})
    assert answer.location.startswith("/sign-in")
    assert browser.get("/profile").status_code == 303


def test_without_a_password_or_a_factor_one_signs_in_anew(
    house: Builders, browser: Browser, noon: Any
) -> None:
    house.brand()
    browser.sign_in(house.customer())
    noon.shift(timedelta(minutes=16))
    page = browser.get("/again?next=/profile/address").text
    assert 'name="password"' not in page
    assert 'action="/sign-out"' in page
    assert browser.post("/again", {"password": ""}).status_code == 422


def test_the_clock_of_a_session_runs_on(house: Builders, browser: Browser, noon: Any) -> None:
    """Proving it again makes nothing younger."""
    house.brand()
    anna: Person = house.customer(with_password=True)
    browser.sign_in(anna)
    began = clock.now()
    for _ in range(3):
        noon.shift(timedelta(days=29))
        assert browser.post("/again", {"password": PASSWORD}).status_code == 303
    session.expire_all()
    noon.move_to(began + timedelta(days=89))
    assert browser.get("/profile").status_code == 200
    noon.move_to(began + timedelta(days=90, seconds=1))
    assert browser.get("/profile").status_code == 303


def test_who_has_no_password_moves_to_another_address_all_the_same(
    house: Builders, browser: Browser
) -> None:
    """They came in through the bank's own provider, and proved it just now."""
    house.brand()
    anna = house.customer()
    browser.sign_in(anna)
    assert 'name="old"' not in browser.get("/profile/address").text
    answer = browser.post("/profile/address", {"email": "other@example.org"})
    assert answer.status_code == 200
    assert session.scalars(select(Ticket.purpose)).all() == ["change"]
