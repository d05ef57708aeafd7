"""The calendar editor without a mouse: every step is a key."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.test_axe import look_at

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.live import Live

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NIKA = "nika.lebedeva@demo.example"
MOST_TABS = 80


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the focus is there, as somebody without a mouse does."""
    for _ in range(MOST_TABS):
        if page.evaluate("at => document.activeElement.matches(at)", selector):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"Tab never comes to {selector}")


def write(page: Page, selector: str, text: str) -> None:
    tab_to(page, selector)
    page.keyboard.press("Control+A")
    page.keyboard.type(text)


def test_a_calendar_by_keyboard_only(live: Live, open_page: Callable[..., Page]) -> None:
    page = open_page(by=NIKA)
    page.goto("/manage/calendars")
    page.locator("body").focus()
    tab_to(page, "a[href='/manage/calendars/new']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/manage/calendars/new")

    write(page, "#name", "Keyboard week")
    write(page, "#zone", "Europe/Moscow")
    tab_to(page, "#mode-0")
    for day in ("mon", "tue", "wed", "thu", "fri"):
        write(page, f"#{day}", "9-13, 14-18")
    # The preview follows what is typed: it comes from the server, in the calendar's zone.
    shown = page.locator("[data-preview-shown]")
    expect(shown).to_contain_text("40 h")
    write(page, "#fri", "9-13, 14-")
    expect(shown).to_contain_text("Friday")
    write(page, "#fri", "9-13, 14-18")
    expect(shown).to_contain_text("Asked on Friday at 17:00")

    # Enter in a field keeps the calendar; it must not fill in holidays or merely preview.
    write(page, "#sat", "noon")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Saturday.")
    assert page.evaluate("document.activeElement.matches('.summary')")
    look_at(page)
    tab_to(page, ".summary a")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "sat"
    page.keyboard.press("Control+A")
    page.keyboard.type("closed")

    tab_to(page, "#country")
    page.keyboard.type("Russia")
    tab_to(page, "#shorter")
    page.keyboard.press("Space")
    tab_to(page, "button[value=draw]")
    page.keyboard.press("Enter")
    days = page.locator("#dates")
    expect(days).to_have_value(re.compile("closed"))
    expect(page.get_by_text("Regional holidays are not in the list")).to_be_visible()

    tab_to(page, ".manage__end button[value=save]")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The calendar is ready: Keyboard week")).to_be_visible()

    with live.database() as database:
        spec, source = database.execute(
            "SELECT v.spec, v.source FROM calendar_versions v JOIN calendars c"
            " ON c.id = v.calendar_id WHERE c.name = 'Keyboard week'"
        ).fetchone()
    kept = json.loads(spec)
    assert kept["weekly"]["fri"] == [["09:00", "13:00"], ["14:00", "18:00"]]
    assert "sat" not in kept["weekly"]
    assert [] in kept["dates"].values()
    assert source.startswith("holidays ")


@pytest.mark.parametrize(
    "address", ["/manage/calendars/new?preset=moscow", "/manage/rules", "/manage/rules/all"]
)
def test_the_editors_are_sound(open_page: Callable[..., Page], address: str) -> None:
    page = open_page(by=NIKA)
    page.goto(address)
    look_at(page)


def test_the_rules_show_what_they_mean_while_one_types(open_page: Callable[..., Page]) -> None:
    page = open_page(by=NIKA)
    page.goto("/manage/rules/all")
    shown = page.locator("[data-preview-shown]")
    write(page, "#first_n", "36")
    expect(shown).to_contain_text("Promises less: a later first answer")
    write(page, "#first_n", "12")
    expect(shown).not_to_contain_text("Promises less")
