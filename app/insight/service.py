"""Counting: the only thing insight writes is its own table."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.core import clock
from app.core.db import session
from app.insight import queries
from app.insight.models import Figures

if TYPE_CHECKING:
    from datetime import datetime


@dataclass
class _Count:
    since: datetime | None = None
    eligible: int = 0
    seconds: list[float] = field(default_factory=list)
    due: int = 0
    kept: int = 0
    month_due: int = 0
    month_kept: int = 0


def count_if_stale() -> bool:
    """Count anew when anything happened since, or a month began; whether it was counted."""
    # Locked: of several workers one counts, and the others find that it has.
    known = session.get(Figures, "all", with_for_update=True, populate_existing=True)
    fresh = known is not None and known.fact_id == queries.last_fact_id()
    if fresh and known is not None and known.month == queries.this_month()[0]:
        return False
    count()
    return True


def count() -> None:
    """Count everything and write the figures down, in this transaction."""
    fact_id, at = queries.last_fact_id(), clock.now()
    month, first, after = queries.this_month()
    counts: defaultdict[str, _Count] = defaultdict(_Count, {"all": _Count()})
    _count_topics(counts)
    _count_promises(counts, (first, after))
    known = queries.figures()
    for scope in known.keys() - counts.keys():
        session.delete(known[scope])
    for scope, c in counts.items():
        row = known.get(scope) or Figures(scope=scope)
        session.add(row)
        row.since, row.eligible, row.answered = c.since, c.eligible, len(c.seconds)
        row.median_s = queries.percentile(c.seconds, 0.5)
        row.p90_s = queries.percentile(c.seconds, 0.9)
        row.due, row.kept = c.due, c.kept
        row.month, row.month_due, row.month_kept = month, c.month_due, c.month_kept
        row.fact_id, row.counted_at = fact_id, at
    session.flush()


def _count_topics(counts: defaultdict[str, _Count]) -> None:
    for category_id, person_id, opened_at, answered_at in queries.eligible_topics():
        for scope in ("all", f"category:{category_id}", f"person:{person_id}"):
            counted = counts[scope]
            counted.eligible += 1
            counted.since = min(counted.since or opened_at, opened_at)
            if answered_at is not None:
                counted.seconds.append((answered_at - opened_at).total_seconds())


def _count_promises(counts: defaultdict[str, _Count], month: tuple[datetime, datetime]) -> None:
    for category_id, person_id, in_month, kept, number in queries.promises_by_fate(month):
        for scope in ("all", f"category:{category_id}", f"person:{person_id}"):
            counted = counts[scope]
            counted.due += number
            counted.kept += number * kept
            counted.month_due += number * in_month
            counted.month_kept += number * in_month * kept
