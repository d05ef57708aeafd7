"""What was chosen, and what may be chosen: each with the address that widens or narrows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import url_for

from app.core.i18n import _
from app.topics.models import ANSWER_STATES, IDEA_STATES, KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from app.search.facets import Facets
    from app.search.views.asked import Asked
    from app.topics.models import Category

STATES = (*ANSWER_STATES, *IDEA_STATES)


@dataclass(frozen=True)
class Choice:
    """One sort of results; `href` chooses it or, when it `is_chosen`, lets go of it."""

    words: str
    href: str
    count: int = 0
    is_chosen: bool = False


@dataclass(frozen=True)
class Group:
    """The choices of one sort: categories, kinds, states."""

    name: str
    words: str
    choices: Sequence[Choice]


def groups(asked: Asked, facets: Facets, categories: Iterable[Category]) -> list[Group]:
    """What results may be narrowed down by; nothing where all are of one sort."""
    by_slug = {c.slug: facets.categories.get(c.id, 0) for c in categories}
    names = {c.slug: c.name for c in categories}
    slugs = sorted(by_slug, key=lambda slug: (-by_slug[slug], names[slug]))
    made = [
        Group("category", _("Category"), _choices(asked, "category", slugs, names, by_slug)),
        Group("kind", _("Kind"), _choices(asked, "kind", KINDS, kind_words(), facets.kinds)),
        Group("state", _("State"), _choices(asked, "state", STATES, state_words(), facets.states)),
    ]
    return [g for g in made if len(g.choices) > 1 or any(c.is_chosen for c in g.choices)]


def chips(asked: Asked, categories: Iterable[Category]) -> list[Choice]:
    """What is chosen, each with the address without it."""
    names = {c.slug: c.name for c in categories}
    said = (
        ("category", _("Category"), names.get(asked.category)),
        ("kind", _("Kind"), kind_words().get(asked.kind)),
        ("state", _("State"), state_words().get(asked.state)),
    )
    return [
        Choice(f"{sort}: {words}", _address(asked.choosing(name, "")), is_chosen=True)
        for name, sort, words in said
        if words
    ]


def kind_words() -> dict[str, str]:
    """The kinds in words."""
    return {
        "question": _("Question"),
        "idea": _("Idea"),
        "problem": _("Problem"),
        "praise": _("Praise"),
    }


def state_words() -> dict[str, str]:
    """The states in words."""
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


def _choices(
    asked: Asked,
    name: str,
    values: Iterable[str],
    words: Mapping[str, str],
    counts: Mapping[str, int],
) -> list[Choice]:
    chosen = asked.chosen.get(name)
    return [
        Choice(
            words[value],
            _address(asked.choosing(name, "" if value == chosen else value)),
            counts.get(value, 0),
            value == chosen,
        )
        for value in values
        if counts.get(value) or value == chosen
    ]


def _address(values: dict[str, Any]) -> str:
    return url_for("search.search", **values)
