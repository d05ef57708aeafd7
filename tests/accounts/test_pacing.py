"""How fast anybody may try: politely said, growing, and never a locked door."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from sqlalchemy import func, select

from app.accounts import paces
from app.accounts.models import Ticket
from app.core import limits
from app.core.db import session
from tests.accounts.test_factors import AT
from tests.builders import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.accounts.models import Person
    from tests.builders import Builders
    from tests.conftest import Browser

pytestmark = pytest.mark.usefixtures("counted")
HOME, FAR = "203.0.113.7", "198.51.100.9"


@pytest.fixture(autouse=True)
def noon() -> Any:
    with time_machine.travel(AT, tick=False) as traveller:
        yield traveller


@pytest.fixture
def anna(house: Builders) -> Person:
    house.brand()
    return house.customer(with_password=True, email="anna@example.org")


@pytest.fixture
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where only the counting matters nobody's password is hashed."""
    monkeypatch.setattr("app.accounts.passwords.fits", lambda _stored, said: said == PASSWORD)


def post(browser: Browser, path: str, address: str, **fields: str) -> Any:
    browser.client.set_cookie("lang", "en", domain="otklik.test")
    return browser.post(path, fields, environ_base={"REMOTE_ADDR": address})


def enter(browser: Browser, address: str, password: str, email: str = "anna@example.org") -> Any:
    return post(browser, "/sign-in", address, email=email, password=password)


@pytest.mark.usefixtures("cheap")
def test_five_tries_and_then_a_polite_wait(browser: Browser, anna: Person, noon: Any) -> None:
    for _ in range(5):
        assert enter(browser, HOME, "wrong").status_code == 422
        noon.shift(timedelta(minutes=1))
    refused = enter(browser, HOME, PASSWORD)
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "600"
    assert "Come again in: 10 min" in refused.text
    # What was typed is still there; the password is not.
    assert 'value="anna@example.org"' in refused.text
    assert PASSWORD not in refused.text
    noon.shift(timedelta(minutes=10, seconds=1))
    assert enter(browser, HOME, PASSWORD).status_code == 303


@pytest.mark.usefixtures("cheap")
def test_the_wait_grows(browser: Browser, anna: Person, noon: Any) -> None:
    waits = []
    for _ in range(26):
        answer = enter(browser, HOME, "wrong")
        if answer.status_code == 429:
            waits.append(int(answer.headers["Retry-After"]))
            noon.shift(timedelta(seconds=waits[-1] + 1))
    assert waits[0] <= 15 * 60 < waits[1] <= 3600 < waits[-1] <= 86_400


@pytest.mark.usefixtures("cheap")
def test_the_owner_comes_in_from_elsewhere_at_once(browser: Browser, anna: Person) -> None:
    """Never a lock-out: it is the place that waits, not the account."""
    while enter(browser, FAR, "wrong").status_code != 429:
        pass
    assert enter(browser, HOME, PASSWORD).status_code == 303


@pytest.mark.usefixtures("cheap")
def test_a_right_password_clears_the_count(browser: Browser, anna: Person) -> None:
    for _ in range(3):
        for _ in range(4):
            assert enter(browser, HOME, "wrong").status_code == 422
        assert enter(browser, HOME, PASSWORD).status_code == 303
        browser.post("/sign-out")


@pytest.mark.usefixtures("cheap")
def test_one_place_fails_at_thirty_accounts_an_hour_at_most(
    browser: Browser, anna: Person, noon: Any
) -> None:
    """Lists of stolen passwords are tried one by one; IPv6 is one place by /64."""
    for number in range(30):
        place = f"2001:db8:1:2::{number:x}"
        answer = enter(browser, place, "wrong", email=f"person{number}@example.org")
        assert answer.status_code == 422
    assert enter(browser, "2001:db8:1:2::ffff", PASSWORD).status_code == 429
    assert enter(browser, "2001:db8:1:3::1", PASSWORD).status_code == 303


