"""What the figures of a month leave out, and why: nobody improves them by removing questions."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from flask import render_template, request

from app.brand.queries import brand
from app.core import clock
from app.core.i18n import _l
from app.core.web import current_actor
from app.moderation import queries
from app.moderation.views import door
from app.moderation.views.acts import SIGNS, worded

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

# No bank asked anything here before.
FIRST_YEAR = 2000
# In the order of how much they are to be looked at.
SORTS = {
    "spam": _l("Spam"),
    "hide": _l("Hidden"),
    "close": _l("Closed before it was answered"),
    "merge": _l("Merged"),
    "withdraw": _l("Withdrawn by the asker"),
}


@door.get("/manage/excluded", may="moderation.oversee")
def excluded() -> ResponseReturnValue:
    """Everything that is left out since a day of this month or another, by whom and why."""
    first = _asked_month()
    after, before = _month_from(first, 1), _month_from(first, -1)
    page = queries.excluded(first, after, request.args.get("cursor"))
    titles = queries.titles(page.items, current_actor())
    counts = queries.excluded_counts(first, after)
    return render_template(
        "moderation/excluded.html",
        page=page,
        told=[(act, worded(act, {}, titles)) for act in page.items],
        signs=SIGNS,
        counts=[(name, words, counts.get(name, 0)) for name, words in SORTS.items()],
        month=first.date(),
        before=before,
        after=after if after <= clock.now() else None,
    )


def _asked_month() -> datetime:
    """The first instant of the month in the address, else of this one, by the bank's calendar."""
    present = clock.now().astimezone(ZoneInfo(brand().timezone))
    try:
        asked = datetime.strptime(request.args.get("month", ""), "%Y-%m").replace(
            tzinfo=present.tzinfo
        )
    except ValueError:
        asked = present
    if not FIRST_YEAR <= asked.year <= present.year:
        asked = present
    return asked.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _month_from(first: datetime, step: int) -> datetime:
    months = first.year * 12 + first.month - 1 + step
    return first.replace(year=months // 12, month=months % 12 + 1)
