"""The widget's loader in pages of another origin: it works there, and leaves them as they are."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import axe_playwright_python
import pytest
from playwright.sync_api import expect

from tests.browser.hosted import STRICTEST, WIDGET, Server, served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Frame, Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
# Tests look into the closed root through this; what must be closed is looked at without it.
OPENED = """{
  const attach = Element.prototype.attachShadow;
  Element.prototype.attachShadow = function () { return attach.call(this, { mode: "open" }); };
}"""
WATCHED = """
  self.refused = []; self.shifts = 0;
  addEventListener("securitypolicyviolation", (e) => refused.push(e.violatedDirective));
  new PerformanceObserver((list) => list.getEntries().forEach((e) => { shifts += e.value; }))
    .observe({ type: "layout-shift", buffered: true });
"""
PAGE = """<!doctype html><html lang="{lang}" {html}><meta charset="utf-8"><title>Cards</title>
<meta name="viewport" content="width=device-width">{head}
<body><main><h1>Cards</h1><p><a href="#x" id="link">A link</a></p>{body}</main>{scripts}"""
STUB = "window.Otklik=window.Otklik||function(){(Otklik.q=Otklik.q||[]).push(arguments)};"


def wait(frame: Frame, condition: str, arg: object = None) -> None:
    """By the clock: where a frame is out of sight, a browser draws nothing to go by."""
    frame.wait_for_function(condition, arg=arg, polling=50)


@dataclass
class Bank:
    """The bank's pages, each made as it is opened, and what a browser had to say of them."""

    page: Page
    host: Server
    ours: Server
    said: list[str]

    def tag(self, key: str = "good", src: str = "/widget/v1.js", **data: str) -> str:
        more = "".join(f' data-{name}="{value}"' for name, value in data.items())
        return f'<script async src="{self.ours.at()}{src}" data-site="{key}"{more}></script>'

    def opened(
        self,
        *tags: str,
        name: str = "localhost",
        headers: dict[str, str] | None = None,
        **more: str,
    ) -> Page:
        words = {"lang": "en", "html": "", "head": "", "body": "", **more}
        html = PAGE.format(scripts="".join(tags), **words)
        kind = {"Content-Type": "text/html"}
        self.host.pages["/cards"] = ({**kind, **(headers or {})}, html.encode())
        self.host.pages["/favicon.ico"] = ({}, b"")
        self.page.goto(f"{self.host.at(name)}/cards?secret=1#x", wait_until="load")
        return self.page

    def button(self, name: str = "Ask") -> Any:
        return self.page.get_by_role("button", name=name)

    def frame(self) -> Frame:
        """The only one, waited for."""
        while not (found := [each for each in self.page.frames if "/embed/" in each.url]):
            self.page.wait_for_timeout(20)
        [frame] = found
        return frame

    def heard(self, kind: str) -> list[dict[str, Any]]:
        """What the frame heard of this kind."""
        wait(self.frame(), "kind => heard.some((e) => e.t === kind)", kind)
        return [e["p"] for e in self.frame().evaluate("heard") if e["t"] == kind]

    def includes(self, tag: str) -> None:
        """As a page's own script would put a tag into it."""
        self.page.evaluate(
            """(html) => new Promise((done) => {
              const given = document.createElement("template");
              given.innerHTML = html;
              const tag = document.createElement("script");
              for (const { name, value } of given.content.firstChild.attributes)
                tag.setAttribute(name, value);
              tag.onload = tag.onerror = () => { tag.remove(); done(); };
              document.head.append(tag);
            })""",
            tag,
        )


@pytest.fixture(scope="module")
def sites() -> Iterator[tuple[Server, Server]]:
    with served() as host, served() as ours:
        yield host, ours


@pytest.fixture
def new_bank(chromium: Browser, sites: tuple[Server, Server]) -> Iterator[Callable[..., Bank]]:
    host, ours = sites
    contexts = []

    def bank(*, opened: bool = True, **options: Any) -> Bank:
        context = chromium.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        context.set_default_timeout(30_000)
        contexts.append(context)
        page = context.new_page()
        page.add_init_script(WATCHED + (OPENED if opened else ""))
        said: list[str] = []
        page.on("console", lambda e: said.append(e.text))
        page.on("pageerror", lambda e: said.append(str(e)))
        host.asked.clear()
        ours.asked.clear()
        return Bank(page, host, ours, said)

    yield bank
    for context in contexts:
        context.close()


