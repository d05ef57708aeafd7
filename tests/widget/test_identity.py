"""Whom the bank's site has identified: who that is in the frame, where it counts, how long."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from sqlalchemy import select

from app.accounts import consents
from app.accounts import service as accounts
from app.accounts.models import Consent, OutsideIdentity, Person
from app.accounts.outside import entering
from app.accounts.outside.providers import Provider
from app.core import clock, limits, personal
from app.core.db import session
from app.core.i18n import locale_code
from app.core.personal import Subject
from app.core.sealing import seal
from app.core.web import current_actor
from app.moderation import service as moderation
from app.privacy import service as privacy
from app.widget import bearers, tokens
from app.widget.bearers import Bearer
from app.widget.service import identities, keys
from app.widget.tokens import Reason, RefusedTokenError
from tests.widget.signing import ISSUER, ORIGIN, Pair, Secret, site, token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask

    from tests.builders import Builders
    from tests.conftest import Browser


class Bank:
    """A site with a key, and somebody who reads its pages."""

    def __init__(self, house: Builders, browser: Browser) -> None:
        house.brand()
        self.house, self.browser = house, browser
        self.admin = house.administrator()
        self.site = site()
        self.key = Secret(self.admin, self.site)

    def customer(self, subject: str = "customer-7", **fields: Any) -> Person:
        """Somebody with an account whom the bank knows by this subject."""
        person = self.house.customer(**fields)
        session.add(OutsideIdentity(person_id=person.id, issuer=ISSUER, subject=subject))
        session.flush()
        return person

    def identify(self, **fields: Any) -> Any:
        """The answer to a token that says so."""
        return self.show(token(self.key, **fields))

    def show(self, text: str, origin: str = ORIGIN) -> Any:
        """The answer to this token."""
        path = f"/embed/{self.site.key}/identify"
        return self.browser.post(path, {"token": text, "origin": origin})

    def bearer(self, **fields: Any) -> str:
        """What the frame is given for it."""
        return str(self.identify(**fields).json["bearer"])

    def asks(self, bearer: str, key: str = "") -> Any:
        """A request of the frame with this bearer, to the view of `who`."""
        said = {"Authorization": f"Bearer {bearer}"}
        return self.browser.get(f"/embed/{key or self.site.key}/unread", headers=said)


@pytest.fixture
def bank(house: Builders, browser: Browser) -> Bank:
    return Bank(house, browser)


@pytest.fixture
def who(app: Flask, monkeypatch: pytest.MonkeyPatch) -> list[tuple[int | None, str | None]]:
    """Whom a view of the frame takes its caller for: the person, and the bank's customer."""
    seen: list[tuple[int | None, str | None]] = []

    def probe(**_values: Any) -> str:
        bearer = bearers.current()
        seen.append((current_actor().id, bearer.subject if bearer is not None else None))
        return ""

    probe.may = "widget.use"  # type: ignore[attr-defined]
    monkeypatch.setitem(app.view_functions, "widget.unread", probe)
    return seen


NOBODY = (None, None)

# ---------------------------------------------------------------------------------- identifying


def test_the_bank_s_customer_with_an_account_is_known(bank: Bank, who: list[Any]) -> None:
    person = bank.customer(name="Анна Каренина")
    answer = bank.identify(name="Кто-то другой")
    assert answer.status_code == 200
    assert {**answer.json, "bearer": ""} == {"bearer": "", "name": "Анна Каренина", "unread": 0}
    bank.asks(answer.json["bearer"])
    assert who == [(person.id, "customer-7")]


def test_somebody_new_leaves_nothing_here_by_reading(bank: Bank, who: list[Any]) -> None:
    before = session.query(Person).count(), session.query(OutsideIdentity).count()
    answer = bank.identify(name="Анна Каренина", email="anna@example.org", email_verified=True)
    assert answer.json["name"] == "Анна Каренина"
    bank.asks(answer.json["bearer"])
    assert who == [(None, "customer-7")]
    assert (session.query(Person).count(), session.query(OutsideIdentity).count()) == before


