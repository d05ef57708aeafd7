"""Whole numbers, and spans of open time as people say them: a number and its unit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wtforms import IntegerField, StringField
from wtforms.widgets import TextInput

from app.core.i18n import _, _l
from app.sla.engine.calendars import MIDNIGHT

if TYPE_CHECKING:
    from collections.abc import Sequence

MINUTE, HOUR = 60, 3600
MINUTES, HOURS, DAYS = "minutes", "hours", "days"
UNITS = [(MINUTES, _l("minutes")), (HOURS, _l("hours")), (DAYS, _l("days"))]


class Whole(IntegerField):
    """A whole number; anything else is an error in the reader's language, and stays typed."""

    widget = TextInput()

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        text = str(valuelist[0]).strip() if valuelist else ""
        if not text:
            self.data = None
            return
        if not (text.isascii() and text.isdigit() and len(text) < 8):  # noqa: PLR2004
            self.data = None
            raise ValueError(_("A whole number, please."))
        self.data = int(text)


class Aside(StringField):
    """A number beside the form's subject: what cannot be read is nobody's error."""

    @property
    def number(self) -> int | None:
        """What was written, when it is a number."""
        text = str(self.data if self.data is not None else "").strip()
        return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else None  # noqa: PLR2004


def seconds(number: int, unit: str, day: int) -> int:
    """Open seconds of a span; `day`: how many a day of the calendar has."""
    return number * {MINUTES: MINUTE, HOURS: HOUR, DAYS: day}[unit]


def split(span: int, day: int) -> tuple[int, str]:
    """A span as people say it: 24 hours around the clock; a working day, by its opening hours."""
    least = 4 * day if day == MIDNIGHT else day
    if span >= least and span % day == 0:
        return span // day, DAYS
    if span % HOUR == 0 and span:
        return span // HOUR, HOURS
    return max(span // MINUTE, 0), MINUTES
