"""Finding pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from app.core.db import session
from app.media.models import Image

if TYPE_CHECKING:
    from datetime import datetime


def image(key: str) -> Image | None:
    """The picture with this key."""
    return session.scalar(select(Image).where(Image.key == key))


def uploaded_since(at: datetime, *, owner_id: int | None, guest: str | None) -> int:
    """How many pictures a person, or else a guest's browser, has uploaded since `at`."""
    whose = Image.owner_id == owner_id if owner_id is not None else Image.guest == guest
    query = select(func.count()).select_from(Image).where(whose, Image.created_at >= at)
    return session.scalar(query) or 0
