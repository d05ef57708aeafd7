"""Working hours: when is it open, how much of that lies between two instants, when is so much over.

An instant is open iff its local wall time in the calendar's zone lies inside `[from, to)` of that
local date. Everything else follows, also in the night the clocks change: an hour that is skipped
is open to nobody, an hour that comes twice is open twice.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from importlib.metadata import version
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, available_timezones

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Seconds of the local day, half open; the day's end is 86,400 ("24:00").
Hours = tuple[int, int]
Span = tuple[datetime, datetime]

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MIDNIGHT = 24 * 3600
DAY = timedelta(days=1)
NOTHING = timedelta(0)
# Whoever asks for more open time than ten years hold has a calendar that never opens.
FARTHEST = timedelta(days=3660)
STEP = timedelta(hours=1)


class CalendarError(ValueError):
    """A calendar that cannot be: `place` says where ("weekly.mon"), `fault` what is wrong there.

    Faults: mode, zone, day, date, time, order, overlap, shape.
    """

    def __init__(self, place: str, fault: str) -> None:
        super().__init__(f"{place}: {fault}")
        self.place, self.fault = place, fault


class NeverOpenError(ValueError):
    """Nothing opens within ten years, so the hour asked for never comes."""


@dataclass(frozen=True)
class Calendar:
    """Opening hours by weekday (Monday first), and the dates that differ from them.

    `weekly` None stands for 24×7. Immutable: what changes is another calendar.
    """

    zone: str
    weekly: tuple[tuple[Hours, ...], ...] | None = None
    dates: Mapping[date, tuple[Hours, ...]] = field(default_factory=dict, hash=False)
    _days: dict[date, tuple[Span, ...]] = field(
        default_factory=dict, repr=False, compare=False, hash=False
    )

    @property
    def always(self) -> bool:
        """Whether it never closes."""
        return self.weekly is None

    def hours(self, day: date) -> tuple[Hours, ...]:
        """The opening hours of a local date."""
        if self.weekly is None:
            return ((0, MIDNIGHT),)
        return self.dates[day] if day in self.dates else self.weekly[day.weekday()]

    def is_working_day(self, day: date) -> bool:
        """Whether it opens at all on a local date."""
        return bool(self.hours(day))

    def is_open(self, at: datetime) -> bool:
        """Whether it is open at an instant."""
        return any(start <= at < end for start, end in self._of(at.astimezone(UTC).date()))

    def spans(self, start: datetime, end: datetime) -> Iterator[Span]:
        """The open spans between two instants, in order, cut at both."""
        if self.weekly is None:
            if start < end:
                yield start, end
            return
        day = start.astimezone(UTC).date()
        last = end.astimezone(UTC).date()
        while day <= last:
            for opens, closes in self._of(day):
                cut = max(opens, start), min(closes, end)
                if cut[0] < cut[1]:
                    yield cut
            day += DAY

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Open time in `[start, end)`; nothing when `end` is not after `start`."""
        if self.weekly is None:
            return max(end - start, NOTHING)
        return sum((b - a for a, b in self.spans(start, end)), NOTHING)

    def add(self, start: datetime, wanted: timedelta) -> datetime:
        """The earliest instant at or after `start` with so much open time in between.

        What ends exactly at closing time ends then, not at the next opening. Raises NeverOpenError.
        """
        if wanted <= NOTHING:
            return start
        if self.weekly is None:
            return start + wanted
        for opens, closes in self._from(start):
            if wanted <= closes - opens:
                return opens + wanted
            wanted -= closes - opens
        raise NeverOpenError

    def next_open(self, at: datetime) -> datetime:
        """`at` itself when it is open then, else the next opening. Raises NeverOpenError."""
        if self.weekly is None:
            return at
        for opens, _closes in self._from(at):
            return opens
        raise NeverOpenError

    def last_close(self, at: datetime) -> datetime:
        """`at` itself when it is open then, else the closing before it. Raises NeverOpenError."""
        if self.weekly is None or self.is_open(at):
            return at
        day = at.astimezone(UTC).date()
        for back in range(FARTHEST.days):
            closed = [closes for _o, closes in self._of(day - back * DAY) if closes <= at]
            if closed:
                return closed[-1]
        raise NeverOpenError

    def _from(self, start: datetime) -> Iterator[Span]:
        return self.spans(start, start + FARTHEST)

    def _of(self, day: date) -> tuple[Span, ...]:
        """The open spans of a UTC date, in order, touching ones joined."""
        if day not in self._days:
            self._days[day] = tuple(self._computed(day))
        return self._days[day]

    def _computed(self, day: date) -> list[Span]:
        joined: list[Span] = []
        for start, end, offset in _offsets(self.zone, day):
            first, last = (start + offset).replace(tzinfo=None), (end + offset).replace(tzinfo=None)
            local = first.date()
            while local <= last.date():
                midnight = datetime.combine(local, time())
                for opens, closes in self.hours(local):
                    a = max(first, midnight + timedelta(seconds=opens))
                    b = min(last, midnight + timedelta(seconds=closes))
                    if a < b:
                        _join(joined, ((a - offset).replace(tzinfo=UTC), _utc(b - offset)))
                local += DAY
        return joined


ALWAYS = Calendar("UTC")


