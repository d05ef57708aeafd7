"""What a page weighs on the wire, as a browser fetches it."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page, Response

    from tests.live import Live

pytestmark = [pytest.mark.browser, pytest.mark.slow]

KB = 1024
JAVASCRIPT, STYLES = 25 * KB, 15 * KB


@pytest.mark.parametrize("by", [None, "anna@demo.example", "marina.zorina@demo.example"])
def test_a_topic_page_keeps_to_its_budget(
    live: Live, open_page: Callable[..., Page], by: str | None
) -> None:
    with live.database() as database:
        query = "SELECT id FROM topics WHERE answers_count > 0 AND hidden_at IS NULL"
        topic_id = database.execute(query).fetchone()[0]
    page = open_page(by=by)
    loaded: list[Response] = []
    page.on("response", lambda response: loaded.append(response))  # noqa: PLW0108 (not a method)

    # Behaviours are fetched as the page finds use for them.
    page.goto(f"/topics/{topic_id}", wait_until="networkidle")

    weights = {"script": 0, "stylesheet": 0}
    for response in loaded:
        kind = response.request.resource_type
        if kind in weights:
            assert response.status == 200, response.url
            weights[kind] += len(gzip.compress(response.body(), 6))
    # Inline scripts count too: there is one, the import map.
    inline = page.evaluate(
        "[...document.scripts].filter(each => !each.src).map(each => each.textContent).join('')"
    )
    weights["script"] += len(gzip.compress(inline.encode(), 6))

    assert 5 * KB < weights["script"] <= JAVASCRIPT
    assert 5 * KB < weights["stylesheet"] <= STYLES
