"""Reading figures, and what they are counted from."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlalchemy import and_, case, func, or_, select

from app.brand.queries import brand
from app.core import clock
from app.core.db import session
from app.core.events import Fact
from app.ideas.models import IdeaChange
from app.insight.models import Figures
from app.sla.models import Promise
from app.topics.models import Category, Topic

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from typing import Any

# Owed an answer, in public.
ELIGIBLE = and_(Topic.kind != "praise", Topic.hidden_at.is_(None))
FULFILLED = ("met", "met_late")


def figures() -> dict[str, Figures]:
    """All figures by their scope: one row for each category and person, and one for the whole."""
    return {f.scope: f for f in session.scalars(select(Figures))}


def last_fact_id() -> int:
    """The number of the last thing that happened; figures counted since are still true."""
    return session.scalar(select(func.max(Fact.id))) or 0


def this_month() -> tuple[str, datetime, datetime]:
    """The current month of the bank's calendar, its first instant and the first of the next."""
    local = clock.now().astimezone(ZoneInfo(brand().timezone))
    first = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    months = first.year * 12 + first.month
    after = first.replace(year=months // 12, month=months % 12 + 1)
    return f"{first:%Y-%m}", first, after


def eligible_topics() -> Any:
    """Category, who is responsible, and the instants of every topic that is owed an answer."""
    responsible = func.coalesce(Topic.responsible_id, Category.owner_id)
    query = (
        select(Topic.category_id, responsible, Topic.opened_at, Topic.first_answer_at)
        .join(Category, Category.id == Topic.category_id)
        .where(ELIGIBLE)
    )
    return session.execute(query.execution_options(yield_per=2000))


def promises_by_fate(month: tuple[datetime, datetime]) -> Any:
    """Promises that have come to an end, counted: category, person, in `month`, kept, how many."""
    first, after = month
    in_month = case((and_(Promise.due_at >= first, Promise.due_at < after), 1), else_=0)
    kept = case((Promise.state == "met", 1), else_=0)
    over = or_(
        Promise.state.in_((*FULFILLED, "breached")),
        # The worker has not noticed yet; the hour has passed all the same.
        and_(Promise.state == "running", Promise.due_at <= clock.now()),
    )
    columns = (Promise.category_id, Promise.accountable_id, in_month, kept)
    return session.execute(select(*columns, func.count()).where(over).group_by(*columns))


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


def percentile(values: Sequence[float], share: float) -> float | None:
    """The smallest value that at least `share` of them do not exceed; between two, their middle.

    So the median of an even number is what everybody calls it, and every other share is a value
    that was really seen (the averaged inverse of the distribution, type 2 of Hyndman and Fan).
    """
    if not values:
        return None
    ordered = sorted(values)
    # Rounded first, lest 0.9 * 10 be a hair above 9 and take the tenth.
    position = round(share * len(ordered), 9)
    rank = max(math.ceil(position), 1)
    if rank == position and rank < len(ordered):
        return (ordered[rank - 1] + ordered[rank]) / 2
    return ordered[rank - 1]


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
