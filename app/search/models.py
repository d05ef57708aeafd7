"""What the search learns of what people look for, and the words staff gives it.

Nothing of what people look for says who they are.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import Person
from app.core import clock
from app.core.db import Model, intpk
from app.search.discretion import LONGEST


class AskedWords(Model):
    """How often the same words were asked on one day (UTC), and what came of it.

    No person, no address, no session; the words as `discretion.worth_keeping` leaves them.
    """

    __tablename__ = "asked_words"

    day: Mapped[date] = mapped_column(primary_key=True)
    words: Mapped[str] = mapped_column(String(LONGEST), primary_key=True)
    language: Mapped[str] = mapped_column(String(5), default="")
    # The category that the words themselves name, as far as they do.
    category_id: Mapped[int | None] = mapped_column(
        ForeignKey("categories.id", ondelete="SET NULL")
    )
    searched: Mapped[int] = mapped_column(default=0)
    # Searches that found no topic with all of the words.
    missed: Mapped[int] = mapped_column(default=0)
    clicked: Mapped[int] = mapped_column(default=0)
    # "This helped": a question that need not be asked.
    helped: Mapped[int] = mapped_column(default=0)
    # Asked all the same, although there were suggestions.
    asked: Mapped[int] = mapped_column(default=0)


class TopicHelp(Model):
    """How often a topic was taken up from a search on one day, and how often it helped."""

    __tablename__ = "topic_help"

    day: Mapped[date] = mapped_column(primary_key=True)
    topic_id: Mapped[int] = mapped_column(
        ForeignKey("topics.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    clicked: Mapped[int] = mapped_column(default=0)
    helped: Mapped[int] = mapped_column(default=0)


class SettledGap(Model):
    """Words that need no answer of ours, or got one: the topic that was written for them."""

    __tablename__ = "settled_gaps"

    words: Mapped[str] = mapped_column(String(LONGEST), primary_key=True)
    topic_id: Mapped[int | None] = mapped_column(
        ForeignKey("topics.id", ondelete="CASCADE"), index=True
    )
    at: Mapped[datetime] = mapped_column(default=clock.now, index=True)


class Synonyms(Model):
    """Words and phrases that mean the same, as staff wrote them: a search for one finds all."""

    __tablename__ = "synonyms"

    id: Mapped[intpk]
    words: Mapped[list[Any]]
    # None: it came with the installation.
    editor_id: Mapped[int | None] = mapped_column(ForeignKey("people.id", ondelete="SET NULL"))
    updated_at: Mapped[datetime] = mapped_column(default=clock.now)

    editor: Mapped[Person | None] = relationship(lazy="joined")
