"""Promises whose rows do not say how long their clock has run: their topics are played again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from app.sla.engine.promises import evaluate
from app.sla.queries import promises

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from app.sla.engine.promises import Outcome

# So many topics at a time: a statement takes only so many ids, and memory only so many events.
AT_ONCE = 1000


class Spans(NamedTuple):
    """Seconds of one promise: how long it ran in open time, and how long it is overdue."""

    ran_s: float
    overdue_s: float
    overdue_wall_s: float


def spans_on(topic_ids: Iterable[int], now: datetime) -> dict[tuple[int, str, int], Spans]:
    """The spans of every promise of these topics at an instant, by topic, kind and cycle."""
    ids = sorted(set(topic_ids))
    return {
        (topic_id, outcome.kind, outcome.cycle): _spans(outcome)
        for start in range(0, len(ids), AT_ONCE)
        for topic_id, told in promises.clock_events(ids[start : start + AT_ONCE]).items()
        for outcome in evaluate(promises.as_engine_reads(told), now)
    }


def _spans(outcome: Outcome) -> Spans:
    ran = (p.calendar.between(p.start, p.end) for p in outcome.periods if p.kind != "paused")
    return Spans(
        sum(ran, timedelta(0)).total_seconds(),
        outcome.overdue.total_seconds(),
        outcome.overdue_wall.total_seconds(),
    )
