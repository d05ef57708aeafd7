"""What templates need to say who answers today, in every slice."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from flask import g

from app.brand.queries import brand
from app.core.i18n import day, is_zone, locale_code, speaking, when
from app.topics import answering
from app.topics.views import door

if TYPE_CHECKING:
    from app.topics.answering import ActingPerson

door.add_app_template_global(answering.answers_today, "answers_today")
door.add_app_template_global(answering.face_of, "face_of")


@door.app_template_filter("until_day")
def until_day(today: ActingPerson) -> str:
    """The day on which somebody else answers again, by the clock of whoever is away.

    A day begins at their midnight: to a reader further west it would still be the day before.
    """
    away = today.instead_of
    if today.until is None or away is None:
        return ""
    zone = away.timezone if away.timezone and is_zone(away.timezone) else _bank_zone()
    with speaking(locale_code(), zone):
        local = today.until.astimezone(ZoneInfo(zone))
        return day(today.until) if (local.hour, local.minute) == (0, 0) else when(today.until)


def _bank_zone() -> str:
    # One statement a page, however many people on it are away.
    if "bank_zone" not in g:
        g.bank_zone = brand().timezone
    return str(g.bank_zone)
