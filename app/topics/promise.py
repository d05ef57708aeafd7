"""How a topic's promise stands at an instant: a pure function of its columns.

What is promised to whom is the knowledge of `sla`; this only reads the columns it keeps true, so
that every list, page, letter and card says the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from app.core import clock

if TYPE_CHECKING:
    from datetime import datetime

    from app.topics.models import Topic

# The last fifth of the time is "at risk".
AT_RISK = 0.8


@dataclass(frozen=True)
class Standing:
    """`state`: none, waiting, at_risk, overdue, answered or met_late.

    `left`: the share of time left, 1 at the start and 0 from the due instant on. `took`: from the
    promise to its fulfilment. `late`: past the due instant, until fulfilment or now.
    """

    state: str
    left: float = 0.0
    took: timedelta | None = None
    late: timedelta = timedelta(0)


def standing(topic: Topic, at: datetime | None = None) -> Standing:
    """How the promise stands at `at` (now, when not given)."""
    if topic.promised_at is None or topic.due_at is None:
        return Standing("none")
    if topic.kept_at is not None:
        took = topic.kept_at - topic.promised_at
        late = max(topic.kept_at - topic.due_at, timedelta(0))
        return Standing("met_late" if late else "answered", 1.0, took, late)
    if not topic.is_awaiting:
        return Standing("none")
    return running(topic.promised_at, topic.due_at, at)


def running(started_at: datetime, due_at: datetime, at: datetime | None = None) -> Standing:
    """How a promise stands at `at` that is not fulfilled."""
    at = at or clock.now()
    if at > due_at:
        return Standing("overdue", 0.0, None, at - due_at)
    whole = (due_at - started_at).total_seconds()
    left = (due_at - at).total_seconds() / whole if whole > 0 else 0.0
    return Standing("at_risk" if left <= 1 - AT_RISK else "waiting", min(left, 1.0))
