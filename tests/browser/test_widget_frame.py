"""The widget's frame inside a page of another origin, in a browser that blocks others' cookies."""

from __future__ import annotations

import json
import sqlite3
import threading
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.sync_api import expect

from tests.browser.test_axe import ALL, ALL_BUT_CONTRAST, AXE, CONTRAST, violations
from tests.browsers import ARGUMENTS
from tests.live import COMES_WITHIN, eventually
from tests.widget.signing import ISSUER, token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Frame, Page

    from tests.live import Live

pytestmark = [pytest.mark.browser, pytest.mark.slow]

KEY = "frame-frame-frame-fram"
WORDS = "карта заблокирована"
# A page of the bank's, reduced to what it says to the frame and hears from it.
HOST = """<!doctype html><html lang="en"><title>Кредитные карты — Полдень</title>
<style>body{margin:0}iframe{border:0;width:100%;height:100vh;display:block}</style><main>
<h1 hidden>Cards</h1><iframe id="otklik" title="Answers" src="SRC" referrerpolicy="no-referrer"
sandbox="allow-scripts allow-same-origin allow-forms allow-popups"></iframe>
<iframe id="other" title="Another" hidden srcdoc="<p>Another's page</p>"></iframe></main><script>
const frame = document.getElementById("otklik");
window.heard = [];
window.say = (t, p = {}, from = window) =>
  from.eval("(w, m) => w.postMessage(m, '*')")(frame.contentWindow, {ch: "otklik", v: 1, t, p});
window.about = {page: location.origin + location.pathname, title: document.title, context: {}};
addEventListener("message", ({source, data}) => {
  if (source === frame.contentWindow) heard.push(data);
  if (data.t === "size") frame.style.height = data.p.height + "px";
});
</script></html>"""


@dataclass
class Bank:
    """The bank's own site: where its pages are, and how it signs whom it knows."""

    origin: str
    pages: dict[str, str]
    private: Any = field(default_factory=Ed25519PrivateKey.generate)
    row: Any = field(default_factory=lambda: SimpleNamespace(name="frame-test"))
    algorithm: str = "EdDSA"

    def sign(self, message: bytes) -> bytes:
        signed: bytes = self.private.sign(message)
        return signed


@pytest.fixture(scope="module")
def bank(live: Live) -> Iterator[Bank]:
    """A site on another origin, registered with the demo bank."""
    pages = {"/favicon.ico": " "}

    class Serving(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = pages.get(self.path.partition("?")[0], "").encode()
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Serving)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    made = Bank(f"http://bank.localhost:{server.server_port}", pages)
    for shape, theme in (("button", "light"), ("button", "dark"), ("block", "auto")):
        source = f"{live.url}/embed/{KEY}?lang=en&theme={theme}&shape={shape}"
        pages[f"/{shape}/{theme}"] = HOST.replace("SRC", source.replace("&", "&amp;"))
    _register(live, made)
    yield made
    server.shutdown()
    server.server_close()


def _register(live: Live, bank: Bank) -> None:
    now = str(datetime.now(UTC).replace(tzinfo=None))
    public = bank.private.public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    path = live.mail.parent / "otklik.sqlite3"
    with closing(sqlite3.connect(path, timeout=30)) as database, database:
        site = database.execute(
            "INSERT INTO widget_sites (key, name, issuer, created_at) VALUES (?, 'Bank', ?, ?)",
            (KEY, ISSUER, now),
        ).lastrowid
        database.execute(
            "INSERT INTO widget_origins (site_id, origin) VALUES (?, ?)", (site, bank.origin)
        )
        database.execute(
            "INSERT INTO widget_keys (site_id, name, algorithm, secret, public_key, created_at)"
            " VALUES (?, ?, 'EdDSA', '', ?, ?)",
            (site, bank.row.name, pem, now),
        )


@pytest.fixture(scope="module")
def strict(chromium: Browser, browser_path: str) -> Iterator[Browser]:
    """A browser in which nobody has cookies inside another's page."""
    arguments = [*ARGUMENTS, "--test-third-party-cookie-phaseout"]
    browser = chromium.browser_type.launch(executable_path=browser_path, args=arguments)
    yield browser
    browser.close()


