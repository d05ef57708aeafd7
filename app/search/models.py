"""What the search is told by staff."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import Person
from app.core import clock
from app.core.db import Model, intpk


class Synonyms(Model):
    """Words and phrases that mean the same, as staff wrote them: a search for one finds all."""

    __tablename__ = "synonyms"

    id: Mapped[intpk]
    words: Mapped[list[Any]]
    # None: it came with the installation.
    editor_id: Mapped[int | None] = mapped_column(ForeignKey("people.id", ondelete="SET NULL"))
    updated_at: Mapped[datetime] = mapped_column(default=clock.now)

    editor: Mapped[Person | None] = relationship(lazy="joined")
