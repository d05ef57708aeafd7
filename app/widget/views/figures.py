"""How the widget is used: by site and page, without saying who."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from flask import Response, render_template, request

from app.core import clock, retention
from app.core.i18n import _, _l
from app.core.sheets import csv_of
from app.widget import queries
from app.widget.views import door

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from flask.typing import ResponseReturnValue

    from app.widget.models import Site

MAY: Final = "widget.see_figures"
PERIODS: Final[dict[str, tuple[Any, int]]] = {
    "7": (_l("The last 7 days"), 7),
    "30": (_l("The last 30 days"), 30),
    "90": (_l("The last 90 days"), 90),
}
USUAL: Final = "30"
PAGES_SHOWN: Final = 50
COUNTS: Final = ("opened", "searched", "helped", "asked")


@door.get("/manage/sites/figures", may=MAY)
def figures() -> ResponseReturnValue:
    """Opened, searched, helped without a question, asked."""
    sites = queries.sites()
    days, since, site = _asked(sites)
    counted = {row.site_id: row for row in queries.uses_by_site(since)}
    of_these = [row for row in counted.values() if site is None or row.site_id == site.id]
    pages = queries.uses_by_page(since, site.id if site else None, PAGES_SHOWN + 1)
    return render_template(
        "widget/figures.html",
        sites=sites,
        site=site,
        names={each.id: each.name for each in sites},
        by_site=counted,
        whole={name: sum(getattr(row, name) for row in of_these) for name in COUNTS},
        pages=pages[:PAGES_SHOWN],
        has_more=len(pages) > PAGES_SHOWN,
        days=days,
        periods=[(key, words) for key, (words, _days) in PERIODS.items()],
        kept_for=retention.days("widget_uses"),
    )


@door.get("/manage/sites/figures.csv", may=MAY)
def figures_table() -> ResponseReturnValue:
    """The same as comma-separated values, every page."""
    sites = queries.sites()
    _days, since, site = _asked(sites)
    names = {each.id: each.name for each in sites}
    rows = (
        (names[row.site_id], row.page, *(getattr(row, name) for name in COUNTS))
        for row in queries.uses_by_page(since, site.id if site else None)
    )
    columns = (_("Site"), _("Page"), _("Opened"), _("Searched"), _("Helped"), _("Asked"))
    answer = Response(csv_of(columns, rows), mimetype="text/csv")
    answer.headers["Content-Disposition"] = "attachment; filename=widget.csv"
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _asked(sites: Sequence[Site]) -> tuple[str, date, Site | None]:
    """The period by its name and first day, and the one site that is asked for."""
    days = request.args.get("days", USUAL)
    days = days if days in PERIODS else USUAL
    since = clock.now().date() - timedelta(days=PERIODS[days][1] - 1)
    named = request.args.get("site", "")
    return days, since, next((each for each in sites if str(each.id) == named), None)
