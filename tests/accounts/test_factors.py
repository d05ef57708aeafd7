"""Codes of an app and codes on paper: each once, five tries, and nobody around them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyotp
import pytest
import time_machine
from sqlalchemy import select

from app.accounts import codes, factors, service
from app.accounts.models import CodeApp, RecoveryCode, Session
from app.core import sealing
from app.core.db import session
from tests.builders import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.accounts.models import Person
    from tests.builders import Builders
    from tests.conftest import Browser

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
AT = datetime(2026, 11, 20, 12, tzinfo=UTC)


def code(at: datetime) -> str:
    return pyotp.TOTP(SECRET).at(at)


def with_app(person: Person, at: datetime = AT) -> Person:
    """Their app was set up a minute ago."""
    with time_machine.travel(at - timedelta(minutes=1), tick=False):
        factors.add_app(person, SECRET, code(at - timedelta(minutes=1)))
    return person


def enter(browser: Browser, person: Person) -> Any:
    browser.client.set_cookie("lang", "en", domain="otklik.test")
    return browser.post("/sign-in", {"email": person.email, "password": PASSWORD})


@pytest.fixture
def anna(house: Builders) -> Person:
    house.brand()
    return with_app(house.customer(with_password=True, locale="en"))


@pytest.fixture(autouse=True)
def noon() -> Any:
    with time_machine.travel(AT, tick=False) as traveller:
        yield traveller


def test_codes_are_those_of_the_standard() -> None:
    """RFC 6238, appendix B, the last six digits."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    for at, said in ((59, "287082"), (1111111109, "081804"), (20000000000, "353130")):
        moment = datetime.fromtimestamp(at, UTC)
        assert codes.step_of(secret, said, moment) == at // 30
        assert codes.step_of(secret, said, moment + timedelta(seconds=30)) == at // 30
        assert codes.step_of(secret, said, moment + timedelta(seconds=90)) is None


@pytest.mark.parametrize("said", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "0" * 40])
def test_other_things_are_no_codes(said: str) -> None:
    assert codes.step_of(SECRET, said, AT) is None


def test_a_password_alone_does_not_let_in(
    browser: Browser, anna: Person, cookie: Callable[[Any], str], facts: Callable[[str], list[Any]]
) -> None:
    answer = enter(browser, anna)
    assert answer.location == "/sign-in/second"
    halfway = cookie(browser)
    assert browser.get("/profile").status_code == 303
    assert facts("SignedIn") == []

    wrong = browser.post("/sign-in/second", {"code": "000000"})
    assert wrong.status_code == 422
    assert 'id="code-error"' in wrong.text
    right = browser.post("/sign-in/second", {"code": code(AT)})
    assert (right.status_code, right.location) == (303, "/")
    assert browser.get("/profile").status_code == 200
    assert cookie(browser) not in {"", halfway}
    [came] = facts("SignedIn")
    assert (came.data["method"], came.data["second"]) == ("password", "app")
    [failed] = facts("SignInFailed")
    assert failed.data == {"person_id": anna.id, "method": "code"}


def test_a_code_is_good_once(browser: Browser, new_browser: Any, anna: Person) -> None:
    enter(browser, anna)
    assert browser.post("/sign-in/second", {"code": code(AT)}).status_code == 303
    other = new_browser()
    enter(other, anna)
    assert other.post("/sign-in/second", {"code": code(AT)}).status_code == 422
    # Nor one of a step before the last that was taken.
    earlier = code(AT - timedelta(seconds=30))
    assert other.post("/sign-in/second", {"code": earlier}).status_code == 422


def test_five_wrong_codes_and_then_a_wait_that_grows(
    browser: Browser, anna: Person, noon: Any, facts: Callable[[str], list[Any]]
) -> None:
    for _ in range(5):
        with pytest.raises(factors.WrongCodeError):
            factors.use_code(anna, "000000")
    enter(browser, anna)
    answer = browser.post("/sign-in/second", {"code": code(AT)})
    assert answer.status_code == 422
    assert "Come again in: 15 min" in answer.text
    assert len(facts("CodesGuessed")) == 1

    noon.move_to(AT + timedelta(minutes=15))
    for _ in range(5):
        with pytest.raises(factors.WrongCodeError):
            factors.use_code(anna, "000000")
    noon.move_to(AT + timedelta(minutes=44))
    with pytest.raises(factors.TooManyCodesError):
        factors.use_code(anna, code(AT + timedelta(minutes=44)))
    noon.move_to(AT + timedelta(minutes=45))
    assert factors.use_code(anna, code(AT + timedelta(minutes=45))) == "app"
    with pytest.raises(factors.WrongCodeError):
        factors.use_code(anna, "000000")


def test_the_first_proof_waits_ten_minutes(browser: Browser, anna: Person, noon: Any) -> None:
    enter(browser, anna)
    noon.move_to(AT + timedelta(minutes=10, seconds=1))
    answer = browser.post("/sign-in/second", {"code": code(AT + timedelta(minutes=10))})
    assert answer.location == "/sign-in"


def test_somebody_shut_out_meanwhile_stays_out(browser: Browser, anna: Person) -> None:
    enter(browser, anna)
    service.disable(anna)
    assert browser.post("/sign-in/second", {"code": code(AT)}).location == "/sign-in"


