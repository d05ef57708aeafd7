"""Public holidays, drawn once into a version of a calendar. The only door to the library.

Never asked while anything is worked out: an upgrade would move deadlines, and nobody would know.
What the library does not know: regional holidays, and days that are merely shorter.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from importlib import metadata
from typing import TYPE_CHECKING, Any

from app.core.lazily import lazily

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import holidays as library
else:
    library = lazily("holidays")

VERSION = metadata.version("holidays")
DAY = timedelta(days=1)
# The Labour Code of Russia, article 112: the day before each of these is an hour shorter (95).
RUSSIAN_HOLIDAYS = frozenset(
    {*((1, day) for day in range(1, 9)), (2, 23), (3, 8), (5, 1), (5, 9), (6, 12), (11, 4)}
)
LANGUAGES = {"ru": "ru", "uk": "uk", "en": "en_US"}


@dataclass(frozen=True)
class Drawn:
    """What the library knows of some years of a country.

    `closed`: holidays by name. `worked`: days of a weekend that are worked, each with the day off
    it was exchanged for. `empty`: years without a single holiday. `horizon`: the last day up to
    which all is known; where days off are moved by a yearly decree, the end of the last decree.
    """

    country: str
    years: tuple[int, ...]
    closed: Mapping[date, str]
    worked: Mapping[date, date | None]
    empty: tuple[int, ...]
    horizon: date | None

    @property
    def source(self) -> str:
        """Where the dates come from, to be kept with them: "holidays 0.109, RU 2026–2027"."""
        first, last = self.years[0], self.years[-1]
        span = str(first) if first == last else f"{first}–{last}"
        return f"holidays {VERSION}, {self.country} {span}"


def countries() -> list[str]:
    """Codes of the countries the library knows."""
    return sorted(library.list_supported_countries(include_aliases=False))


def draw(country: str, years: Iterable[int], language: str) -> Drawn:
    """The holidays of a country in some years, named in a language where there are such names."""
    wanted = tuple(sorted(set(years)))
    known = library.country_holidays(country, years=wanted)
    spoken = LANGUAGES.get(language, language)
    names = known.supported_languages
    if spoken not in names:
        spoken = "en_US" if "en_US" in names else known.default_language or ""
    if spoken:
        known = library.country_holidays(country, years=wanted, language=spoken)
    closed = {day: name for day, name in sorted(known.items()) if day.year in wanted}
    exchanged = _exchanged(known)
    worked = {day: exchanged.get(day) for day in known.weekend_workdays if day.year in wanted}
    filled = {day.year for day in closed}
    return Drawn(
        country,
        wanted,
        closed,
        dict(sorted(worked.items())),
        tuple(year for year in wanted if year not in filled),
        _horizon(known, sorted(filled)),
    )


def is_before_russian_holiday(day: date) -> bool:
    """Whether the next day is a public holiday of Russia itself, not a day off moved there."""
    after = day + DAY
    return (after.month, after.day) in RUSSIAN_HOLIDAYS


def _exchanged(known: library.HolidayBase) -> dict[date, date]:
    """A day of the weekend → the day off it was given for, as the decrees have it."""
    found = {}
    for year, rows in _decrees(known).items():
        for to_month, to_day, month, day in rows:
            found[date(year, month, day)] = date(year, to_month, to_day)
    return found


def _decrees(known: library.HolidayBase) -> dict[int, list[tuple[int, int, int, int]]]:
    """The days off that were moved, by year: month and day to which, month and day from which."""
    special: dict[int, Any] = getattr(known, "special_public_holidays", None) or {}
    told: dict[int, list[tuple[int, int, int, int]]] = {}
    for year, rows in special.items():
        rows_of_year = rows if isinstance(rows[0], tuple) else (rows,)
        moved = [row for row in rows_of_year if len(row) == 4 and isinstance(row[3], int)]  # noqa: PLR2004
        if moved:
            told[year] = moved
    return told


def _horizon(known: library.HolidayBase, years: list[int]) -> date | None:
    if not years:
        return None
    decreed, last = _decrees(known), years[-1]
    # Somewhere days off are moved every year or nearly so: what was not decreed is not known.
    if any(year in decreed for year in (years[0] - 1, years[0])):
        last = min(last, max(years[0], *decreed))
    return date(last, 12, 31)
