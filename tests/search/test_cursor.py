"""What is missing below the newest fact is waited for, and not for ever."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.search.cursor import MOST_HOLES, PATIENCE, START, Cursor, Hole

NOON = datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=UTC)
LATER = NOON + timedelta(minutes=1)


def spans(cursor: Cursor) -> list[tuple[int, int]]:
    return [(hole.first, hole.last) for hole in cursor.holes]


def test_numbers_in_a_row_leave_nothing_open() -> None:
    after = START.past([1, 2, 3], at=NOON, now=NOON)

    assert after == Cursor(3, NOON)


def test_what_is_left_out_is_a_hole() -> None:
    after = Cursor(3, NOON).past([5, 9], at=LATER, now=LATER)

    assert after == Cursor(9, LATER, (Hole(4, 4, LATER), Hole(6, 8, LATER)))


def test_the_first_fact_to_be_seen_need_not_be_the_first() -> None:
    assert spans(START.past([2], at=NOON, now=NOON)) == [(1, 1)]


@pytest.mark.parametrize(
    ("seen", "left"),
    [
        ([4], [(5, 8)]),
        ([8], [(4, 7)]),
        ([6], [(4, 5), (7, 8)]),
        ([4, 6, 8], [(5, 5), (7, 7)]),
        ([4, 5, 6, 7, 8], []),
        ([6, 12], [(4, 5), (7, 8), (11, 11)]),
    ],
)
def test_what_appears_in_a_hole_closes_it(seen: list[int], left: list[tuple[int, int]]) -> None:
    before = Cursor(10, NOON, (Hole(4, 8, NOON),))

    after = before.past(seen, at=LATER, now=LATER)

    assert spans(after) == left
    # Still since the instant at which it was missed first.
    assert {hole.since for hole in after.holes if hole.last < 10} <= {NOON}
    assert (after.last, after.at) == ((12, LATER) if 12 in seen else (10, NOON))


def test_a_hole_is_forgotten_when_no_transaction_is_that_long() -> None:
    before = Cursor(10, NOON, (Hole(4, 8, NOON), Hole(9, 9, LATER)))

    assert before.past([], at=None, now=NOON + PATIENCE - timedelta(seconds=1)) == before
    assert spans(before.past([], at=None, now=NOON + PATIENCE)) == [(9, 9)]


def test_the_number_of_holes_is_bounded_and_the_newest_stay() -> None:
    after = START.past(range(2, 10_000, 2), at=NOON, now=NOON)

    assert len(after.holes) == MOST_HOLES
    assert after.holes[-1].last == 9997


def test_it_reads_what_it_wrote() -> None:
    for cursor in (START, Cursor(3, NOON), Cursor(9, NOON, (Hole(4, 4, NOON), Hole(6, 8, LATER)))):
        assert Cursor.read(str(cursor)) == cursor


@pytest.mark.parametrize("words", ["", "12", "null", "{", '{"last": 3}', '{"last": 1, "holes": 2}'])
def test_what_nobody_can_read_is_the_beginning(words: str) -> None:
    assert Cursor.read(words) == START
