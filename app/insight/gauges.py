"""What the machine room watches, each a number asked of the database when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from app.core import clock, deliveries, heartbeat
from app.core.db import session
from app.search.service import keeping as search
from app.sla.models import Promise
from app.sla.queries import board, promises

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime


def gauges() -> Iterator[tuple[str, str, float | None]]:
    """Each as (name, meaning, value); None is what nobody knows yet."""
    yield "deliveries_waiting", "Reactions still to run.", deliveries.count("pending")
    yield "deliveries_dead", "Reactions given up after ten attempts.", deliveries.count("dead")
    yield (
        "deliveries_oldest_seconds",
        "How long the longest-waiting reaction is due.",
        max(0.0, _since(deliveries.oldest_pending()) or 0.0),
    )
    yield "promises_overdue", "Promises owed after their time.", _overdue()
    index = search.standing()
    yield "search_waiting", "Topics the index has not been told of yet.", index.waiting
    yield "search_lag_seconds", "Since somebody looked what to tell it.", _since(index.looked_at)
    yield "worker_beat_seconds", "Since the worker's last beat.", _since(heartbeat.last_beat())
    last = promises.last_tick()
    yield (
        "scheduler_round_seconds",
        "Since the scheduler of promises last went its rounds.",
        _since(last.at if last else None),
    )


def _overdue() -> int:
    """The board's lanes "broken" together: news in pause and paused promises are none of them."""
    broken = (Promise.state != "paused", Promise.pauses == "", Promise.due_at < clock.now())
    query = select(func.count()).select_from(Promise).where(board.owed(), *broken)
    return session.scalar(query) or 0


def _since(at: datetime | None) -> float | None:
    return (clock.now() - at).total_seconds() if at is not None else None