def test_how_much_is_unread_is_told_at_once(bank: Bank) -> None:
    topic = bank.house.question(asker=bank.customer(), at=clock.now() - timedelta(hours=1))
    assert bank.identify().json["unread"] == 0
    bank.house.answer(topic)
    assert bank.identify().json["unread"] == 1


def test_what_is_wrong_with_a_token_is_told_to_nobody_and_logged_about_nobody(
    bank: Bank, caplog: pytest.LogCaptureFixture
) -> None:
    staff = bank.house.manager()
    session.add(OutsideIdentity(person_id=staff.id, issuer=ISSUER, subject="colleague"))
    caplog.set_level(logging.WARNING, "app.widget")
    used = token(bank.key, jti="once")
    bank.show(used)
    answers = [
        bank.show("no token"),
        bank.show(""),
        bank.show(used),
        bank.show(token(bank.key), "https://evil.example"),
        bank.identify(sub="colleague", name="Мария Иванова", email="maria@example.org"),
        bank.identify(aud="https://other.example"),
        bank.identify(exp=1),
        bank.identify(iss="https://other.example"),
    ]
    assert {(a.status_code, a.get_data()) for a in answers} == {(422, b'{"error":"refused"}\n')}
    assert all(a.headers["Cache-Control"] == "no-store" for a in answers)
    said = [record.getMessage() for record in caplog.records]
    assert [line.rpartition(": ")[2] for line in said] == [
        Reason.MALFORMED, Reason.MALFORMED, Reason.REPLAYED, Reason.ORIGIN, Reason.STAFF,
        Reason.AUDIENCE, Reason.LIFETIME, Reason.ISSUER,
    ]  # fmt: skip
    for secret in ("colleague", "Мария", "maria@", "customer-7", "once", used):
        assert not any(secret in line for line in said)


def test_a_token_never_travels_in_an_address(bank: Bank, who: list[Any]) -> None:
    text = token(bank.key)
    path = f"/embed/{bank.site.key}/identify"
    assert bank.browser.get(f"{path}?token={text}&origin={ORIGIN}").status_code == 405
    assert bank.browser.post(f"{path}?token={text}&origin={ORIGIN}").status_code == 422
    bearer = bank.bearer()
    bank.browser.get(f"/embed/{bank.site.key}/unread?bearer={bearer}&access_token={bearer}")
    bank.browser.client.set_cookie("bearer", bearer, domain="otklik.test")
    bank.browser.get(f"/embed/{bank.site.key}/unread")
    assert who == [NOBODY, NOBODY]


def test_a_shut_site_identifies_nobody(bank: Bank, who: list[Any]) -> None:
    bank.customer()
    bearer = bank.bearer()
    bank.site.disabled_at = clock.now()
    assert bank.identify().status_code == 404
    bank.asks(bearer)
    assert who == [NOBODY]


def test_a_site_that_names_no_issuer_identifies_nobody(bank: Bank) -> None:
    bank.site.issuer = ""
    for issuer in ("", ISSUER, None):
        assert bank.identify(iss=issuer).status_code == 422


@pytest.mark.parametrize("why", ["disabled", "suspended", "leaving", "staff"])
def test_whom_the_house_shut_out_the_bank_does_not_bring_back(
    bank: Bank, who: list[Any], why: str
) -> None:
    person = bank.customer()
    bearer = bank.bearer()
    shut(bank, person, why)
    answer = bank.identify()
    assert (answer.status_code, answer.json) == (422, {"error": "refused"})
    bank.asks(bearer)
    assert who == [NOBODY]


def shut(bank: Bank, person: Person, why: str) -> None:
    if why == "disabled":
        accounts.disable(person)
    elif why == "suspended":
        moderation.restrain(bank.admin, person, "suspend", "Реклама в ответах.", None)
    elif why == "leaving":
        privacy.request_erasure(person, words=False)
    else:
        accounts.hire(person, "executive", "Директор", by=bank.admin)


