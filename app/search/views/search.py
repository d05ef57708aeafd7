"""The page of what was found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import render_template, request

from app.core.db import row_id
from app.core.web import current_actor
from app.search.service import finding
from app.search.views import door, narrowing
from app.search.views.asked import Asked
from app.topics import queries as topics_queries
from app.topics.answering import answers_today

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue


@door.get("/search", may="search.find")
def search() -> ResponseReturnValue:
    """What was asked, suggested and told before, by its words."""
    categories = topics_queries.categories()
    asked = Asked.of_request(categories)
    results, groups = None, []
    addressee = None
    if asked.words:
        results = finding.find(
            current_actor(), asked.words, filters=asked.filters, number=_number("page")
        )
        groups = narrowing.groups(asked, results.facets, categories)
        by_slug = {c.slug: c for c in categories}
        addressee = by_slug.get(asked.category) or topics_queries.category_for(asked.words)
    return render_template(
        "search/search.html",
        asked=asked,
        search_words=asked.words,
        results=results,
        groups=groups,
        chips=narrowing.chips(asked, categories),
        ask_title=_as_title(asked.words),
        addressee=addressee,
        who=answers_today(addressee).person if addressee else None,
        tags=() if results and results.items else topics_queries.popular_tags(20),
    )


def _number(name: str) -> int:
    return row_id(request.args.get(name)) or 0


def _as_title(words: str) -> str:
    """The words as a question's beginning, without the signs that only a search understands."""
    return " ".join(w.strip('"«»“”„').removeprefix("-") for w in words.split()).strip()
