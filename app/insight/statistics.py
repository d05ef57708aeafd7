"""Statistics that say how little is known: pure functions of numbers."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# Below this many, a share or a median says more about chance than about the bank.
ENOUGH = 20
# The standard normal's 97.5 % point: one in forty lies beyond it on each side.
Z = 1.959963984540054
# A hundred thousand factors lose no more than this.
HAIR = 1e-9


@dataclass(frozen=True)
class Interval:
    """Where a share probably lies: between `low` and `high`, both from 0 to 1."""

    low: float
    high: float

    def overlaps(self, other: Interval) -> bool:
        """Whether both may well be the same, so that neither is the better."""
        return self.low <= other.high and other.low <= self.high


def wilson(part: int, whole: int) -> Interval:
    """The 95 % interval of a share, by Wilson's score: sound for few and for all of them, too."""
    if whole <= 0:
        return Interval(0.0, 1.0)
    seen, squared = part / whole, Z * Z
    middle = seen + squared / (2 * whole)
    reach = Z * math.sqrt(seen * (1 - seen) / whole + squared / (4 * whole * whole))
    scale = 1 + squared / whole
    low, high = (middle - reach) / scale, (middle + reach) / scale
    return Interval(0.0 if part == 0 else max(low, 0.0), 1.0 if part == whole else min(high, 1.0))


def percentile(values: Sequence[float], share: float) -> float | None:
    """The smallest value that at least `share` of them do not exceed; between two, their middle.

    Nearest rank, and where the rank falls exactly between two values, their middle: so the median
    of an even number is what everybody calls it (the averaged inverse of the distribution, type 2
    of Hyndman and Fan; the archive's 1.66 h is counted so, the lower of the two would be 1.65 h).
    """
    if not values:
        return None
    ordered = sorted(values)
    # Rounded first, lest 0.9 * 10 be a hair above 9 and take the tenth.
    position = round(share * len(ordered), 9)
    rank = max(math.ceil(position), 1)
    if rank == position and rank < len(ordered):
        return (ordered[rank - 1] + ordered[rank]) / 2
    return ordered[rank - 1]


def survival(done: Sequence[float], still: Sequence[float]) -> list[tuple[float, float]]:
    """The Kaplan-Meier curve: at each time of an end, the share that lasts longer than that.

    `done`: how long those took that have ended. `still`: how long the others have lasted by now;
    whoever lasts as long as an end was there to be ended then.
    """
    ends, open_ones = sorted(done), sorted(still)
    total = len(ends) + len(open_ones)
    curve: list[tuple[float, float]] = []
    share, at = 1.0, 0
    while at < len(ends):
        time, first = ends[at], at
        while at < len(ends) and ends[at] == time:
            at += 1
        there = total - first - bisect_left(open_ones, time)
        share *= 1 - (at - first) / there
        curve.append((time, share))
    return curve


def reached(curve: Sequence[tuple[float, float]], share: float) -> float | None:
    """When `share` of all have ended by such a curve; None when it is not known yet.

    Where the curve lies exactly at that share, the middle of the step: with nobody still open this
    is the percentile.
    """
    for at, (time, lasting) in enumerate(curve):
        apart = lasting - (1 - share)
        if abs(apart) <= HAIR and at + 1 < len(curve):
            return (time + curve[at + 1][0]) / 2
        if apart <= HAIR:
            return time
    return None
