"""What no browser sends by itself: nothing of it may end as a 500, or be kept by a stranger."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from flask import Flask, url_for

from app.factory import create_app
from tests.builders import PASSWORD
from tests.conftest import BASE_URL, settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.builders import Builders
    from tests.conftest import Browser

HUGE = "99999999999999999999"
ASKED = ("q", "cursor", "view", "category", "person", "topic", "lane", "page", "from", "title",
         "kind", "state", "next", "colour", "about", "seen", "tag")  # fmt: skip


def pages(app: Flask) -> list[str]:
    """Every page without an id in its address."""
    with app.test_request_context(base_url=BASE_URL):
        return sorted(
            {
                url_for(rule.endpoint)
                for rule in app.url_map.iter_rules()
                if not rule.arguments and "GET" in (rule.methods or ())
            }
        )


@pytest.mark.parametrize("value", ["\x00", HUGE, "٣", "\ud800", "-1", "%"])
def test_no_page_breaks_on_what_an_address_asks(
    house: Builders, browser: Browser, app: Flask, value: str
) -> None:
    house.brand()
    house.question(category=house.category())
    browser.sign_in(house.administrator())
    asked = dict.fromkeys(ASKED, value.encode("utf-8", "surrogatepass"))
    for page in pages(app):
        if page != "/readyz":  # it tells of the test's worker, not of the address
            assert browser.get(page, query_string=asked).status_code < 500, page


@pytest.mark.parametrize(
    "path",
    [
        f"/topics/{HUGE}",
        f"/people/{HUGE}",
        f"/topics/1/posts/{HUGE}",
        f"/confirm/{HUGE}.abc",
        "/confirm/3000000000.abc",
        "/reset/999999999999999999.abc",
        "/categories/%00",
        "/tags/%ED%A0%80",
        f"/sitemap-{HUGE}.xml",
        f"/unsubscribe/{HUGE}.answers.abc",
    ],
)
def test_an_id_no_row_can_have_is_nowhere(house: Builders, browser: Browser, path: str) -> None:
    house.brand()
    assert browser.get(path).status_code in {404, 410}


@pytest.mark.parametrize("name", ["email", "password", "name", "next"])
def test_a_null_in_a_form_is_not_seen(house: Builders, browser: Browser, name: str) -> None:
    house.brand()
    fields = {"email": "a@example.org", "password": PASSWORD, "name": "Вера", "next": "/ask"}
    fields[name] = f"{fields[name]}\x00"
    for path in ("/sign-in", "/sign-up", "/reset"):
        assert browser.post(path, fields).status_code in {200, 422}


def test_where_to_go_next_may_be_long(house: Builders, browser: Browser) -> None:
    house.brand()
    fields = {"email": "a@example.org", "password": PASSWORD, "name": "Вера"}
    answer = browser.post("/sign-up", {**fields, "next": "/ask?title=" + "я" * 2000})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "origin", ["http://[", "null", "https://otklik.test.evil", "//otklik.test["]
)
def test_a_strange_origin_is_refused(house: Builders, browser: Browser, origin: str) -> None:
    house.brand()
    answer = browser.post("/language", {"lang": "uk"}, headers={"Origin": origin})
    assert answer.status_code == 403


def test_a_strange_referrer_does_no_harm(house: Builders, browser: Browser) -> None:
    house.brand()
    topic = house.question()
    answer = browser.post(f"/topics/{topic.id}/vote", headers={"Referer": "http://["})
    assert answer.status_code == 303


def test_a_host_that_is_not_ours_gets_no_page(tmp_path: Path) -> None:
    app = create_app(settings(tmp_path, TRUSTED_HOSTS="otklik.test"))
    answer = app.test_client().get("/sign-in", base_url="http://evil.example")
    assert answer.status_code == 400
    assert "evil.example" not in answer.text


# ---------------------------------------------------------------------------- what may be kept


def test_a_person_s_pages_are_kept_nowhere_and_a_guest_s_asked_after(
    house: Builders, browser: Browser, new_browser: Callable[[], Browser]
) -> None:
    house.brand()
    topic = house.question()
    seen = browser.get(f"/topics/{topic.id}")
    assert seen.headers["Cache-Control"] == "private, no-cache"
    assert {"Cookie", "Accept-Language"} <= set(seen.vary.as_set(preserve_casing=True))

    person = new_browser().sign_in(house.customer())
    for path in ("/", "/profile", f"/topics/{topic.id}", "/nothing"):
        assert person.get(path).headers["Cache-Control"] == "no-store", path
    assert browser.get("/sign-in").headers["Cache-Control"] == "no-store"


def test_what_anybody_may_keep_carries_no_cookie(
    house: Builders, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.brand()
    topic = house.question()
    browser.sign_in(house.customer())
    # Every session is due to be marked as seen.
    monkeypatch.setattr("app.accounts.sessions.SEEN", -timedelta(days=1))
    page = browser.get(f"/topics/{topic.id}")
    card = browser.get(f"/topics/{topic.id}/card.png")
    assert "Set-Cookie" in page.headers
    assert card.cache_control.public
    assert "Set-Cookie" not in card.headers


def test_every_answer_bears_the_policy(house: Builders, browser: Browser) -> None:
    house.brand()
    topic = house.question()
    pictures = [f"/topics/{topic.id}/card.png", "/static/css/ui.css"]
    for path in ("/", "/nothing", *pictures, "/robots.txt", "/feed.atom", "/healthz"):
        answer = browser.get(path)
        headers = answer.headers
        answer.close()
        assert "default-src 'none'" in headers["Content-Security-Policy"], path
        assert headers["X-Content-Type-Options"] == "nosniff", path


def test_over_https_every_cookie_is_secure_and_no_script_s(
    tmp_path: Path, transaction: None, house: Builders, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.brand()
    monkeypatch.setitem(app.config, "SECURE", True)
    person = house.customer(with_password=True)
    client, https = app.test_client(), BASE_URL.replace("http:", "https:")

    def post(path: str, fields: dict[str, str]) -> list[str]:
        answer = client.post(path, data=fields, base_url=https, headers={"Origin": https})
        assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")
        return answer.headers.getlist("Set-Cookie")

    given = [
        *post("/drafts", {"about": "new", "title": "Где мои деньги?"}),
        *post("/language", {"lang": "uk"}),
        *post("/sign-in", {"email": person.email or "", "password": PASSWORD}),
        *post("/profile", {"name": person.name, "locale": "uk", "timezone": ""}),
    ]
    assert {cookie.partition("=")[0] for cookie in given} == {
        "__Host-guest",
        "__Host-lang",
        "__Host-sid",
    }
    for cookie in given:
        for flag in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
            assert flag in cookie, cookie
        assert "Domain" not in cookie, cookie
