"""Promises as rows, made directly: figures are counted from rows, whoever wrote them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from app.core.db import session
from app.sla.models import Promise

if TYPE_CHECKING:
    from app.topics.models import Category, Topic
    from tests.builders import Builders

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text + "+00:00")


def promised(
    house: Builders,
    category: Category,
    started: datetime,
    *,
    took: timedelta | None = None,
    topic: Topic | None = None,
    **fields: Any,
) -> Promise:
    """A first answer promised within a day, given after `took` (not yet, when None)."""
    # Praise: its topic has no clock of its own.
    topic = topic or house.praise(category=category, at=started)
    due = started + DAY
    made = Promise(
        topic_id=topic.id,
        category_id=category.id,
        kind="first_answer",
        started_at=started,
        target_s=24 * 3600,
        due_at=due,
        accountable_id=category.owner_id,
    )
    if took is not None:
        late = max(took - DAY, timedelta(0)).total_seconds()
        made.state = "met_late" if late else "met"
        made.fulfilled_at = made.ended_at = started + took
        made.took_s = took.total_seconds()
        made.breached_at = due if late else None
        made.overdue_s = made.overdue_wall_s = late
    for name, value in fields.items():
        setattr(made, name, value)
    session.add(made)
    session.flush()
    return made
