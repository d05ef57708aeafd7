"""What past topics to offer for a text that is written: one way, for the page and the bench."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.search.plans import NO_FILTERS

if TYPE_CHECKING:
    from app.search.index import Found, Index
    from app.search.plans import Filters
    from app.search.wording import Wording


def suggest(
    index: Index,
    text: str,
    asked: Wording,
    *,
    limit: int,
    filters: Filters = NO_FILTERS,
    but_for: int | None = None,
) -> Found:
    """The topics most like it, best first; before rights, and before what is far-fetched is cut."""
    return index.similar(text, asked=asked, limit=limit, filters=filters, but_for=but_for)
