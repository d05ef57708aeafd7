"""Holidays drawn into the special days of a calendar's form, to be seen before they are kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.core.i18n import _, country_name, ngettext
from app.sla import holidays
from app.sla.forms.hours import SpecialDay

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from app.sla.engine.calendars import Hours

HOUR = 3600
# Where holidays exist in law and are suspended, so that an empty list is no mistake.
SUSPENDED = {"UA"}


@dataclass(frozen=True)
class Filled:
    """The special days after drawing, what there is to say about them, and what to be warned of."""

    days: list[SpecialDay]
    source: str
    horizon: date | None
    notes: list[str]
    warnings: list[str]


def fill(
    drawn: holidays.Drawn,
    week: Sequence[tuple[Hours, ...]],
    had: Sequence[SpecialDay],
    *,
    shorter: bool,
) -> Filled:
    """The drawn days among those that were there; `shorter`: an hour less before holidays (RU).

    A working day of a weekend has the hours of the day off it was exchanged for.
    """
    new = {day: SpecialDay(day, (), name[:120]) for day, name in drawn.closed.items()}
    for day, instead in drawn.worked.items():
        hours = week[instead.weekday()] if instead else ()
        hours = hours or next((h for h in reversed(week) if h), ())
        if shorter and instead and holidays.is_before_russian_holiday(instead):
            hours = _an_hour_less(hours)
        new[day] = SpecialDay(day, hours, _("Working day moved here"))
    if shorter:
        new |= _eves(drawn, week, new)
    kept = [day for day in had if day.day not in new]
    doubtful = [day for day in kept if day.day.year in drawn.years]
    horizon = drawn.horizon
    return Filled(
        sorted([*new.values(), *kept], key=lambda each: each.day),
        drawn.source,
        horizon,
        _notes(new, drawn),
        _warnings(drawn, doubtful),
    )


def _eves(
    drawn: holidays.Drawn,
    week: Sequence[tuple[Hours, ...]],
    new: dict[date, SpecialDay],
) -> dict[date, SpecialDay]:
    """The working days before public holidays, each an hour shorter."""
    found = {}
    for holiday in drawn.closed:
        eve = holiday - holidays.DAY
        if eve in new or eve.year not in drawn.years:
            continue
        hours = week[eve.weekday()]
        if hours and holidays.is_before_russian_holiday(eve):
            found[eve] = SpecialDay(
                eve, _an_hour_less(hours), _("An hour shorter before the holiday")
            )
    return found


def _an_hour_less(hours: tuple[Hours, ...]) -> tuple[Hours, ...]:
    """Without the last open hour of the day."""
    left, cut = list(hours), HOUR
    while left and cut:
        opens, closes = left.pop()
        taken = min(cut, closes - opens)
        cut -= taken
        if closes - taken > opens:
            left.append((opens, closes - taken))
    return tuple(left)


def _notes(new: dict[date, SpecialDay], drawn: holidays.Drawn) -> list[str]:
    closed = sum(not day.hours for day in new.values())
    shorter = len(new) - closed - len(drawn.worked)
    told = [ngettext("%(num)d closed day", "%(num)d closed days", closed)]
    if drawn.worked:
        number = len(drawn.worked)
        told.append(
            ngettext("%(num)d working day on a weekend", "%(num)d working days on weekends", number)
        )
    if shorter:
        told.append(ngettext("%(num)d shorter day", "%(num)d shorter days", shorter))
    return told


def _warnings(drawn: holidays.Drawn, doubtful: Sequence[SpecialDay]) -> list[str]:
    told = []
    if drawn.empty:
        told.append(_empty(drawn))
    last = drawn.horizon
    if last is not None and last.year < drawn.years[-1]:
        told.append(
            _(
                "Days off are moved there by a yearly decree, known up to %(year)s only. What"
                " stands here for later years will change: come back when the decree is out.",
                year=last.year,
            )
        )
    if doubtful:
        dates = ", ".join(day.day.isoformat() for day in doubtful[:8])
        told.append(
            _(
                "These days were here before and are not in the list. They stay; delete those that"
                " are wrong: %(dates)s",
                dates=dates + (" …" if len(doubtful) > 8 else ""),  # noqa: PLR2004
            )
        )
    return told


def _empty(drawn: holidays.Drawn) -> str:
    years = ", ".join(str(year) for year in drawn.empty)
    if drawn.country in SUSPENDED:
        return _(
            "No days off for Ukraine in: %(years)s. Under martial law public holidays are working"
            " days, so this list is empty and every holiday counts as open. If you close on some of"
            " them, write those days in yourself.",
            years=years,
        )
    return _(
        "No holidays are known for this country and these years: %(country)s, %(years)s."
        " Write them in yourself, or the calendar counts every one as open.",
        country=country_name(drawn.country),
        years=years,
    )
