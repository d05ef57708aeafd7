"""Promises as rows. `topics` carries a copy of the present one, for lists."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Model, intpk


class Promise(Model):
    """One promise to one asker: the first answer, or the next after "not solved".

    `state`: running, met, met_late, breached (the due instant passed unanswered), cancelled.
    `breached_at` is the due instant, once it was broken; `detected_at`, when we noticed.
    """

    __tablename__ = "promises"
    __table_args__ = (
        UniqueConstraint("topic_id", "kind", "cycle"),
        Index("ix_promises_watch", "state", "next_action_at"),
        Index("ix_promises_figures", "category_id", "state"),
        Index("ix_promises_person_figures", "accountable_id", "state"),
        Index("ix_promises_due", "due_at"),
    )

    id: Mapped[intpk]
    topic_id: Mapped[int] = mapped_column(ForeignKey("topics.id", ondelete="CASCADE"))
    category_id: Mapped[int] = mapped_column(ForeignKey("categories.id"))
    kind: Mapped[str] = mapped_column(String(20))
    cycle: Mapped[int] = mapped_column(default=1)
    started_at: Mapped[datetime]
    target_s: Mapped[int]
    due_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(12), default="running")
    fulfilled_at: Mapped[datetime | None]
    answer_id: Mapped[int | None] = mapped_column(ForeignKey("posts.id", ondelete="SET NULL"))
    breached_at: Mapped[datetime | None]
    detected_at: Mapped[datetime | None]
    accountable_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    next_action_at: Mapped[datetime | None]
