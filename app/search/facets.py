"""By what results may be narrowed down, and how many there are of each."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from app.search.index import Filters


@dataclass(frozen=True, slots=True)
class Sort:
    """Of what sort a topic is."""

    category_id: int
    kind: str
    state: str


@dataclass(frozen=True)
class Facets:
    """How many results there are of each sort, were it chosen besides what is chosen of the others.

    `is_partial` when the engine found more than it told of: then each is a figure of the best.
    """

    categories: Mapping[int, int] = field(default_factory=dict)
    kinds: Mapping[str, int] = field(default_factory=dict)
    states: Mapping[str, int] = field(default_factory=dict)
    is_partial: bool = False

    def __bool__(self) -> bool:
        return bool(self.categories or self.kinds or self.states)


def widened(filters: Filters) -> Filters:
    """The same without what the facets choose."""
    nothing: frozenset[str] = frozenset()
    return replace(filters, category_ids=frozenset(), kinds=nothing, states=nothing)


def fits(sort: Sort, filters: Filters) -> bool:
    """Whether a topic of that sort is among what was chosen."""
    return all(_checks(sort, filters))


def count(sorts: Collection[Sort], filters: Filters, *, is_partial: bool = False) -> Facets:
    """Count each sort among those topics that fit what is chosen of the others."""
    counted: tuple[Counter[int], Counter[str], Counter[str]] = (Counter(), Counter(), Counter())
    for sort in sorts:
        checks = _checks(sort, filters)
        for place, value in enumerate((sort.category_id, sort.kind, sort.state)):
            if all(good for at, good in enumerate(checks) if at != place):
                counted[place][value] += 1  # type: ignore[index]
    return Facets(*counted, is_partial=is_partial)


def _checks(sort: Sort, filters: Filters) -> tuple[bool, bool, bool]:
    return (
        not filters.category_ids or sort.category_id in filters.category_ids,
        not filters.kinds or sort.kind in filters.kinds,
        not filters.states or sort.state in filters.states,
    )