@pytest.fixture
def visit(strict: Browser, bank: Bank, live: Live) -> Iterator[Callable[..., Page]]:
    """Pages of the bank's with the frame in them; silent mistakes fail the test at its end."""
    complaints: list[str] = []
    contexts = []

    def opened(
        path: str = "/button/light", *, width: int = 400, height: int = 640, hello: bool = True
    ) -> Page:
        context = strict.new_context(
            viewport={"width": width, "height": height}, reduced_motion="reduce", locale="en-GB"
        )
        context.set_default_timeout(COMES_WITHIN * 1000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on(
            "console",
            lambda m: complaints.append(m.text) if m.type in {"error", "warning"} else None,
        )
        page.goto(path if path.startswith("http") else bank.origin + path)
        if hello:
            meet(page)
        return page

    yield opened
    for context in contexts:
        assert context.cookies() == []
        context.close()
    assert complaints == []


def meet(page: Page) -> None:
    """As the loader does: hello once the frame is here, and open once it is ready."""
    hears(page, "here")
    page.evaluate("say('hello', {lang: 'en', theme: 'auto', open: false, ...about})")
    hears(page, "ready")
    if "/button/" in page.url:
        page.locator("#otklik").focus()
        page.evaluate("say('open', about)")
    expect(inside(page).locator("#start")).not_to_have_attribute("aria-busy", "true")


def heard(page: Page, what: str) -> list[Any]:
    said = page.evaluate("heard")
    return [each["p"] for each in said if each["t"] == what]


def hears(page: Page, what: str) -> Any:
    return eventually(lambda: heard(page, what), f"the word {what!r}")[-1]


def inside(page: Page) -> Any:
    return page.frame_locator("#otklik")


def document(page: Page) -> Frame:
    [found] = [each for each in page.frames if "/embed/" in each.url]
    return found


def look_at(frame: Frame, page: Page) -> None:
    """axe finds nothing, on a panel and on the smallest phone; nothing sticks out at 200 % text."""
    found = violations(frame, ALL)  # type: ignore[arg-type]
    page.set_viewport_size({"width": 320, "height": 640})
    found += violations(frame, ALL_BUT_CONTRAST)  # type: ignore[arg-type]
    for size in ("", "200%"):
        frame.evaluate("size => { document.documentElement.style.fontSize = size; }", size)
        wide = frame.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{wide} px too wide at {size}"
    frame.evaluate("document.documentElement.style.fontSize = ''")
    page.set_viewport_size({"width": 400, "height": 640})
    assert not found, "\n".join(found)


def test_it_works_by_keyboard_only(visit: Callable[..., Page]) -> None:
    page = visit()
    frame = inside(page)
    expect(frame.locator("#seek")).to_be_focused()
    expect(frame.locator("#start .tip").first).to_be_visible()

    page.keyboard.type(WORDS)
    expect(frame.locator("#voice")).to_contain_text("found")
    page.keyboard.press("Tab")
    hit = frame.locator("#found .tip").first
    expect(hit).to_be_focused()
    page.keyboard.press("Enter")
    expect(frame.locator("h1#topic-title")).to_be_focused()
    expect(frame.locator(".answer .seal").first).to_be_visible()

    # Round the frame and never out of it.
    frame.locator("#ask").focus()
    page.keyboard.press("Tab")
    expect(frame.locator("#back")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(frame.locator("#ask")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(hit).to_be_focused()
    expect(frame.locator("#seek")).to_have_value(WORDS)

    page.keyboard.press("Escape")
    hears(page, "close")


def test_what_did_not_help_is_asked_with_the_words_that_were_typed(
    visit: Callable[..., Page],
) -> None:
    page = visit()
    frame = inside(page)
    frame.locator("#seek").fill(WORDS)
    frame.locator("#found .tip").first.click()
    frame.get_by_role("button", name="Yes").click()
    expect(frame.get_by_text("It is good to know that it helped.")).to_be_visible()

    frame.locator("#back").click()
    frame.locator("#found .tip").nth(1).click()
    with page.expect_request(lambda r: "/ask?" in r.url) as asked:
        frame.get_by_role("link", name="No, ask").click()
    assert parse_qs(urlsplit(asked.value.url).query) == {"words": [WORDS]}
    expect(frame.locator("[data-view=ask] h1")).to_be_focused()
    expect(frame.locator("#foot")).to_be_hidden()
    frame.locator("#back").click()
    expect(frame.get_by_role("link", name="No, ask")).to_be_focused()


def test_words_from_others_are_not_heard(visit: Callable[..., Page]) -> None:
    page = visit(hello=False)
    hears(page, "here")
    hello = "{lang: 'en', theme: 'auto', open: true, ...about}"
    # From another frame of the same page, in another version, of no known kind, of a wrong form.
    page.evaluate(f"say('hello', {hello}, document.getElementById('other').contentWindow)")
    for said in (
        f"{{ch: 'otklik', v: 2, t: 'hello', p: {hello}}}",
        f"{{ch: 'other', v: 1, t: 'hello', p: {hello}}}",
        "{ch: 'otklik', v: 1, t: 'constructor', p: {}}",
        "{ch: 'otklik', v: 1, t: 'hello', p: {page: {}}}",
        "{ch: 'otklik', v: 1, t: 'hello', p: [1]}",
        "'otklik'",
        "null",
    ):
        page.evaluate(f"frame.contentWindow.postMessage({said}, '*')")
    # Messages come in the order they were sent: this one last, and alone.
    page.evaluate(f"say('hello', {hello})")
    hears(page, "ready")
    assert [each["t"] for each in page.evaluate("heard")] == ["here", "ready"]


def test_a_stranger_may_not_frame_it(strict: Browser, bank: Bank, live: Live) -> None:
    with strict.new_context() as context:
        page = context.new_page()
        page.goto(bank.origin.replace("bank.", "elsewhere.") + "/button/light")
        page.wait_for_timeout(300)
        assert heard(page, "here") == []
        assert all(not each.url.startswith(live.url) for each in page.frames)


def test_axe_finds_nothing(visit: Callable[..., Page]) -> None:
    page = visit()
    frame = document(page)
    frame.evaluate(AXE)
    look_at(frame, page)
    frame.locator("#seek").fill(WORDS)
    frame.locator("#found .tip").first.wait_for()
    look_at(frame, page)
    frame.locator("#found .tip").first.click()
    frame.locator("[data-view=topic]").wait_for()
    look_at(frame, page)
    frame.locator("#ask").click()
    frame.locator("[data-view=ask]").wait_for()
    look_at(frame, page)


def test_axe_finds_nothing_in_the_dark(visit: Callable[..., Page]) -> None:
    page = visit("/button/dark")
    frame = document(page)
    frame.evaluate(AXE)
    assert frame.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"
    assert violations(frame, CONTRAST) == []  # type: ignore[arg-type]
    frame.locator("#start .tip").first.click()
    frame.locator("[data-view=topic]").wait_for()
    assert violations(frame, CONTRAST) == []  # type: ignore[arg-type]


def test_a_block_says_how_high_it_is(visit: Callable[..., Page]) -> None:
    page = visit("/block/auto", width=1280)
    frame = document(page)
    eventually(
        lambda: frame.evaluate("document.documentElement.scrollHeight <= innerHeight + 1"),
        "the height of what is in it",
    )
    # It takes no focus away from who reads the page.
    assert page.evaluate("document.activeElement === document.body")
    high = hears(page, "size")["height"]
    frame.locator("#start .tip").first.click()
    eventually(lambda: hears(page, "size")["height"] != high, "another height")
    expect(frame.locator("#close")).to_be_hidden()


def test_opened_by_itself_it_is_of_use_too(visit: Callable[..., Page], live: Live) -> None:
    page = visit(f"{live.url}/embed/{KEY}?lang=en", hello=False)
    expect(page.locator("#start .tip").first).to_be_visible()
    expect(page.locator("#close")).to_be_hidden()
    page.locator("#seek").fill(WORDS)
    page.locator("#found .tip").first.click()
    expect(page.locator("#topic-title")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#found .tip").first).to_be_focused()


@pytest.fixture
def anew(live: Live) -> Iterator[tuple[str, str]]:
    """Somebody whom the bank knows and whose question was answered just now: subject and title."""
    path = live.mail.parent / "otklik.sqlite3"
    at = str((datetime.now(UTC) - timedelta(minutes=5)).replace(tzinfo=None))
    with closing(sqlite3.connect(path, timeout=30)) as database, database:
        topic, person, title, answer, was = database.execute(
            "SELECT t.id, t.asker_id, t.title, p.id, p.published_at FROM topics t"
            " JOIN posts p ON p.id = t.answer_id JOIN people a ON a.id = t.asker_id"
            " WHERE t.state = 'answered' AND t.kind IN ('question', 'problem')"
            " AND t.hidden_at IS NULL AND t.merged_into_id IS NULL AND t.closed_at IS NULL"
            " AND a.role = 'customer' AND a.email IS NOT NULL AND NOT EXISTS (SELECT 1 FROM posts"
            " l WHERE l.topic_id = t.id AND l.author_id = t.asker_id AND l.seq > p.seq)"
        ).fetchone()
        subject = f"customer-{topic}"
        database.execute("UPDATE posts SET published_at = ? WHERE id = ?", (at, answer))
        database.execute(
            "INSERT INTO outside_identities (person_id, issuer, subject, linked_at, used_at)"
            " VALUES (?, ?, ?, ?, ?)",
            (person, ISSUER, subject, at, at),
        )
    yield subject, title
    with closing(sqlite3.connect(path, timeout=30)) as database, database:
        database.execute("UPDATE posts SET published_at = ? WHERE id = ?", (was, answer))


def test_whom_the_bank_knows_sees_what_is_new_and_answers_back(
    visit: Callable[..., Page], bank: Bank, live: Live, anew: tuple[str, str]
) -> None:
    subject, title = anew
    page = visit()
    frame = inside(page)
    signed = token(bank, aud=live.url, origin=bank.origin, sub=subject)  # type: ignore[arg-type]

    page.evaluate(f"say('identify', {json.dumps({'token': signed})})")
    count = hears(page, "unread")["count"]
    assert count >= 1
    frame.get_by_role("link", name="My questions").click()
    new = frame.locator(".tip--new").filter(has_text=title)
    expect(new).to_contain_text("New answer")
    whole = document(page)
    whole.evaluate(AXE)
    look_at(whole, page)

    new.click()
    expect(frame.locator("#topic-title")).to_have_text(title)
    eventually(lambda: heard(page, "unread")[-1] == {"count": count - 1}, "that it was read")
    look_at(whole, page)

    # What is written here is its own, though another view has boxes of the same names.
    frame.locator("#ask").click()
    frame.locator("[data-view=ask] h1").wait_for()
    assert whole.evaluate(
        "[...document.querySelectorAll('[id]')].map(e => e.id)"
    ) == whole.evaluate("[...new Set([...document.querySelectorAll('[id]')].map(e => e.id))]")
    frame.locator("#back").click()

    frame.get_by_text("No, not solved").click()
    frame.get_by_label("What is still missing?").fill("It happened again this morning.")
    frame.get_by_role("button", name="Ask for a new answer").click()
    expect(frame.locator(".notice").first).to_contain_text("It is back on the desk")
    expect(frame.locator(".promise")).to_be_visible()
    frame.locator("#back").click()
    expect(frame.locator(".tip").filter(has_text=title)).to_be_focused()

    # The word is good for one time.
    page.evaluate("say('forget')")
    eventually(lambda: heard(page, "unread")[-1] == {"count": 0}, "that nobody is known")
    expect(frame.get_by_role("link", name="My questions")).to_have_count(0)
    expect(frame.locator("#home")).to_be_visible()