@pytest.fixture
def bank(new_bank: Callable[..., Bank]) -> Bank:
    return new_bank()


# A button's two colours as the browser draws them.
DRAWN = """(button) => {
  const pen = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const { color, backgroundColor } = getComputedStyle(button);
  return [color, backgroundColor].map((each) => {
    pen.fillStyle = each; pen.fillRect(0, 0, 1, 1);
    return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
  });
}"""


def luminance(colour: list[int]) -> float:
    """By WCAG 2."""
    parts = [each / 255 for each in colour]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def elements(page: Page) -> int:
    return int(page.evaluate("document.querySelectorAll('otklik-widget').length"))


# Another port is another origin; another name is another site as well.
@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
def test_the_strictest_page_has_nothing_to_object_to(
    name: str, new_bank: Callable[..., Bank]
) -> None:
    bank = new_bank(opened=False)
    version, integrity = list(json.loads((WIDGET / "releases.json").read_text()).items())[-1]
    bank.host.pages["/own.css"] = ({"Content-Type": "text/css"}, b"h1{color:teal}")
    tag = bank.tag(src=f"/widget/{version}/loader.js").replace(
        "></script>", f' integrity="{integrity}" crossorigin="anonymous"></script>'
    )
    page = bank.opened(
        f"<script nonce=x>{STUB}Otklik('on','open',()=>{{self.was=1}})</script>{tag}",
        body="<link rel=stylesheet href=/own.css>",
        name=name,
        headers={"Content-Security-Policy": STRICTEST.format(ours=bank.ours.at())},
    )
    page.wait_for_selector("otklik-widget", state="attached")
    before = page.evaluate("Object.getOwnPropertyNames(self).filter((n) => /otklik/i.test(n))")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_function("() => self.was")
    [opened] = bank.heard("open")

    # Nothing of the address but where it is.
    assert opened["page"] == f"{bank.host.at(name)}/cards"
    assert opened["title"] == "Cards"
    assert before == ["Otklik"]
    assert page.evaluate("document.querySelector('otklik-widget').shadowRoot") is None
    assert page.evaluate("refused") == []
    assert bank.said == []
    assert page.evaluate("document.cookie + localStorage.length + sessionStorage.length") == "00"
    assert page.context.cookies() == []
    assert [each.partition("?")[0] for each in bank.ours.asked] == [
        f"/widget/{version}/loader.js",
        "/embed/good",
    ]
    assert bank.ours.asked[1] == "/embed/good?lang=en&theme=auto&shape=button"
    assert [each for each in bank.host.asked if each != "/favicon.ico"] == [
        "/cards?secret=1",
        "/own.css",
    ]


def test_words_from_elsewhere_are_not_heard(bank: Bank) -> None:
    page = bank.opened(
        bank.tag(), body=f'<iframe title="other" src="{bank.ours.at()}/embed/mute"></iframe>'
    )
    bank.button().click()
    expect(page.get_by_role("dialog")).to_be_visible()
    other = next(each for each in page.frames if each.url.endswith("/mute"))
    frame = next(each for each in page.frames if "/good" in each.url)
    word = {"ch": "otklik", "v": 1, "t": "unread", "p": {"count": 7}}

    # Our origin, another window; the page itself, in our name; our frame, in another form.
    other.evaluate("word => parent.postMessage(word, '*')", word)
    page.evaluate("word => postMessage(word, '*')", word)
    page.evaluate(
        "([data, origin]) => dispatchEvent(new MessageEvent('message', { data, origin }))",
        [word, bank.ours.at()],
    )
    for wrong in ({**word, "v": 2}, {**word, "ch": "x"}, {**word, "t": "constructor"}, "x", None):
        frame.evaluate("wrong => parent.postMessage(wrong, '*')", wrong)
    frame.evaluate("say('asked', { waits: true })")
    page.wait_for_function("self.Otklik")
    expect(bank.button("Ask")).to_have_accessible_name("Ask")
    assert page.locator("b").text_content() == ""

    frame.evaluate("word => parent.postMessage(word, '*')", word)
    expect(bank.button()).to_have_accessible_name("Ask, unread answers: 7")
    # Our window, gone to another origin.
    frame.goto(f"{bank.host.at()}/embed/good")
    frame.evaluate("word => parent.postMessage(word, '*')", {**word, "p": {"count": 9}})
    frame.evaluate("() => new Promise((done) => setTimeout(done, 50))")
    expect(bank.button()).to_have_accessible_name("Ask, unread answers: 7")
    assert bank.said == []


