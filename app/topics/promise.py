"""How a topic's promise stands at an instant: a pure function of its columns.

What is promised to whom is the knowledge of `sla`; this only reads the columns it keeps true, so
that every list, page, letter and card says the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from app.core import clock, pagecache

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from app.topics.models import Post, Topic

    Foretell = Callable[[int, datetime], datetime | None]


@dataclass(frozen=True)
class Standing:
    """`state`: none, waiting, at_risk, paused, overdue, answered or met_late.

    `left`: the share of time left, 1 at the start and 0 from the due instant on. `took`: from the
    promise to its fulfilment. `late`: past the due instant, until fulfilment or now.
    """

    state: str
    left: float = 0.0
    took: timedelta | None = None
    late: timedelta = timedelta(0)


def standing(topic: Topic, at: datetime | None = None) -> Standing:
    """How the promise stands at `at` (now, when not given)."""
    started, due, kept = topic.promised_at, topic.due_at, topic.kept_at
    if started is None:
        return Standing("none")
    if kept is not None:
        late = max(kept - due, timedelta(0)) if due is not None else timedelta(0)
        return Standing("met_late" if late else "answered", 1.0, kept - started, late)
    if due is None:
        return Standing("paused" if topic.paused_for else "none")
    if not topic.is_awaiting and topic.paused_for is None:
        return Standing("none")
    return running(started, due, topic.at_risk_at, at)


def running(
    started_at: datetime,
    due_at: datetime,
    at_risk_at: datetime | None = None,
    at: datetime | None = None,
) -> Standing:
    """How a promise stands at `at` that is not fulfilled."""
    at = at or clock.now()
    for turn in (due_at, at_risk_at):
        if turn is not None:
            pagecache.until(turn)
    if at > due_at:
        return Standing("overdue", 0.0, None, at - due_at)
    whole = (due_at - started_at).total_seconds()
    left = min((due_at - at).total_seconds() / whole if whole > 0 else 0.0, 1.0)
    at_risk = at_risk_at is not None and at >= at_risk_at
    return Standing("at_risk" if at_risk else "waiting", left)


@dataclass(frozen=True)
class Timing:
    """How an official answer stands to the promise it kept; `took` is None when it kept none."""

    state: str = "none"
    took: timedelta | None = None
    late: timedelta | None = None


def timing(topic: Topic, post: Post, stands: Standing) -> Timing:
    """How an official answer stands to the promise; to an older one, only how long it took."""
    if post.published_at == topic.kept_at and stands.state in {"answered", "met_late"}:
        return Timing(stands.state, stands.took, stands.late or None)
    if post.published_at == topic.first_answer_at:
        return Timing("none", post.published_at - topic.opened_at)
    return Timing()


def steady_for(topic: Topic, at: datetime | None = None) -> timedelta | None:
    """How long what a page says of the promise stays true; None when nothing is running out.

    Whatever is kept of a page must not outlive it: "2 h left" after the breach is a public lie.
    """
    at = at or clock.now()
    if not topic.is_awaiting:
        return None
    turns = [turn for turn in (topic.at_risk_at, topic.due_at) if turn is not None and turn > at]
    return min(turns) - at if turns else None


def _nobody_knows(_category_id: int, _at: datetime) -> datetime | None:
    return None


_foretellers: list[Foretell] = [_nobody_knows]


def foreteller(foretell: Foretell) -> Foretell:
    """Let `foretell(category_id, at)` say by when what is asked at an instant would be answered."""
    _foretellers.append(foretell)
    return foretell


def foretold(category_id: int, at: datetime) -> datetime | None:
    """By when an answer would be owed to what is asked there at `at`; None when nobody knows."""
    return _foretellers[-1](category_id, at)
