"""The main story from the bank's own page, under the strictest policy a bank can have.

Nothing is arranged behind the scenes: the administrator registers the site, the executive answers
on the desk, letters lie in the folder.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.browser.hosted import STRICTEST, Server, served
from tests.browser.test_axe import ALL, AXE, violations
from tests.live import COMES_WITHIN, eventually, sign_in, words
from tests.widget.signing import ISSUER, token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, FrameLocator, Page

    from tests.live import Live

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ADMINISTRATOR = "pavel.drozdov@demo.example"
EXECUTIVE = "marina.zorina@demo.example"
# The button stands in a closed root; whoever looks at the page sees into it all the same.
OPENED = """{
  const attach = Element.prototype.attachShadow;
  Element.prototype.attachShadow = function () { return attach.call(this, { mode: "open" }); };
  self.refused = []; self.told = [];
  addEventListener("securitypolicyviolation", (e) => refused.push(e.violatedDirective));
}"""


@dataclass
class Bank:
    """The bank's site: its page, and the key by which it says who reads it."""

    url: str
    key: str
    row: Any
    secret: str
    live: Live
    algorithm: str = "HS256"

    def sign(self, message: bytes) -> bytes:
        return hmac.new(self.secret.encode(), message, hashlib.sha256).digest()

    def token(self, subject: str) -> str:
        origin = self.url.rpartition("/")[0]
        return token(self, aud=self.live.url, origin=origin, sub=subject, name="Vera Sokolova")


@pytest.fixture(scope="module")
def host() -> Iterator[Server]:
    with served() as server:
        yield server


@pytest.fixture
def bank(host: Server, live: Live, open_page: Callable[..., Page]) -> Bank:
    """Registered by the administrator, page by page."""
    page = open_page()
    sign_in(page, ADMINISTRATOR)  # just now: keys ask for a fresh proof
    page.goto("/manage/sites/new")
    page.get_by_label("Name of the site").fill("Story")
    page.get_by_label("Addresses of the site").fill(host.at())
    page.get_by_label("Pages beginning with").first.fill("/cards")
    page.get_by_label("Category", exact=True).first.select_option("Карты")
    page.get_by_label("Issuer of your tokens").fill(ISSUER)
    page.get_by_role("button", name="Register the site").click()
    page.wait_for_url("**/snippet")
    page.goto(page.url.removesuffix("/snippet"))
    page.get_by_role("button", name="Make a secret").click()
    page.get_by_role("heading", level=1, name="New secret").wait_for()
    said = page.locator("dl.facts code").all_inner_texts()
    with live.database() as known:
        [key] = known.execute("SELECT key FROM widget_sites WHERE name = 'Story'").fetchone()
    ours = f'<script async src="{live.url}/widget/v1.js" data-site="{key}"></script>'
    html = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Gold card</title>{ours}'
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": STRICTEST.format(ours=live.url),
    }
    body = f"{html}<body><main><h1>The gold card</h1></main>"
    host.pages["/cards"] = (headers, body.encode())
    host.pages["/favicon.ico"] = ({}, b"")
    row = SimpleNamespace(name=said[0])
    return Bank(f"{host.at()}/cards", key, row, said[2].strip(), live)


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Callable[[Bank], Page]]:
    """A customer's browser on the bank's page; at the end it holds no cookie of anybody's."""
    contexts = []

    def opened(bank: Bank) -> Page:
        context = chromium.new_context(
            viewport={"width": 1280, "height": 800}, reduced_motion="reduce", locale="en-GB"
        )
        context.add_init_script(f"if (self === top) {OPENED}")
        context.set_default_timeout(COMES_WITHIN * 1000)
        contexts.append(context)
        page = context.new_page()
        page.goto(bank.url)
        page.wait_for_function("self.Otklik && self.Otklik.add")
        page.evaluate("Otklik('on', 'unread', (e) => told.push(['unread', e.count]))")
        page.evaluate("Otklik('on', 'asked', (e) => told.push(['asked', e.waits]))")
        return page

    yield opened
    for context in contexts:
        assert context.cookies() == []
        for page in context.pages:
            assert page.evaluate("refused") == []
        context.close()


def inside(page: Page) -> FrameLocator:
    return page.frame_locator("otklik-widget iframe")


def told(page: Page, what: str) -> list[Any]:
    return [value for name, value in page.evaluate("told") if name == what]


def identify(page: Page, bank: Bank, subject: str) -> None:
    page.evaluate("(jwt) => Otklik('identify', jwt)", bank.token(subject))


