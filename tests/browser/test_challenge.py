"""The counter that runs in the browser finds what the server accepts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from app.core import challenge

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.live import Live

pytestmark = [pytest.mark.browser, pytest.mark.slow]
NONCE = "0123456789abcdef" * 2

# As `templates/ui/challenge.html` writes it; who is asked is told in tests/core/test_challenge.py.
BOX = """
(nonce, puzzles, bits) => {
  const box = document.createElement("fieldset");
  Object.assign(box.dataset, {
    js: "challenge", nonce, puzzles, bits, worker: "/static/js/count.js",
    sayBusy: "counting", sayDone: "done",
  });
  box.innerHTML = '<input type="hidden" name="challenge_work"><div data-count hidden>' +
    '<progress max="8" value="0"></progress><p role="status"></p></div>';
  document.querySelector("main").append(box);
}
"""


def test_the_browser_counts_for_its_person(live: Live, open_page: Callable[..., Page]) -> None:
    page = open_page()
    page.goto("/sign-in")
    page.evaluate(f"([n, p, b]) => ({BOX})(n, p, b)", [NONCE, challenge.PUZZLES, challenge.BITS])
    box = page.locator("fieldset[data-js=challenge]")
    expect(box.get_by_role("status")).to_have_text("done", timeout=20_000)
    assert box.locator("progress").evaluate("bar => bar.value") == challenge.PUZZLES
    work = box.locator("[name=challenge_work]").input_value()
    assert challenge.is_done(NONCE, work)
