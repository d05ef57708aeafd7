"""The page of what was found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import render_template, request

from app.core import limits, pagecache
from app.core.db import row_id
from app.core.i18n import locale_code
from app.core.limits import Limit
from app.core.pagecache import Hit
from app.core.web import current_actor
from app.search.index import NO_FILTERS
from app.search.service import finding, learning
from app.search.views import door, narrowing
from app.search.views.asked import Asked
from app.search.views.learning import is_counted, is_read_by_a_person
from app.topics import queries as topics_queries
from app.topics.answering import answers_today

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from app.search.service.finding import Results

# A search a second: an office, or a telephone network, has one address for many guests, none of
# whom should wait for a neighbour. Who is signed in is counted alone, so nobody else's haste is
# theirs. What it keeps out is a script, to which 60 a minute are nothing.
PACE = Limit("search", guests=60, people=60, seconds=60)


# What the page knows of its address.
ASKED = ("q", "category", "kind", "state", "exactly", "page")


@door.get("/search", may="search.find", keeps=ASKED)
def search() -> ResponseReturnValue:
    """What was asked, suggested and told before, by its words."""
    categories = topics_queries.categories()
    asked = Asked.of_request(categories)
    results, groups, chips = None, [], []
    addressee = None
    pause = limits.wait(PACE) if asked.words else 0
    if asked.words and not pause:
        pagecache.rests_on("search.index")
        results = finding.find(
            current_actor(),
            asked.words,
            filters=asked.filters,
            number=_number("page"),
            literal=asked.is_exact,
        )
        _learn(asked, results)
        groups = narrowing.groups(asked, results.facets, results.filters, categories)
        chips = narrowing.chips(asked, results.filters, results.ignored, categories)
        by_slug = {c.slug: c for c in categories}
        addressee = by_slug.get(asked.category) or topics_queries.category_for(asked.words)
    page = render_template(
        "search/search.html",
        asked=asked,
        pause=pause,
        search_words=asked.words,
        results=results,
        groups=groups,
        chips=chips,
        free_words=narrowing.free_words(asked.words),
        ask_title=_as_title(asked.words),
        addressee=addressee,
        who=answers_today(addressee).person if addressee else None,
        tags=() if results and results.items else topics_queries.popular_tags(20),
    )
    return (page, 429, {"Retry-After": str(pause)}) if pause else page


def _learn(asked: Asked, results: Results) -> None:
    """Note what a person searched for; nothing of further pages and of what was narrowed down."""
    is_whole = results.number == 1 and results.filters == NO_FILTERS and not asked.is_narrowed
    if not (results.is_ready and is_whole):
        return
    found = sum(each.exact for each in results.items)
    # As it was read: what was typed in the other keyboard layout is the same question.
    words = results.reading.text if results.reading else asked.words
    pagecache.note(searched=words, found=found)
    if is_counted():
        learning.note_search(words, found, locale=locale_code())


@pagecache.on_hit
def learn_from_what_was_kept(hit: Hit) -> None:
    """The same of a page that was made before."""
    words = hit.note.get("searched")
    if words is not None and is_read_by_a_person(hit.environ):
        learning.note_search(words, hit.note["found"], locale=hit.language)


def _number(name: str) -> int:
    return row_id(request.args.get(name)) or 0


def _as_title(words: str) -> str:
    """The words as a question's beginning, without the signs that only a search understands."""
    free = narrowing.free_words(words).split()
    return " ".join(w.strip('"«»“”„').removeprefix("-") for w in free).strip()