@pytest.mark.parametrize("key", ["cut", "hangs", "broken", "mute", "unlisted"])
def test_when_we_are_down_the_page_is_as_it_was(key: str, bank: Bank) -> None:
    bank.page.clock.install()
    page = bank.opened(f"<script>{STUB}</script>", bank.tag(key))
    before = page.evaluate("document.body.innerHTML.replace(/<otklik.*/, '')")
    bank.button().click()
    expect(bank.button()).to_have_attribute("aria-busy", "true")
    expect(page.locator("[role=dialog]")).to_be_hidden()
    page.clock.fast_forward(9_000)
    assert elements(page) == 1

    page.clock.fast_forward(2_000)
    expect(page.locator("otklik-widget")).to_have_count(0)
    assert page.evaluate("document.body.innerHTML") == before
    # What the page calls then does nothing.
    page.evaluate("Otklik('open'); Otklik('close'); Otklik('context', { page: '/x' })")
    assert elements(page) == 0
    # The browser itself says that nothing came, or that it may not be framed; we say nothing.
    theirs = ("Failed to load resource", "frame-ancestors")
    assert [each for each in bank.said if not any(word in each for word in theirs)] == []
    assert page.evaluate("shifts") == 0


@pytest.mark.parametrize("src", ["/widget/cut", "/widget/hangs", "/none"])
def test_without_the_loader_the_page_is_as_it_was(src: str, bank: Bank) -> None:
    html = PAGE.format(lang="en", html="", head="", body="", scripts=bank.tag(src=src))
    bank.host.pages["/down"] = ({"Content-Type": "text/html"}, html.encode())
    # A script that hangs holds the end of loading, as any does, but nothing on the page.
    bank.page.goto(f"{bank.host.at()}/down", wait_until="domcontentloaded")
    bank.page.evaluate(f"{STUB} Otklik('open')")

    assert elements(bank.page) == 0
    assert [each for each in bank.said if "Failed to load resource" not in each] == []


def test_the_same_line_twice_is_one_widget(bank: Bank) -> None:
    page = bank.opened(bank.tag(), bank.tag())
    bank.includes(bank.tag())

    expect(bank.button()).to_have_count(1)
    assert elements(page) == 1


def test_a_button_and_a_block_get_along(bank: Bank) -> None:
    page = bank.opened(
        bank.tag("one", lang="uk", label="Запитати банк", position="left"),
        # Where there is no body yet, nor the element.
        head=bank.tag("two", shape="block", target="#here").replace("async ", ""),
        body='<div style="height:3000px"></div><div id="here"></div>',
    )
    expect(bank.button("Запитати банк")).to_be_visible()
    page.wait_for_timeout(100)
    # The block lies far below: nobody has asked for it.
    assert not [each for each in bank.ours.asked if each.startswith("/embed/")]

    page.evaluate("Otklik('open', { search: 'limit' })")
    [opened] = bank.heard("open")
    assert opened["words"] == {"search": "limit"}
    assert "/embed/one" in bank.frame().url

    page.evaluate("Otklik('close'); document.querySelector('#here').scrollIntoView()")
    expect(page.locator("otklik-widget iframe")).to_have_count(2)
    block = page.locator("#here iframe")
    frame = page.frame_locator("#here iframe")
    expect(frame.get_by_label("Search")).to_be_attached()
    [two] = [each for each in page.frames if "/embed/two" in each.url]
    wait(two, "heard.length")
    assert two.evaluate("heard[0].p.open") is True
    two.evaluate("say('size', { height: 420 })")
    expect(block).to_have_js_property("clientHeight", 420)

    page.evaluate("Otklik('context', { product: 'Gold', rate: 5 })")
    for each in page.frames[1:]:
        wait(each, "heard.some((e) => e.p.context?.product === 'Gold')")
    assert bank.said == []


