"""Sessions: their keys, their ends, and who sees them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from app.accounts import queries, service, sessions
from app.accounts.models import Session
from app.core.db import session
from tests.accounts.test_factors import AT
from tests.builders import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.accounts.models import Person
    from tests.builders import Builders
    from tests.conftest import Browser

CHROME = {"User-Agent": "Mozilla/5.0 (Windows NT 10.0) Chrome/142.0 Safari/537.36"}


@pytest.fixture(autouse=True)
def noon() -> Any:
    with time_machine.travel(AT, tick=False) as traveller:
        yield traveller


@pytest.fixture
def anna(house: Builders) -> Person:
    house.brand()
    return house.customer(with_password=True, locale="en")


def enter(browser: Browser, person: Person, **headers: str) -> Browser:
    fields = {"email": person.email, "password": PASSWORD}
    assert browser.post("/sign-in", fields, headers=headers).status_code == 303
    return browser


def open_sessions() -> int:
    return session.scalar(select(func.count()).select_from(Session)) or 0


def test_a_key_is_256_random_bits_and_only_its_hash_is_here(
    browser: Browser, anna: Person, cookie: Callable[[Any], str]
) -> None:
    enter(browser, anna)
    key = cookie(browser)
    assert len(key) >= 43
    row = session.scalars(select(Session)).one()
    assert key not in str(row.data) + row.key_hash


def test_a_key_somebody_planted_is_worth_nothing(
    browser: Browser, anna: Person, cookie: Callable[[Any], str]
) -> None:
    browser.client.set_cookie("sid", "planted" * 7, domain="otklik.test")
    enter(browser, anna)
    assert cookie(browser) != "planted" * 7


def test_absence_and_age_both_end_it(browser: Browser, anna: Person, noon: Any) -> None:
    enter(browser, anna)
    noon.shift(timedelta(days=30, seconds=1))
    assert browser.get("/profile").status_code == 303

    enter(browser, anna)
    for _ in range(9):
        noon.shift(timedelta(days=9, hours=23))
        assert browser.get("/profile").status_code == 200
    noon.shift(timedelta(days=1))
    assert browser.get("/profile").status_code == 303


def test_a_page_that_is_made_is_given_though_when_it_was_seen_cannot_be_written(
    browser: Browser, anna: Person, noon: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter(browser, anna)
    noon.shift(timedelta(minutes=11))
    tried = []

    def gone(*_: object) -> None:
        tried.append("to keep it")
        raise OperationalError("UPDATE", {}, Exception(), connection_invalidated=True)

    monkeypatch.setattr(sessions, "_keep", gone)
    assert browser.get("/profile").status_code == 200
    assert tried == ["to keep it"]


def test_nobody_is_told_they_are_signed_in_when_that_cannot_be_written(
    browser: Browser, anna: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object) -> None:
        raise OperationalError("INSERT", {}, Exception(), connection_invalidated=True)

    monkeypatch.setattr(sessions, "_keep", gone)
    fields = {"email": anna.email, "password": PASSWORD}
    with pytest.raises(OperationalError):
        browser.post("/sign-in", fields)


def test_all_sessions_are_listed_and_this_one_is_marked(
    browser: Browser, new_browser: Any, anna: Person, noon: Any
) -> None:
    enter(browser, anna)
    noon.shift(timedelta(hours=2))
    enter(new_browser(), anna, **CHROME)
    page = browser.get("/profile/safety").text
    assert "Chrome, Windows" in page
    assert page.count("badge--brand") == 1
    assert page.count('action="/profile/sessions/') == 2
    assert "today, 15:00" in page
    assert browser.get("/profile/safety").headers["Cache-Control"] == "no-store"


def test_one_is_ended_and_nobody_ends_another_s(
    browser: Browser,
    new_browser: Any,
    house: Builders,
    anna: Person,
    facts: Callable[[str], list[Any]],
) -> None:
    enter(browser, anna)
    phone = enter(new_browser(), anna)
    _, other = sorted(queries.sessions_of(anna), key=lambda s: s.id)
    new_browser().sign_in(house.customer()).post(f"/profile/sessions/{other.id}/end")
    assert phone.get("/profile").status_code == 200
    assert browser.post(f"/profile/sessions/{other.id}/end").status_code == 303
    assert phone.get("/profile").status_code == 303
    assert browser.get("/profile").status_code == 200
    assert [f.data["which"] for f in facts("SessionsEnded")][-1] == "one"


def test_all_others_are_ended_at_once(browser: Browser, new_browser: Any, anna: Person) -> None:
    enter(browser, anna)
    others = [enter(new_browser(), anna) for _ in range(2)]
    assert browser.post("/profile/sessions/end").status_code == 303
    assert [other.get("/profile").status_code for other in others] == [303, 303]
    assert browser.get("/profile").status_code == 200


def test_an_administrator_ends_all_of_somebody_s(
    browser: Browser,
    new_browser: Any,
    house: Builders,
    anna: Person,
    facts: Callable[[str], list[Any]],
) -> None:
    phone = enter(new_browser(), anna)
    boss = house.administrator(locale="en")
    browser.sign_in(boss)
    where = f"/manage/people/{anna.id}"
    assert f'action="{where}/sessions/end"' in browser.get(where).text
    browser.post(f"{where}/sessions/end")
    assert phone.get("/profile").status_code == 303
    [ended] = facts("SessionsEnded")
    assert (ended.actor_id, ended.data["which"]) == (boss.id, "all")
    # The account itself stays open.
    enter(phone, anna)


@pytest.mark.parametrize("role", ["customer", "executive", "manager"])
def test_nobody_else_does(house: Builders, browser: Browser, anna: Person, role: str) -> None:
    browser.sign_in(house.person(role))
    for act in ("sessions/end", "factors/reset"):
        answer = browser.post(f"/manage/people/{anna.id}/{act}", {"reason": "lost"})
        assert answer.status_code == 404


def test_a_disabled_person_is_out_at_the_next_request(browser: Browser, anna: Person) -> None:
    enter(browser, anna)
    # By hand, in the table: not even the sessions are touched.
    anna.disabled_at = AT
    session.commit()
    assert open_sessions() == 1
    assert browser.get("/profile").status_code == 303
    anna.disabled_at = None
    service.disable(anna)
    assert open_sessions() == 0


def test_signing_out_empties_the_browser(browser: Browser, anna: Person) -> None:
    enter(browser, anna)
    answer = browser.post("/sign-out")
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert open_sessions() == 0


def test_nothing_of_the_former_session_is_carried_into_the_next(
    browser: Browser, house: Builders, anna: Person
) -> None:
    browser.post("/sign-in/passkey/question")
    enter(browser, anna)
    row = session.scalars(select(Session)).one()
    assert "asked" not in row.data
    assert row.person_id == anna.id


def test_pages_of_an_account_are_kept_nowhere(browser: Browser, anna: Person) -> None:
    enter(browser, anna)
    for page in ("/profile", "/profile/safety", "/again", "/profile/password", "/sign-in/link"):
        assert browser.get(page).headers["Cache-Control"] == "no-store"
