"""What may stand in other sites' pages, and that nothing of a cookie gets there."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from flask import flash, make_response, request
from flask import session as browser_session

from app.accounts.models import Session as Row
from app.core import clock, cookies, framing, transactions
from app.core.db import db, session
from app.core.guests import guest_hash, make_guest
from app.core.i18n import locale_code
from app.core.policy import RefusedError
from app.core.web import current_actor
from app.widget.models import Origin, Site
from tests.samples import BANK, Samples

if TYPE_CHECKING:
    from flask import Flask

    from tests.builders import Builders
    from tests.conftest import Browser


@pytest.mark.parametrize(
    ("path", "without"),
    [
        ("/embed/KEY", True),
        ("/embed/KEY/ask", True),
        ("/widget/v1.js", True),
        ("/widget/1.0.0/loader.js", True),
        ("/widget/hashes.json", True),
        ("/widget/check", False),
        ("/widget/check/", False),
        ("/widget/checker", True),
        ("/widget", False),
        ("/embed", False),
        ("/embedded/KEY", False),
        ("/manage/sites", False),
        ("/asked/token", False),
        ("/topics/7/embed/", False),
        ("/", False),
        ("", False),
    ],
)
def test_which_addresses_are_asked_for_without_cookies(path: str, *, without: bool) -> None:
    assert framing.is_without_cookies(path) is without


# --------------------------------------------------------------------------------------- headers


@pytest.fixture
def samples(house: Builders) -> Samples:
    house.brand()
    return Samples(house)


def ancestors(answer: Any) -> list[str]:
    parts = [part.split() for part in answer.headers["Content-Security-Policy"].split(";")]
    [found] = [words[1:] for words in parts if words[0] == "frame-ancestors"]
    return found


def test_of_all_pages_only_the_frame_may_be_framed_and_by_its_sites_alone(
    app: Flask, browser: Browser, samples: Samples
) -> None:
    if db.engine.dialect.name != "sqlite":
        pytest.skip("what may be framed is no matter of the database")
    framed = set()
    for method, ask in (("GET", browser.get), ("POST", browser.post)):
        for endpoint, path in samples.addresses(app, method):
            answer = ask(path)
            answer.get_data()
            refuses = answer.headers.get("X-Frame-Options") == "DENY"
            assert refuses == (ancestors(answer) == ["'none'"]), (method, path)
            if not refuses:
                framed.add((method, endpoint))
                assert ancestors(answer) == [BANK], path
            answer.close()
    assert framed == {("GET", "widget.frame")}


def test_what_is_for_other_sites_says_so_and_is_as_guarded_as_all_else(
    app: Flask, browser: Browser, samples: Samples
) -> None:
    asked = [p for _, p in samples.addresses(app, "GET") if framing.is_without_cookies(p)]
    assert any(p.startswith("/embed/") for p in asked)
    for path in [*asked, "/embed/nothing", "/embed/nothing/mine", "/widget/9.9.9/nothing.js"]:
        answer = browser.get(path)
        answer.get_data()
        said = answer.headers
        assert said["Cross-Origin-Resource-Policy"] == "cross-origin", path
        assert said["X-Content-Type-Options"] == "nosniff", path
        assert said["Cross-Origin-Opener-Policy"] == "same-origin", path
        assert "default-src 'none'" in said["Content-Security-Policy"], path
        assert "unsafe" not in said["Content-Security-Policy"], path
        if path.startswith("/embed/"):
            assert said["Cross-Origin-Embedder-Policy"] == "require-corp", path
            assert said["Cache-Control"] == "no-store", path
            assert "Access-Control-Allow-Origin" not in said, path
        else:
            assert said["Access-Control-Allow-Origin"] == "*", path
        answer.close()


def test_a_page_of_ours_that_is_none_of_these_is_given_to_nobody(
    browser: Browser, samples: Samples
) -> None:
    for path in ("/", "/widget/check", "/static/css/tokens.css", "/manage/sites", "/no/such/page"):
        answer = browser.get(path)
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin", path
        assert "Access-Control-Allow-Origin" not in answer.headers, path
        answer.close()


def test_a_shut_site_and_one_without_origins_are_framed_by_nobody(
    house: Builders, browser: Browser, samples: Samples
) -> None:
    site = session.get(Site, samples.of_slice["widget"]["site_id"])
    assert site is not None
    site.origins.clear()
    assert ancestors(browser.get(f"/embed/{site.key}")) == ["'none'"]
    site.origins.append(Origin(origin=BANK))
    assert ancestors(browser.get(f"/embed/{site.key}")) == [BANK]
    site.disabled_at = clock.now()
    answer = browser.get(f"/embed/{site.key}")
    assert (answer.status_code, ancestors(answer)) == (404, ["'none'"])


@pytest.mark.parametrize(
    "origin",
    [
        "*", "https:", "https://*", "https://*.bank.example", "bank.example", "'self'", "data:",
        "https://bank.example; script-src *", "https://bank.example\r\nX-Evil: 1",
        "https://bank.example, https://evil.example", "https://bank.example https://evil.example",
        "https://bank.example/", "https://anna@bank.example", "javascript://x", "", "null",
    ],
)  # fmt: skip
def test_what_is_no_origin_never_gets_into_a_header(app: Flask, origin: str) -> None:
    with app.test_request_context("/embed/KEY", environ_overrides={framing._MARK: True}):
        framing.allow([origin])
        assert framing.ancestors(app.response_class(status=200)) == "'none'"


def test_an_error_in_the_frames_place_is_not_framed(app: Flask) -> None:
    with app.test_request_context("/embed/KEY", environ_overrides={framing._MARK: True}):
        framing.allow([BANK, "http://127.0.0.1:8000", "https://[2001:db8::1]:444"])
        assert framing.ancestors(app.response_class(status=200)).startswith(BANK)
        for status in (204, 303, 404, 500, 503):
            assert framing.ancestors(app.response_class(status=status)) == "'none'"
    with app.test_request_context("/topics/7"):
        framing.allow([BANK])
        assert framing.ancestors(app.response_class(status=200)) == "'none'"


# --------------------------------------------------------------------------------------- cookies


@pytest.fixture
def probed(app: Flask, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """A view in the place of one in the frame that gives every cookie there is, and tells."""
    seen: list[dict[str, Any]] = []

    def probe(**_values: Any) -> Any:
        flash("Сохранено")
        browser_session["thing"] = 1
        seen.append({
            "actor": current_actor().id,
            "cookies": dict(request.cookies),
            "guest": guest_hash(),
            "language": locale_code(),
            "session": "_user_id" in browser_session,
        })  # fmt: skip
        make_guest()
        response = make_response("")
        cookies.give(response, "lang", "uk", timedelta(days=1))
        response.headers.add("set-cookie", "other=1")
        transactions.commit()
        return response

    probe.may = "widget.use"  # type: ignore[attr-defined]
    monkeypatch.setitem(app.view_functions, "widget.identify", probe)
    monkeypatch.setitem(app.view_functions, "topics.speak", probe)
    return seen


def test_cookies_neither_come_nor_go(
    house: Builders, browser: Browser, probed: list[dict[str, Any]]
) -> None:
    house.brand()
    manager = house.manager()
    browser.sign_in(manager)
    browser.client.set_cookie("guest", "g" * 22, domain="otklik.test")
    browser.client.set_cookie("lang", "uk", domain="otklik.test")
    before = session.query(Row).count()

    answer = browser.post("/embed/KEY/identify")

    assert answer.status_code == 200
    assert answer.headers.getlist("Set-Cookie") == []
    nobody = {"actor": None, "cookies": {}, "guest": None, "language": "ru", "session": False}
    assert probed == [nobody]
    assert session.query(Row).count() == before

    # The same view elsewhere: it would have given them, to whom it knew.
    answer = browser.post("/language")
    assert len(answer.headers.getlist("Set-Cookie")) >= 3
    assert probed[1]["actor"] == manager.id
    assert probed[1]["language"] == "uk"


def test_no_frame_gives_a_cookie_whatever_is_asked_of_it(
    app: Flask, browser: Browser, samples: Samples
) -> None:
    before = session.query(Row).count()
    for method, ask in (("GET", browser.get), ("POST", browser.post)):
        for _, path in samples.addresses(app, method):
            if framing.is_without_cookies(path):
                answer = ask(path, headers={"Cookie": "sid=x; guest=x; remember_token=1|x"})
                assert answer.headers.getlist("Set-Cookie") == [], path
                answer.close()
    assert session.query(Row).count() == before


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site", "Origin": BANK},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": BANK},
        {"Origin": "null"},
        {"Origin": ""},
    ],
)
def test_an_act_in_the_frame_comes_from_the_frame(
    house: Builders, browser: Browser, probed: list[dict[str, Any]], headers: dict[str, str]
) -> None:
    house.brand()
    answer = browser.post("/embed/KEY/identify", headers=headers)
    assert (answer.status_code, probed) == (403, [])


# -------------------------------------------------------------------------------------- language


@pytest.mark.parametrize(
    ("headers", "query", "language"),
    [
        ({"X-Language": "uk"}, "", "uk"),
        ({"X-Language": "en"}, "?lang=uk", "en"),
        ({}, "?lang=en", "en"),
        ({}, "?lang=xx", "uk"),
        ({"X-Language": "../../etc"}, "", "uk"),
        ({}, "", "uk"),
    ],
)
def test_the_frame_speaks_as_the_page_around_it(
    house: Builders,
    browser: Browser,
    probed: list[dict[str, Any]],
    headers: dict[str, str],
    query: str,
    language: str,
) -> None:
    house.brand()
    browser.post(f"/embed/KEY/identify{query}", headers={"Accept-Language": "uk", **headers})
    assert probed[0]["language"] == language


def test_other_pages_do_not_listen_to_that(
    house: Builders, browser: Browser, probed: list[dict[str, Any]]
) -> None:
    house.brand()
    browser.post("/language?lang=en", headers={"X-Language": "en", "Accept-Language": "ru"})
    assert probed[0]["language"] == "ru"


def test_a_guest_is_not_led_to_the_sign_in_page_inside_the_frame(
    app: Flask, house: Builders, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.brand()

    def refuse(**_values: Any) -> Any:
        raise RefusedError("topics.ask")

    refuse.may = "widget.use"  # type: ignore[attr-defined]
    monkeypatch.setitem(app.view_functions, "widget.identify", refuse)
    answer = browser.post("/embed/KEY/identify")
    assert (answer.status_code, answer.headers.get("Location")) == (401, None)
    assert "sign-in" not in answer.headers.get("WWW-Authenticate", "")
