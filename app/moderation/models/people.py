"""What moderation knows of people: how far they are trusted, and who is kept from what."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import Person
from app.core import clock
from app.core.db import Model, intpk


class Restraint(Model):
    """Somebody is silenced (reads, and may not write) or suspended (may not sign in), and why.

    `ends_at` None: until it is lifted. What is in force stands on the person too
    (`silenced_until`, `suspended_until`), where every request sees it.
    """

    __tablename__ = "restraints"
    __table_args__ = (
        # One of a kind at a time.
        Index(
            "uq_restraints_in_force",
            "person_id",
            "kind",
            unique=True,
            sqlite_where=text("lifted_at IS NULL"),
            postgresql_where=text("lifted_at IS NULL"),
        ),
    )

    id: Mapped[intpk]
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(String(300))
    starts_at: Mapped[datetime] = mapped_column(default=clock.now)
    ends_at: Mapped[datetime | None]
    act_id: Mapped[int] = mapped_column(ForeignKey("moderation_acts.id", ondelete="CASCADE"))
    by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    # Ended by hand; or by time, and noticed then.
    lifted_at: Mapped[datetime | None]

    person: Mapped[Person] = relationship(foreign_keys=[person_id], lazy="joined")
    by: Mapped[Person] = relationship(foreign_keys=[by_id], lazy="joined")

    @property
    def is_in_force(self) -> bool:
        """Whether it holds now."""
        return self.lifted_at is None and (self.ends_at is None or self.ends_at > clock.now())


class Trust(Model):
    """What somebody's trust is worked out from (`moderation.trust`), counted as it happens."""

    __tablename__ = "trust"

    person_id: Mapped[int] = mapped_column(
        ForeignKey("people.id", ondelete="CASCADE"), primary_key=True
    )
    # Topics and comments that appeared; texts returned; reports against them that were upheld.
    published: Mapped[int] = mapped_column(default=0)
    returned: Mapped[int] = mapped_column(default=0)
    upheld: Mapped[int] = mapped_column(default=0)
    # A moderator said so, without waiting for the figures.
    vouched_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
