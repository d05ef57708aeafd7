"""Follows, and letters as rows: written once for each event and person, then posted."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 (SQLAlchemy reads the annotation)

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import Person
from app.core import clock
from app.core.db import Model, intpk


class Follow(Model):
    """A person wants to hear what happens to a topic."""

    __tablename__ = "follows"

    topic_id: Mapped[int] = mapped_column(
        ForeignKey("topics.id", ondelete="CASCADE"), primary_key=True
    )
    person_id: Mapped[int] = mapped_column(
        ForeignKey("people.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    at: Mapped[datetime] = mapped_column(default=clock.now)


class Letter(Model):
    """One letter to one person about one fact. The unique key is what makes it one.

    `kind` names the template ("answer_published"); `address` is where it goes, for letters to
    somebody who has no account. The text is made when it is posted and is not kept.
    """

    __tablename__ = "letters"
    __table_args__ = (UniqueConstraint("fact_key", "address"),)

    id: Mapped[intpk]
    kind: Mapped[str] = mapped_column(String(40))
    # What it is about, said the same on every attempt: "AnswerPublished:7:9".
    fact_key: Mapped[str] = mapped_column(String(120))
    person_id: Mapped[int | None] = mapped_column(
        ForeignKey("people.id", ondelete="CASCADE"), index=True
    )
    address: Mapped[str] = mapped_column(String(254))
    locale: Mapped[str] = mapped_column(String(5))
    topic_id: Mapped[int | None] = mapped_column(ForeignKey("topics.id", ondelete="CASCADE"))
    post_id: Mapped[int | None] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"))
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"))
    written_at: Mapped[datetime] = mapped_column(default=clock.now)
    posted_at: Mapped[datetime | None]
    # Why it was not posted after all: "unsubscribed", "hidden", "stale".
    skipped: Mapped[str | None] = mapped_column(String(20))

    person: Mapped[Person | None] = relationship(lazy="joined")
