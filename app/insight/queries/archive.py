"""How soon answers came, and what was made true: from topics alone, whoever promised what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, select

from app.core.db import session
from app.ideas.models import IdeaChange
from app.topics.models import WITHDRAWN, Topic

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

# Owed an answer, in public.
ELIGIBLE = and_(
    Topic.kind != "praise",
    Topic.hidden_at.is_(None),
    Topic.merged_into_id.is_(None),
    Topic.state != WITHDRAWN,
)


def first_answer_hours(origin_prefix: str | None = None) -> list[float]:
    """Hours from opening to the first official answer, of every answered topic owed one.

    `origin_prefix` ("stackexchange") keeps only what was brought in from there.
    """
    query = select(Topic.opened_at, Topic.first_answer_at).where(
        ELIGIBLE, Topic.first_answer_at.is_not(None)
    )
    if origin_prefix is not None:
        query = query.where(Topic.origin.startswith(origin_prefix, autoescape=True))
    rows = session.execute(query.execution_options(yield_per=2000))
    return sorted((answered - opened).total_seconds() / 3600 for opened, answered in rows)


def ideas_done(limit: int = 3) -> Sequence[tuple[Topic, datetime]]:
    """The ideas made true last, and when."""
    query = (
        select(Topic, IdeaChange.at)
        .join(IdeaChange, IdeaChange.topic_id == Topic.id)
        .where(IdeaChange.after == "done", Topic.state == "done", Topic.hidden_at.is_(None))
        .order_by(IdeaChange.id.desc())
        .limit(limit)
    )
    return [(topic, at) for topic, at in session.execute(query).unique()]
