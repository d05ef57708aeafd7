"""The search page, the similar topics under a question being written, related answers elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flask import current_app, make_response, render_template, request

from app.core.db import row_id
from app.core.i18n import _
from app.core.panels import panel
from app.core.web import Door, current_actor
from app.search import policy, service  # noqa: F401 (it declares the permission)
from app.search.index import Filters
from app.topics import queries as topics_queries
from app.topics.answering import answers_today
from app.topics.models import ANSWER_STATES, IDEA_STATES, KINDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask.typing import ResponseReturnValue

    from app.topics.models import Category, Topic

door = Door("search", __name__)

LONGEST = 200
# With less than this nothing can be said about what somebody means; similar.js waits for it too.
SHORTEST = 10
# What is read of a text that is being written: the beginning names the matter.
OPENING = 300


@dataclass
class Asked:
    """What the address asks for; whatever is not ours is left out."""

    words: str = ""
    category: str = ""
    kind: str = ""
    state: str = ""
    is_cut: bool = False
    filters: Filters = field(default_factory=Filters)

    @classmethod
    def of_request(cls, categories: Sequence[Category]) -> Asked:
        """Read the address."""
        typed = " ".join(request.args.get("q", "").split())
        slugs = {c.slug: c.id for c in categories}
        category = _one_of(slugs, "category")
        kind, state = _one_of(KINDS, "kind"), _one_of((*ANSWER_STATES, *IDEA_STATES), "state")
        return cls(
            words=typed[:LONGEST],
            category=category,
            kind=kind,
            state=state,
            is_cut=len(typed) > LONGEST,
            filters=Filters(
                category_ids=frozenset({slugs[category]} if category else ()),
                kinds=frozenset({kind} if kind else ()),
                states=frozenset({state} if state else ()),
            ),
        )

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but the words was chosen."""
        return bool(self.category or self.kind or self.state)

    @property
    def address(self) -> dict[str, str | None]:
        """The same as it stands in an address."""
        return {
            "q": self.words,
            "category": self.category or None,
            "kind": self.kind or None,
            "state": self.state or None,
        }


@door.get("/search", may="search.find")
def search() -> ResponseReturnValue:
    """What was asked, suggested and told before, by its words."""
    categories = topics_queries.categories()
    asked = Asked.of_request(categories)
    results = None
    if asked.words:
        results = service.find(
            current_actor(), asked.words, filters=asked.filters, number=_number("page")
        )
    addressee = None
    if asked.words:
        by_slug = {c.slug: c for c in categories}
        addressee = by_slug.get(asked.category) or topics_queries.category_for(asked.words)
    return render_template(
        "search/search.html",
        asked=asked,
        search_words=asked.words,
        results=results,
        categories=categories,
        kinds=KINDS,
        states=(ANSWER_STATES, IDEA_STATES),
        state_words=_state_words(),
        ask_title=_as_title(asked.words),
        addressee=addressee,
        who=answers_today(addressee).person if addressee else None,
        tags=() if results and results.items else topics_queries.popular_tags(20),
    )


@door.get("/search/similar", may="search.find")
def similar() -> ResponseReturnValue:
    """Similar topics for the box in which somebody writes; nothing (204) when there are none."""
    text = request.args.get("q", "").strip()
    if len(text) < SHORTEST:
        return "", 204
    within = _number("category") or None
    found = service.similar(current_actor(), text[:OPENING], category_id=within)
    if not found:
        return "", 204
    return render_template("search/_similar.html", topics=found, titled=True)


@door.get("/opensearch.xml", may="search.find")
def description() -> ResponseReturnValue:
    """How a browser may search here from its own box (OpenSearch 1.1)."""
    words = render_template("search/opensearch.xml", root=current_app.config["PUBLIC_URL"])
    response = make_response(words)
    response.content_type = "application/opensearchdescription+xml; charset=utf-8"
    response.headers["Cache-Control"] = "public, max-age=86400"
    return response


@panel("page:head")
def say_where_to_search() -> str:
    """Tells the browser of the description above."""
    return render_template("search/_head.html")


@panel("ask:similar")
def on_the_step_between(words: str) -> str:
    """The same list for those without JavaScript, before their question is published."""
    found = service.similar(current_actor(), words[:OPENING])
    return render_template("search/_similar.html", topics=found) if found else ""


@panel("topic:after", order=90)
def related_answers(topic: Topic) -> str:
    """Where a reader goes whose question was a slightly different one."""
    found = service.answered_like(current_actor(), topic)
    return render_template("search/_related.html", topics=found) if found else ""


@panel("desk:aside")
def past_answers(topic: Topic) -> str:
    """What the bank said to the closest questions: for whoever answers this one."""
    found = service.answered_like(current_actor(), topic, limit=5)
    return render_template("search/_past.html", topics=found) if found else ""


@panel("merge:similar")
def topics_that_ask_the_same(topic: Topic) -> str:
    """For whoever merges a topic: the open ones that come closest."""
    found = service.similar(current_actor(), topic.title, limit=8)
    found = [t for t in found if t.id != topic.id and t.is_counted and t.closed_at is None]
    if not found:
        return ""
    return render_template("search/_same.html", topic=topic, topics=found[:5])


def _one_of(known: Sequence[str] | dict[str, int], name: str) -> str:
    given = request.args.get(name, "")
    return given if given in known else ""


def _number(name: str) -> int:
    return row_id(request.args.get(name)) or 0


def _as_title(words: str) -> str:
    """The words as a question's beginning, without the signs that only a search understands."""
    return " ".join(w.strip('"«»“”„').removeprefix("-") for w in words.split()).strip()


def _state_words() -> dict[str, str]:
    return {
        "waiting": _("Waiting"),
        "answered": _("Answered"),
        "solved": _("Solved"),
        "reopened": _("Reopened"),
        "new": _("New"),
        "under_consideration": _("Under consideration"),
        "planned": _("Planned"),
        "done": _("Done"),
        "declined": _("Declined"),
    }
