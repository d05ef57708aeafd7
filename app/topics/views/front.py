"""The front page, and the language it is read in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import render_template, request, url_for

from app.core.i18n import is_locale
from app.core.web import current_actor, go_back, remember_locale
from app.topics import queries
from app.topics.views import door

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue


@door.get("/", may="topics.look_around", keeps=("view", "cursor"))
def front() -> ResponseReturnValue:
    """The box, who answers today, and what people ask."""
    view = chosen_view()
    categories = queries.categories()
    return render_template(
        "topics/front.html",
        view=view,
        page=queries.topics(current_actor(), view, cursor=request.args.get("cursor")),
        people=queries.who_answers(categories),
        waiting=queries.waiting(categories),
    )


def chosen_view() -> str:
    """The tab that is asked for; the newest topics when it is none of ours."""
    view = request.args.get("view", "")
    return view if view in queries.VIEWS else queries.VIEWS[0]


@door.post("/language", may="topics.look_around")
def speak() -> ResponseReturnValue:
    """Remember the language this reader chose; an unknown one changes nothing."""
    response = go_back(url_for("topics.front"))
    code = request.form.get("lang", "")
    if is_locale(code):
        remember_locale(response, code)
    return response
