"""Who works for the bank shows two proofs, and nothing of the bank opens before."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pyotp
import pytest
import time_machine

import config
from app.accounts import factors, service
from app.accounts.models import Passkey
from app.core.db import session
from tests.accounts.authenticator import Device
from tests.accounts.test_factors import AT, code, with_app
from tests.builders import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.accounts.models import Person
    from tests.builders import Builders
    from tests.conftest import Browser

pytestmark = pytest.mark.usefixtures("strict")


@pytest.fixture(autouse=True)
def noon() -> Any:
    with time_machine.travel(AT, tick=False) as traveller:
        yield traveller


@pytest.fixture
def nika(house: Builders) -> Person:
    house.brand()
    return house.manager(with_password=True, locale="en")


def enter(browser: Browser, person: Person) -> Any:
    return browser.post("/sign-in", {"email": person.email, "password": PASSWORD})


def test_it_is_asked_for_unless_somebody_says_no() -> None:
    settings = {"SECRET_KEY": "x"}
    assert config.load(settings)["STAFF_SECOND_FACTOR"] is True
    assert config.load({**settings, "STAFF_SECOND_FACTOR": "no"})["STAFF_SECOND_FACTOR"] is False


def test_staff_is_led_to_set_one_up_and_reaches_nothing_before(
    browser: Browser, nika: Person
) -> None:
    assert enter(browser, nika).status_code == 303
    for path in ("/manage/board", "/", "/desk", "/profile", "/manage/people", "/search?q=x"):
        assert browser.get(path).location == "/profile/safety", path
    for path in ("/profile", "/profile/password", "/topics/1/answers"):
        assert browser.post(path, {"name": "X"}).location == "/profile/safety", path
    page = browser.get("/profile/safety")
    assert "One step before you begin" in page.text

    browser.post("/profile/code-app/begin")
    shown = browser.get("/profile/code-app").text
    secret = re.search(r'code-groups">([^<]+)', shown)[1].replace(" ", "")  # type: ignore[index]
    kept = browser.post("/profile/code-app", {"code": pyotp.TOTP(secret).at(AT)})
    assert 'href="/manage/board"' in kept.text
    assert browser.get("/manage/board").status_code == 200


def test_a_passkey_does_it_too(browser: Browser, nika: Person, on_https: None) -> None:
    enter(browser, nika)
    options = browser.post("/profile/passkeys/question").text
    fields = {"name": "Ключ", "credential": Device().make(options)}
    assert browser.post("/profile/passkeys/new", fields).status_code == 200
    assert browser.get("/manage/board").status_code == 200


def test_the_way_out_is_open(browser: Browser, nika: Person) -> None:
    enter(browser, nika)
    assert browser.post("/sign-out").location == "/"
    assert browser.get("/").status_code == 200


def test_customers_are_free_to_have_none(house: Builders, browser: Browser) -> None:
    house.brand()
    enter(browser, house.customer(with_password=True))
    assert browser.get("/profile").status_code == 200


def test_who_becomes_staff_with_a_session_open_gives_it_now(
    house: Builders, browser: Browser
) -> None:
    house.brand()
    anna = house.customer(with_password=True)
    enter(browser, anna)
    with_app(anna)
    assert browser.get("/profile").status_code == 200
    anna.role = "manager"
    session.commit()
    assert browser.get("/manage/board").location == "/again?next=/manage/board"
    # The password was given already: it is the other proof that is asked for.
    page = browser.get("/again?next=/manage/board").text
    assert 'name="password"' not in page
    browser.post("/again", {"password": PASSWORD})
    assert browser.get("/manage/board").status_code == 303
    browser.post("/again", {"code": code(AT)})
    assert browser.get("/manage/board").status_code == 200


def test_the_last_one_stays(browser: Browser, nika: Person) -> None:
    with_app(nika)
    enter(browser, nika)
    browser.post("/sign-in/second", {"code": code(AT)})
    browser.post("/profile/code-app/remove")
    assert "keeps at least one" in browser.get("/profile/safety").text
    assert factors.of(nika).app is not None

    session.add(Passkey(person_id=nika.id, name="Ключ", credential_id="x", public_key="x"))
    session.flush()
    browser.post("/profile/code-app/remove")
    assert factors.of(nika).app is None
    [key] = factors.of(nika).passkeys
    browser.post(f"/profile/passkeys/{key.id}/remove")
    assert factors.of(nika).passkeys


def test_an_administrator_resets_what_was_lost(
    house: Builders,
    browser: Browser,
    new_browser: Any,
    nika: Person,
    facts: Callable[[str], list[Any]],
) -> None:
    with_app(nika)
    made = factors.new_recovery_codes(nika)
    theirs = new_browser()
    enter(theirs, nika)
    theirs.post("/sign-in/second", {"code": code(AT)})
    assert theirs.get("/manage/board").status_code == 200

    boss = with_app(house.administrator(with_password=True, locale="en"))
    enter(browser, boss)
    browser.post("/sign-in/second", {"code": code(AT)})
    where = f"/manage/people/{nika.id}"
    page = browser.get(where).text
    assert f'action="{where}/factors/reset"' in page
    assert all(f'value="{reason}"' in page for reason in factors.REASONS)
    for reason in ("", "because"):
        browser.post(f"{where}/factors/reset", {"reason": reason})
        assert factors.of(nika)
    browser.post(f"{where}/factors/reset", {"reason": "stolen"})

    assert not factors.of(nika)
    assert factors.of(nika).recovery_left == 0
    assert theirs.get("/manage/board").location.startswith("/sign-in")
    [done] = facts("SecondFactorsReset")
    assert (done.actor_id, done.data) == (boss.id, {"person_id": nika.id, "reason": "stolen"})
    assert enter(theirs, nika).location == "/manage/board"
    assert theirs.get("/manage/board").location == "/profile/safety"
    assert made


def test_nobody_resets_their_own_from_there(house: Builders, browser: Browser) -> None:
    house.brand()
    boss = with_app(house.administrator(with_password=True))
    enter(browser, boss)
    browser.post("/sign-in/second", {"code": code(AT)})
    browser.post(f"/manage/people/{boss.id}/factors/reset", {"reason": "lost"})
    assert factors.of(boss)


def test_a_reset_password_leads_to_the_second_proof(browser: Browser, nika: Person) -> None:
    """Also for staff that has none yet: the letter alone opens nothing of the bank."""
    token = service.token(service.ask_reset(nika.email or "", "en"))
    browser.post(f"/reset/{token}", {"password": "a password of staff, long"})
    assert browser.get("/manage/board").location == "/profile/safety"


def test_a_refusal_is_on_the_log(
    house: Builders, browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    """Who was refused what, and nothing more."""
    house.brand()
    customer = house.customer()
    browser.sign_in(customer)
    with caplog.at_level("WARNING", logger="app.core.web"):
        assert browser.get("/manage/people?q=secret").status_code == 404
    assert f"refused: person {customer.id}, accounts.manage" in caplog.text
    assert "secret" not in caplog.text
