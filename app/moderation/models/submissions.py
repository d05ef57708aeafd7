"""Texts that are read before they are published, and what their authors say against a decision."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import Person
from app.core import clock
from app.core.db import Model, intpk
from app.moderation.models.acts import Act
from app.topics.models import Category, Post, Topic

STATES = ("waiting", "returned", "published", "withdrawn")


class Submission(Model):
    """A text that waits to be read, or was: whoever sent it sees it, and moderators.

    `act`: topic, comment or edit. `fields` are the text as it was sent; `why` is [[code, detail]].
    `topic_id` and `post_id`: what it replies to or changes, and what it became. `due_at`: the hour
    promised to its author, when it asks for an answer; `turn_at` is what the queue is sorted by.
    """

    __tablename__ = "submissions"
    __table_args__ = (
        Index(
            "ix_submissions_turn",
            "turn_at",
            "id",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
        Index("ix_submissions_author", "author_id", "id"),
    )

    id: Mapped[intpk]
    author_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"))
    act: Mapped[str] = mapped_column(String(10))
    category_id: Mapped[int] = mapped_column(ForeignKey("categories.id"))
    topic_id: Mapped[int | None] = mapped_column(
        ForeignKey("topics.id", ondelete="CASCADE"), index=True
    )
    post_id: Mapped[int | None] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"))
    fields: Mapped[dict[str, Any]] = mapped_column(default=dict)
    why: Mapped[list[Any]] = mapped_column(default=list)
    sent_at: Mapped[datetime] = mapped_column(default=clock.now)
    due_at: Mapped[datetime | None]
    turn_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    # Of what became of it: one of `forms.RETURNED_FOR`, and the moderator's own words.
    reason: Mapped[str] = mapped_column(String(20), default="")
    words: Mapped[str] = mapped_column(String(300), default="")
    handled_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    handled_at: Mapped[datetime | None]
    # When the managers were told that it waits too long.
    told_at: Mapped[datetime | None]

    author: Mapped[Person] = relationship(foreign_keys=[author_id], lazy="joined")
    handled_by: Mapped[Person | None] = relationship(foreign_keys=[handled_by_id], lazy="joined")
    category: Mapped[Category] = relationship()
    topic: Mapped[Topic | None] = relationship()
    post: Mapped[Post | None] = relationship()

    @property
    def title(self) -> str:
        """What it is called in a list."""
        named = str(self.fields.get("title") or "")
        return named or (self.topic.title if self.topic is not None else "")

    @property
    def seal(self) -> str:
        """Of the words as they stand: who approves says which ones they have read."""
        said = json.dumps(self.fields, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(said.encode()).hexdigest()[:32]

    @property
    def body(self) -> str:
        """Its text, as written."""
        return str(self.fields.get("body") or "")


class Appeal(Model):
    """The author of a returned or hidden text, or somebody restrained, asks for another look. Once.

    `verdict`: "" while it waits, then "upheld" or "granted".
    """

    __tablename__ = "appeals"

    id: Mapped[intpk]
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    submission_id: Mapped[int | None] = mapped_column(
        ForeignKey("submissions.id", ondelete="CASCADE"), unique=True
    )
    act_id: Mapped[int | None] = mapped_column(
        ForeignKey("moderation_acts.id", ondelete="CASCADE"), unique=True
    )
    words: Mapped[str]
    made_at: Mapped[datetime] = mapped_column(default=clock.now)
    # Who decided what is appealed against: another one sees it, if there is one. Of what readers'
    # reports did, nobody.
    against_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    verdict: Mapped[str] = mapped_column(String(10), default="", index=True)
    answer: Mapped[str] = mapped_column(String(300), default="")
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    decided_at: Mapped[datetime | None]

    person: Mapped[Person] = relationship(foreign_keys=[person_id], lazy="joined")
    against: Mapped[Person | None] = relationship(foreign_keys=[against_id], lazy="joined")
    decided_by: Mapped[Person | None] = relationship(foreign_keys=[decided_by_id], lazy="joined")
    submission: Mapped[Submission | None] = relationship()
    act: Mapped[Act | None] = relationship()
