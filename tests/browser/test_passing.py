"""A promise passes from one state to the next before the reader's eyes."""

from __future__ import annotations

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

A_WHILE = timedelta(seconds=25)


def asked_almost_a_day_ago(live: Live, due_at: datetime) -> int:
    """A copy of a demo question whose answer is due at that instant; its number."""
    with closing(sqlite3.connect(live.mail.parent / "otklik.sqlite3", timeout=30)) as connection:
        connection.row_factory = sqlite3.Row
        found = connection.execute(
            "SELECT * FROM topics WHERE is_awaiting = 1 AND kind = 'question' AND answer_id IS NULL"
        ).fetchone()
        opened = due_at - timedelta(hours=24)
        row = dict(found) | {
            "title": "When does the machine on the square work again?",
            "opened_at": stored(opened),
            "active_at": stored(opened),
            "promised_at": stored(opened),
            "at_risk_at": stored(opened + timedelta(hours=19.2)),
            "due_at": stored(due_at),
            "last_seq": 0,
            "comments_count": 0,
        }
        del row["id"]
        names, marks = ", ".join(row), ", ".join("?" for _ in row)
        made = connection.execute(
            f"INSERT INTO topics ({names}) VALUES ({marks})",  # noqa: S608 (columns of its own)
            list(row.values()),
        )
        connection.commit()
        return int(made.lastrowid or 0)


def stored(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S.%f")


def test_the_hour_passes_and_the_page_says_so(live: Live, open_page: Callable[..., Page]) -> None:
    due = datetime.now(UTC) + A_WHILE
    number = asked_almost_a_day_ago(live, due)
    page = open_page()

    page.goto(f"/topics/{number}")
    card = page.locator("#promise")
    expect(card).to_have_class("promise is-at_risk")
    expect(card).to_contain_text("The answer comes by")
    expect(card).to_contain_text("less than a minute left")

    expect(card).to_have_class("promise is-overdue", timeout=60_000)
    expect(card).to_contain_text("Promise broken: the answer was due")
    expect(card.locator(".ring")).to_have_class("ring ring--l is-overdue")
    assert datetime.now(UTC) > due
    # The same is said to somebody who comes now, and in the list.
    page.goto("/?view=unanswered")
    line = page.locator(".line", has=page.locator(f"a[href='/topics/{number}']"))
    expect(line.locator(".ring")).to_have_class("ring ring--s is-overdue")


def test_hours_go_by_on_an_open_page(live: Live, open_page: Callable[..., Page]) -> None:
    """From "2 hours left" to overdue, with the reader's clock turned by hand."""
    now = datetime.now(UTC)
    number = asked_almost_a_day_ago(live, now + timedelta(hours=2, minutes=5))
    page = open_page()
    page.clock.install(time=now)
    page.goto(f"/topics/{number}")
    left = page.locator("#promise .countdown")
    expect(left).to_contain_text("2 h")

    page.clock.fast_forward("01:00:00")
    expect(left).to_contain_text("1 h")
    page.clock.fast_forward("02:00:00")

    expect(left).to_contain_text("overdue by")
    expect(page.locator("#promise .ring")).to_have_class("ring ring--l is-overdue")
