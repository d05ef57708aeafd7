"""Pictures that people uploaded, re-encoded by us; the bytes lie in the media folder."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.db import Model, intpk


class Image(Model):
    """One picture. `key` is 128 random bits: its address can be neither guessed nor counted."""

    __tablename__ = "images"

    id: Mapped[intpk]
    key: Mapped[str] = mapped_column(String(40), unique=True)
    media_type: Mapped[str] = mapped_column(String(40))
    width: Mapped[int]
    height: Mapped[int]
    size: Mapped[int]
    # A 64-bit perceptual hash in hex: SQLite and PostgreSQL disagree about unsigned integers.
    looks: Mapped[str] = mapped_column(String(16))
    # A person's id, without a key: people lie above, and point here with their portraits.
    owner_id: Mapped[int | None] = mapped_column(index=True)
    guest: Mapped[str | None] = mapped_column(String(64), index=True)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)

    @property
    def url(self) -> str:
        """Where it is served: under our own origin, kept forever."""
        return f"/media/{self.key}.webp"