def test_a_page_that_changes_without_loading(bank: Bank) -> None:
    page = bank.opened(bank.tag())
    bank.button().click()
    assert bank.heard("open")[0]["title"] == "Cards"
    bank.button().click()
    expect(page.get_by_role("dialog")).to_be_hidden()

    page.evaluate("history.pushState({}, '', '/loans/car?sum=5'); document.title = 'Loans'")
    bank.button().click()
    wait(bank.frame(), "heard.filter((e) => e.t === 'open').length === 2")
    opened = bank.heard("open")[-1]
    assert opened["page"].endswith("/loans/car")
    assert opened["title"] == "Loans"
    page.evaluate("document.title = 'Car'; Otklik('context', { product: 'Car loan' })")
    assert bank.heard("context")[-1] == {
        "page": opened["page"],
        "title": "Car",
        "context": {"product": "Car loan"},
    }

    # A framework throws everything away: the same line, or opening, brings it back.
    page.evaluate("document.body.replaceChildren(); 0")
    bank.includes(bank.tag())
    expect(bank.button()).to_have_attribute("aria-expanded", "false")
    page.evaluate("document.body.replaceChildren(); Otklik('open')")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert elements(page) == 1
    assert bank.said == []


KEPT_BY_BROWSERS = {"JSEventListeners": 0, "Documents": 1, "Nodes": 30}


def test_destroyed_and_again_leaves_nothing_behind(bank: Bank) -> None:
    page = bank.opened(
        bank.tag(shape="none"), body='<p style="height:3000px"></p><div id="here"></div>'
    )
    client = page.context.new_cdp_session(page)
    client.send("Performance.enable")

    def left() -> dict[str, float]:
        client.send("HeapProfiler.collectGarbage")
        counted = client.send("Performance.getMetrics")["metrics"]
        known = {"JSEventListeners", "Nodes", "Documents"}
        return {each["name"]: each["value"] for each in counted if each["name"] in known}

    def once() -> None:
        bank.includes(bank.tag())
        bank.includes(bank.tag("two", shape="block", target="#here"))
        page.evaluate("Otklik('on', 'close', () => {}); Otklik('open')")
        expect(page.get_by_role("dialog")).to_be_visible()
        page.evaluate("Otklik('destroy')")
        assert page.evaluate("'Otklik' in self") is False
        assert elements(page) == 0

    page.evaluate("Otklik('destroy')")
    once()
    before = left()
    for _ in range(20):
        once()

    # Browsers keep a node or two of what was last looked at, and let go of frames when they like.
    most = {name: before[name] + more for name, more in KEPT_BY_BROWSERS.items()}
    for _ in range(50):
        after = left()
        if all(after[name] <= most[name] for name in most):
            break
        page.wait_for_timeout(100)
    assert all(after[name] <= most[name] for name in most), (before, after)
    assert bank.said == []


def test_by_keyboard_alone(bank: Bank) -> None:
    page = bank.opened(bank.tag())
    button, dialog = bank.button(), page.get_by_role("dialog", name="Ask")
    expect(button).to_have_attribute("aria-haspopup", "dialog")
    expect(button).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog).to_be_visible()
    expect(dialog).to_have_attribute("aria-modal", "false")
    expect(button).to_have_attribute("aria-expanded", "true")
    wait(bank.frame(), "document.activeElement.matches('input')")
    assert page.locator("iframe").get_attribute("title") == "Ask"

    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(button).to_be_focused()

    # Back to what opened it, when that was the page's own.
    page.locator("#link").focus()
    page.evaluate("Otklik('open')")
    wait(bank.frame(), "document.hasFocus()")
    page.keyboard.press("Escape")
    expect(page.locator("#link")).to_be_focused()

    # Closed from elsewhere it takes the focus from nobody; Escape on the button closes too.
    button.press("Enter")
    expect(dialog).to_be_visible()
    page.locator("#link").focus()
    page.evaluate("Otklik('close')")
    expect(page.locator("#link")).to_be_focused()
    button.click()
    button.focus()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_it_moves_nothing_and_fits_everywhere(bank: Bank) -> None:
    page = bank.opened(
        bank.tag("two", shape="block", target="#here"),
        bank.tag(label="Спросить банк о карте, вкладе или кредите"),
        body='<div id="here" style="min-height:300px"></div><p>After.</p>',
    )
    button = bank.button("Спросить")
    expect(page.locator("#here iframe")).to_have_count(1)
    button.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    box = page.get_by_role("dialog").bounding_box()
    assert box is not None
    assert (box["width"], box["height"]) == (400, 640)
    [two] = [each for each in page.frames if "/embed/two" in each.url]
    wait(two, "heard.length")
    two.evaluate("say('size', { height: 280 })")
    expect(page.locator("#here iframe")).to_have_js_property("clientHeight", 280)
    page.evaluate(AXE)
    found = page.evaluate("axe.run().then((r) => r.violations.map((v) => v.id))")
    assert found == []
    page.evaluate("Otklik('close')")
    assert page.evaluate("shifts") == 0

    page.emulate_media(media="print")
    expect(button).to_be_hidden()
    expect(page.locator("#here iframe")).to_be_hidden()
    page.emulate_media(media="screen")

    sizes = page.context.new_cdp_session(page)
    page.set_viewport_size({"width": 320, "height": 640})
    # Text of twice the size: what a reader sets in their browser.
    sizes.send("Page.setFontSizes", {"fontSizes": {"standard": 32, "fixed": 26}})
    box = button.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 320
    assert box["height"] >= 44
    root = "document.documentElement."
    assert page.evaluate(f"{root}scrollWidth - {root}clientWidth") == 0
    page.evaluate("Otklik('open')")
    expect(page.get_by_role("dialog")).to_have_attribute("aria-modal", "true")
    box = page.get_by_role("dialog").bounding_box()
    assert box == {"x": 0, "y": 0, "width": 320, "height": 640}
    # Nothing of ours lies over it.
    root = page.locator("body > otklik-widget")
    assert root.evaluate("(e) => e.shadowRoot.elementFromPoint(250, 600).tagName") == "IFRAME"