@pytest.mark.usefixtures("cheap")
def test_many_places_at_one_account_wait_and_its_owner_s_own_does_not(
    browser: Browser, anna: Person
) -> None:
    assert enter(browser, HOME, PASSWORD).status_code == 303
    browser.post("/sign-out")
    statuses = [enter(browser, f"192.0.2.{n}", "wrong").status_code for n in range(1, 102)]
    assert statuses[:95] == [422] * 95
    assert statuses[-1] == 429
    assert enter(browser, "192.0.2.200", PASSWORD).status_code == 429
    assert enter(browser, HOME, PASSWORD).status_code == 303


@pytest.mark.usefixtures("cheap")
def test_an_address_without_an_account_is_counted_alike(browser: Browser, anna: Person) -> None:
    for email in ("anna@example.org", "nobody@example.org", "Nobody@Example.org "):
        said = [enter(browser, HOME, "wrong", email=email).status_code for _ in range(6)]
        if email.startswith("N"):
            assert said == [429] * 6
        else:
            assert said == [422] * 5 + [429]


def test_what_failed_is_on_record_without_what_was_typed(
    browser: Browser, anna: Person, facts: Callable[[str], list[Any]]
) -> None:
    enter(browser, HOME, "wrong")
    enter(browser, HOME, "wrong", email="nobody@example.org")
    failed = facts("SignInFailed")
    assert [f.data for f in failed] == [
        {"person_id": anna.id, "method": "password"},
        {"person_id": None, "method": "password"},
    ]
    assert all(f.actor_id is None for f in failed)


@pytest.mark.parametrize(("path", "hourly", "daily"), [("/reset", 2, 5), ("/sign-in/link", 5, 10)])
def test_letters_to_one_address_are_few_and_nobody_is_told(
    browser: Browser, anna: Person, noon: Any, path: str, hourly: int, daily: int
) -> None:
    def sent() -> int:
        return session.scalar(select(func.count()).select_from(Ticket)) or 0

    pages = set()
    for n in range(hourly + 2):
        page = post(browser, path, f"192.0.2.{n}", email="anna@example.org")
        pages.add((page.status_code, len(page.text)))
    assert sent() == hourly
    assert len(pages) == 1
    for hour in range(1, 12):
        noon.move_to(AT + timedelta(hours=hour, minutes=1))
        post(browser, path, HOME, email="ANNA@example.org")
    assert sent() == daily
    # Another address is not concerned.
    post(browser, path, HOME, email="nobody@example.org")
    assert sent() == daily + 1


def test_one_visitor_has_twenty_letters_an_hour_sent(browser: Browser, anna: Person) -> None:
    said = [
        post(browser, "/reset", HOME, email=f"person{n}@example.org").status_code for n in range(21)
    ]
    assert said == [200] * 20 + [429]
    assert post(browser, "/sign-in/link", HOME, email="x@example.org").status_code == 429


def test_five_accounts_an_hour_are_begun_from_one_place(
    browser: Browser, house: Builders, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.brand()
    monkeypatch.setattr("app.accounts.passwords.hashed", lambda _password: "x")
    fields = {"name": "Ольга", "password": "длинный пароль"}
    said = [
        post(browser, "/sign-up", HOME, email=f"person{n}@example.org", **fields) for n in range(6)
    ]
    assert [answer.status_code for answer in said] == [200] * 5 + [429]
    assert 'value="Ольга"' in said[-1].text
    assert "Come again in: 1 h" in said[-1].text
    # A form with a mistake costs nothing.
    assert post(browser, "/sign-up", FAR, **fields).status_code == 422


@pytest.mark.usefixtures("cheap")
def test_redis_away_opens_no_door(browser: Browser, anna: Person, tmp_path: Any) -> None:
    """What guards an account holds in each process, at least."""
    limits.init({"RATE_LIMITS": True, "REDIS_URL": f"unix://{tmp_path / 'nobody.sock'}"})
    said = [enter(browser, HOME, "wrong").status_code for _ in range(6)]
    assert said == [422] * 5 + [429]


def test_the_counts_hold_no_address(browser: Browser, anna: Person) -> None:
    paces.may_be_written_to("anna@example.org", paces.RESETS)
    storage: Any = limits._counter().storage
    assert storage.events
    assert "anna" not in str(storage.events)
