"""The page that builds the snippet: at once and beside the widget itself, and without a script."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.live import COMES_WITHIN

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser, Page, StorageState

    from tests.live import Live

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PAVEL = "pavel.drozdov@demo.example"
SNIPPET = "/manage/sites/1/snippet"


def test_without_a_script_the_line_is_printed(open_page: Callable[..., Page]) -> None:
    page = open_page(scripts=False, by=PAVEL)
    page.goto(SNIPPET)
    page.get_by_label("A block inside the page").check()
    page.get_by_role("button", name="Show the line").click()

    line = page.locator("pre.paste").first
    expect(line).to_contain_text('data-shape="block" data-target="#otklik"')
    expect(page.get_by_role("button", name="Copy")).to_have_count(0)


def test_the_line_follows_what_is_chosen_and_so_does_the_button(
    open_page: Callable[..., Page],
) -> None:
    page = open_page(by=PAVEL)
    page.goto(SNIPPET)
    line, widget = page.locator("pre.paste").first, page.locator("otklik-widget")
    expect(widget).to_have_count(1)
    expect(page.get_by_role("button", name="Show the line")).to_be_hidden()

    page.get_by_label("Words on the button").fill("Ask Polden")
    page.get_by_label("Corner", exact=True).select_option("left")
    expect(line).to_contain_text('data-position="left" data-label="Ask Polden"')
    expect(widget).to_have_count(1)
    page.get_by_label("Nothing: your own button opens it").check()
    expect(line).to_contain_text('data-shape="none"')
    expect(page.get_by_role("button", name="Open it, as your button will")).to_be_visible()


def test_what_does_not_fit_is_said_beside_its_field(open_page: Callable[..., Page]) -> None:
    page = open_page(by=PAVEL)
    page.goto(SNIPPET)
    page.get_by_label("Colour", exact=True).fill("red")
    page.get_by_role("button", name="Show the line").click()
    expect(page.locator(".field__error")).to_contain_text("#1f5f5b")


def test_the_widget_opens_on_our_own_page_and_breaks_no_policy(
    chromium: Browser, live: Live, signed_in: Callable[[str], StorageState]
) -> None:
    context = chromium.new_context(
        storage_state=signed_in(PAVEL), base_url=live.url, locale="en-GB"
    )
    context.set_default_timeout(COMES_WITHIN * 1000)
    page, refused = context.new_page(), []
    page.on("console", lambda m: refused.append(m.text) if "Content Security" in m.text else None)
    page.goto(SNIPPET)
    expect(page.locator("otklik-widget")).to_have_count(1)
    # The policy of the page lets nobody wait by a script that is a text.
    page.evaluate("new Promise((done) => { Otklik('on', 'open', done); Otklik('open'); })")

    [frame] = [each for each in page.frames if "/embed/" in each.url]
    expect(frame.locator("body")).to_be_visible()
    assert refused == []
    context.close()
