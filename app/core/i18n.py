"""Languages, zones, and the words for time. The only door to Babel.

Message ids are English; Russian and Ukrainian stand in `app/translations`. A page is shown in the
reader's language; a letter is written `with speaking("uk", "Europe/Kyiv")`.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfo, available_timezones

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_compact_decimal
from babel.support import Translations
from flask import g, has_app_context
from flask_babel import (
    Babel,
    force_locale,
    format_date,
    format_datetime,
    format_decimal,
    format_timedelta,
    get_locale,
    get_timezone,
    refresh,
    to_user_timezone,
)
from flask_babel.speaklater import LazyString
from jinja2 import pass_context
from markupsafe import Markup

from app.core import clock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask
    from jinja2.runtime import Context


LOCALES = ("ru", "uk", "en")
# Each language by its own name: somebody who can't read this page must find theirs.
LOCALE_NAMES = {"ru": "Русский", "uk": "Українська", "en": "English"}
OLD_ZONES = {"Europe/Kyiv": "Europe/Kiev"}
TRANSLATIONS = Path(__file__).parent.parent / "translations"

__all__ = [
    "LOCALES",
    "LOCALE_NAMES",
    "_",
    "_l",
    "ago",
    "country_name",
    "day",
    "duration",
    "exact",
    "exact_in",
    "format_decimal",
    "format_short",
    "init",
    "left",
    "locale_code",
    "month",
    "ngettext",
    "speaking",
    "weekday_hour",
    "weekday_names",
    "when",
    "zone_names",
]

_spoken_zone: ContextVar[str | None] = ContextVar("spoken_zone", default=None)


def _(message: str, **words: object) -> str:
    """`message` in the reader's language, with its named places filled."""
    said = str(_catalog().gettext(message))
    return said % words if words else said


def _l(message: str) -> str:
    """The same, but translated when it is shown: for labels made at import."""
    return cast("str", LazyString(_, message))


def ngettext(one: str, many: str, num: int, **words: object) -> str:
    """The form of the message that goes with `num`; `%(num)d` is filled in."""
    said = str(_catalog().ngettext(one, many, num))
    return said % {"num": num, **words}


@pass_context
def _in_template(context: Context, message: str, /, **words: object) -> str:
    said = _catalog().gettext(message)
    # A template's own messages are safe; what is filled in is escaped on its way.
    return (Markup(said) if context.eval_ctx.autoescape else said) % words  # noqa: S704


@pass_context
def _plural_in_template(context: Context, one: str, many: str, num: int, /, **words: object) -> str:
    said = _catalog().ngettext(one, many, num)
    filled = {"num": num, **words}
    return (Markup(said) if context.eval_ctx.autoescape else said) % filled  # noqa: S704


def _catalog() -> Translations:
    """The messages in the language spoken now, asked for once a request: a page has hundreds."""
    if not has_app_context():
        return _messages("en")
    found: Translations | None = g.get("catalog")
    if found is None:
        found = g.catalog = _messages(locale_code())
    return found


@cache
def _messages(code: str) -> Translations:
    return cast("Translations", Translations.load(TRANSLATIONS, [code]))


def _ask_anew() -> None:
    """Of what was remembered for this request, the zone and the language."""
    refresh()
    g.pop("catalog", None)
    g.pop("language", None)


def init(app: Flask, locale: Callable[[], str], zone: Callable[[], str]) -> None:
    """Translate pages; `locale` and `zone` say what this request's reader wants."""
    compile_catalogs()
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(TRANSLATIONS)

    def present_zone() -> str:
        return _spoken_zone.get() or zone()

    Babel(
        app,
        default_locale="en",
        default_timezone="UTC",
        locale_selector=locale,
        timezone_selector=present_zone,
    )
    # Flask-Babel asks for the locale at each word.
    app.jinja_env.globals.update(gettext=_in_template, ngettext=_plural_in_template, _=_in_template)
    app.jinja_env.filters.update(
        when=when, ago=ago, duration=duration, left=left, day=day, month=month
    )
    app.jinja_env.filters.update(number=format_decimal, exact=exact, calendar_day=calendar_day)
    app.jinja_env.filters.update(exact_in=exact_in, weekday_hour=weekday_hour)
    app.jinja_env.globals.update(locale_names=LOCALE_NAMES, locale_code=locale_code)
    app.jinja_env.globals.update(utcnow=clock.now, zone_name=lambda: zone_now().key)


def compile_catalogs() -> None:
    """Write the .mo beside each .po that is newer; a fresh checkout has none."""
    for source in TRANSLATIONS.glob("*/LC_MESSAGES/messages.po"):
        compiled = source.with_suffix(".mo")
        if compiled.exists() and compiled.stat().st_mtime >= source.stat().st_mtime:
            continue
        if compiled.exists() and not os.access(compiled.parent, os.W_OK):
            continue  # a read-only copy, compiled when it was made
        with source.open("rb") as text:
            catalog = read_po(text)
        part = compiled.with_suffix(f".mo.{id(catalog)}")
        with part.open("wb") as binary:
            write_mo(binary, catalog)
        part.replace(compiled)


@contextmanager
def speaking(locale: str, zone: str) -> Iterator[None]:
    """Write in `locale` and in the wall clock of `zone`, whoever the request belongs to."""
    token = _spoken_zone.set(zone)
    try:
        with force_locale(locale):
            _ask_anew()  # Flask-Babel keeps the zone it was asked for first
            yield
    finally:
        _spoken_zone.reset(token)
        _ask_anew()


def locale_code() -> str:
    """The language spoken now: "ru", "uk" or "en"."""
    found: str | None = g.get("language") if has_app_context() else None
    if found is None:
        locale = get_locale()
        found = locale.language if locale else "en"
        if has_app_context():
            g.language = found
    return found


