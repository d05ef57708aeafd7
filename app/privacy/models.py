"""Exports asked for, erasures with their acts, and legal holds."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import Person
from app.core import clock
from app.core.db import Model, intpk

# Why somebody is erased: their own request here, or one that came another way.
BASES = ("own_request", "letter", "consent_withdrawn", "not_needed", "unlawful", "order")


class Export(Model):
    """Everything about a person, asked for by them. `key` names its file: nobody can guess it."""

    __tablename__ = "exports"
    __table_args__ = (Index("ix_exports_person_id", "person_id", "asked_at"),)

    id: Mapped[intpk]
    key: Mapped[str] = mapped_column(String(40), unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"))
    locale: Mapped[str] = mapped_column(String(5))
    asked_at: Mapped[datetime] = mapped_column(default=clock.now)
    made_at: Mapped[datetime | None]
    # When its file was deleted.
    gone_at: Mapped[datetime | None]
    size: Mapped[int] = mapped_column(default=0)

    person: Mapped[Person] = relationship(lazy="joined")


class Erasure(Model):
    """Somebody is to be erased at `due_at`, or was; then `act` says what was destroyed.

    `words`: what they wrote too. `reference`: the number and day of the paper that asked for it.
    `key` is the same in the ledger outside the database. `reapplied_at`: the database came back
    from a backup older than this, and was brought up to it.
    """

    __tablename__ = "erasures"

    id: Mapped[intpk]
    key: Mapped[str] = mapped_column(String(32), unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    words: Mapped[bool]
    basis: Mapped[str] = mapped_column(String(20))
    reference: Mapped[str] = mapped_column(String(120), default="")
    asked_at: Mapped[datetime] = mapped_column(default=clock.now)
    asked_by_id: Mapped[int | None]
    due_at: Mapped[datetime]
    cancelled_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    reapplied_at: Mapped[datetime | None]
    act: Mapped[dict[str, Any]] = mapped_column(default=dict)

    person: Mapped[Person] = relationship(lazy="joined")

    @property
    def number(self) -> str:
        """What the act is called on paper."""
        return f"{self.asked_at:%Y}-{self.id:06d}"

    @property
    def is_waiting(self) -> bool:
        """Whether it is still to be done."""
        return self.done_at is None and self.cancelled_at is None


class Hold(Model):
    """A law or a dispute forbids to delete what is kept of somebody, until it is lifted."""

    __tablename__ = "legal_holds"

    id: Mapped[intpk]
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    reason: Mapped[str] = mapped_column(String(300))
    review_on: Mapped[date] = mapped_column(Date)
    placed_by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    placed_at: Mapped[datetime] = mapped_column(default=clock.now)
    lifted_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    lifted_at: Mapped[datetime | None]

    person: Mapped[Person] = relationship(foreign_keys=[person_id], lazy="joined")
    placed_by: Mapped[Person] = relationship(foreign_keys=[placed_by_id])
