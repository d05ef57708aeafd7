"""Keyset pagination: page 500 costs what page 1 costs, and a new row never shifts the next page.

A cursor is the sort key of the row at the edge of the page, so a query orders by columns that are
never null and ends with the primary key.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sqlalchemy import Select, tuple_

from app.core.db import session

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")
SIZE = 20


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
    edge = _decode(cursor)
    backwards = edge is not None and edge[0] == "newer"
    ascending = backwards == order.descending
    if edge is not None and len(edge[1]) == len(order.columns):
        key, values = tuple_(*order.columns), tuple_(*edge[1])
        query = query.where(key > values if ascending else key < values)
    else:
        edge = None
    columns = (c.asc() if ascending else c.desc() for c in order.columns)
    rows = list(session.scalars(query.order_by(None).order_by(*columns).limit(size + 1)).unique())
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


def _decode(cursor: str | None) -> tuple[str, list[Any]] | None:
    if not cursor:
        return None
    try:
        text = base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4))
        way, values = json.loads(text)
        if way not in {"newer", "older"}:
            return None
        return way, [_value(v) for v in values]
    except (ValueError, TypeError, KeyError, binascii.Error, UnicodeError):
        return None


def _value(value: Any) -> Any:
    if isinstance(value, dict):
        instant = datetime.fromisoformat(value["t"])
        if instant.tzinfo is None:
            raise ValueError(value)
        return instant
    if not isinstance(value, (str, int, float, bool)):
        raise TypeError(value)
    return value