def look_at(page: Page) -> None:
    """axe finds nothing in the frame as it stands."""
    [document] = [each for each in page.frames if "/embed/" in each.url]
    document.evaluate(AXE)
    assert violations(document, ALL) == []  # type: ignore[arg-type]


def test_asked_answered_and_read_without_leaving_the_bank_s_page(
    bank: Bank, visit: Callable[[Bank], Page], open_page: Callable[..., Page], live: Live
) -> None:
    page = visit(bank)
    identify(page, bank, "story-7")
    page.get_by_role("button", name="Ask").click()
    frame = inside(page)

    # Search, read, not helped.
    frame.locator("#seek").fill("карта заблокирована")
    frame.locator("#found .tip").first.click()
    frame.get_by_role("link", name="No, ask").click()

    # Ask: the words are there, the page has chosen who answers.
    form = frame.locator("#ask-here")
    expect(form.get_by_label("In one sentence")).to_have_value("карта заблокирована")
    expect(form.get_by_text("This page is attached: Gold card")).to_be_visible()
    expect(form.get_by_label("Your name")).to_have_value("Vera Sokolova")
    look_at(page)
    title = "Why is my gold card blocked abroad?"
    form.get_by_label("In one sentence").fill(title)
    form.get_by_label("In detail").fill("I have been in Georgia since Monday, and nobody takes it.")
    form.get_by_label("I have read this and agree").check()
    form.get_by_role("button", name="Ask · answers: Марина Зорина").click()

    # The promise.
    expect(frame.get_by_role("heading", name="Your question is published.")).to_be_focused()
    expect(frame.locator(".promise")).to_contain_text("Марина Зорина")
    expect(frame.locator(".promise")).to_contain_text("The answer comes by")
    look_at(page)
    eventually(lambda: told(page, "asked") == [False], "the word that it was asked")
    with live.database() as known:
        [number] = known.execute("SELECT id FROM topics WHERE title = ?", (title,)).fetchone()

    # The executive sees where it was asked, and answers.
    desk = open_page(by=EXECUTIVE)
    desk.goto(f"/topics/{number}")
    expect(desk.locator(".enquiry")).to_contain_text("Gold card")
    desk.get_by_label("Your answer").fill("It is open again: you travel, we had not been told.")
    desk.get_by_role("button", name="Publish the official answer").click()
    expect(desk.locator(".answer").first).to_contain_text("It is open again")

    # On the bank's page a badge says so, before anything is opened.
    again = visit(bank)
    identify(again, bank, "story-7")
    eventually(lambda: told(again, "unread")[-1:] == [1], "the word of an unread answer")
    badge = again.get_by_role("button", name="Ask, unread answers: 1")
    badge.click()
    mine = inside(again)
    mine.get_by_role("link", name="My questions").click()
    mine.locator("[data-view=mine]").get_by_role("link", name=title).click()
    expect(mine.locator(".answer")).to_contain_text("It is open again")
    eventually(lambda: told(again, "unread")[-1:] == [0], "the word that it was read")

    _a_guest_asks(bank, visit(bank), open_page(), live)


def _a_guest_asks(bank: Bank, page: Page, own: Page, live: Live) -> None:
    """Nobody knows them: what they ask appears when a letter has proved their address."""
    page.get_by_role("button", name="Ask").click()
    frame = inside(page)
    frame.locator("#foot").get_by_role("link", name="Ask").click()
    form = frame.locator("#ask-here")
    title = "Can a gold card have two names?"
    form.get_by_label("In one sentence").fill(title)
    form.get_by_label("In detail").fill("My husband and I would like to use the same one.")
    form.get_by_label("Your e-mail").fill("story.guest@example.org")
    form.get_by_role("button", name="Ask · answers").click()
    expect(frame.get_by_role("heading", name="Look in your mail")).to_be_focused()
    look_at(page)
    eventually(lambda: told(page, "asked") == [True], "the word that it waits")

    letter = words(live.letter("story.guest@example.org", "publish"))
    assert title in letter
    link = re.search(r"https?://\S+/asked/\S+", letter)
    assert link is not None
    own.goto(link[0])
    expect(own.get_by_role("heading", name=title)).to_be_visible()
    own.evaluate(AXE)
    assert violations(own, ALL) == []
    own.get_by_label("Your name").fill("Nina")
    own.get_by_label("I have read this and agree").check()
    own.get_by_role("button", name="Publish · answers: Марина Зорина").click()
    own.wait_for_url(re.compile(r"/topics/\d+"))
    expect(own.get_by_text("Your question is published.")).to_be_visible()
    expect(own.locator("#promise")).to_contain_text("The answer comes by")
