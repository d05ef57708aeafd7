"""The page of what was found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flask import render_template, request

from app.core.db import row_id
from app.core.i18n import _
from app.core.web import current_actor
from app.search.index import Filters
from app.search.service import finding
from app.search.views import door
from app.topics import queries as topics_queries
from app.topics.answering import answers_today
from app.topics.models import ANSWER_STATES, IDEA_STATES, KINDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask.typing import ResponseReturnValue

    from app.topics.models import Category

LONGEST = 200


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
        results = finding.find(
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
