"""What was counted, as rows: figures by the worker, reading by the web processes."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.db import Model


class Figures(Model):
    """What was counted of the whole ("all"), a category ("category:3") or a person ("person:5").

    A row for each `period` (see `measures.PERIODS`), of the promises that fell due in it; `begins`
    is its first instant, None for all time. A promise is in the figures of the executive in whose
    name it was given. `counted`: a `measures.Measures` as JSON.
    """

    __tablename__ = "figures"

    scope: Mapped[str] = mapped_column(String(40), primary_key=True)
    period: Mapped[str] = mapped_column(String(12), primary_key=True)
    begins: Mapped[datetime | None]
    counted: Mapped[dict[str, Any]]
    # The last fact that had happened when this was counted, and how long counting took.
    fact_id: Mapped[int] = mapped_column(default=0)
    took_s: Mapped[float] = mapped_column(default=0.0)
    counted_at: Mapped[datetime] = mapped_column(default=clock.now)


class SiteVisits(Model):
    """How often pages were read on a day (UTC), and by about how many; see `visits`.

    `sketch` is what the number of visitors is estimated from, until the day is over.
    """

    __tablename__ = "site_visits"

    day: Mapped[date] = mapped_column(primary_key=True)
    views: Mapped[int] = mapped_column(default=0)
    visitors: Mapped[int] = mapped_column(default=0)
    sketch: Mapped[bytes | None]


class TopicVisits(Model):
    """The same of one topic."""

    __tablename__ = "topic_visits"

    day: Mapped[date] = mapped_column(primary_key=True)
    topic_id: Mapped[int] = mapped_column(
        ForeignKey("topics.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    views: Mapped[int] = mapped_column(default=0)
    visitors: Mapped[int] = mapped_column(default=0)
    sketch: Mapped[bytes | None]


class TopicViews(Model):
    """How often a topic was ever read, also on days that are forgotten."""

    __tablename__ = "topic_views"

    topic_id: Mapped[int] = mapped_column(
        ForeignKey("topics.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    views: Mapped[int] = mapped_column(default=0)
