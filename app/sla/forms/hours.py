"""Opening hours as people write them: "09:00–13:00, 14:00–18:00", "closed", "9-18"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

from app.core.i18n import _
from app.sla.engine.calendars import MIDNIGHT

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from app.sla.engine.calendars import Hours

# Whatever language the page was in when it was written.
CLOSED = {
    "closed", "day off", "off", "none", "-", "–", "—",
    "закрыто", "выходной", "нет", "не работаем",
    "закрито", "вихідний", "ні", "не працюємо",
}  # fmt: skip
ALL_DAY = {"24", "24h", "24/7", "all day", "круглосуточно", "цілодобово"}
LAST_MINUTE = MIDNIGHT - 60
LONGEST_NOTE = 120
MOST_LINES = 400

_DASH = r"(?:[-‐‑‒–—−]|to|до|till)"
_TIME = r"(\d{1,2})(?:[:.](\d{2}))?"
_SPAN = re.compile(rf"{_TIME}\s*{_DASH}\s*{_TIME}", re.IGNORECASE)
_BETWEEN = re.compile(r"(?:[\s,;/&+]|and|from|и|с|та|і|з)*", re.IGNORECASE)
_DATE = re.compile(r"(?:(\d{4})-(\d{1,2})-(\d{1,2})|(\d{1,2})\.(\d{1,2})\.(\d{4}))(?=\s|:|$)")
_NOTE = re.compile(r"\s*[·#|]\s*")


class UnreadableError(ValueError):
    """It cannot be read as hours; the words say why, to whoever typed it."""


@dataclass(frozen=True)
class SpecialDay:
    """A date whose hours differ from its weekday's; `note` says why."""

    day: date
    hours: tuple[Hours, ...]
    note: str = ""

    def __str__(self) -> str:
        """As a line of the form."""
        line = f"{self.day.isoformat()} {written(self.hours)}"
        return f"{line} · {self.note}" if self.note else line


def read_hours(text: str) -> tuple[Hours, ...]:
    """The hours that `text` names, none for "closed"; 23:59 as an end is midnight."""
    plain = " ".join(text.split()).strip(" .").lower()
    if not plain or plain in CLOSED or plain == _("closed").lower():
        return ()
    if plain in ALL_DAY:
        return ((0, MIDNIGHT),)
    found, at = [], 0
    for span in _SPAN.finditer(plain):
        if not _BETWEEN.fullmatch(plain, at, span.start()):
            raise _not_understood(text)
        found.append((_second(span[1], span[2]), _end(_second(span[3], span[4]))))
        at = span.end()
    if not found or not _BETWEEN.fullmatch(plain, at):
        raise _not_understood(text)
    return _in_order(found)


def has_last_minute(text: str) -> bool:
    """Whether 23:59 was written for the end of a day: it is read as 24:00, and said so."""
    return re.search(r"23[:.]59", text) is not None


def written(hours: Iterable[Hours]) -> str:
    """Hours as `read_hours` reads them."""
    return ", ".join(f"{_clock(a)}–{_clock(b)}" for a, b in hours) or _("closed")


def pairs(hours: Iterable[Hours]) -> list[list[str]]:
    """Hours as a calendar's spec keeps them: [["09:00", "18:00"]]."""
    return [[_clock(a), _clock(b)] for a, b in hours]


def read_days(text: str) -> tuple[list[SpecialDay], list[str]]:
    """The special days in `text`, one a line, and what is wrong with the lines that are none."""
    days: dict[date, SpecialDay] = {}
    faults: list[str] = []
    lines = [(n, line.strip()) for n, line in enumerate(text.splitlines(), 1) if line.strip()]
    if len(lines) > MOST_LINES:
        return [], [_("At most %(num)s days, please.", num=MOST_LINES)]
    for number, line in lines:
        try:
            read = _read_day(line, days)
            days[read.day] = read
        except UnreadableError as error:
            shown = line if len(line) <= 40 else line[:40] + "…"  # noqa: PLR2004
            fault = _("Line %(number)s (%(line)s): ", number=number, line=shown)
            faults.append(f"{fault}{error}.")
    return [days[day] for day in sorted(days)], faults


def read_date(text: str) -> date | None:
    """A date as 2026-12-31 or 31.12.2026; None for anything else."""
    found = _DATE.fullmatch(text.strip())
    if found is None:
        return None
    year, month, day = found.group(1, 2, 3) if found[1] else found.group(6, 5, 4)
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def as_text(days: Sequence[SpecialDay]) -> str:
    """Special days, one a line, in their order."""
    return "\n".join(str(day) for day in sorted(days, key=lambda each: each.day))


def _read_day(line: str, known: Collection[date]) -> SpecialDay:
    named = _DATE.match(line)
    if named is None:
        raise UnreadableError(_("begin with the date, like 2026-12-31"))
    day = read_date(named[0])
    if day is None:
        raise UnreadableError(_("there is no such date"))
    if day in known:
        raise UnreadableError(_("this date is there twice"))
    said, _sign, note = _split(line[named.end() :].lstrip(" :\t"))
    if not said:
        raise UnreadableError(_("after the date write the hours, or: closed"))
    if len(note) > LONGEST_NOTE:
        raise UnreadableError(_("the note is too long"))
    return SpecialDay(day, read_hours(said), note)


def _split(rest: str) -> tuple[str, str, str]:
    """Hours and note of a line; the sign between them may be left out after "closed"."""
    sign = _NOTE.search(rest)
    if sign is not None:
        return rest[: sign.start()].strip(), sign[0], rest[sign.end() :].strip()
    for word in sorted({*CLOSED, _("closed").lower()}, key=len, reverse=True):
        if rest.lower().startswith((f"{word} ", f"{word}, ")):
            return word, " ", rest[len(word) :].strip(" ,")
    return rest.strip(), "", ""


def _second(hour: str, minute: str | None) -> int:
    h, m = int(hour), int(minute or 0)
    if m > 59 or h * 3600 + m * 60 > MIDNIGHT:  # noqa: PLR2004
        raise UnreadableError(
            _("%(time)s is no time of the day", time=f"{h:02}:{m:02}"),
        )
    return h * 3600 + m * 60


def _end(second: int) -> int:
    return MIDNIGHT if second == LAST_MINUTE else second


def _in_order(found: list[Hours]) -> tuple[Hours, ...]:
    for opens, closes in found:
        if opens >= closes:
            raise UnreadableError(
                _(
                    "%(hours)s ends before it begins; over midnight, write up to 24:00 here"
                    " and the rest on the next day",
                    hours=f"{_clock(opens)}–{_clock(closes)}",
                )
            )
    ordered = sorted(found)
    for (_a, closes), (opens, _b) in pairwise(ordered):
        if opens < closes:
            raise UnreadableError(
                _("%(hours)s overlap", hours=written(h for h in ordered if h[1] > opens)),
            )
    return tuple(ordered)


def _clock(second: int) -> str:
    return f"{second // 3600:02}:{second % 3600 // 60:02}"


def _not_understood(text: str) -> UnreadableError:
    shown = " ".join(text.split())[:40]
    how = _("“%(text)s” is not clear; write like 09:00–13:00, 14:00–18:00", text=shown)
    return UnreadableError(how)
