"""Acts of moderation, each with its reason."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import Person
from app.core import clock
from app.core.db import Model, intpk
from app.topics.models import Post, Topic


class Act(Model):
    """Somebody moved, hid, closed, merged, pinned, withdrew … or undid one of these, and why.

    Done to a topic, to a text that waited (`submission_id`) or to a person. `is_public`: whether
    the line stands in the topic's timeline. `before_id` and `after_id`: of a move, the categories;
    of a merge and what undoes it, `after_id` is the other topic. `was_owed`: an answer was owed
    when it was done. `by` is nobody where the reports of readers weighed enough.
    """

    __tablename__ = "moderation_acts"

    id: Mapped[intpk]
    topic_id: Mapped[int | None] = mapped_column(
        ForeignKey("topics.id", ondelete="CASCADE"), index=True
    )
    post_id: Mapped[int | None] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"))
    submission_id: Mapped[int | None] = mapped_column(
        ForeignKey("submissions.id", ondelete="SET NULL"), index=True
    )
    person_id: Mapped[int | None] = mapped_column(
        ForeignKey("people.id", ondelete="CASCADE"), index=True
    )
    name: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(String(300))
    is_public: Mapped[bool] = mapped_column(default=True)
    before_id: Mapped[int | None]
    after_id: Mapped[int | None]
    was_owed: Mapped[bool] = mapped_column(default=False)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    at: Mapped[datetime] = mapped_column(default=clock.now)

    by: Mapped[Person | None] = relationship(foreign_keys=[by_id], lazy="joined")
    topic: Mapped[Topic | None] = relationship()
    post: Mapped[Post | None] = relationship()
    person: Mapped[Person | None] = relationship(foreign_keys=[person_id])

    @property
    def who(self) -> str:
        """Name and post of whoever did it; "" when nobody did."""
        return ", ".join(filter(None, (self.by.name, self.by.post))) if self.by else ""