def test_it_stands_where_it_was_told_whatever_the_page_is_like(bank: Bank) -> None:
    bank.opened(
        bank.tag(offset="10 80"),
        lang="ru-RU",
        html='dir="rtl"',
        body="<style>*{margin:50px;opacity:.1}button{display:none}</style>",
    )
    button = bank.button("Спросить")
    box = button.bounding_box()
    assert box is not None
    # The end of the line, which is on the left here.
    assert round(box["x"]) == 10
    assert round(box["y"] + box["height"]) == 720


def test_its_label_can_be_read_on_any_colour(bank: Bank) -> None:
    colours = ["#ffd500", "#777777", "#ff6b00", "#757575", "#1f5f5b", "#e3000f", "#000000"]
    tags = [bank.tag(color=each, label=each) for each in colours]
    bank.opened(*tags)
    for each in colours:
        text, ground = bank.button(each).evaluate(DRAWN)
        lighter, darker = sorted([luminance(text), luminance(ground)], reverse=True)
        assert text in ([0, 0, 0], [255, 255, 255])
        assert (lighter + 0.05) / (darker + 0.05) >= 4.5, each


def test_what_was_called_before_it_came_and_what_it_tells(bank: Bank) -> None:
    page = bank.opened(
        f"""<script>{STUB} self.told = [];
        for (const name of ["ready", "open", "close", "asked", "unread"])
          Otklik("on", name, (p) => told.push([name, p]));
        Otklik("on", "open", () => {{ throw new Error("the page's own"); }});
        let made = 0;
        Otklik("identify", () => Promise.resolve("token-" + ++made));
        Otklik("context", {{ page: "/inside", product: "Gold" }});
        Otklik("nonsense"); Otklik(); Otklik("constructor", 1);
        </script>""",
        bank.tag(theme="dark"),
    )
    # Somebody who is known may have unread answers: the frame comes by itself.
    assert bank.heard("identify") == [{"token": "token-1"}]
    assert bank.heard("hello")[0] == {
        "lang": "en",
        "theme": "dark",
        "open": False,
        "page": "/inside",
        "title": "Cards",
        "context": {"product": "Gold"},
    }
    bank.frame().evaluate("say('unread', { count: 2 }); say('asked', { waits: true })")
    bank.button("Ask, unread answers: 2").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    bank.frame().evaluate("say('unread', { count: 0 })")
    expect(bank.button()).to_have_accessible_name("Ask")
    page.evaluate("Otklik('close'); Otklik('identify', null)")
    assert bank.heard("forget") == [{}]
    assert page.evaluate("told") == [
        ["ready", {}],
        ["unread", {"count": 2}],
        ["asked", {"waits": True}],
        ["open", None],
        ["unread", {"count": 0}],
        ["close", None],
    ]
    assert [each for each in bank.said if "own" not in each] == []
