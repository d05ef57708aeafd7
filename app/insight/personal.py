"""What the figures hold: counts. Of readers too, and not who they were."""

from app.core import retention
from app.core.i18n import _l
from app.core.personal import NOBODY, holds
from app.insight.models import SiteVisits, TopicVisits

KEPT_DAYS = 400

retention.keep(
    "visits",
    KEPT_DAYS,
    _l("How often pages were read on each day"),
    retention.Rows(SiteVisits, lambda until: SiteVisits.day < until.date()),
    retention.Rows(TopicVisits, lambda until: TopicVisits.day < until.date()),
)

holds(
    "insight",
    {
        "figures.counted": NOBODY,
        "site_visits.sketch": NOBODY,
        "topic_visits.sketch": NOBODY,
    },
)
