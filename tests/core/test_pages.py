"""Keyset pages: every row once, in both directions, and no cursor breaks a page."""

from __future__ import annotations

import base64
import json
from itertools import chain, count
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from app.core.db import session
from app.core.pages import Order, keyset
from app.topics import queries
from app.topics.models import Tag

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Select

    from app.core.pages import Page
    from tests.builders import Builders

# Each example's rows are told apart by their name, so one transaction is enough for all of them.
ONE_TRANSACTION = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
DOWN: Order[Tag] = Order((Tag.topics_count, Tag.id), lambda t: (t.topics_count, t.id))
UP: Order[Tag] = Order(DOWN.columns, DOWN.of, descending=False)
examples = count(1)


def made(counts: list[int]) -> Select[tuple[Tag]]:
    """Tags with these counts, in an order the ids do not give away; the query that finds them."""
    name = f"example {next(examples)}"
    session.add_all(Tag(name=f"{name}: {n}", topics_count=each) for n, each in enumerate(counts))
    session.flush()
    return select(Tag).where(Tag.name.startswith(f"{name}:"))


def ids(page: Page[Tag]) -> list[int]:
    return [tag.id for tag in page.items]


@ONE_TRANSACTION
@given(
    counts=st.lists(st.integers(0, 3), max_size=23),
    size=st.integers(1, 6),
    descending=st.booleans(),
)
@example(counts=[1] * 6, size=3, descending=True)
@example(counts=[], size=1, descending=False)
def test_walking_older_and_then_newer_shows_every_row_once_each_way(
    transaction: None, counts: list[int], size: int, descending: bool
) -> None:
    query, order = made(counts), DOWN if descending else UP
    rows = sorted(session.scalars(query), key=order.of, reverse=descending)
    expected = [tag.id for tag in rows]

    page = keyset(query, order, size=size)
    assert page.newer is None
    there = [ids(page)]
    while page.older is not None:
        page = keyset(query, order, page.older, size)
        there.append(ids(page))
    assert list(chain(*there)) == expected
    assert all(len(each) == size for each in there[:-1])

    back = [ids(page)]
    while page.newer is not None:
        page = keyset(query, order, page.newer, size)
        back.append(ids(page))
    assert list(chain(*reversed(back))) == expected


@ONE_TRANSACTION
@given(
    counts=st.lists(st.integers(0, 2), min_size=1, max_size=15),
    size=st.integers(1, 4),
    way=st.lists(st.booleans(), max_size=12),
)
def test_wherever_one_wanders_a_page_is_a_stretch_of_the_list(
    transaction: None, counts: list[int], size: int, way: list[bool]
) -> None:
    query = made(counts)
    everything = [t.id for t in sorted(session.scalars(query), key=DOWN.of, reverse=True)]

    page = keyset(query, DOWN, size=size)
    for older in way:
        cursor = page.older if older else page.newer
        if cursor is None:
            continue
        page = keyset(query, DOWN, cursor, size)
        start = everything.index(ids(page)[0])
        assert ids(page) == everything[start : start + len(page.items)]
        assert (page.newer is not None) == (start > 0)
        assert (page.older is not None) == (start + len(page.items) < len(everything))


def test_a_new_row_does_not_shift_the_page_one_reads_next(transaction: None) -> None:
    query = made([5, 4, 3, 2])
    first = keyset(query, DOWN, size=2)
    [tag] = session.scalars(query.where(Tag.topics_count == 5))

    session.add(Tag(name=tag.name.replace(": 0", ": new"), topics_count=9))
    session.flush()

    assert [t.topics_count for t in keyset(query, DOWN, first.older, 2).items] == [3, 2]


def cursor_of(plain: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["t", "x"]), inner, max_size=2)
    ),
    max_leaves=4,
)


def is_ours(plain: Any) -> bool:
    """Whether somebody guessed a cursor that could be one."""
    way, key = plain if isinstance(plain, tuple) else (None, None)
    return way in {"newer", "older"} and [type(v) for v in key] == [int, int]


keys = st.tuples(st.sampled_from(["newer", "older", "x"]), st.lists(anything, max_size=3))
forged = st.text(max_size=40) | st.builds(
    cursor_of, (anything | keys).filter(lambda plain: not is_ours(plain))
)


@ONE_TRANSACTION
@given(cursor=forged)
@example(cursor=cursor_of(["older", [2**31, 1]]))
@example(cursor=cursor_of(["older", [2**70, 1]]))
@example(cursor=cursor_of(["older", [True, 1]]))
@example(cursor=cursor_of(["older", [1]]))
@example(cursor=cursor_of(["older", 1]))
@example(cursor="\udcff")
def test_a_cursor_that_is_not_ours_shows_the_first_page(transaction: None, cursor: str) -> None:
    query = made([3, 2, 1])

    page = keyset(query, DOWN, cursor, 2)

    assert ids(page) == ids(keyset(query, DOWN, size=2))


@pytest.mark.parametrize(
    "key",
    [
        [0, "2026-01-01T00:00:00+00:00", 1],
        [0, {"t": "2026-01-01T00:00:00"}, 1],
        [0, {"t": "0001-01-01T00:00:00+14:00"}, 1],
        [0, {"t": "yesterday"}, 1],
        [0, {"t": 7}, 1],
        [0, {}, 1],
        [0, None, 1],
    ],
)
def test_a_forged_instant_shows_the_first_page(house: Builders, key: list[Any]) -> None:
    asked = house.question()

    page = queries.topics(asked.asker, category=asked.category, cursor=cursor_of(["older", key]))

    assert list(page.items) == [asked]


def test_a_page_deep_in_the_list_is_one_statement(
    transaction: None, count_sql: Callable[[], Any]
) -> None:
    query = made(list(range(12)))
    page = keyset(query, DOWN, size=2)
    for _ in range(3):
        page = keyset(query, DOWN, page.older, 2)

    with count_sql() as statements:
        keyset(query, DOWN, page.older, 2)

    assert len(statements) == 1
    assert "(tags.topics_count, tags.id) < (" in statements[0]
