"""What is offered while somebody types: in the search boxes, and beneath a question."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import axe_playwright_python
import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator, Page, Request, Route

    from tests.live import Live

pytestmark = [pytest.mark.browser, pytest.mark.slow]

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
BOXES = {"header": ("/", "#find"), "page": ("/search", "#q")}
# A question that the demo bank has answered, and words that come close to it.
PAST = "Не успела выбрать категории кэшбэка до 5-го. Всё пропало?"
NEAR = "Не успела выбрать категории"


def typed(page: Page, where: str, words: str) -> Locator:
    """A search box with words typed into it."""
    address, selector = BOXES[where]
    page.goto(address)
    box = page.locator(selector)
    box.press_sequentially(words, delay=20)
    return box


def options(page: Page) -> Locator:
    return page.get_by_role("option")


@pytest.mark.parametrize("where", BOXES)
def test_a_search_box_is_worked_by_the_keyboard(
    where: str, live: Live, open_page: Callable[..., Page]
) -> None:
    page = open_page()
    box = typed(page, where, "карт")
    expect(options(page)).to_have_count(6)
    expect(box).to_have_role("combobox")
    expect(box).to_be_focused()
    expect(box).to_have_attribute("aria-expanded", "true")
    listbox = page.get_by_role("listbox", name="Past topics")
    expect(listbox).to_have_id(box.get_attribute("aria-controls") or "")
    expect(page.get_by_role("status").filter(has_text="6 suggestions")).to_have_count(1)
    expect(options(page).first.locator("mark")).not_to_have_count(0)

    def at() -> str | None:
        chosen = page.locator("[role=option][aria-selected=true]")
        named = box.get_attribute("aria-activedescendant")
        ids = chosen.evaluate_all("all => all.map(each => each.id)")
        assert ids == ([named] if named else [])
        return named.rpartition("-")[2] if named else None

    visited = [at()]
    for key in ("ArrowDown", "ArrowDown", "End", "ArrowDown", "ArrowUp", "Home", "ArrowUp"):
        box.press(key)
        visited.append(at())
    assert visited == [None, "0", "1", "5", None, "5", "0", None]

    # Without a choice the keys are those of the words.
    box.press("Home")
    assert box.evaluate("each => each.selectionStart") == 0
    box.press("ArrowDown")
    box.press("Escape")
    expect(listbox).to_be_hidden()
    expect(box).to_have_value("карт")
    expect(box).to_be_focused()
    expect(box).to_have_attribute("aria-expanded", "false")
    assert box.get_attribute("aria-activedescendant") is None

    box.press("ArrowDown")
    expect(listbox).to_be_visible()
    box.press("ArrowDown")
    title = options(page).first.locator(".hit__title").inner_text()
    with page.expect_request("**/search/clicks") as told:
        box.press("Enter")
    page.wait_for_url("**/topics/*")
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    number = urlsplit(page.url).path.rpartition("/")[2]
    assert parse_qs(told.value.post_data or "") == {"q": ["карт"], "topic": [number]}


def test_without_a_choice_enter_searches(open_page: Callable[..., Page]) -> None:
    page = open_page()
    box = typed(page, "header", "банкомат")
    expect(options(page)).not_to_have_count(0)

    box.press("Enter")

    page.wait_for_url("**/search?q=*")
    expect(page.locator("#q")).to_have_value("банкомат")
    expect(options(page)).to_have_count(0)


def test_an_arrow_asks_for_what_stands_there_already(open_page: Callable[..., Page]) -> None:
    page = open_page()
    page.goto("/search?q=карта")
    page.locator("#q").focus()
    page.wait_for_timeout(500)
    expect(options(page)).to_have_count(0)

    page.locator("#q").press("ArrowDown")

    expect(options(page)).to_have_count(6)


def test_the_pointer_chooses_and_leaving_closes(open_page: Callable[..., Page]) -> None:
    page = open_page()
    box = typed(page, "header", "карт")
    expect(options(page)).not_to_have_count(0)
    box.press("Tab")
    expect(options(page).first).to_be_hidden()
    box.focus()
    expect(options(page).first).to_be_hidden()

    box.press("ArrowDown")
    title = options(page).nth(1).locator(".hit__title").inner_text()
    options(page).nth(1).click()

    page.wait_for_url("**/topics/*")
    expect(page.get_by_role("heading", level=1)).to_have_text(title)


def test_two_letters_ask_nothing_and_a_pause_asks_once(open_page: Callable[..., Page]) -> None:
    page = open_page()
    asked: list[str] = []

    def hear(request: Request) -> None:
        if "/search/similar" in request.url:
            asked.append(parse_qs(urlsplit(request.url).query)["q"][0])

    page.on("request", hear)
    box = typed(page, "page", "ка")
    time.sleep(0.6)
    assert asked == []

    box.press_sequentially("рта", delay=20)
    expect(options(page)).not_to_have_count(0)
    assert asked == ["карта"]

    # Back at two letters, what was offered goes.
    for _ in range(3):
        box.press("Backspace")
    expect(options(page)).to_have_count(0)
    expect(box).to_have_attribute("aria-expanded", "false")
    assert asked == ["карта"]


def test_a_late_answer_never_stands_in_the_place_of_a_newer_one(
    open_page: Callable[..., Page],
) -> None:
    page = open_page()
    held: list[Route] = []

    def hold(route: Route) -> None:
        if parse_qs(urlsplit(route.request.url).query)["q"] == ["карта"]:
            held.append(route)
        else:
            route.continue_()

    page.route("**/search/similar*", hold)
    box = typed(page, "page", "карта")
    until = time.monotonic() + 5
    while not held and time.monotonic() < until:
        page.wait_for_timeout(20)
    assert held
    box.fill("ипотека")
    expect(options(page)).not_to_have_count(0)
    newer = options(page).all_inner_texts()

    until = time.monotonic() + 5
    while held[0].request.failure is None and time.monotonic() < until:
        page.wait_for_timeout(20)
    gone = held[0].request.failure
    if gone is None:
        held[0].fulfill(body='<li role="option" data-href="/" data-topic="1">OLD</li>')
    page.wait_for_timeout(300)

    assert gone is not None  # it was let go of, not only ignored
    assert options(page).all_inner_texts() == newer


def written(page: Page, words: str = NEAR) -> Locator:
    """The ask form with words in its first box; the first topic that is like them."""
    page.goto("/ask")
    page.get_by_label("In one sentence").press_sequentially(words, delay=10)
    near = page.locator(".near__one", has_text=PAST)
    expect(near).to_be_visible()
    return near


def test_an_answer_is_read_in_place_and_helps(live: Live, open_page: Callable[..., Page]) -> None:
    page = open_page()
    near = written(page)
    expect(page.get_by_role("status").filter(has_text="similar topic")).to_have_count(1)
    expect(page.get_by_label("In one sentence")).to_be_focused()
    said = near.locator(".near__said")
    expect(said).to_be_hidden()

    with page.expect_request("**/search/clicks"):
        near.locator("summary").click()
    expect(said).to_be_visible()
    expect(said).to_contain_text("Official answer")
    link = said.get_by_role("link", name="Open the whole topic")
    topic = near.get_attribute("data-topic")
    assert urlsplit(link.get_attribute("href") or "").path == f"/topics/{topic}"

    with page.expect_response("**/search/helped") as told:
        said.get_by_role("button", name="This helped").click()
    assert told.value.status == 204
    assert parse_qs(told.value.request.post_data or "") == {"q": [NEAR], "topic": [topic]}
    thanks = page.locator(".similar .notice")
    expect(thanks).to_be_focused()
    expect(thanks).to_contain_text("Good that it helped.")
    expect(page.locator(".near__one")).to_have_count(0)
    # Nothing asks whether to leave: the text is kept.
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    thanks.get_by_role("link", name="Open the answer").click()
    page.wait_for_url(f"**/topics/{topic}")


def test_whoever_asks_anyway_goes_on_with_the_form(open_page: Callable[..., Page]) -> None:
    page = open_page()
    written(page)

    page.get_by_role("button", name="Ask anyway").click()

    expect(page.locator("#body")).to_be_focused()
    expect(page.locator(".near")).to_have_count(0)
    expect(page.get_by_label("In one sentence")).to_have_value(NEAR)
    assert page.locator("#seen-similar").input_value() == "1"
    # The same words bring nothing back, others do.
    title = page.get_by_label("In one sentence")
    title.press("End")
    title.press_sequentially(" кэшбэка", delay=10)
    expect(page.locator(".near__one").first).to_be_visible()


def test_from_the_front_page_too(open_page: Callable[..., Page]) -> None:
    page = open_page()
    page.goto("/")
    page.locator("#text").press_sequentially(NEAR, delay=10)
    expect(page.locator(".near__one", has_text=PAST)).to_be_visible()

    page.get_by_role("button", name="Ask anyway").click()

    page.wait_for_url("**/ask")
    expect(page.get_by_label("In one sentence")).to_have_value(NEAR)
    page.wait_for_timeout(500)
    expect(page.locator(".near__one")).to_have_count(0)


def test_what_is_being_read_stays_while_words_change(open_page: Callable[..., Page]) -> None:
    page = open_page()
    near = written(page)
    near.locator("summary").click()
    page.evaluate(
        """() => {
          const box = document.getElementById("title");
          box.value = "Ипотека и залог квартиры";
          box.dispatchEvent(new Event("input", { bubbles: true }));
        }"""
    )
    page.wait_for_timeout(900)
    expect(near.locator(".near__said")).to_be_visible()


def test_a_result_that_is_opened_is_told_of(open_page: Callable[..., Page]) -> None:
    page = open_page()
    page.goto("/search?q=карта")
    link = page.locator(".found .line__link").first
    number = (link.get_attribute("href") or "").rpartition("/")[2]

    # In a tab of its own: Chromium does not always report what a page sends while it is left.
    with page.expect_request("**/search/clicks") as told, page.context.expect_page() as opened:
        link.click(modifiers=["Control"])

    assert parse_qs(told.value.post_data or "") == {"q": ["карта"], "topic": [number]}
    opened.value.wait_for_url(f"**/topics/{number}")


def test_facets_narrow_and_widen_on_a_phone(open_page: Callable[..., Page]) -> None:
    page = open_page(width=360)
    page.goto("/search?q=карта")
    facet = page.locator(".facet", has_text="Idea")
    expect(facet).to_be_hidden()
    page.locator(".facets summary").click()
    figure = int(facet.locator(".num").inner_text())
    facet.click()
    expect(page.locator(".found .line")).to_have_count(figure)
    page.locator(".chip", has_text="Idea").click()
    expect(page.locator(".chip")).to_have_count(0)
    assert page.locator(".found .line").count() > figure


@pytest.mark.parametrize(("width", "colours"), [(1280, "light"), (360, "dark")])
def test_axe_finds_nothing_while_somebody_types(
    open_page: Callable[..., Page], width: int, colours: Any
) -> None:
    page = open_page(width=width)
    page.emulate_media(color_scheme=colours)
    box = typed(page, "page", "карт")
    expect(options(page)).not_to_have_count(0)
    box.press("ArrowDown")
    assert violations(page) == []
    box.press("Escape")

    near = written(page)
    near.locator("summary").click()
    assert violations(page) == []


def violations(page: Page) -> list[str]:
    """Each as "rule: where"."""
    page.evaluate(AXE)
    result = page.evaluate("axe.run(document, {resultTypes: ['violations'], preload: false})")
    return [
        f"{each['id']}: {node['target']}" for each in result["violations"] for node in each["nodes"]
    ]
