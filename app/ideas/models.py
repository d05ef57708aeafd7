"""Changes of an idea's state, each signed and explained."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import Person
from app.core import clock
from app.core.db import Model, intpk


class IdeaChange(Model):
    """An idea went from one state to another; `note` is the public explanation (HTML beside)."""

    __tablename__ = "idea_changes"

    id: Mapped[intpk]
    topic_id: Mapped[int] = mapped_column(ForeignKey("topics.id", ondelete="CASCADE"), index=True)
    before: Mapped[str] = mapped_column(String(24))
    after: Mapped[str] = mapped_column(String(24))
    note: Mapped[str]
    note_html: Mapped[str]
    signed_by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    signed_as: Mapped[str] = mapped_column(String(120), default="")
    at: Mapped[datetime] = mapped_column(default=clock.now)

    signed_by: Mapped[Person] = relationship(lazy="joined")
