"""Similar topics under a question that is being written, and on the step between."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import render_template, request

from app.core.db import row_id
from app.core.panels import panel
from app.core.web import current_actor
from app.search.service import finding
from app.search.views import door

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

# With less than this nothing can be said about what somebody means; similar.js waits for it too.
SHORTEST = 10
# What is read of a text that is being written: the beginning names the matter.
OPENING = 300


@door.get("/search/similar", may="search.find")
def similar() -> ResponseReturnValue:
    """Similar topics for the box in which somebody writes; nothing (204) when there are none."""
    text = request.args.get("q", "").strip()
    if len(text) < SHORTEST:
        return "", 204
    within = row_id(request.args.get("category"))
    found = finding.similar(current_actor(), text[:OPENING], category_id=within)
    if not found:
        return "", 204
    return render_template("search/_similar.html", topics=found, titled=True)


@panel("ask:similar")
def on_the_step_between(words: str) -> str:
    """The same list for those without JavaScript, before their question is published."""
    found = finding.similar(current_actor(), words[:OPENING])
    return render_template("search/_similar.html", topics=found) if found else ""
