"""Keyset pagination: page 500 costs what page 1 costs, and a new row never shifts the next page.

A cursor is the sort key of the row at the edge of the page, so a query orders by columns that are
never null and ends with the primary key.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sqlalchemy import Integer, Row, Select, func, select, tuple_

from app.core.db import UTCDateTime, session

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")
SIZE = 20
# What an INTEGER holds; PostgreSQL refuses more, whoever asks.
LARGEST = 2**31 - 1


@dataclass(frozen=True)
class Page(Generic[T]):
    """Rows in reading order, and the cursors of the pages beside this one (None: no such page)."""

    items: Sequence[T]
    newer: str | None = None
    older: str | None = None


@dataclass(frozen=True)
class Order(Generic[T]):
    """How a list is sorted: `columns` (all in one direction), and the same values of one row."""

    columns: tuple[Any, ...]
    of: Callable[[T], tuple[Any, ...]]
    descending: bool = True


def keyset(
    query: Select[tuple[T]], order: Order[T], cursor: str | None = None, size: int = SIZE
) -> Page[T]:
    """One page of `query`; a cursor that is not ours shows the first page. One statement."""
    return _page(query, order, cursor, size, lambda asked: list(session.scalars(asked).unique()))


def keyset_rows(
    query: Select[Any], order: Order[Row[Any]], cursor: str | None = None, size: int = SIZE
) -> Page[Row[Any]]:
    """The same for a query of several columns: sums, counts."""
    return _page(query, order, cursor, size, lambda asked: list(session.execute(asked)))


def count_up_to(query: Select[Any], most: int) -> int:
    """How many rows `query` finds, and `most + 1` when more: a count nobody reads costs no more."""
    few = query.order_by(None).limit(most + 1).subquery()
    return session.scalar(select(func.count()).select_from(few)) or 0


def _page(
    query: Select[Any],
    order: Order[T],
    cursor: str | None,
    size: int,
    read: Callable[[Select[Any]], list[T]],
) -> Page[T]:
    edge = _decode(cursor, order.columns)
    backwards = edge is not None and edge[0] == "newer"
    ascending = backwards == order.descending
    if edge is not None:
        key, values = tuple_(*order.columns), tuple_(*edge[1])
        query = query.where(key > values if ascending else key < values)
    columns = (c.asc() if ascending else c.desc() for c in order.columns)
    rows = read(query.order_by(None).order_by(*columns).limit(size + 1))
    more, rows = len(rows) > size, rows[:size]
    if backwards:
        rows.reverse()
    if not rows:
        return Page(rows)
    has_newer = more if backwards else edge is not None
    has_older = True if backwards else more
    return Page(
        rows,
        newer=_encode("newer", order.of(rows[0])) if has_newer else None,
        older=_encode("older", order.of(rows[-1])) if has_older else None,
    )


def _encode(way: str, values: tuple[Any, ...]) -> str:
    plain = [{"t": v.isoformat()} if isinstance(v, datetime) else v for v in values]
    text = json.dumps([way, plain], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode(cursor: str | None, columns: tuple[Any, ...]) -> tuple[str, list[Any]] | None:
    if not cursor:
        return None
    try:
        text = base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4))
        way, values = json.loads(text)
        if way not in {"newer", "older"}:
            return None
        return way, [_value(v, c) for v, c in zip(values, columns, strict=True)]
    except (ArithmeticError, AttributeError, KeyError, RecursionError, TypeError, ValueError):
        return None


def _value(value: Any, column: Any) -> Any:
    """`value` if this column could hold it: anybody may have written the cursor."""
    if isinstance(column.type, UTCDateTime):
        instant = datetime.fromisoformat(value["t"])
        if instant.tzinfo is None:
            raise ValueError(value)
        return instant.astimezone(UTC)
    if isinstance(column.type, Integer):
        if type(value) is not int or abs(value) > LARGEST:
            raise TypeError(value)
    # Half a surrogate pair and a null character are text to JSON, but to no database.
    elif "\x00" in value.encode().decode():
        raise ValueError(value)
    return value
