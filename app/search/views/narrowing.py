"""What was chosen, and what may be chosen: each with the address that widens or narrows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import url_for

from app.core.i18n import _
from app.search import wording
from app.topics.models import ANSWER_STATES, IDEA_STATES, KINDS

if TYPE_CHECKING:
    import re
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from app.search.facets import Facets
    from app.search.index import Filters
    from app.search.views.asked import Asked
    from app.topics.models import Category

STATES = (*ANSWER_STATES, *IDEA_STATES)
_OPERATORS = {each: name for name, words in wording.OPERATORS.items() for each in words}


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


def groups(
    asked: Asked, facets: Facets, filters: Filters, categories: Iterable[Category]
) -> list[Group]:
    """What results may be narrowed down by; nothing where all are of one sort.

    `filters` is what holds in the end: what was chosen, and what of the words was understood.
    """
    names = {c.slug: c.name for c in categories}
    counts = {c.slug: facets.categories.get(c.id, 0) for c in categories}
    slugs = sorted(names, key=lambda slug: (-counts[slug], names[slug]))
    held = {c.slug for c in categories if c.id in filters.category_ids}
    rows = (
        ("category", _("Category"), slugs, names, counts, held),
        ("kind", _("Kind"), KINDS, kind_words(), facets.kinds, filters.kinds),
        ("state", _("State"), STATES, state_words(), facets.states, filters.states),
    )
    made = []
    for name, sort, values, words, figures, chosen in rows:
        choices = [
            Choice(
                words[value],
                _address(asked, name, "" if value in chosen else value),
                figures.get(value, 0),
                value in chosen,
            )
            for value in values
            if figures.get(value) or value in chosen
        ]
        if len(choices) > 1 or any(each.is_chosen for each in choices):
            made.append(Group(name, sort, choices))
    return made


def chips(
    asked: Asked, filters: Filters, ignored: Collection[str], categories: Iterable[Category]
) -> list[Choice]:
    """What narrows the results down, each with the address without it."""
    names = {c.slug: c.name for c in categories}
    ids = {str(c.id): c.name for c in categories}
    known: dict[str, Mapping[str, str]] = {
        "category": {**names, **ids},
        "kind": kind_words(),
        "state": state_words(),
    }
    held: dict[str, Collection[str]] = {
        "category": {str(i) for i in filters.category_ids},
        "kind": filters.kinds,
        "state": filters.states,
    }
    made = [
        Choice(
            f"{_sorts()[name]}: {known[name][value]}",
            url_for("search.search", **asked.choosing(name, "")),
            is_chosen=True,
        )
        for name, value in asked.chosen.items()
    ]
    for part in wording.OPERATOR.finditer(asked.words):
        name, typed = _read(part)
        if not typed or f"{name}:{typed}" in ignored:
            continue
        # One that stands for the whole of its sort is called by its name, as facets call it.
        only = next(iter(held[name])) if len(held.get(name, ())) == 1 else ""
        words = f"{_sorts()[name]}: {known.get(name, {}).get(only, typed)}"
        without = " ".join((asked.words[: part.start()] + asked.words[part.end() :]).split())
        href = url_for("search.search", **{**asked.address, "q": without})
        made.append(Choice(words, href, is_chosen=True))
    return made


def free_words(words: str) -> str:
    """The words without what narrows them down."""
    return " ".join(wording.OPERATOR.sub(" ", words).split())


def _address(asked: Asked, name: str, value: str) -> str:
    """The page with that chosen and nothing else of the sort, be it by the words."""
    kept = wording.OPERATOR.sub(
        lambda part: " " if _read(part)[0] == name else part[0], asked.words
    )
    return url_for("search.search", **{**asked.choosing(name, value), "q": " ".join(kept.split())})


def _read(part: re.Match[str]) -> tuple[str, str]:
    value = part["quoted"] or part["guillemets"] or part["bare"] or ""
    return _OPERATORS[part["name"].lower()], value.strip()


def _sorts() -> dict[str, str]:
    return {
        "category": _("Category"),
        "kind": _("Kind"),
        "state": _("State"),
        "tag": _("Tag"),
        "by": _("By"),
        "after": _("Asked after"),
        "before": _("Asked before"),
    }


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
