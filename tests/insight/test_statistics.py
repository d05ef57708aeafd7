"""Shares, intervals and times, against other ways to compute them."""

from __future__ import annotations

import math
import statistics as standard

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.insight.statistics import Interval, percentile, reached, survival, wilson

SECONDS = st.integers(1, 40).map(float)
LASTED = st.lists(SECONDS, max_size=40)
SHARES = st.sampled_from([0.1, 0.25, 0.5, 0.75, 0.9])


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([], 0.5, None),
        ([7], 0.5, 7),
        ([7], 0.9, 7),
        ([4, 1, 3, 2], 0.5, 2.5),
        ([5, 1, 4, 2, 3], 0.5, 3),
        (range(1, 11), 0.9, 9.5),
        (range(1, 12), 0.9, 10),
        (range(1, 101), 0.9, 90.5),
        ([1, 2], 1.0, 2),
        ([1, 2], 0.0, 1),
    ],
)
def test_a_percentile_is_a_value_or_the_middle_of_two(
    values: list[float], share: float, expected: float | None
) -> None:
    assert percentile(values, share) == expected


@given(st.lists(SECONDS, min_size=1))
def test_half_lie_on_each_side_of_the_median(values: list[float]) -> None:
    assert percentile(values, 0.5) == standard.median(values)


@given(st.lists(SECONDS, min_size=1), SHARES)
def test_a_percentile_is_the_nearest_rank_or_half_a_step_above(
    values: list[float], share: float
) -> None:
    ordered = sorted(values)
    nearest = next(v for i, v in enumerate(ordered, 1) if i / len(ordered) >= share - 1e-12)
    above = next((v for v in ordered if v > nearest), nearest)

    assert percentile(values, share) in {nearest, (nearest + above) / 2}


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [
        # Wilson 1927 as tabulated by Newcombe (1998), Statistics in Medicine 17, table I.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_is_the_published_one(part: int, whole: int, low: float, high: float) -> None:
    found = wilson(part, whole)

    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_s_ends_are_where_what_was_seen_is_just_not_surprising(
    counts: tuple[int, int],
) -> None:
    part, whole = counts
    seen, found = part / whole, wilson(part, whole)

    assert 0 <= found.low <= seen <= found.high <= 1
    for end in (found.low, found.high):
        # |seen - p| = z * sqrt(p (1 - p) / n), which has p = 0 and p = 1 for roots of its own.
        reach = 1.959963984540054 * math.sqrt(end * (1 - end) / whole)
        assert math.isclose(abs(seen - end), reach, abs_tol=1e-9)


def test_of_nothing_nothing_is_known() -> None:
    assert wilson(0, 0) == Interval(0.0, 1.0)


def test_intervals_overlap_when_neither_is_known_to_be_better() -> None:
    assert wilson(18, 20).overlaps(wilson(15, 20))
    assert wilson(15, 20).overlaps(wilson(18, 20))
    assert not wilson(95, 100).overlaps(wilson(50, 100))


def test_the_textbook_curve() -> None:
    # 6-MP arm of Freireich et al. (1963), as in every textbook: remission in weeks.
    ended = [6, 6, 6, 7, 10, 13, 16, 22, 23]
    still = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]

    curve = survival(ended, still)

    assert [(t, round(s, 4)) for t, s in curve] == [
        (6, 0.8571), (7, 0.8067), (10, 0.7529), (13, 0.6902), (16, 0.6275), (22, 0.5378),
        (23, 0.4482),
    ]  # fmt: skip
    assert reached(curve, 0.5) == 23
    assert reached(curve, 0.9) is None
    # Leaving out those who are still open makes it look much shorter.
    assert percentile(ended, 0.5) == 10


@given(st.lists(SECONDS, min_size=1), SHARES)
def test_when_nobody_waits_the_curve_gives_the_percentile(done: list[float], share: float) -> None:
    assert reached(survival(done, []), share) == percentile(done, share)


@given(LASTED, LASTED)
def test_the_curve_is_what_counting_at_every_instant_gives(
    done: list[float], still: list[float]
) -> None:
    share, expected = 1.0, []
    for time in range(41):
        there = sum(d >= time for d in done) + sum(s >= time for s in still)
        ended = sum(d == time for d in done)
        if ended:
            share *= (there - ended) / there
            expected.append((float(time), share))

    found = survival(done, still)

    assert [t for t, _ in found] == [t for t, _ in expected]
    assert all(math.isclose(a, b) for (_, a), (_, b) in zip(found, expected, strict=True))


@given(LASTED, LASTED)
def test_the_curve_is_what_handing_on_the_weight_of_the_gone_gives(
    done: list[float], still: list[float]
) -> None:
    """Efron's "redistribute to the right": who leaves hands their weight to those who stay."""
    rows = sorted([(t, 0) for t in done] + [(t, 1) for t in still])
    weights = [1 / len(rows)] * len(rows) if rows else []
    for i, (_, open_still) in enumerate(rows):
        behind = len(rows) - i - 1
        if open_still and behind:
            for j in range(i + 1, len(rows)):
                weights[j] += weights[i] / behind
            weights[i] = 0.0

    for time, lasting in survival(done, still):
        ended = sum(w for (t, o), w in zip(rows, weights, strict=True) if not o and t <= time)
        assert math.isclose(1 - ended, lasting, abs_tol=1e-9)


@given(st.lists(SECONDS, min_size=1), LASTED)
def test_leaving_questions_alone_never_makes_the_fair_median_shorter(
    done: list[float], still: list[float]
) -> None:
    fair = reached(survival(done, [*still, *[60.0] * len(done)]), 0.5)
    naive = reached(survival(done, still), 0.5)

    assert fair is None or (naive is not None and fair >= naive)
