"""The demo bank's own site, which carries the widget, and how it was used there."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from app.core.db import session
from app.widget.models import Use
from app.widget.service import sites

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from app.accounts.models import Person
    from app.topics.models import Category

DAYS = 30
SATURDAY = 5
COUNTS = ("opened", "searched", "helped", "asked")


def put_up(
    told: Mapping[str, Any], by: Person, categories: Mapping[str, Category], until: date
) -> None:
    """Register the sites of the story; each was used until that day."""
    for each in told["site"]:
        said = sites.Said(
            each["name"],
            tuple(each["origins"]),
            each["issuer"],
            categories[each["category"]].id,
            tuple((prefix, categories[slug].id) for prefix, slug in each["places"].items()),
        )
        site = sites.register(by, said)
        # Its pages are files: they must know the key beforehand.
        site.key = each["key"]
        days = [until - timedelta(days=n) for n in range(DAYS)]
        session.add_all(_use(site.id, day, used) for day in days for used in each["uses"])
    session.flush()


def _use(site_id: int, day: date, used: Mapping[str, Any]) -> Use:
    share = 2 if day.weekday() >= SATURDAY else 1
    counts = {name: used[name] // share for name in COUNTS}
    return Use(site_id=site_id, day=day, page=used["page"], **counts)
