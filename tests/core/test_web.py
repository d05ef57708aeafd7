"""The web's door, tried on every route there is: declared, same-site, reading changes nothing."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask

from app.core import framing, web
from app.core.db import session
from app.core.policy import permissions
from app.core.web import Door, inside
from tests.conftest import BASE_URL
from tests.samples import Samples

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.routing import Rule

    from tests.builders import Builders
    from tests.conftest import Browser

SAFE = {"GET", "HEAD", "OPTIONS"}
WRITES = re.compile(r"\s*(insert|update|delete|truncate|create|drop|alter)\b", re.IGNORECASE)
# Mail programs press "unsubscribe" for their readers (RFC 8058); the address itself is signed.
FROM_ANYWHERE = {"notify.end_letters"}


def rules(app: Flask) -> list[Rule]:
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint != "static"]


@pytest.fixture
def samples(house: Builders) -> Samples:
    """One of everything that an address can name."""
    house.brand()
    return Samples(house)


def test_every_word_of_an_address_has_a_sample(app: Flask, samples: Samples) -> None:
    assert samples.missing(app) == [], "say in tests/samples.py what it stands for"


# ------------------------------------------------------------------------------------- permission


def test_every_route_says_who_may_enter(app: Flask) -> None:
    undeclared = [
        rule.endpoint
        for rule in rules(app)
        if getattr(app.view_functions[rule.endpoint], "may", None) not in permissions
    ]

    assert undeclared == []


def bare(rule: str, view: Callable[[], str], may: str | None) -> Flask:
    made = Flask("bare")
    web.init(made)
    if may is None:
        made.add_url_rule(rule, "open", view)
    else:
        door = Door("bare", "bare")
        door.get(rule, may=may)(view)
        made.register_blueprint(door)
    return made


@pytest.mark.parametrize("may", [None, "nobody.declared.this"])
def test_a_route_without_a_declared_permission_answers_500_and_runs_nothing(
    may: str | None, transaction: None, caplog: pytest.LogCaptureFixture
) -> None:
    def view() -> str:
        raise AssertionError("it was entered")

    answer = bare("/open", view, may).test_client().get("/open")

    assert answer.status_code == 500
    assert "declares no permission" in caplog.text


def test_what_one_may_not_see_reads_like_what_is_not_there(
    house: Builders, new_browser: Callable[[], Browser]
) -> None:
    house.brand()
    topic = house.question()
    topic.hidden_at = topic.opened_at
    hidden, missing = topic.id, topic.id + 999

    for person in (None, house.customer(), house.executive()):
        browser = new_browser()
        if person is not None:
            browser.sign_in(person)
        for path in ("/topics/{}", "/topics/{}/history", "/topics/{}/feed.atom"):
            seen = [browser.get(path.format(number)) for number in (hidden, missing)]
            assert [answer.status_code for answer in seen] == [404, 404]
            assert alike(seen[0]) == alike(seen[1])


def alike(answer: Any) -> str:
    """The page without what differs between two requests for the same."""
    return re.sub(r"/topics/\d+", "/topics/N", answer.text)


def test_a_guest_is_asked_in_and_comes_back_to_where_they_were(
    browser: Browser, house: Builders
) -> None:
    house.brand()

    answer = browser.get("/desk")

    assert answer.status_code == 303
    assert answer.headers["Location"] == "/sign-in?next=/desk"


def test_a_customer_learns_nothing_of_the_rooms_of_the_bank(
    browser: Browser, house: Builders, app: Flask, samples: Samples
) -> None:
    browser.sign_in(house.customer())

    for path in ("/desk", "/manage/brand", "/manage/categories", "/manage/people"):
        assert browser.get(path).status_code == 404


# -------------------------------------------------------------------------------------- same site


def test_acts_from_other_sites_are_refused_on_every_route(
    app: Flask, browser: Browser, house: Builders, samples: Samples
) -> None:
    browser.sign_in(house.administrator())
    foreign: list[dict[str, str]] = [
        {"Sec-Fetch-Site": "cross-site", "Origin": BASE_URL},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "", "Referer": "https://evil.example/otklik.test"},
    ]
    acts = list(samples.addresses(app, "POST"))
    assert len(acts) > 30

    for endpoint, address in acts:
        for headers in foreign:
            answer = browser.post(address, {}, headers={"Origin": "", **headers})
            refused = answer.status_code == 403
            assert refused != (endpoint in FROM_ANYWHERE), (address, headers, answer.status_code)


def test_unsafe_methods_other_than_post_are_not_spoken_here(app: Flask) -> None:
    spoken = {method for rule in rules(app) for method in rule.methods or ()}

    assert spoken <= SAFE | {"POST"}


def test_acts_from_our_own_pages_are_let_in(browser: Browser, house: Builders) -> None:
    house.brand()

    for headers in ({}, {"Sec-Fetch-Site": "same-origin"}, {"Origin": "", "Referer": BASE_URL}):
        assert browser.post("/language", {"lang": "en"}, headers=headers).status_code == 303


# ------------------------------------------------------------------------------ reading is reading


def test_reading_changes_nothing_whoever_reads(
    app: Flask,
    samples: Samples,
    new_browser: Callable[[], Browser],
    count_sql: Callable[[], Any],
) -> None:
    pages = list(samples.addresses(app, "GET"))
    assert len(pages) > 35

    session.commit()  # what was built here writes its chain of facts now, and not while reading
    for name, person in samples.people.items():
        browser = new_browser()
        if person is not None:
            browser.sign_in(person)
        for endpoint, address in pages:
            with count_sql() as statements:
                answer = browser.get(address)
                answer.close()
            written = [each for each in statements if WRITES.match(each)]
            assert written == [], (name, endpoint)
            # A probe tells of the test's worker, which sleeps.
            assert answer.status_code < 500 or endpoint == "insight.readyz", (name, endpoint)
            if person is None:
                assert "Set-Cookie" not in answer.headers, (name, endpoint)


# ---------------------------------------------------------------------------------------- headers

EXPECTED = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def test_every_answer_carries_the_security_headers(
    app: Flask, browser: Browser, samples: Samples
) -> None:
    answers = {
        # What other sites may carry has a walk of its own: tests/core/test_framing.py.
        **{
            path: browser.get(path)
            for _, path in samples.addresses(app, "GET")
            if not framing.is_without_cookies(path)
        },
        "a file": browser.get("/static/css/tokens.css"),
        "no file": browser.get("/static/nothing.css"),
        "no page": browser.get("/no/such/page"),
        "no such method": browser.post("/desk"),
        "a foreign act": browser.post("/language", headers={"Sec-Fetch-Site": "cross-site"}),
    }
    for answer in answers.values():
        answer.get_data()  # kept, and the file behind it closed
        answer.close()
    assert [answers[k].status_code for k in ("a file", "no file", "no page")] == [200, 404, 404]
    assert answers["no such method"].status_code == 405
    assert answers["a foreign act"].status_code == 403

    mailed = dict(samples.mailed(app))
    for name, answer in answers.items():
        stricter = {"Referrer-Policy": "same-origin"} if name in mailed.values() else {}
        for header, value in {**EXPECTED, **stricter}.items():
            assert answer.headers.get(header) == value, (name, header)
        kind = answer.headers.get("Content-Type", "text/html").lower()
        if kind.startswith("text/") or ("xml" in kind and "svg" not in kind):
            assert "charset=utf-8" in kind, (name, kind)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy, name
        assert "frame-ancestors 'none'" in policy, name
        assert "unsafe" not in policy, name
        assert "nonce" not in policy, name
        answer.close()


def test_a_page_that_breaks_carries_them_too_and_tells_nothing(
    app: Flask,
    browser: Browser,
    house: Builders,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    house.brand()

    def broken(**_: object) -> str:
        raise RuntimeError("the vault code is 1234")

    broken.may = "topics.look_around"  # type: ignore[attr-defined]
    monkeypatch.setitem(app.view_functions, "topics.tags", broken)

    answer = browser.get("/tags")

    assert answer.status_code == 500
    assert "1234" not in answer.text
    assert "Traceback" not in answer.text
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Content-Security-Policy" in answer.headers


def test_an_inline_script_is_let_in_by_its_hash_alone(browser: Browser, house: Builders) -> None:
    house.brand()

    answer = browser.get("/")

    [script] = re.findall(r"<script[^>]*>([^<]+)</script>", answer.text)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = answer.headers["Content-Security-Policy"].split("; ")
    assert f"script-src 'self' 'sha256-{digest}'" in policy


# ------------------------------------------------------------------------------------- next pages


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/\\/evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "evil",
        "",
        None,
    ],
)
def test_next_never_leads_elsewhere(address: str | None) -> None:
    assert inside(address) is None


def test_next_keeps_our_own_addresses() -> None:
    assert inside("/topics/7?from=3#post-3") == "/topics/7?from=3#post-3"
