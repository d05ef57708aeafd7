"""What rules would mean: questions asked at telling hours, and when their answers would be due."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from app.sla.engine.calendars import DAY, MIDNIGHT, Calendar, NeverOpenError, at_local

if TYPE_CHECKING:
    from collections.abc import Iterator

FRIDAY, FIVE_PM, LATE = 4, 17 * 3600, 23 * 3600 + 1800
# A calendar whose next holiday is farther away has none to show.
YEAR = 400
HOUR = 3600


@dataclass(frozen=True)
class Asked:
    """One question: `when` is now, friday, night or eve (of `holiday`); `due` None is never."""

    when: str
    at: datetime
    due: datetime | None
    holiday: date | None = None


def asked(calendar: Calendar, target: timedelta, now: datetime) -> list[Asked]:
    """Questions at hours that tell a calendar's character, in the order of time."""
    zone = calendar.zone
    today = now.astimezone(ZoneInfo(zone)).date()
    friday = at_local(zone, today + (FRIDAY - today.weekday()) % 7 * DAY, FIVE_PM)
    if friday <= now:
        friday = at_local(zone, today + ((FRIDAY - today.weekday()) % 7 or 7) * DAY, FIVE_PM)
    questions: list[tuple[str, datetime, date | None]] = [
        ("now", now, None),
        ("friday", friday, None),
    ]
    if not calendar.always:
        late = at_local(zone, today, LATE)
        questions.append(("night", late if late > now else at_local(zone, today + DAY, LATE), None))
        questions += [("eve", at, holiday) for at, holiday in _eve(calendar, today, now)]
    ordered = sorted(questions, key=lambda each: each[1])
    return [Asked(when, at, _due(calendar, at, target), day) for when, at, day in ordered]


def day_of(calendar: Calendar) -> int:
    """How many open seconds people mean by "a day" in a calendar: as its usual working day has."""
    if calendar.weekly is None:
        return MIDNIGHT
    lengths = Counter(open_seconds(day) for day in calendar.weekly if day)
    if not lengths:
        return MIDNIGHT
    return max(lengths, key=lambda length: (lengths[length], length))


def open_seconds(hours: tuple[tuple[int, int], ...]) -> int:
    """The length of a day's opening hours."""
    return sum(closes - opens for opens, closes in hours)


def week_of(calendar: Calendar) -> int:
    """Open seconds of a week without holidays."""
    if calendar.weekly is None:
        return 7 * MIDNIGHT
    return sum(open_seconds(day) for day in calendar.weekly)


def _eve(calendar: Calendar, today: date, now: datetime) -> Iterator[tuple[datetime, date]]:
    """An hour before closing on the last open day before the nearest holiday still ahead."""
    for ahead in range(1, YEAR):
        day = today + ahead * DAY
        usual = calendar.weekly[day.weekday()] if calendar.weekly else ()
        if not usual or calendar.hours(day):
            continue
        for back in range(1, ahead + 1):
            hours = calendar.hours(day - back * DAY)
            if hours:
                second = max(hours[-1][0], hours[-1][1] - HOUR)
                at = at_local(calendar.zone, day - back * DAY, second)
                if at > now:
                    yield at, day
                    return
                break


def _due(calendar: Calendar, at: datetime, target: timedelta) -> datetime | None:
    try:
        return calendar.add(at, target)
    except (NeverOpenError, OverflowError):
        return None
