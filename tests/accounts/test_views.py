"""Signing up, in and out, and everything an account needs."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import pytest
from PIL import Image as Picture
from PIL import ImageDraw
from sqlalchemy import func, select

from app.accounts import passwords, queries, service
from app.accounts.models import Session, Ticket
from app.core.db import session
from app.core.guests import guest_hash
from app.topics import drafting
from tests.builders import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.builders import Builders
    from tests.conftest import Browser

NEW = {"name": "Ольга", "email": "olga@example.org", "password": "длинный пароль"}


def last_ticket() -> Ticket:
    found = session.scalar(select(Ticket).order_by(Ticket.id.desc()).limit(1))
    assert found is not None
    return found


def count(model: type) -> int:
    return session.scalar(select(func.count()).select_from(model)) or 0


def test_a_customer_signs_up_by_a_letter_and_goes_on_where_they_were(browser: Browser) -> None:
    answer = browser.post("/sign-up", {**NEW, "next": "/ask"})
    assert "olga@example.org" in answer.text

    ticket = last_ticket()
    assert ticket.purpose == "confirm"
    link = f"/confirm/{service.token(ticket)}"
    assert browser.get(link).status_code == 200
    assert not queries.by_email("olga@example.org").is_active  # opening proves nothing

    answer = browser.post(link)
    assert answer.status_code == 303
    assert answer.location == "/ask"
    assert browser.get("/profile").status_code == 200
    assert browser.post(link).status_code == 410


def test_a_guest_s_draft_is_theirs_after_confirming_elsewhere(
    browser: Browser, new_browser: Callable[[], Browser]
) -> None:
    browser.client.set_cookie("guest", "k" * 22, domain="otklik.test")
    with browser.client.application.test_request_context(headers={"Cookie": "guest=" + "k" * 22}):
        from_guest = guest_hash()
    guest = type("Guest", (), {"id": None, "role": None})()
    drafting.keep(guest, from_guest, "new", {"title": "Где мои деньги?"})
    browser.post("/sign-up", NEW)

    phone = new_browser()
    phone.post(f"/confirm/{service.token(last_ticket())}", {"password": NEW["password"]})

    person = queries.by_email(NEW["email"])
    [draft] = session.scalars(select(drafting.Draft).where(drafting.Draft.person_id == person.id))
    assert draft.fields["title"] == "Где мои деньги?"


def test_nothing_on_the_page_tells_whether_an_address_has_an_account(
    house: Builders, browser: Browser
) -> None:
    house.customer(email="known@example.org", with_password=True)

    def shown(path: str, fields: dict[str, str]) -> tuple[int, str]:
        answer = browser.post(path, fields)
        text = re.sub(r"[\w.]+@example.org", "ADDRESS", answer.text)
        return answer.status_code, re.sub(r'nonce="[^"]+"', "", text)

    for path, fields in (
        ("/sign-up", {"name": "Олег", "password": "совсем другой пароль"}),
        ("/reset", {}),
        ("/sign-in", {"password": "не тот пароль"}),
    ):
        known = shown(path, {**fields, "email": "known@example.org"})
        unknown = shown(path, {**fields, "email": "unknown@example.org"})
        assert known == unknown, path


def test_every_way_to_sign_in_hashes_a_password_once(
    house: Builders, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.customer(email="known@example.org", with_password=True)
    hashed: list[str] = []
    verify = passwords._hasher.verify
    watcher = type(
        "Watcher",
        (),
        {
            "verify": staticmethod(lambda h, p: (hashed.append(h), verify(h, p))[1]),
            "check_needs_rehash": staticmethod(lambda _h: False),
        },
    )
    monkeypatch.setattr(passwords, "_hasher", watcher)

    assert service.authenticate("known@example.org", "wrong") is None
    assert service.authenticate("unknown@example.org", "wrong") is None
    assert len(hashed) == 2


def test_argon2id_costs_what_was_decided(house: Builders) -> None:
    person = house.customer(with_password=True)
    assert person.password_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_signing_out_kills_the_row_and_the_kept_cookie(house: Builders, browser: Browser) -> None:
    person = house.customer(with_password=True)
    browser.post("/sign-in", {"email": person.email, "password": PASSWORD})
    cookie = browser.client.get_cookie("sid", domain="otklik.test")
    assert cookie is not None
    assert count(Session) == 1

    browser.post("/sign-out")

    assert count(Session) == 0
    browser.client.set_cookie("sid", cookie.value, domain="otklik.test")
    assert browser.get("/profile").status_code == 303


def test_a_reader_gets_no_cookie_and_no_row(house: Builders, browser: Browser) -> None:
    house.brand()
    answer = browser.get("/sign-in")
    assert "Set-Cookie" not in answer.headers
    assert count(Session) == 0


def test_the_session_s_key_changes_at_sign_in(house: Builders, browser: Browser) -> None:
    person = house.customer(with_password=True)
    browser.post("/sign-in", {"email": person.email, "password": PASSWORD})
    first = browser.client.get_cookie("sid", domain="otklik.test").value
    browser.post("/sign-out")
    browser.post("/sign-in", {"email": person.email, "password": PASSWORD})
    assert browser.client.get_cookie("sid", domain="otklik.test").value != first


def test_a_new_password_ends_the_other_sessions(
    house: Builders, browser: Browser, new_browser: Callable[[], Browser]
) -> None:
    person = house.customer(with_password=True)
    other = new_browser()
    for one in (browser, other):
        one.post("/sign-in", {"email": person.email, "password": PASSWORD})

    wrong = browser.post("/profile/password", {"old": "не тот", "password": "новый пароль 1"})
    assert wrong.status_code == 422
    browser.post("/profile/password", {"old": PASSWORD, "password": "новый пароль 1"})

    assert browser.get("/profile").status_code == 200
    assert other.get("/profile").status_code == 303


def test_a_reset_link_works_once_and_dies_with_the_password(
    house: Builders, browser: Browser
) -> None:
    person = house.customer(with_password=True)
    browser.post("/reset", {"email": person.email})
    first = f"/reset/{service.token(last_ticket())}"
    browser.post("/reset", {"email": person.email})
    second = f"/reset/{service.token(last_ticket())}"

    assert browser.post(first, {"password": "новый пароль 1"}).status_code == 303
    browser.post("/sign-out")
    assert browser.get(first).status_code == 410
    assert browser.get(second).status_code == 410
    assert service.authenticate(person.email, "новый пароль 1") is not None


@pytest.mark.parametrize("token", ["", "1", "1.", "1.abc", "x.y", "9" * 30 + ".a", "-1.a", "1.é"])
def test_a_made_up_link_says_so(house: Builders, browser: Browser, token: str) -> None:
    house.brand()
    assert browser.get(f"/reset/{token or '.'}").status_code == 410


def test_an_address_changes_only_when_the_new_one_is_proved(
    house: Builders, browser: Browser
) -> None:
    person = house.customer(with_password=True, email="old@example.org")
    browser.sign_in(person)
    browser.post("/profile/address", {"email": "new@example.org", "old": PASSWORD})
    link = f"/change-address/{service.token(last_ticket())}"
    # A mail scanner opens links, by HEAD too.
    browser.get(link)
    browser.client.head(link, base_url="http://otklik.test")
    session.expire_all()
    assert person.email == "old@example.org"

    browser.post(link)

    assert person.email == "new@example.org"
    assert last_ticket().email == "old@example.org"  # who is told


@pytest.mark.parametrize(
    "name",
    ["Мария Соколова", "МАРИЯ  СОКОЛОВА", "Mapия Coкoлoвa", "Мария\u200bСоколова", "Банк Пример"],
)
def test_no_customer_takes_an_executive_s_or_the_bank_s_name(
    house: Builders, browser: Browser, name: str
) -> None:
    house.brand(name="Банк Пример")
    house.executive(name="Мария Соколова")
    answer = browser.post("/sign-up", {**NEW, "name": name})
    assert answer.status_code == 422
    assert " ".join(name.split()) in answer.text  # what they typed is still there
    assert count(Ticket) == 0


def picture(*, turned: bool = False) -> bytes:
    image = Picture.new("RGB", (300, 300), "#ddd")
    draw = ImageDraw.Draw(image)
    box = (20, 120, 280, 180) if turned else (90, 30, 210, 270)
    draw.ellipse(box, fill="#345")
    draw.rectangle((0, 0, 60, 300) if turned else (0, 0, 300, 20), fill="#a42")
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def test_no_customer_takes_an_executive_s_picture(house: Builders, browser: Browser) -> None:
    house.brand()
    executive, customer = house.executive(), house.customer()

    def save(person: object, data: bytes) -> int:
        browser.sign_in(person)  # type: ignore[arg-type]
        fields = {"name": person.name, "locale": "ru", "timezone": ""}  # type: ignore[attr-defined]
        fields["picture"] = (io.BytesIO(data), "me.png")  # type: ignore[assignment]
        answer = browser.post("/profile", fields, content_type="multipart/form-data")
        return int(answer.status_code)

    assert save(executive, picture()) == 303
    assert save(customer, picture()) == 422
    assert customer.portrait is None
    assert save(customer, picture(turned=True)) == 303
    assert customer.portrait is not None


def test_a_form_that_fails_keeps_what_was_typed(house: Builders, browser: Browser) -> None:
    house.brand()
    answer = browser.post("/sign-up", {"name": "Ольга", "email": "не адрес", "password": "к"})
    assert answer.status_code == 422
    assert 'value="Ольга"' in answer.text
    assert "не адрес" in answer.text
    assert 'href="#email"' in answer.text


def test_a_request_from_another_site_is_refused(house: Builders, browser: Browser) -> None:
    person = house.customer(with_password=True)
    fields = {"email": person.email, "password": PASSWORD}
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert browser.post("/sign-in", fields, headers=headers).status_code == 403
    assert count(Session) == 0


@pytest.mark.parametrize(
    "where",
    ["//evil.example", "/\\evil.example", "https://evil.example", "\t//evil.example", "evil"],
)
def test_after_signing_in_nobody_is_led_elsewhere(
    house: Builders, browser: Browser, where: str
) -> None:
    person = house.customer(with_password=True)
    fields = {"email": person.email, "password": PASSWORD, "next": where}
    assert browser.post("/sign-in", fields).location == "/"


@pytest.mark.parametrize(
    ("said", "named"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64) Chrome/142.0 Safari/537.36 Edg/142.0",
            "Edge, Windows",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18 Safari/604",
            "Safari, iPhone",
        ),
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "Firefox, Linux",
        ),
        ("Mozilla/5.0 (Linux; Android 15) Chrome/142.0 Mobile Safari/537.36", "Chrome, Android"),
        ("curl/8.5.0", "curl/8.5.0"),
    ],
)
def test_a_session_is_named_as_people_call_it(said: str, named: str) -> None:
    assert Session(browser=said).device == named
