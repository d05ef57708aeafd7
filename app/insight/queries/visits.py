"""How often pages were read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from app.core import clock
from app.core.db import session
from app.insight.models import SiteVisits, TopicViews, TopicVisits
from app.topics import queries as topics

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from app.core.policy import Actor
    from app.topics.models import Topic

DAYS, WEEK, MOST_READ = 30, 7, 20


@dataclass(frozen=True)
class Day:
    """One day (UTC) of the whole site; `share` of the busiest one shown, of 100."""

    day: date
    views: int
    visitors: int
    share: int


def views(topic: Topic) -> int:
    """How often a topic was ever read, as far as that is written down by now."""
    return session.scalar(select(TopicViews.views).where(TopicViews.topic_id == topic.id)) or 0


def by_day() -> list[Day]:
    """The last thirty days, the latest first; those on which nobody came, too."""
    today = clock.now().date()
    first = today - timedelta(days=DAYS - 1)
    rows = session.scalars(select(SiteVisits).where(SiteVisits.day >= first))
    known = {row.day: row for row in rows}
    most = max((row.views for row in known.values()), default=0)
    days = [today - timedelta(days=back) for back in range(DAYS)]
    return [
        Day(day, row.views, row.visitors, round(100 * row.views / most) if most else 0)
        if (row := known.get(day))
        else Day(day, 0, 0, 0)
        for day in days
    ]


def most_read(actor: Actor) -> Sequence[tuple[Topic, int]]:
    """What was read most in the last seven days, of what this actor may read."""
    since = clock.now().date() - timedelta(days=WEEK - 1)
    times = func.sum(TopicVisits.views)
    query = (
        select(TopicVisits.topic_id, times)
        .where(TopicVisits.day >= since)
        .group_by(TopicVisits.topic_id)
        .order_by(times.desc(), TopicVisits.topic_id.desc())
        .limit(MOST_READ)
    )
    read = dict(session.execute(query).tuples().all())
    there = topics.topics_by_id(actor, read)
    return [(there[i], int(number)) for i, number in read.items() if i in there]
