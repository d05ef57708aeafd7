"""The queue by single keys, in any layout, and never while somebody writes."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.live import Live

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MANAGER = "nika.lebedeva@demo.example"


def waits(live: Live, title: str, hours: int) -> int:
    """A text of a customer's that waits to be read, its turn so many hours ago; its number."""
    at = (datetime.now(UTC) - timedelta(hours=hours)).strftime("%Y-%m-%d %H:%M:%S.%f")
    fields = {"kind": "question", "title": title, "body": f"{title} In more words.", "tags": []}
    with closing(sqlite3.connect(live.mail.parent / "otklik.sqlite3", timeout=30)) as connection:
        author = connection.execute("SELECT id FROM people WHERE email LIKE 'anna@%'").fetchone()[0]
        made = connection.execute(
            "INSERT INTO submissions (author_id, act, category_id, fields, why, sent_at, turn_at,"
            " state, reason, words) VALUES (?, 'topic', 1, ?, ?, ?, ?, 'waiting', '', '')",
            (author, json.dumps(fields), json.dumps([["category", ""]]), at, at),
        )
        connection.commit()
        return int(made.lastrowid or 0)


def test_a_moderator_reads_by_keys(live: Live, open_page: Callable[..., Page]) -> None:
    first = waits(live, "Why is the first one here?", 200)
    second = waits(live, "Why is the second one here?", 199)
    page = open_page(by=MANAGER)
    page.goto("/manage/queue")
    expect(page).to_have_url(f"{live.url}/manage/queue/{first}")

    page.keyboard.press("?")
    expect(page.locator("#keys")).to_contain_text("Return it to its author")
    page.keyboard.press("Escape")
    expect(page.locator("#keys")).to_be_hidden()
    # Not while somebody writes.
    page.keyboard.press("e")
    why = page.get_by_label("Why", exact=True).last
    why.fill("")
    why.press_sequentially("a rare jerk")
    expect(page).to_have_url(f"{live.url}/manage/queue/{first}")
    expect(why).to_have_value("a rare jerk")
    why.blur()
    page.keyboard.press("r")
    expect(page.locator("details[data-press=r]")).to_have_attribute("open", "")
    page.evaluate("document.activeElement.blur()")

    page.keyboard.press("j")
    expect(page).to_have_url(f"{live.url}/manage/queue/{second}")
    page.keyboard.press("k")
    expect(page).to_have_url(f"{live.url}/manage/queue/{first}")
    # By its place, as on a Russian keyboard, where the letter is another.
    page.evaluate("document.dispatchEvent(new KeyboardEvent('keydown', {key: 'ф', code: 'KeyA'}))")
    expect(page).to_have_url(f"{live.url}/manage/queue/{second}")
    expect(page.get_by_role("status")).to_contain_text("Published.")


def test_without_scripts_buttons_do_the_same(live: Live, open_page: Callable[..., Page]) -> None:
    number = waits(live, "Is there a way without scripts?", 300)
    page = open_page(by=MANAGER, scripts=False)
    page.goto(f"/manage/queue/{number}")

    page.get_by_text("Return to the author…").click()
    page.get_by_label("It is rude to somebody.", exact=False).check()
    page.get_by_label("Your words to the author").fill("Kinder, please.")
    page.get_by_role("button", name="Return it", exact=True).click()

    page.goto(f"/manage/queue/{number}")
    expect(page.get_by_role("main")).to_contain_text("Handled by: ")
    expect(page.get_by_role("main")).to_contain_text("Kinder, please.")
