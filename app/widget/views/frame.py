"""The document inside the frame: what a page's readers ask most, and what is found while typing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flask import render_template, request, url_for
from werkzeug.exceptions import TooManyRequests

from app.brand.queries import brand
from app.core import framing, limits
from app.core.bankdata.hiding import MASK
from app.core.db import row_id
from app.core.i18n import locale_code
from app.core.limits import Limit
from app.core.robots import is_robot
from app.core.web import current_actor
from app.search.service import finding, learning
from app.topics import queries as topics
from app.widget import bearers, queries
from app.widget.service import reading, sites, uses
from app.widget.views import door
from app.widget.views.host import host_page

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from app.search.service.finding import Suggestion
    from app.widget.models import Site

THEMES: Final = ("auto", "light", "dark")
SHAPES: Final = ("button", "block")
# With less than this nothing can be said about what somebody means.
SHORTEST: Final = 3
OPENING: Final = 300
MOST: Final = 6
# Ten a second, thirty at once: who types fast asks four times a second.
TYPING: Final = Limit("widget-suggestions", guests=30, people=30, seconds=3)
TELLING: Final = Limit("widget-uses", guests=30, people=30, seconds=60)
COUNTED: Final = ("opened", "searched", "helped")


@door.get("/embed/<key>", may="widget.use", on=queries.site_by_key)
def frame(site: Site) -> ResponseReturnValue:
    """The one document; all that comes after it are fragments."""
    by_ourselves = request.headers.get("Sec-Fetch-Site") == "same-origin"
    framers = sites.framers(site, by_ourselves=by_ourselves)
    framing.allow(framers)
    return render_template(
        "widget/frame.html",
        site=site,
        theme=_one_of(THEMES, "theme"),
        shape=_one_of(SHAPES, "shape"),
        told=_told(site, framers),
    )


def _one_of(known: tuple[str, ...], name: str) -> str:
    given = request.args.get(name, "")
    return given if given in known else known[0]


def _told(site: Site, framers: list[str]) -> dict[str, Any]:
    """What the frame's scripts need to know, as JSON in the page."""
    return {
        "key": site.key,
        "origins": framers,
        "language": locale_code(),
        "shape": _one_of(SHAPES, "shape"),
        "shortest": SHORTEST,
        "start": url_for("widget.start", key=site.key),
        "answers": url_for("widget.answers", key=site.key),
        "uses": url_for("widget.use", key=site.key),
        "unread": url_for("widget.unread", key=site.key),
        "mine": url_for("widget.mine", key=site.key),
        "ask": url_for("widget.ask", key=site.key),
        "identify": url_for("widget.identify", key=site.key),
    }


@door.post("/embed/<key>/start", may="widget.use", on=queries.site_by_key)
def start(site: Site) -> ResponseReturnValue:
    """The first screen for a page: what is new for whoever is known, then its best answers."""
    actor, page = current_actor(), host_page()
    about = reading.of_the_page(page.title, brand())
    return render_template(
        "widget/_start.html",
        site=site,
        topics=reading.best_for(actor, site, page.address, about),
        known=bearers.current() is not None,
        unread=reading.unread(actor) if actor.id is not None else 0,
    )


@door.get("/embed/<key>/answers", may="widget.use", on=queries.site_by_key)
def answers(site: Site) -> ResponseReturnValue:
    """Past topics for what is typed so far; nothing (204) when there is nothing like it."""
    text = MASK.sub(" ", request.args.get("q", "")).strip()[:OPENING]
    if len(text) < SHORTEST:
        return "", 204
    if pause := limits.wait(TYPING):
        # What somebody types goes on; the next letters ask again.
        return "", 429, {"Retry-After": str(pause)}
    found = _found(text)
    if not found:
        return "", 204
    return render_template("widget/_answers.html", site=site, suggestions=found)


def _found(text: str) -> list[Suggestion]:
    """Topics like a question, then those with the words so far: the box takes both."""
    found = finding.suggestions(current_actor(), text, limit=MOST)
    if len(found) < MOST:
        there = {each.topic.id for each in found}
        more = finding.completions(current_actor(), text, limit=MOST)
        found += [each for each in more if each.topic.id not in there]
    return found[:MOST]


@door.post("/embed/<key>/uses", may="widget.use", on=queries.site_by_key)
def use(site: Site) -> ResponseReturnValue:
    """What was done with the widget, for its figures; which words led to a topic, for the search.

    `what`: "opened", "searched", "helped", or "read", which is counted for the search alone.
    """
    if pause := limits.wait(TELLING):
        raise TooManyRequests(retry_after=pause)
    if is_robot(request.user_agent.string):
        return "", 204
    what, page = request.form.get("what", ""), host_page().address
    # Opened by itself, the frame stands on no page of the site.
    if what in COUNTED and page:
        uses.count(site, page, **{what: 1})
    _learn(what)
    return "", 204


def _learn(what: str) -> None:
    words, number = request.form.get("q", ""), row_id(request.form.get("topic"))
    if what not in {"helped", "read"} or number is None:
        return
    topic = topics.topic_in_sight(current_actor(), number)
    if topic is None:
        return
    note = learning.note_helped if what == "helped" else learning.note_click
    note(words, topic.id, locale=locale_code())
