"""Past topics while somebody types: beneath a question, under a search box, on the step between."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import render_template, request

from app.core import limits
from app.core.bankdata.hiding import MASK
from app.core.db import row_id
from app.core.limits import Limit
from app.core.panels import panel
from app.core.web import current_actor
from app.search.service import finding
from app.search.views import door

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

# With less than this nothing can be said about what somebody means; the scripts are told of it.
SHORTEST = 3
# Ten a second, thirty at once: who types fast asks four times a second.
PACE = Limit("suggestions", guests=30, people=30, seconds=3)
# What is read of a text that is being written: the beginning names the matter.
OPENING = 300


@door.app_template_global("shortest_search")
def shortest_search() -> int:
    """From how many characters on a box looks for what is being typed."""
    return SHORTEST


@door.get("/search/similar", may="search.find")
def similar() -> ResponseReturnValue:
    """A fragment for the box in which somebody types; nothing (204) when there is nothing like it.

    As `shape=options` it is the options of a search box, else a list to be read in place.
    """
    text = MASK.sub(" ", request.args.get("q", "")).strip()[:OPENING]
    if len(text) < SHORTEST:
        return "", 204
    pause = limits.wait(PACE)
    if pause:
        # What somebody types goes on; the next letters ask again.
        return "", 429, {"Retry-After": str(pause)}
    if request.args.get("shape") == "options":
        return _options(text)
    within = row_id(request.args.get("category"))
    found = finding.suggestions(current_actor(), text, category_id=within)
    if not found:
        return "", 204
    return render_template("search/_similar.html", suggestions=found, words=text)


@panel("ask:similar")
def on_the_step_between(words: str) -> str:
    """The same list for those without JavaScript, before their question is published."""
    words = words.strip()[:OPENING]
    found = finding.suggestions(current_actor(), words)
    if not found:
        return ""
    return render_template("search/_similar.html", suggestions=found, words=words, is_step=True)


def _options(text: str) -> ResponseReturnValue:
    found = finding.completions(current_actor(), text)
    return render_template("search/_options.html", suggestions=found) if found else ("", 204)