def test_a_new_password_does_not_skip_the_second_factor(browser: Browser, anna: Person) -> None:
    ticket = service.ask_reset(anna.email or "", "en")
    link = f"/reset/{service.token(ticket)}"
    answer = browser.post(link, {"password": "a new one, quite long"})
    assert answer.location == "/sign-in/second"
    assert browser.get("/profile").status_code == 303
    browser.post("/sign-in/second", {"code": code(AT)})
    assert browser.get("/profile").status_code == 200


def test_a_mailed_link_does_not_skip_it_either(browser: Browser, anna: Person) -> None:
    ticket = service.ask_link(anna.email or "", "en")
    answer = browser.post(f"/sign-in/link/{service.token(ticket)}")
    assert answer.location == "/sign-in/second"


def test_an_app_is_set_up_by_its_first_code(
    house: Builders, browser: Browser, facts: Callable[[str], list[Any]]
) -> None:
    house.brand(name="Банк Пример")
    boris = house.customer(locale="en")
    browser.sign_in(boris)
    assert browser.get("/profile/code-app").location == "/profile/safety"
    assert browser.post("/profile/code-app/begin").location == "/profile/code-app"
    page = browser.get("/profile/code-app").text
    assert 'src="data:image/svg+xml' in page
    assert "style=" not in page
    secret = re.search(r'code-groups">([^<]+)', page)[1].replace(" ", "")  # type: ignore[index]
    assert len(secret) == 32
    # Half set up, nothing is asked for yet.
    assert not factors.of(boris)
    assert secret not in str([row.data for row in session.scalars(select(Session))])

    assert browser.post("/profile/code-app", {"code": "000000"}).status_code == 422
    shown = browser.post("/profile/code-app", {"code": pyotp.TOTP(secret).at(AT)})
    assert shown.status_code == 200
    assert len(re.findall(r"<li>\w{4}-\w{4}-\w{4}</li>", shown.text)) == 10
    app = session.get(CodeApp, boris.id)
    assert app is not None
    assert secret not in app.secret
    assert len(facts("CodeAppAdded")) == 1
    assert browser.get("/profile/code-app").location == "/profile/safety"


def test_the_secret_is_sealed_for_its_owner_and_by_our_secret(house: Builders) -> None:
    anna, boris = house.customer(), house.customer()
    closed = factors.sealed(anna, SECRET)
    assert factors.opened(anna, closed) == SECRET
    assert factors.sealed(anna, SECRET) != closed
    for person, what in ((boris, closed), (anna, closed[:-4] + "AAAA"), (anna, ""), (anna, "x")):
        with pytest.raises(sealing.BrokenSealError):
            factors.opened(person, what)


def test_a_recovery_code_lets_in_once_however_it_is_typed(
    browser: Browser, new_browser: Any, anna: Person, facts: Callable[[str], list[Any]]
) -> None:
    made = factors.new_recovery_codes(anna)
    assert len(set(made)) == 10
    kept = session.scalars(select(RecoveryCode.code_hash)).all()
    assert not set(kept) & set(made)
    enter(browser, anna)
    typed = made[3].replace("-", " ").upper()
    assert browser.post("/sign-in/second", {"code": typed}).status_code == 303
    [used] = facts("RecoveryCodeUsed")
    assert used.data == {"person_id": anna.id, "left": 9}
    assert facts("SignedIn")[-1].data["second"] == "recovery"
    other = new_browser()
    enter(other, anna)
    assert other.post("/sign-in/second", {"code": made[3]}).status_code == 422


def test_one_s_recovery_codes_open_nobody_else_s_account(house: Builders, anna: Person) -> None:
    boris = with_app(house.customer())
    made = factors.new_recovery_codes(anna)
    with pytest.raises(factors.WrongCodeError):
        factors.use_code(boris, made[0])
    assert factors.use_code(anna, made[0]) == "recovery"


def test_new_codes_on_paper_kill_the_old(browser: Browser, anna: Person) -> None:
    old = factors.new_recovery_codes(anna)
    browser.sign_in(anna)
    page = browser.post("/profile/recovery-codes")
    assert page.status_code == 200
    assert page.headers["Cache-Control"] == "no-store"
    with pytest.raises(factors.WrongCodeError):
        factors.use_code(anna, old[0])
    assert factors.of(anna).recovery_left == 10
    assert old[0] not in browser.get("/profile/safety").text


def test_codes_on_paper_go_with_the_last_factor(browser: Browser, anna: Person) -> None:
    made = factors.new_recovery_codes(anna)
    browser.sign_in(anna)
    browser.post("/profile/code-app/remove")
    assert not factors.of(anna)
    assert factors.of(anna).recovery_left == 0
    browser.post("/sign-out")
    assert enter(browser, anna).location == "/"
    with pytest.raises(factors.WrongCodeError):
        factors.use_code(anna, made[0])
    # Without any factor there is nothing to stand in for.
    browser.post("/profile/recovery-codes")
    assert factors.of(anna).recovery_left == 0


def test_a_form_without_a_code_keeps_its_page(browser: Browser, anna: Person) -> None:
    enter(browser, anna)
    assert browser.post("/sign-in/second", {}).status_code == 422
    assert browser.post("/sign-in/second", {"code": "9" * 500}).status_code == 422
    assert browser.get("/sign-in/second").status_code == 200
