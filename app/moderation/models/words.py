"""The words that are watched, and the marks that newcomers' texts leave."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.db import Model, intpk

ACTIONS = ("block", "approve", "flag", "mask", "link")


class WatchedWord(Model):
    """A word or phrase that is looked for in what is about to be published, and what follows.

    `key`: its words folded, so that it is watched once. `link`: where "link" leads.
    """

    __tablename__ = "watched_words"

    id: Mapped[intpk]
    phrase: Mapped[str] = mapped_column(String(120))
    key: Mapped[str] = mapped_column(String(200), unique=True)
    action: Mapped[str] = mapped_column(String(10))
    is_exact: Mapped[bool] = mapped_column(default=False)
    link: Mapped[str] = mapped_column(String(300), default="")
    added_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id", ondelete="SET NULL"))
    added_at: Mapped[datetime] = mapped_column(default=clock.now)


class Trace(Model):
    """That a newcomer sent a text, by hashes of its groups of words; forgotten after some weeks.

    Of the hashes of a text the smallest ones are kept: a near copy shares most of them. The text
    cannot be made from them.
    """

    __tablename__ = "text_traces"
    __table_args__ = (Index("ix_text_traces_mark", "mark", "at"),)

    id: Mapped[intpk]
    # A random number for each text; all its marks carry it.
    text_key: Mapped[int]
    mark: Mapped[int]
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime] = mapped_column(default=clock.now, index=True)