def test_the_issuer_of_the_bank_s_people_vouches_for_no_customer(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    staff = Provider("staff", "Банк", "staff", ISSUER, "otklik")
    monkeypatch.setattr("app.accounts.outside.providers._Known.providers", (staff,))
    said = tokens.Claims(ISSUER, "somebody", "Имя", "", bank.key.row.id)
    with pytest.raises(RefusedTokenError, match=Reason.STAFF):
        identities.identify(bank.site, said)


def test_so_many_a_minute_and_no_more(bank: Bank) -> None:
    limits.init({"RATE_LIMITS": True})
    try:
        for _ in range(60):
            assert bank.show("no token").status_code == 422
        answer = bank.show(token(bank.key))
        assert (answer.status_code, answer.json) == (429, {"error": "later"})
        assert 0 < int(answer.headers["Retry-After"]) <= 60
        other = site("Другой сайт")
        again = bank.browser.post(f"/embed/{other.key}/identify", {"token": "x"})
        assert again.status_code == 422
    finally:
        limits.init({"RATE_LIMITS": False})


# -------------------------------------------------------------------------------------- bearers


def test_a_bearer_counts_in_the_frame_and_nowhere_else(bank: Bank) -> None:
    bank.customer()
    said = {"Authorization": f"Bearer {bank.bearer()}"}
    for path in ("/profile", "/profile/data", "/profile/safety", "/desk", "/manage/sites"):
        answer = bank.browser.get(path, headers=said)
        assert answer.status_code == 303, path
        assert "/sign-in" in answer.headers["Location"], path
    front = bank.browser.get("/", headers=said)
    assert "/profile" not in front.text
    assert bank.browser.post("/sign-out", headers=said).status_code == 303


def test_who_is_signed_in_here_is_nobody_in_the_frame(bank: Bank, who: list[Any]) -> None:
    customer, manager = bank.customer(), bank.house.manager()
    bearer = bank.bearer()
    bank.browser.sign_in(manager)
    bank.browser.get(f"/embed/{bank.site.key}/unread")
    bank.asks(bearer)
    assert who == [NOBODY, (customer.id, "customer-7")]


def test_what_we_did_not_seal_for_this_site_opens_nothing(bank: Bank, who: list[Any]) -> None:
    bank.customer()
    bearer, other = bank.bearer(), site("Другой сайт")
    half = len(bearer) // 2
    wrong = [
        "x",
        bearer[:-4],
        bearer[4:],
        bearer[:half] + ("A" if bearer[half] != "A" else "B") + bearer[half + 1 :],
        bearer.lower(),
        "A" * 4000,
        token(bank.key),
        seal("totp", bank.site.key, "{}"),
        seal("widget bearer", other.key, "{}"),
        seal("widget bearer", bank.site.key, "{}"),
        seal("widget bearer", bank.site.key, '{"issued_at": "2026-11-22T21:00:00+00:00"}'),
    ]
    for each in wrong:
        answer = bank.asks(each)
        assert (answer.status_code, answer.headers["X-Bearer"]) == (200, "refused")
    assert bank.asks(bearer, other.key).headers["X-Bearer"] == "refused"
    assert set(who) == {NOBODY}
    assert "X-Bearer" not in bank.asks(bearer).headers
    assert "X-Bearer" not in bank.browser.get(f"/embed/{bank.site.key}/unread").headers


@pytest.mark.parametrize("said", ["Basic YTpi", "Bearer", "Bearer ", "bearer\t", "Digest x=y", ","])
def test_other_credentials_are_nobody_s(bank: Bank, who: list[Any], said: str) -> None:
    path = f"/embed/{bank.site.key}/unread"
    assert bank.browser.get(path, headers={"Authorization": said}).status_code == 200
    assert who == [NOBODY]


def test_a_bearer_tells_nothing_of_whose_it_is(bank: Bank) -> None:
    bearer = bank.bearer(name="Anna", email="anna@example.org", email_verified=True)
    assert not any(word in bearer for word in ("customer", "anna", "Anna", "bank.example"))
    assert bearer != bank.bearer(name="Anna", email="anna@example.org", email_verified=True)
    longest = bank.bearer(sub="я" * 255, name="щ" * 99, email="a" * 255, email_verified=True)
    assert len(longest) < 4000  # a header of 8 KB holds it


def test_two_hours_and_no_longer(bank: Bank, who: list[Any]) -> None:
    person = bank.customer()
    with time_machine.travel(clock.now(), tick=False) as travel:
        bearer = bank.bearer()
        travel.shift(timedelta(hours=1, minutes=59))
        bank.asks(bearer)
        travel.shift(timedelta(minutes=1))
        bank.asks(bearer)
    assert who == [(person.id, "customer-7"), NOBODY]


def test_a_retired_key_takes_back_what_it_brought(bank: Bank, who: list[Any]) -> None:
    person = bank.customer()
    pair = Pair(bank.admin, bank.site)
    stolen, other = bank.bearer(), bank.show(token(pair)).json["bearer"]
    keys.retire(bank.admin, bank.key.row)
    bank.asks(stolen)
    bank.asks(other)
    bank.site.issuer = "https://new.example"
    bank.asks(other)
    assert who == [NOBODY, (person.id, "customer-7"), NOBODY]


ENDINGS: dict[str, Callable[[Bank, Person], object]] = {
    "by themselves": lambda _bank, person: accounts.sign_out_others(person, None),
    "by staff": lambda bank, person: accounts.end_sessions(bank.admin, person),
    "with the password": lambda _bank, person: accounts._set_password(person, "new words here"),
    "shut out and in again": lambda bank, person: (
        accounts.shut_out(bank.admin, person),
        accounts.let_in(bank.admin, person),
    ),
}


@pytest.mark.parametrize("how", ENDINGS)
def test_who_ends_their_sessions_ends_those_at_the_bank_too(
    bank: Bank, who: list[Any], how: str
) -> None:
    person = bank.customer()
    bearer = bank.bearer()
    ENDINGS[how](bank, person)
    bank.asks(bearer)
    bank.asks(bank.bearer())  # the bank vouches for them anew
    assert who == [NOBODY, (person.id, "customer-7")]


def test_an_unlinked_identity_is_nobody_s(bank: Bank, who: list[Any]) -> None:
    person = bank.customer(with_password=True)
    bearer = bank.bearer()
    [identity] = session.scalars(select(OutsideIdentity).filter_by(person_id=person.id))
    entering.unlink(person, identity)
    bank.asks(bearer)
    assert who == [NOBODY]


def test_an_identity_that_went_to_another_account_takes_nobody_along(
    bank: Bank, who: list[Any]
) -> None:
    bank.customer()
    bearer, other = bank.bearer(), bank.house.customer()
    [identity] = session.scalars(select(OutsideIdentity))
    identity.person_id = other.id
    bank.asks(bearer)
    assert who == [NOBODY]


# -------------------------------------------------------------------------------------- joining


def vouched(bank: Bank, **fields: Any) -> Bearer:
    said = tokens.Claims(ISSUER, "customer-7", "Анна", fields.pop("email", ""), bank.key.row.id)
    return identities.identify(bank.site, said)[0]


@pytest.fixture
def speaking(app: Flask) -> Iterator[None]:
    """Somebody writes in the frame, in Ukrainian."""
    with app.test_request_context("/embed/KEY/ask", headers={"Accept-Language": "uk"}):
        yield


def test_who_writes_gets_an_account_and_the_same_bearer_means_them(
    bank: Bank, who: list[Any], speaking: None
) -> None:
    bearer = bank.bearer(email="anna@example.org", email_verified=True)
    read = bearers.read(bank.site.key, bearer)
    assert read is not None
    person = identities.join(read, "Анна Каренина", ())
    assert (person.name, person.email, person.role) == (
        "Анна Каренина", "anna@example.org", "customer",
    )  # fmt: skip
    assert person.is_active
    assert person.password_hash is None
    bank.asks(bearer)
    assert who == [(person.id, "customer-7")]


def test_twice_is_once(bank: Bank, speaking: None) -> None:
    bearer = vouched(bank)
    first = identities.join(bearer, "Анна Каренина", ())
    assert first.locale == locale_code() == "uk"
    assert identities.join(bearer, "Анна Вронская", ()).id == first.id
    assert first.name == "Анна Каренина"


def test_what_they_agreed_to_is_written_down(bank: Bank, speaking: None) -> None:
    text = consents.publish(bank.admin, "terms", {"ru": "Правила."})
    person = identities.join(vouched(bank), "Анна", [text], address="203.0.113.7")
    [given] = session.scalars(select(Consent).filter_by(person_id=person.id))
    assert (given.text_id, given.how) == (text.id, "sign_up")
    assert "203" not in given.address_hash
    assert given.address_hash != ""


def test_an_address_that_has_an_account_opens_none(bank: Bank, speaking: None) -> None:
    owner = bank.house.customer(email="anna@example.org")
    with pytest.raises(identities.AccountKnownError):
        identities.join(vouched(bank, email="Anna@Example.org"), "Анна", ())
    assert session.scalars(select(OutsideIdentity)).all() == []
    staff = bank.house.manager(email="maria@example.org", confirmed_at=None)
    with pytest.raises(identities.AccountKnownError):
        identities.join(vouched(bank, email="maria@example.org"), "Мария", ())
    assert (owner.name, staff.role) != ("Анна", "customer")


def test_an_account_that_somebody_began_with_their_address_is_begun_anew(
    bank: Bank, speaking: None
) -> None:
    begun = bank.house.customer(
        email="anna@example.org", confirmed_at=None, with_password=True, name="Не Анна"
    )
    person = identities.join(vouched(bank, email="anna@example.org"), "Анна", ())
    assert (person.id, person.name, person.password_hash) == (begun.id, "Анна", None)


@pytest.mark.parametrize("email", ["", "no-address", "two words@example.org", "a" * 250 + "@x.org"])
def test_without_an_address_there_is_an_account_without_one(
    bank: Bank, speaking: None, email: str
) -> None:
    assert identities.join(vouched(bank, email=email), "Анна", ()).email is None


def test_who_was_shut_out_meanwhile_does_not_join(bank: Bank, speaking: None) -> None:
    bearer = vouched(bank)
    person = identities.join(bearer, "Анна", ())
    accounts.disable(person)
    with pytest.raises(entering.ShutOutError):
        identities.join(bearer, "Анна", ())
    accounts.let_in(bank.admin, person)
    accounts.hire(person, "manager", "", by=bank.admin)
    with pytest.raises(entering.NotThisWayError):
        identities.join(bearer, "Анна", ())


def test_what_the_bank_calls_them_is_among_their_data(bank: Bank, speaking: None) -> None:
    person = identities.join(vouched(bank), "Анна", ())
    said = [row for section in personal.collect(Subject(person.id)) for row in section.rows]
    assert any(ISSUER in row.values() and "customer-7" in row.values() for row in said)


# -------------------------------------------------------------------------------------- at once


def test_of_two_equal_tokens_at_the_same_instant_one_is_taken(
    committed: Builders, at_once: Callable[..., list[BaseException | None]]
) -> None:
    here = site()
    key = Secret(committed.administrator(), here)
    text, site_id = token(key), here.id

    def show() -> None:
        tokens.verify(session.get_one(type(here), site_id), text, ORIGIN)

    raised = at_once(*[show] * 6)
    assert raised.count(None) == 1
    reasons = {error.reason for error in raised if isinstance(error, RefusedTokenError)}
    assert reasons == {Reason.REPLAYED}
    assert len([each for each in raised if each is not None]) == 5


def test_who_sends_two_first_texts_at_once_gets_one_account(
    app: Flask, committed: Builders, at_once: Callable[..., list[BaseException | None]]
) -> None:
    here = site()
    key = Secret(committed.administrator(), here)
    said = tokens.Claims(ISSUER, "customer-7", "Анна", "anna@example.org", key.row.id)
    bearer, _person = identities.identify(here, said)

    def write() -> None:
        with app.test_request_context("/embed/KEY/ask"):
            identities.join(bearer, "Анна Каренина", ())
            session.commit()

    at_once(*[write] * 4)
    assert session.query(OutsideIdentity).count() == 1
    assert session.query(Person).filter_by(email="anna@example.org").count() == 1
