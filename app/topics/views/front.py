"""The front page, and the language it is read in."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from flask import render_template, request, url_for

from app.core.i18n import is_locale
from app.core.web import current_actor, go_back, remember_locale
from app.topics import queries
from app.topics.views import door

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from app.accounts.models import Person


@door.get("/", may="topics.look_around", keeps=("view", "cursor"))
def front() -> ResponseReturnValue:
    """The box, who answers today, and what people ask."""
    return render_template("topics/front.html", today=who_answers_today, **listed())


def listed(**which: Any) -> dict[str, Any]:
    """What topics/_list.html wants: the chosen tab, and its topics once it asks for them."""
    view, cursor = chosen_view(), request.args.get("cursor")
    topics = partial(queries.topics, current_actor(), view, cursor=cursor, **which)
    return {"view": view, "cursor": cursor, "topics": topics}


def who_answers_today() -> list[tuple[Person, queries.Waiting | None]]:
    """The faces of the front page, each with what waits for it."""
    categories = queries.categories()
    waiting = queries.waiting(categories)
    return [(person, waiting.get(person.id)) for person in queries.who_answers(categories)]


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
