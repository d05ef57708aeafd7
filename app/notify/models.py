"""Follows, and letters as rows: written once for each fact and person, then posted."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import Person, Ticket
from app.core import clock
from app.core.db import Model, intpk
from app.core.events import Fact
from app.topics.models import Post, Topic

# What a person may refuse or ask for. Letters about the account itself can't be refused.
CHOICES = ("answers", "states", "comments", "duties")


class Follow(Model):
    """A person wants to hear what happens to a topic, or (`ended_at`) said that they do not.

    The row of somebody who declined stays, so that nothing makes them follow again by itself.
    """

    __tablename__ = "follows"
    __table_args__ = (Index("ix_follows_person_latest", "person_id", "at", "topic_id"),)

    topic_id: Mapped[int] = mapped_column(
        ForeignKey("topics.id", ondelete="CASCADE"), primary_key=True
    )
    person_id: Mapped[int] = mapped_column(
        ForeignKey("people.id", ondelete="CASCADE"), primary_key=True
    )
    at: Mapped[datetime] = mapped_column(default=clock.now)
    ended_at: Mapped[datetime | None]

    topic: Mapped[Topic] = relationship(lazy="joined")


class Letter(Model):
    """One letter to one person about one fact. The unique key is what makes it one.

    `kind` names the template ("answer"); `address` is where it goes, for letters to somebody who
    has no account. The text is made when it is posted and is not kept.
    """

    __tablename__ = "letters"
    __table_args__ = (UniqueConstraint("fact_id", "address"),)

    id: Mapped[intpk]
    kind: Mapped[str] = mapped_column(String(40))
    fact_id: Mapped[int] = mapped_column(ForeignKey("facts.id", ondelete="CASCADE"))
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
    # Why it was not posted after all: "unsubscribed", "hidden", "stale", "gone".
    skipped: Mapped[str | None] = mapped_column(String(20))

    fact: Mapped[Fact] = relationship(innerjoin=True)
    person: Mapped[Person | None] = relationship(lazy="joined")
    topic: Mapped[Topic | None] = relationship()
    post: Mapped[Post | None] = relationship()
    ticket: Mapped[Ticket | None] = relationship()
