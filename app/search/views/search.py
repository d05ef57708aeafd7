"""The page of what was found."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from flask import render_template, request
from markupsafe import Markup

from app.core import limits, pagecache
from app.core.db import row_id
from app.core.i18n import locale_code
from app.core.limits import Limit
from app.core.pagecache import Hit, pieces
from app.core.web import current_actor
from app.search.index import NO_FILTERS
from app.search.service import finding, learning
from app.search.views import asked as asking
from app.search.views import door, narrowing
from app.search.views.asked import Asked
from app.search.views.learning import is_counted, is_read_by_a_person
from app.topics import policy as topics_policy
from app.topics import queries as topics_queries
from app.topics.answering import answers_today

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from app.core.policy import Actor
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
    actor, words = current_actor(), asking.words()
    pause = limits.wait(PACE) if words else 0
    if pause:
        shown = _shown(actor, pause)
    else:
        said = tuple(request.args.get(name) for name in ASKED)
        shown = pieces.keep("search", topics_policy.sight(actor), said, make=lambda: _shown(actor))
    if shown.learnt is not None and is_counted():
        learning.note_search(shown.learnt, shown.found, locale=locale_code())
    page = render_template("search/search.html", search_words=words, shown=shown.html)
    return (page, 429, {"Retry-After": str(pause)}) if pause else page


class Shown(NamedTuple):
    """The page below its head; what was searched for, as it was read, and how much was found.

    Nothing is learnt from further pages and from what was narrowed down.
    """

    html: Markup
    learnt: str | None = None
    found: int = 0


def _shown(actor: Actor, pause: int = 0) -> Shown:
    categories = topics_queries.categories()
    asked = Asked.of_request(categories)
    results, groups, chips = None, [], []
    addressee, learnt, found = None, None, 0
    if asked.words and not pause:
        pagecache.rests_on("search.index")
        results = finding.find(
            actor,
            asked.words,
            filters=asked.filters,
            number=_number("page"),
            literal=asked.is_exact,
        )
        learnt, found = _learnt(asked, results), sum(each.exact for each in results.items)
        groups = narrowing.groups(asked, results.facets, results.filters, categories)
        chips = narrowing.chips(asked, results.filters, results.ignored, categories)
        by_slug = {c.slug: c for c in categories}
        addressee = by_slug.get(asked.category) or topics_queries.category_for(asked.words)
    if learnt is not None:
        pagecache.note(searched=learnt, found=found)
    html = render_template(
        "search/_shown.html",
        asked=asked,
        pause=pause,
        results=results,
        groups=groups,
        chips=chips,
        free_words=narrowing.free_words(asked.words),
        ask_title=_as_title(asked.words),
        addressee=addressee,
        who=answers_today(addressee).person if addressee else None,
        tags=() if results and results.items else topics_queries.popular_tags(20),
    )
    return Shown(Markup(html), learnt, found)  # noqa: S704 (a template of ours)


def _learnt(asked: Asked, results: Results) -> str | None:
    is_whole = results.number == 1 and results.filters == NO_FILTERS and not asked.is_narrowed
    if not (results.is_ready and is_whole):
        return None
    # As it was read: what was typed in the other keyboard layout is the same question.
    return results.reading.text if results.reading else asked.words


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