def is_locale(code: str | None) -> bool:
    """Whether we have a catalog for `code`."""
    return code in LOCALES


def zone_names() -> list[str]:
    """Every IANA zone a person may choose, sorted."""
    return sorted(
        z
        for z in available_timezones()
        if "/" in z and not z.startswith(("Etc/", "posix", "right"))
    )


def is_zone(name: str | None) -> bool:
    """Whether `name` is a zone we can compute in ("Europe/Kyiv"; the alias "Europe/Kiev" too)."""
    return bool(name) and name in available_timezones()


def when(at: datetime) -> str:
    """The hour the way people say it: "today, 14:30", "tomorrow, 09:00", "28 November, 14:30"."""
    local, today = to_user_timezone(at), to_user_timezone(clock.now()).date()
    hour = format_datetime(at, "HH:mm")
    days = (local.date() - today).days
    if days == 0:
        return _("today, %(hour)s", hour=hour)
    if days == 1:
        return _("tomorrow, %(hour)s", hour=hour)
    if days == -1:
        return _("yesterday, %(hour)s", hour=hour)
    return _("%(day)s, %(hour)s", day=day(at), hour=hour)


def day(at: datetime) -> str:
    """The date, with its year only when it is not this year: "28 November"."""
    same_year = to_user_timezone(at).year == to_user_timezone(clock.now()).year
    return str(format_date(at, "d MMMM" if same_year else "d MMMM y"))


def calendar_day(one: date) -> str:
    """A day that is nobody's in particular, whatever the reader's hour: "28 November"."""
    return str(format_date(one, "d MMMM"))


def month(first: date) -> str:
    """The month whatever the reader's hour: "November 2026"."""
    return str(format_date(first, "LLLL y"))


def exact(at: datetime) -> str:
    """The whole instant, for a tooltip: "28 November 2026, 14:30 GMT+2"."""
    return _exact(at, locale_code(), zone_now().key)


@lru_cache(maxsize=4096)
def _exact(at: datetime, _locale: str, _zone: str) -> str:
    """The same instants stand on page after page; what is spoken now is what is named here."""
    return str(format_datetime(at, "d MMMM y, HH:mm z"))


def exact_in(at: datetime) -> str:
    """The instant and the city whose clock it is: "28 November 2026, 14:30 (Kyiv)"."""
    return f"{format_datetime(at, 'd MMMM y, HH:mm')} ({_city()})"


def weekday_hour(at: datetime, zone: str) -> str:
    """The hour on the wall clock of `zone`, with its day of the week: "Fri 20 November, 17:00"."""
    local = at.astimezone(ZoneInfo(zone))
    this_year = clock.now().astimezone(ZoneInfo(zone)).year
    pattern = "EEE d MMMM, HH:mm" if local.year == this_year else "EEE d MMMM y, HH:mm"
    return str(format_datetime(local.replace(tzinfo=None), pattern, rebase=False))


def weekday_names() -> list[str]:
    """Monday to Sunday in the reader's language, as a heading has them."""
    names = get_locale().days["stand-alone"]["wide"]
    return [str(names[number]).capitalize() for number in range(7)]


def country_name(code: str) -> str:
    """A country by its code ("KZ") in the reader's language; the code when it has no name."""
    return str(get_locale().territories.get(code, code))


def _city() -> str:
    zone, names = str(zone_now()), get_locale().time_zones
    # Babel's names are filed under the zones' old ids.
    known = names.get(zone) or names.get(OLD_ZONES.get(zone, "")) or {}
    return str(known.get("city") or zone.rpartition("/")[2].replace("_", " "))


def ago(at: datetime) -> str:
    """How long since: "3 hours ago"; a date when it is more than a month."""
    passed = clock.now() - at
    if passed < timedelta(minutes=1):
        return _("just now")
    if passed > timedelta(days=30):
        return day(at)
    return str(format_timedelta(-passed, add_direction=True, threshold=1))


def duration(span: timedelta | float) -> str:
    """A span in short words, two units at most: "3 h 12 min". Numbers are seconds.

    Less than a minute counts as one: it stands in sentences that could not decline other words.
    """
    seconds = span.total_seconds() if isinstance(span, timedelta) else span
    minutes = max(int(seconds // 60), 1)
    days, minutes = divmod(minutes, 24 * 60)
    hours, minutes = divmod(minutes, 60)
    if days:
        first, second = ngettext("%(num)d day", "%(num)d days", days), hours
        return f"{first} {_('%(n)d h', n=second)}" if second else first
    if hours:
        return _("%(n)d h", n=hours) + (f" {_('%(n)d min', n=minutes)}" if minutes else "")
    return _("%(n)d min", n=minutes)


def left(until: datetime) -> str:
    """Time left in plain words: "19 h left", "2 h 10 min left"; from a day on, without minutes."""
    remaining = until - clock.now()
    if remaining < timedelta(minutes=1):
        return _("less than a minute left")
    if remaining >= timedelta(hours=5):
        remaining = timedelta(hours=remaining.total_seconds() // 3600)
    return _("%(time)s left", time=duration(remaining))


def zone_now() -> ZoneInfo:
    """The reader's zone."""
    zone: Any = get_timezone()
    return zone if isinstance(zone, ZoneInfo) else ZoneInfo(str(zone or "UTC"))


def format_short(number: int) -> tuple[str, int]:
    """A number in two digits and a word ("1,2 тыс."), and the number whose plural goes with it."""
    said = format_compact_decimal(number, locale=get_locale() or "en", fraction_digits=1)
    return said, min(number, 1000)  # from there on it is said in thousands


def language_of(code: str) -> str:
    """The English name of a language code, for commands and records."""
    return str(Locale(code).english_name)
