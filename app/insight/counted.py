"""What insight stores of how often topics were read: never less than the days say that are known.

Figures are counted anew by the worker, and promises are proved by `flask sla verify`.
"""

from sqlalchemy import func, select

from app.core.counters import counted
from app.insight.models import TopicViews, TopicVisits

counted(
    TopicViews.views,
    select(func.coalesce(func.sum(TopicVisits.views), 0)).where(
        TopicVisits.topic_id == TopicViews.topic_id
    ),
    at_least=True,
)
