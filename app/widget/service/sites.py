"""Sites that carry the widget: which they are, what their pages are about, what they sign with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.topics import queries as topics
from app.widget.pages import is_below, path_of

if TYPE_CHECKING:
    from app.topics.models import Category
    from app.widget.models import Site


def category_for(site: Site, page: str, words: str = "") -> Category | None:
    """Where a question goes: what its page is about, else its words, else where this site's go.

    `page` is an address or a path; of places that hold it, the closest one says.
    """
    open_ones = {category.id: category for category in topics.categories()}
    holding = [p for p in site.places if p.category_id in open_ones and is_below(page, p.prefix)]
    if holding:
        return open_ones[max(holding, key=lambda place: len(path_of(place.prefix))).category_id]
    return topics.category_for(words, open_ones.values()) or open_ones.get(site.category_id or 0)
