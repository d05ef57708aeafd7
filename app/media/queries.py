"""Finding pictures."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlalchemy import JSON, String, Text, cast, func, select

from app.core.db import Model, session
from app.media.models import Image

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Column

# How a text shows a picture: `![](/media/KEY.webp)`, and the same in HTML.
_SHOWN = re.compile(r"/media/([A-Za-z0-9_-]+)")


def image(key: str) -> Image | None:
    """The picture with this key."""
    return session.scalar(select(Image).where(Image.key == key))


def uploaded_since(at: datetime, *, owner_id: int | None, guest: str | None) -> int:
    """How many pictures a person, or else a guest's browser, has uploaded since `at`."""
    whose = Image.owner_id == owner_id if owner_id is not None else Image.guest == guest
    query = select(func.count()).select_from(Image).where(whose, Image.created_at >= at)
    return session.scalar(query) or 0


def uploaded_before(at: datetime, *, after_id: int, limit: int) -> Sequence[Image]:
    """The next `limit` pictures by id that were uploaded before `at`."""
    query = select(Image).where(Image.created_at < at, Image.id > after_id)
    return session.scalars(query.order_by(Image.id).limit(limit)).all()


def unused(pictures: Sequence[Image]) -> list[Image]:
    """Those that no row points at and no text shows, not even one that was edited away.

    Every table is asked, by its columns' types, so that a new one need not be remembered here.
    """
    left = {picture.key: picture for picture in pictures}
    for column in _columns():
        if not left:
            break
        if any(key.column.table is Image.__table__ for key in column.foreign_keys):
            ids = {picture.id for picture in left.values()}
            found = set(session.scalars(select(column).where(column.in_(ids))))
            left = {key: picture for key, picture in left.items() if picture.id not in found}
        elif isinstance(column.type, Text | JSON):
            for key in _shown_in(column):
                left.pop(key, None)
    return list(left.values())


def pointed_at_by_nothing(pictures: Sequence[Image]) -> list[Image]:
    """Those that no row points at, whatever texts show them."""
    left = {picture.id: picture for picture in pictures}
    for column in _columns():
        if any(key.column.table is Image.__table__ for key in column.foreign_keys):
            for found in session.scalars(select(column).where(column.in_(left))):
                left = {id_: picture for id_, picture in left.items() if id_ != found}
    return list(left.values())


def _columns() -> Iterator[Column[object]]:
    for table in Model.metadata.sorted_tables:
        yield from table.columns


def _shown_in(column: Column[object]) -> Iterator[str]:
    text = cast(column, String)
    query = select(text).where(text.contains("/media/")).execution_options(yield_per=200)
    for found in session.scalars(query):
        yield from _SHOWN.findall(found)
