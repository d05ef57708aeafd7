"""Passkeys: made, named, used alone or as the second proof, removed; and every lie refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from app.accounts import factors, passkeys, service
from app.core import addresses
from app.core.db import session
from tests.accounts.authenticator import PRESENT, VERIFIED, Device
from tests.builders import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.accounts.models import Passkey, Person
    from tests.builders import Builders
    from tests.conftest import Browser

pytestmark = pytest.mark.usefixtures("on_https")


@pytest.fixture
def anna(house: Builders) -> Person:
    house.brand()
    return house.customer(with_password=True, locale="en")


def ask(browser: Browser, where: str = "/sign-in/passkey/question") -> str:
    answer = browser.post(where)
    assert answer.mimetype == "application/json"
    return str(answer.text)


def with_key(person: Person, device: Device, name: str = "Телефон") -> Passkey:
    question = passkeys.to_add(person, [], "Банк")
    key = passkeys.added(device.make(question.options), question.challenge)
    made = factors.add_passkey(person, key, name)
    session.commit()
    return made


def test_several_are_made_and_named(
    browser: Browser, anna: Person, facts: Callable[[str], list[Any]]
) -> None:
    browser.sign_in(anna)
    for name in ("Телефон", "Ключ на связке"):
        options = ask(browser, "/profile/passkeys/question")
        fields = {"name": name, "credential": Device().make(options)}
        answer = browser.post("/profile/passkeys/new", fields)
        # With the first come the codes for paper.
        assert answer.status_code == (200 if name == "Телефон" else 303)
    first, second = factors.of(anna).passkeys
    assert (first.name, second.name) == ("Телефон", "Ключ на связке")
    assert first.transports == ["internal"]
    page = browser.get("/profile/safety").text
    assert "Телефон" in page
    assert "Ключ на связке" in page
    assert [f.data["passkey_id"] for f in facts("PasskeyAdded")] == [first.id, second.id]
    # The device is told which keys it has made already, and nothing about the person.
    options = json.loads(ask(browser, "/profile/passkeys/question"))
    assert {k["id"] for k in options["excludeCredentials"]} == {
        first.credential_id,
        second.credential_id,
    }
    assert options["rp"]["id"] == "otklik.test"
    assert str(anna.id) != options["user"]["id"]
    assert options["authenticatorSelection"]["userVerification"] == "required"


def test_one_signs_in_with_a_passkey_alone(
    browser: Browser,
    anna: Person,
    cookie: Callable[[Any], str],
    facts: Callable[[str], list[Any]],
) -> None:
    device = Device()
    kept = with_key(anna, device)
    options = ask(browser)
    before = cookie(browser)
    assert json.loads(options)["allowCredentials"] == []
    handle = passkeys.handle(anna).encode()
    fields = {"credential": device.prove(options, handle), "next": "/ask"}
    answer = browser.post("/sign-in/passkey", fields)
    assert (answer.status_code, answer.location) == (303, "/ask")
    assert browser.get("/profile").status_code == 200
    assert cookie(browser) != before
    [came] = facts("SignedIn")
    assert (came.data["method"], came.data["second"]) == ("passkey", "passkey")
    assert (kept.sign_count, kept.used_at is not None) == (1, True)


def test_a_passkey_is_the_second_proof(browser: Browser, house: Builders, anna: Person) -> None:
    device, strangers = Device(), Device()
    with_key(anna, device)
    with_key(house.customer(), strangers)
    browser.post("/sign-in", {"email": anna.email, "password": PASSWORD})
    refused = browser.post("/sign-in/second", {"credential": strangers.prove(ask(browser))})
    assert refused.status_code == 422
    options = ask(browser)
    assert len(json.loads(options)["allowCredentials"]) == 1
    answer = browser.post("/sign-in/second", {"credential": device.prove(options)})
    assert answer.status_code == 303
    assert browser.get("/profile").status_code == 200


def test_an_answer_is_good_once(browser: Browser, anna: Person) -> None:
    device = Device()
    with_key(anna, device)
    said = device.prove(ask(browser))
    assert browser.post("/sign-in/passkey", {"credential": said}).status_code == 303
    browser.post("/sign-out")
    assert browser.post("/sign-in/passkey", {"credential": said}).status_code == 422
    ask(browser)
    assert browser.post("/sign-in/passkey", {"credential": said}).status_code == 422


def test_a_question_is_good_for_one_answer_even_a_wrong_one(
    browser: Browser, new_browser: Any, anna: Person
) -> None:
    device = Device()
    with_key(anna, device)
    options = ask(browser)
    browser.post("/sign-in/passkey", {"credential": "{}"})
    assert (
        browser.post("/sign-in/passkey", {"credential": device.prove(options)}).status_code == 422
    )
    # Nor is it good in another browser, nor for making a key.
    options = ask(browser)
    other = new_browser()
    assert other.post("/sign-in/passkey", {"credential": device.prove(options)}).status_code == 422


@pytest.mark.parametrize(
    "lie",
    [
        {"origin": "https://otklik.test.evil.example"},
        {"origin": "http://otklik.test"},
        {"site": "evil.example"},
        {"flags": PRESENT},
        {"flags": VERIFIED},
        {"credential": b"another key"},
        {"count": -1},
    ],
    ids=["a look-alike", "no TLS", "another site", "no PIN", "nobody there", "key", "a copy"],
)
def test_lies_are_refused(
    browser: Browser,
    anna: Person,
    lie: dict[str, Any],
    facts: Callable[[str], list[Any]],
) -> None:
    device = Device()
    with_key(anna, device).sign_count = 5 if lie == {"count": -1} else 0
    session.commit()
    for name, value in lie.items():
        setattr(device, name, max(value, 0) if name == "count" else value)
    answer = browser.post("/sign-in/passkey", {"credential": device.prove(ask(browser))})
    assert answer.status_code == 422
    assert browser.get("/profile").status_code == 303
    [failed] = facts("SignInFailed")
    assert failed.data["method"] == "passkey"


def test_another_s_handle_and_a_forged_signature_are_refused(
    house: Builders, browser: Browser, anna: Person
) -> None:
    device = Device()
    with_key(anna, device)
    handle = passkeys.handle(house.customer()).encode()
    said = device.prove(ask(browser), handle)
    assert browser.post("/sign-in/passkey", {"credential": said}).status_code == 422
    forger = Device(credential=device.credential, count=9)
    said = forger.prove(ask(browser))
    assert browser.post("/sign-in/passkey", {"credential": said}).status_code == 422


@pytest.mark.parametrize(
    "said",
    [
        "",
        "x",
        "[]",
        "null",
        "{}",
        '{"id": 1, "response": {}}',
        '{"id": "a", "response": {"userHandle": 7}}',
        '{"id": "a", "rawId": "a", "type": "public-key", "response": {"clientDataJSON": "e30"}}',
        "[" * 9000,
    ],
)
def test_nonsense_is_refused(browser: Browser, anna: Person, said: str) -> None:
    ask(browser)
    assert browser.post("/sign-in/passkey", {"credential": said}).status_code == 422
    browser.sign_in(anna)
    ask(browser, "/profile/passkeys/question")
    answer = browser.post("/profile/passkeys/new", {"name": "Ключ", "credential": said})
    assert answer.status_code == 422
    assert not factors.of(anna)


def test_lies_are_refused_when_a_key_is_made(browser: Browser, anna: Person) -> None:
    browser.sign_in(anna)
    for device in (
        Device(origin="https://evil.example"),
        Device(site="evil.example"),
        Device(flags=PRESENT),
    ):
        options = ask(browser, "/profile/passkeys/question")
        fields = {"name": "Ключ", "credential": device.make(options)}
        assert browser.post("/profile/passkeys/new", fields).status_code == 422
    assert not factors.of(anna)


def test_one_key_belongs_to_one_account(house: Builders, browser: Browser, anna: Person) -> None:
    device = Device()
    with_key(anna, device)
    browser.sign_in(house.customer())
    options = ask(browser, "/profile/passkeys/question")
    answer = browser.post(
        "/profile/passkeys/new", {"name": "Мой", "credential": device.make(options)}
    )
    assert answer.status_code == 422


def test_what_is_removed_opens_nothing(
    browser: Browser, new_browser: Any, house: Builders, anna: Person
) -> None:
    device = Device()
    kept = with_key(anna, device)
    stranger = new_browser().sign_in(house.customer())
    stranger.post(f"/profile/passkeys/{kept.id}/remove")
    assert factors.of(anna)
    browser.sign_in(anna)
    browser.post(f"/profile/passkeys/{kept.id}/remove")
    assert not factors.of(anna)
    browser.post("/sign-out")
    answer = browser.post("/sign-in/passkey", {"credential": device.prove(ask(browser))})
    assert answer.status_code == 422


def test_somebody_shut_out_does_not_come_in(browser: Browser, anna: Person) -> None:
    device = Device()
    with_key(anna, device)
    service.disable(anna)
    answer = browser.post("/sign-in/passkey", {"credential": device.prove(ask(browser))})
    assert answer.status_code == 422
    assert browser.get("/profile").status_code == 303


@pytest.mark.parametrize(
    ("url", "offered"),
    [
        ("https://otklik.test", True),
        ("http://otklik.test", False),
        ("http://localhost:8000", True),
        ("http://127.0.0.1:8000", False),
        ("https://192.0.2.7", False),
        ("https://[::1]", False),
    ],
)
def test_they_are_offered_where_browsers_have_them(
    browser: Browser, anna: Person, monkeypatch: pytest.MonkeyPatch, url: str, offered: bool
) -> None:
    monkeypatch.setattr(addresses, "_base", url)
    assert ("/sign-in/passkey" in browser.get("/sign-in").text) is offered
