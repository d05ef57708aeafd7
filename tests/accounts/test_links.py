"""A mailed link signs in: once, for a quarter of an hour, customers only, and no scanner."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from sqlalchemy import select

from app.accounts import service
from app.accounts.models import Ticket
from app.core.db import session
from tests.accounts.test_factors import AT
from tests.builders import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.accounts.models import Person
    from tests.builders import Builders
    from tests.conftest import Browser


@pytest.fixture(autouse=True)
def noon() -> Any:
    with time_machine.travel(AT, tick=False) as traveller:
        yield traveller


@pytest.fixture
def anna(house: Builders) -> Person:
    house.brand()
    return house.customer(with_password=True, locale="en", email="anna@example.org")


def last_ticket() -> Ticket:
    return session.scalars(select(Ticket).order_by(Ticket.id.desc()).limit(1)).one()


def asked(browser: Browser, email: str = "anna@example.org", **more: str) -> str:
    assert browser.post("/sign-in/link", {"email": email, **more}).status_code == 200
    return f"/sign-in/link/{service.token(last_ticket())}"


def test_it_signs_in_once(
    browser: Browser,
    new_browser: Any,
    anna: Person,
    facts: Callable[[str], list[Any]],
) -> None:
    assert "/sign-in/link?next=/ask" in browser.get("/sign-in?next=/ask").text
    link = asked(browser, next="/ask")
    phone = new_browser()
    answer = phone.post(link)
    assert (answer.status_code, answer.location) == (303, "/ask")
    assert phone.get("/profile").status_code == 200
    assert facts("SignedIn")[-1].data["method"] == "link"
    assert browser.post(link).status_code == 410
    assert browser.get(link).status_code == 410


def test_a_scanner_that_opens_it_burns_nothing(new_browser: Any, anna: Person) -> None:
    link = asked(new_browser())
    scanner = new_browser()
    for _ in range(3):
        page = scanner.get(link)
        assert page.status_code == 200
        assert scanner.client.head(link, base_url="http://otklik.test").status_code == 200
    assert "Set-Cookie" not in page.headers
    assert scanner.get("/profile").status_code == 303
    assert new_browser().post(link).status_code == 303


def test_it_lives_a_quarter_of_an_hour(browser: Browser, anna: Person, noon: Any) -> None:
    link = asked(browser)
    noon.shift(timedelta(minutes=15))
    assert browser.post(link).status_code == 410


def test_it_dies_with_the_password_and_the_address(browser: Browser, anna: Person) -> None:
    link = asked(browser)
    service.change_password(anna, PASSWORD, "another long password")
    assert browser.post(link).status_code == 410
    link = asked(browser)
    service.change_address(
        service.ask_change_of_address(anna, "a@b.example", "another long password", "en")
    )
    assert browser.post(link).status_code == 410


@pytest.mark.parametrize("role", ["executive", "manager", "administrator"])
def test_staff_have_no_such_way(house: Builders, browser: Browser, anna: Person, role: str) -> None:
    house.person(role, email="staff@example.org")
    asked(browser, "staff@example.org")
    assert last_ticket().purpose == "no_link"
    assert browser.post(f"/sign-in/link/{service.token(last_ticket())}").status_code == 410
    # Nor does one stay good for somebody who becomes staff meanwhile.
    link = asked(browser)
    anna.role = role
    session.commit()
    assert browser.post(link).status_code == 410
    assert browser.get("/profile").status_code == 303


def test_somebody_shut_out_meanwhile_stays_out(browser: Browser, anna: Person) -> None:
    link = asked(browser)
    anna.disabled_at = AT
    session.commit()
    assert browser.post(link).status_code == 410


def test_the_page_tells_nothing_of_the_address(
    house: Builders, browser: Browser, anna: Person
) -> None:
    house.manager(email="staff@example.org")
    house.customer(email="out@example.org", disabled_at=AT)
    house.customer(email="begun@example.org", confirmed_at=None)
    told = set()
    for who in ("anna", "staff", "out", "begun", "nobody"):
        page = browser.post("/sign-in/link", {"email": f"{who}@example.org"})
        text = re.sub(r"\w+@example.org", "", page.text)
        told.add((page.status_code, re.sub(r'nonce="[^"]+"', "", text)))
    assert len(told) == 1


def test_another_s_token_opens_nothing(browser: Browser, house: Builders, anna: Person) -> None:
    asked(browser)
    reset = service.ask_reset("anna@example.org", "en")
    assert browser.post(f"/sign-in/link/{service.token(reset)}").status_code == 410
    link = service.token(last_ticket())
    for forged in (link[:-1] + "0", link.replace(".", ".0"), "1." + "0" * 40, "x"):
        if forged != link:
            assert browser.post(f"/sign-in/link/{forged}").status_code == 410


def test_a_link_is_made_of_our_own_address_whatever_host_was_asked(
    browser: Browser, anna: Person, work: Callable[[], None], app: Any
) -> None:
    """The letter is written far from the request that asked for it."""
    fields = {"email": "anna@example.org"}
    browser.post("/sign-in/link", fields, headers={"X-Forwarded-Host": "evil.example"})
    work()
    letters = [p.read_text() for p in app.config["MAIL_PATH"].glob("*.eml")]
    assert any("http://otklik.test/sign-in/link/" in text for text in letters)
    assert not any("evil.example" in text for text in letters)
