"""What readers, and the house itself, think should be looked at."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import Person
from app.core import clock
from app.core.db import Model, intpk
from app.topics.models import Post, Topic

REASONS = ("personal_data", "insult", "spam", "off_topic", "dangerous", "other")
# The house itself: a watched word, or what looked like spam and was published all the same.
OWN_REASONS = ("watched", "signals")
STATES = ("open", "agreed", "disagreed", "ignored")


class Report(Model):
    """Somebody thinks that a topic or a post should be looked at; with no reporter, the house does.

    `about`: "topic:7" or "post:9", so that one person says it once. `weight`: how much it counts,
    by who made it and on that day (`moderation.trust`).
    """

    __tablename__ = "reports"
    __table_args__ = (
        UniqueConstraint("about", "reporter_id"),
        Index("ix_reports_open", "state", "about"),
    )

    id: Mapped[intpk]
    about: Mapped[str] = mapped_column(String(40))
    topic_id: Mapped[int] = mapped_column(ForeignKey("topics.id", ondelete="CASCADE"), index=True)
    post_id: Mapped[int | None] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"))
    reporter_id: Mapped[int | None] = mapped_column(
        ForeignKey("people.id", ondelete="CASCADE"), index=True
    )
    reason: Mapped[str] = mapped_column(String(20))
    words: Mapped[str] = mapped_column(String(500), default="")
    weight: Mapped[int] = mapped_column(default=0)
    is_newcomers: Mapped[bool] = mapped_column(default=False)
    state: Mapped[str] = mapped_column(String(12), default="open")
    at: Mapped[datetime] = mapped_column(default=clock.now)
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id", ondelete="SET NULL"))
    decided_at: Mapped[datetime | None]

    reporter: Mapped[Person | None] = relationship(foreign_keys=[reporter_id], lazy="joined")
    topic: Mapped[Topic] = relationship()
    post: Mapped[Post | None] = relationship()
