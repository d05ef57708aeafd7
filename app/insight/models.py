"""Figures as rows: counted by the worker, so that a page reads one small table."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.db import Model

# Below this many answers, a median says more about chance than about the bank.
TOO_FEW = 5


class Figures(Model):
    """The figures of the whole ("all"), a category ("category:3") or a person ("person:5").

    `eligible`: topics that are owed an answer: not praise, not hidden. `answered`: those of them
    with an official answer; `median_s`, `p90_s`: seconds from opening to the first of them. What
    was brought in from elsewhere counts here, for its instants are real.

    `due`: promises whose hour has passed or that were fulfilled before it; `kept`: those fulfilled
    in time. A cancelled promise counts in neither. `month_due`, `month_kept`: the same for promises
    due in `month` (the bank's calendar). Nothing brought in from elsewhere was ever promised.
    """

    __tablename__ = "figures"

    scope: Mapped[str] = mapped_column(String(40), primary_key=True)
    # The first topic counted.
    since: Mapped[datetime | None]
    eligible: Mapped[int] = mapped_column(default=0)
    answered: Mapped[int] = mapped_column(default=0)
    median_s: Mapped[float | None]
    p90_s: Mapped[float | None]
    due: Mapped[int] = mapped_column(default=0)
    kept: Mapped[int] = mapped_column(default=0)
    month: Mapped[str] = mapped_column(String(7), default="")
    month_due: Mapped[int] = mapped_column(default=0)
    month_kept: Mapped[int] = mapped_column(default=0)
    # The last fact that had happened when this was counted.
    fact_id: Mapped[int] = mapped_column(default=0)
    counted_at: Mapped[datetime] = mapped_column(default=clock.now)
