"""What the address of the results' page asks for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from flask import request

from app.core.bankdata.hiding import MASK
from app.search.index import Filters
from app.search.views.narrowing import STATES
from app.topics.models import KINDS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from app.topics.models import Category

LONGEST = 200


@dataclass(frozen=True)
class Asked:
    """What the address asks for; whatever is not ours is left out."""

    words: str = ""
    category: str = ""
    kind: str = ""
    state: str = ""
    # As typed, however likely something else was meant.
    is_exact: bool = False
    is_cut: bool = False
    filters: Filters = field(default_factory=Filters)

    @classmethod
    def of_request(cls, categories: Iterable[Category]) -> Asked:
        """Read the address."""
        typed = _typed()
        slugs = {c.slug: c.id for c in categories}
        category = _one_of(slugs, "category")
        kind, state = _one_of(KINDS, "kind"), _one_of(STATES, "state")
        return cls(
            words=typed[:LONGEST],
            category=category,
            kind=kind,
            state=state,
            is_exact=request.args.get("exactly") == "1",
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
    def chosen(self) -> dict[str, str]:
        """What was chosen, as a form keeps it."""
        values = {"category": self.category, "kind": self.kind, "state": self.state}
        return {name: value for name, value in values.items() if value}

    @property
    def address(self) -> dict[str, Any]:
        """The same as it stands in an address."""
        exactly = {"exactly": "1"} if self.is_exact else {}
        return {"q": self.words, **exactly, **self.chosen}

    def choosing(self, name: str, value: str) -> dict[str, Any]:
        """The address with that chosen, or with nothing of the sort."""
        others = {each: chosen for each, chosen in self.address.items() if each != name}
        return {**others, name: value} if value else others


def words() -> str:
    """The words alone."""
    return _typed()[:LONGEST]


def _typed() -> str:
    # What the guard has put there is no word that anybody looks for.
    return " ".join(MASK.sub(" ", request.args.get("q", "")).split())


def _one_of(known: Collection[str], name: str) -> str:
    given = request.args.get(name, "")
    return given if given in known else ""