def parse(spec: Mapping[str, Any]) -> Calendar:
    """A calendar from its JSON: `{mode, tz, weekly: {mon: [["09:00", "18:00"]]}, dates: {…: []}}`.

    Raises CalendarError.
    """
    zone = spec.get("tz")
    if not isinstance(zone, str) or zone not in _zones():
        raise CalendarError("tz", "zone")
    if spec.get("mode") == "24x7":
        return Calendar(zone)
    if spec.get("mode") != "hours":
        raise CalendarError("mode", "mode")
    weekly, dates = _mapping(spec, "weekly"), _mapping(spec, "dates")
    for name in weekly:
        if name not in DAYS:
            raise CalendarError(f"weekly.{name}", "day")
    week = tuple(_parsed(weekly.get(name, ()), f"weekly.{name}") for name in DAYS)
    return Calendar(zone, week, {_date(d): _parsed(h, f"dates.{d}") for d, h in dates.items()})


def seconds_of(text: Any, place: str = "time") -> int:
    """The second of the day that "HH:MM" (or "HH:MM:SS", or "24:00") names; CalendarError."""
    parts = text.split(":") if isinstance(text, str) else []
    if len(parts) not in {2, 3} or not all(p.isascii() and p.isdigit() for p in parts):
        raise CalendarError(place, "time")
    hour, minute, second = (*(int(p) for p in parts), 0)[:3]
    total = hour * 3600 + minute * 60 + second
    if minute > 59 or second > 59 or total > MIDNIGHT:  # noqa: PLR2004
        raise CalendarError(place, "time")
    return total


def at_local(zone: str, day: date, second: int) -> datetime:
    """The instant at which the wall clock of `zone` shows that second of that date, the first time.

    A wall time that is skipped names the instant as far behind the gap as it lies behind its start.
    """
    naive = datetime.combine(day, time()) + timedelta(seconds=second)
    return naive.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def working_days(calendar: Calendar, received: datetime, n: int, cutoff: str) -> datetime:
    """Local `cutoff` on the `n`-th working day strictly after the local date of receipt."""
    if n < 1:
        raise CalendarError("n", "shape")
    day = received.astimezone(ZoneInfo(calendar.zone)).date()
    counted = 0
    for _ in range(FARTHEST.days):
        day += DAY
        counted += calendar.is_working_day(day)
        if counted == n:
            return at_local(calendar.zone, day, seconds_of(cutoff, "cutoff"))
    raise NeverOpenError


@lru_cache(maxsize=1)
def tzdata_version() -> str:
    """The release of the time zone data that instants are computed from ("2026.6")."""
    return version("tzdata")


@lru_cache(maxsize=1)
def _zones() -> set[str]:
    return available_timezones()


@lru_cache(maxsize=8192)
def _offsets(zone: str, day: date) -> tuple[tuple[datetime, datetime, timedelta], ...]:
    """A UTC date cut where the zone's offset changes: start, end, offset of each piece."""
    tz = ZoneInfo(zone)
    at = start = datetime.combine(day, time(), UTC)
    end, offset, pieces = start + DAY, _offset(tz, start), []
    while at < end:
        later = at + STEP
        changed = _offset(tz, later - timedelta(seconds=1))
        if changed != offset:
            turn = _turn(tz, at, later, offset)
            if start < turn:
                pieces.append((start, turn, offset))
            start, offset = turn, changed
        at = later
    pieces.append((start, end, offset))
    return tuple(pieces)


def _turn(tz: ZoneInfo, low: datetime, high: datetime, before: timedelta) -> datetime:
    """The second in `(low, high)` from which the offset is no longer `before`."""
    if _offset(tz, low) != before:
        return low
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
        if _offset(tz, middle) == before:
            low = middle
        else:
            high = middle
    return high


def _offset(tz: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(tz).utcoffset() or NOTHING


def _join(spans: list[Span], span: Span) -> None:
    if spans and spans[-1][1] == span[0]:
        spans[-1] = spans[-1][0], span[1]
    else:
        spans.append(span)


def _utc(naive: datetime) -> datetime:
    return naive.replace(tzinfo=UTC)


def _mapping(spec: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    given = spec.get(name)
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise CalendarError(name, "shape")
    return given


def _date(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except (TypeError, ValueError):
        raise CalendarError(f"dates.{text}", "date") from None
    if day.isoformat() != text:  # "20260101", "2026-W01-4": the same day must not be said twice
        raise CalendarError(f"dates.{text}", "date")
    return day


def _parsed(hours: Any, place: str) -> tuple[Hours, ...]:
    if not isinstance(hours, (list, tuple)):
        raise CalendarError(place, "shape")
    found: list[Hours] = []
    for pair in hours:
        if not isinstance(pair, (list, tuple)) or len(pair) != 2:  # noqa: PLR2004 (from and to)
            raise CalendarError(place, "shape")
        opens, closes = seconds_of(pair[0], place), seconds_of(pair[1], place)
        if opens >= closes:
            raise CalendarError(place, "order")
        found.append((opens, closes))
    found.sort()
    for (_a, closes), (opens, _b) in pairwise(found):
        if opens < closes:
            raise CalendarError(place, "overlap")
    return tuple(found)
