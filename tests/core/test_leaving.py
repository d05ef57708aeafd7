"""Links that people write lead out through a page that says where to; no other address does."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from app.core import leaving, links, markup, signing
from app.core.web import inside
from app.notify.letters import _plain

if TYPE_CHECKING:
    from tests.builders import Builders
    from tests.conftest import Browser

EVIL = "https://evil.example/a?b=1&c=2#d"
# What a browser would take for another place than a path of ours.
ELSEWHERE = [
    "//evil.example", "///evil.example", "////evil.example", "/\\evil.example", "\\\\evil.example",
    "\\/evil.example", "/\\/evil.example", "https:evil.example", "https:/evil.example",
    "https://evil.example", "HTTPS://evil.example", "http:evil.example", "%2f%2fevil.example",
    "%2F%2Fevil.example", "%5cevil.example", "\t//evil.example", "/\t/evil.example",
    "/\n/evil.example", "/\r/evil.example", " //evil.example", "/\x00/evil.example",
    "javascript:alert(1)", "data:text/html,x", "vbscript:x", "//evil.example@otklik.test",
    "https://otklik.test@evil.example", "https://otklik.test.evil.example", "evil.example", "",
    "//[::1]", "/\\\t/evil.example", "//evil%E3%80%82example", "/ /evil.example\\@otklik.test",
]  # fmt: skip
SCHEMES = [
    "javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\tscript:alert(1)", "java\nscript:alert(1)",
    "javascript&colon;alert(1)", "&#106;avascript:alert(1)", "&#x6A;avascript:alert(1)",
    "javascript&#58;alert(1)", "\x01javascript:alert(1)", "\u200bjavascript:alert(1)",
    "java\u00adscript:alert(1)", " javascript:alert(1)", "data:text/html;base64,PHNjcmlwdD4=",
    "data:image/svg+xml,<svg onload=alert(1)>", "vbscript:msgbox(1)", "VBScript:x", "file:///etc",
    "blob:https://x/y", "feed:javascript:alert(1)", "view-source:x", "jar:x", "about:blank",
    "intent://x#Intent;end", "tel:112", "sms:900", "ws://x", "ftp://x.example/y", "mhtml:x",
    "javascript://bank.example/%0aalert(1)", "//bank.example\\@evil.example",
]  # fmt: skip


def ways(page: str) -> list[str]:
    return [html.unescape(found) for found in re.findall(r'href="(/leave\?[^"]*)"', page)]


def leading_to(way: str) -> str:
    return parse_qs(urlsplit(way).query)["to"][0]


@pytest.mark.parametrize("payload", SCHEMES)
def test_no_other_scheme_becomes_a_link(payload: str) -> None:
    for written in (
        f"[x]({payload})",
        f"[x](<{payload}>)",
        f"<{payload}>",
        f"[x][1]\n\n[1]: {payload}",
    ):
        assert_harmless(markup.render(written))
    assert_harmless(markup.clean(f'<a href="{html.escape(payload)}">x</a>'))
    assert_harmless(markup.clean(f'<a href="{payload}">x</a>'))
    assert links.safe_href(payload) is None or not links.is_outside(payload)


def assert_harmless(made: str) -> None:
    """Each link has no scheme, or a good one, for whoever reads it as a browser does."""
    for href in re.findall(r'href="([^"]*)"', made):
        read = re.sub(r"[\x00-\x20]", "", html.unescape(href))
        assert re.match(r"(https?://|mailto:|[^:]*\Z|[^:/?#]*[/?#])", read, re.IGNORECASE), made


@pytest.mark.parametrize("payload", ELSEWHERE)
def test_next_leads_nowhere_else(house: Builders, browser: Browser, payload: str) -> None:
    house.brand()
    person = house.customer(with_password=True)
    data = {"email": person.email, "password": "correct horse battery", "next": payload}
    answer = browser.post("/sign-in", data)
    assert answer.status_code == 303
    assert_ours(answer.location)
    assert_ours(browser.get(f"/sign-in?next={quote(payload)}").location)


def assert_ours(location: str) -> None:
    assert location.startswith("/")
    assert re.match(r"/(?![/\\\t\r\n])", location), location
    assert inside(location) == location
    assert "evil" not in urlsplit(location).netloc


def test_next_of_ours_is_kept(house: Builders, browser: Browser) -> None:
    house.brand()
    person = house.customer(with_password=True)
    data = {"email": person.email, "password": "correct horse battery", "next": "/ask?kind=idea#x"}
    assert browser.post("/sign-in", data).location == "/ask?kind=idea#x"


def test_links_lead_through_the_page_and_back_to_what_was_written(
    house: Builders, browser: Browser
) -> None:
    house.brand(footer_links=[{"label": "Сайт", "url": "https://bank.example/cards"}])
    body = (
        f"Смотрите [сюда]({EVIL}), www.evil.example, https://bank.example/x, [тут](/topics) "
        "и https://bank.example.evil.example/"
    )
    topic = house.question(body=body)
    house.answer(topic, body=f"Нет, [вот]({EVIL})")
    house.comment(topic, body=f"А мне {EVIL}")
    page = browser.get(f"/topics/{topic.id}").text
    found = [leading_to(way) for way in ways(page)]
    assert found.count(EVIL) == 3
    assert "https://www.evil.example" in found
    assert "https://bank.example.evil.example/" in found
    assert 'href="https://bank.example/x"' in page
    assert 'href="https://evil' not in page

    warned = browser.get(ways(page)[0])
    assert warned.status_code == 200
    assert re.search(
        rf'href="{re.escape(html.escape(EVIL))}" rel="noopener noreferrer', warned.text
    )
    assert "evil.example" in warned.text
    assert "noindex" in warned.text


def test_only_links_of_ours_are_known(house: Builders, browser: Browser) -> None:
    house.brand()
    good = signing.sign("leave", EVIL)
    assert browser.get(leaving.way(EVIL)).status_code == 200
    for to, by in [
        (EVIL, ""), (EVIL, "0" * 40), ("https://evil.example/", good), ("", good), (EVIL, "ё"),
        (EVIL + "\x00", "x"), (EVIL, signing.sign("ticket", EVIL)),
        ("javascript:alert(1)", signing.sign("leave", "javascript:alert(1)")),
    ]:  # fmt: skip
        answer = browser.get("/leave", query_string={"to": to, "by": by})
        assert answer.status_code == 404, (to, by)
        assert 'href="https://evil' not in answer.text
    assert browser.get("/leave").status_code == 404


def test_a_host_that_imitates_is_shown_as_machines_write_it(
    house: Builders, browser: Browser
) -> None:
    house.brand()
    shown = {
        "https://пример.рф/": "пример.рф",
        "https://xn--e1afmkfd.xn--p1ai/": "пример.рф",
        "https://bаnk.example/": "xn--bnk-6cd.example",
        "https://асе.example/": leaving.ascii_host("асе.example"),
        "https://EVIL.example./": "evil.example",
    }
    for address, host in shown.items():
        place = leaving.place(address, signing.sign("leave", address))
        assert place is not None
        assert place.host == host
        page = browser.get(leaving.way(address)).text
        assert f'<bdi dir="ltr">{host}</bdi>' in page
        assert (place.host == place.ascii_host and "xn--" in host) == place.is_disguised


@pytest.mark.parametrize(
    ("address", "trusted"),
    [
        ("https://bank.example/", True),
        ("https://www.bank.example/a", True),
        ("http://BANK.example./", True),
        ("https://bank.example:443/", True),
        ("https://bank.example:8443/", False),
        ("https://notbank.example/", False),
        ("https://bank.example.evil.example/", False),
        ("https://evil.example/bank.example", False),
        ("https://evil.example?bank.example", False),
        ("https://bank.example:99999/", False),
        ("https://[::1]/", False),
        ("https://otklik.test/topics/1", True),
    ],
)
def test_a_trusted_host_is_itself_and_what_lies_below(
    app: Any, address: str, trusted: bool
) -> None:
    assert leaving.is_trusted(address, ["bank.example"]) is trusted


def test_staff_say_which_hosts_are_trusted(house: Builders, browser: Browser) -> None:
    house.brand()
    topic = house.question(body=f"Вот: {EVIL}")
    assert ways(browser.get(f"/topics/{topic.id}").text)
    browser.sign_in(house.administrator())
    face = {
        "name": "Банк Пример",
        "colour": "#1f5f5b",
        "languages": ["ru"],
        "locale": "ru",
        "timezone": "Europe/Moscow",
        "mail_address": "hello@bank.example.org",
    }
    for wrong in ("не сайт", "https://", "localhost", "evil_example", "a..b", "1.2.3.4"):
        answer = browser.post("/manage/brand", {**face, "hosts": wrong})
        assert answer.status_code == 422, wrong
        assert wrong in html.unescape(answer.text)
    kept = {**face, "hosts": "https://Evil.example/x\nПример.рф\n", "reserved": "Альфа\n\nБета"}
    assert browser.post("/manage/brand", kept).status_code == 303
    page = browser.get("/manage/brand").text
    assert "evil.example\nxn--e1afmkfd.xn--p1ai" in page
    assert "Альфа\nБета" in page
    assert not ways(browser.get(f"/topics/{topic.id}").text)


def test_the_preview_letters_and_feeds_do_as_the_page(house: Builders, browser: Browser) -> None:
    house.brand()
    topic = house.question(body=f"Вот [тут]({EVIL}) и {EVIL}")
    text = f"[тут]({EVIL}), [https://bank.example]({EVIL})"
    assert 'href="/leave?' in browser.post("/preview", {"text": text}).text
    feed = html.unescape(browser.get(f"/topics/{topic.id}/feed.atom").text)
    assert 'href="http://otklik.test/leave?' in feed
    assert 'href="https://evil' not in feed
    # In plain words too, nothing is left that a mail program would make a link of by itself.
    letter = _plain(markup.render(text))
    assert letter.count("http://otklik.test/leave?") == 2
    assert "https://evil" not in letter
    assert "https://bank.example" not in letter


def test_what_stands_in_a_title_is_no_link(house: Builders) -> None:
    made = markup.clean(
        '<a title=\'x" href="https://bank.example\' href="https://evil.example">y</a>'
    )
    assert leaving.guarded(made).count("/leave?") == 1
    assert "https://evil.example" not in leaving.guarded(made)
    assert (
        leaving.guarded('<p>href="https://evil.example"</p>')
        == '<p>href="https://evil.example"</p>'
    )
