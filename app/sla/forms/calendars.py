"""A calendar as a form: the week in words, special days one a line, holidays drawn into them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from wtforms import (
    BooleanField,
    HiddenField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than stubs
from wtforms.validators import InputRequired, Length

from app.core import clock
from app.core.forms import REQUIRED, Form, between, fold, strip
from app.core.i18n import _, _l, country_name, is_zone, locale_code, weekday_names
from app.sla import holidays
from app.sla.engine.calendars import (
    DAYS,
    Calendar,
    CalendarError,
    NeverOpenError,
    parse,
)
from app.sla.forms import hours
from app.sla.forms.drawing import Filled, fill
from app.sla.forms.numbers import Aside
from app.sla.queries import calendars
from app.sla.service.calendars import Said

if TYPE_CHECKING:
    from wtforms import Field

    from app.sla.models import CalendarVersion, WorkCalendar

ALWAYS, HOURS = "24x7", "hours"
# Something must open within so many days.
SOON = timedelta(days=60)
WORKDAY = "09:00–18:00"
MOST_YEARS = 4

# What a new calendar may begin as: its zone, its week (five days), its country.
PRESETS = {
    "always": (ALWAYS, "UTC", None),
    "moscow": (HOURS, "Europe/Moscow", "RU"),
    "kyiv": (HOURS, "Europe/Kyiv", "UA"),
}


class CalendarForm(Form):
    """A version of a calendar."""

    name = StringField(
        _l("The calendar's name"), [InputRequired(REQUIRED), between(2, 80)], filters=[fold]
    )
    mode = RadioField(
        _l("When is it open?"),
        choices=[
            SelectChoice(HOURS, _l("At certain hours")),
            SelectChoice(ALWAYS, _l("Around the clock, every day")),
        ],
        default=HOURS,
    )
    zone = StringField(
        _l("Time zone"),
        [InputRequired(REQUIRED)],
        description=_l("The hours below are of this zone's wall clock, like Europe/Moscow."),
        filters=[strip],
    )
    mon = StringField(filters=[strip])
    tue = StringField(filters=[strip])
    wed = StringField(filters=[strip])
    thu = StringField(filters=[strip])
    fri = StringField(filters=[strip])
    sat = StringField(filters=[strip])
    sun = StringField(filters=[strip])
    dates = TextAreaField(
        _l("Special days"),
        description=_l(
            "One a line: the date, then the hours or the word closed, then a note after a dot."
            " For example: 2026-12-31 09:00–15:00 · New Year's Eve"
        ),
    )
    horizon = StringField(
        _l("Holidays are known up to"),
        description=_l(
            "The last day you are sure of, like 2027-12-31. Empty: this calendar knows no holidays."
        ),
        filters=[strip],
    )
    source = StringField(
        _l("Where they come from"),
        [Length(max=200, message=_l("This is too long: %(max)d characters at most."))],
        filters=[fold],
    )
    country = SelectField(_l("Country"), validate_choice=False)
    from_year = Aside(_l("From the year"))
    to_year = Aside(_l("To the year"))
    shorter = BooleanField(
        _l("An hour shorter before public holidays (Russia)"),
        description=_l(
            "Labour Code, article 95. These days are not in the library; we compute them."
        ),
    )
    note = StringField(
        _l("What changes, and why"),
        [Length(max=300, message=_l("This is too long: %(max)d characters at most."))],
        description=_l("Colleagues read this in the history."),
        filters=[fold],
    )
    tried = Aside(_l("Try it with a promise of so many open hours"))
    # The version that whoever writes this began from, and the change they have seen the effect of.
    based_on = HiddenField()
    seen = HiddenField()

    def __init__(
        self,
        calendar: WorkCalendar | None = None,
        version: CalendarVersion | None = None,
        preset: str | None = None,
    ) -> None:
        given = _from_version(calendar, version) if version else _from_preset(preset)
        super().__init__(**given)
        self.calendar = calendar
        codes = sorted(holidays.countries(), key=country_name)
        self.country.choices = [
            SelectChoice("", _("Choose a country")),
            *(SelectChoice(code, country_name(code)) for code in codes),
        ]
        for field, name in zip(self.week, weekday_names(), strict=True):
            field.label.text = name
        self.read_days: list[hours.SpecialDay] = []
        self.read_horizon: date | None = None

    @property
    def week(self) -> list[Field]:
        """The fields of the seven days."""
        return [self[name] for name in DAYS]

    @property
    def has_last_minute(self) -> bool:
        """Whether somewhere 23:59 was written for midnight."""
        written = [*(f.data or "" for f in self.week), self.dates.data or ""]
        return any(hours.has_last_minute(text) for text in written)

    def validate_name(self, field: Field) -> None:
        if calendars.name_is_taken(field.data or "", self.calendar):
            raise ValidationError(_("Another calendar has this name."))

    def validate(self, extra_validators: Any = None) -> bool:
        """Everything, so that it can be kept."""
        good = super().validate(extra_validators)
        return self.read() is not None and good

    def read(self) -> Calendar | None:
        """The calendar as it is written; None when it cannot be, and errors stand by the fields."""
        spec = self.spec()
        if spec is None:
            return None
        now = clock.now()
        try:
            made = parse(spec)
        except CalendarError:
            self.dates.errors = [_("These hours make no calendar.")]
            return None
        if _opens_by(made, now, now + SOON):
            return made
        where = self.dates if spec.get("weekly") else self.week[0]
        where.errors = [_("Nothing opens within 60 days. Open at least one hour.")]
        return None

    def spec(self) -> dict[str, Any] | None:
        """What a version keeps; None when something is not clear."""
        zone = self.zone.data or ""
        good = is_zone(zone)
        if not good:
            self.zone.errors = [_("There is no such time zone. Choose one from the list.")]
        self.read_horizon, clear = self._horizon()
        good = clear and good
        if self.mode.data == ALWAYS:
            return {"mode": ALWAYS, "tz": zone} if good else None
        week = self._week()
        special = self._special()
        if week is None or special is None or not good:
            return None
        notes = {day.day.isoformat(): day.note for day in special if day.note}
        return {
            "mode": HOURS,
            "tz": zone,
            "weekly": {name: hours.pairs(day) for name, day in zip(DAYS, week, strict=True) if day},
            "dates": {day.day.isoformat(): hours.pairs(day.hours) for day in special},
            **({"notes": notes} if notes else {}),
        }

    def said(self) -> Said:
        """What the checked form says."""
        spec = self.spec()
        if spec is None:  # it was checked
            raise ValueError(self.errors)
        always = self.mode.data == ALWAYS
        return Said(
            name=self.name.data or "",
            spec=spec,
            horizon=None if always else self.read_horizon,
            source="" if always else self.source.data or "",
            note=self.note.data or "",
        )

    def draw(self) -> Filled | None:
        """Put the holidays of the chosen country and years among the special days, to be looked at.

        None when something stands in the way, which errors beside the fields say.
        """
        years = self._years()
        if self.country.data not in holidays.countries():
            self.country.errors = [_("Choose a country first.")]
            years = None
        week, special = self._week(), self._special()
        if years is None or week is None or special is None:
            return None
        drawn = holidays.draw(str(self.country.data), years, locale_code())
        filled = fill(drawn, week, special, shorter=bool(self.shorter.data))
        self.dates.data = hours.as_text(filled.days)
        self.source.data = filled.source
        self.horizon.data = filled.horizon.isoformat() if filled.horizon else ""
        return filled

    def _week(self) -> list[tuple[tuple[int, int], ...]] | None:
        found, good = [], True
        for field in self.week:
            try:
                found.append(hours.read_hours(field.data or ""))
            except hours.UnreadableError as error:
                field.errors, good = [f"{error}."], False
        return found if good else None

    def _special(self) -> list[hours.SpecialDay] | None:
        self.read_days, faults = hours.read_days(self.dates.data or "")
        if faults:
            more = len(faults) - 3
            told = faults[:3] + ([_("And %(num)s lines more.", num=more)] if more > 0 else [])
            self.dates.errors = [" ".join(told)]
            return None
        return self.read_days

    def _horizon(self) -> tuple[date | None, bool]:
        text = self.horizon.data or ""
        found = hours.read_date(text)
        if text and found is None:
            self.horizon.errors = [_("Write a date like 2027-12-31.")]
        return found, not text or found is not None

    def _years(self) -> range | None:
        first, last, today = self.from_year.number, self.to_year.number, clock.now().year
        if first is None or not today - 2 <= first <= today + 5:
            self.from_year.errors = [_("A year like %(year)s, please.", year=today)]
            return None
        if last is None or not first <= last < first + MOST_YEARS:
            self.to_year.errors = [
                _("From %(first)s to %(last)s, please.", first=first, last=first + MOST_YEARS - 1)
            ]
            return None
        return range(first, last + 1)


def _opens_by(made: Calendar, now: datetime, end: datetime) -> bool:
    try:
        return made.next_open(now) <= end
    except NeverOpenError:
        return False


def _from_version(calendar: WorkCalendar | None, version: CalendarVersion) -> dict[str, Any]:
    """A version as the form shows it."""
    made, notes = parse(version.spec), version.spec.get("notes") or {}
    week = made.weekly or tuple(() for _day in DAYS)
    days = [
        hours.SpecialDay(day, open_at, notes.get(day.isoformat(), ""))
        for day, open_at in made.dates.items()
    ]
    return {
        **_years_ahead(),
        "name": calendar.name if calendar else "",
        "mode": ALWAYS if made.always else HOURS,
        "zone": made.zone,
        "dates": hours.as_text(days),
        "horizon": version.horizon.isoformat() if version.horizon else "",
        "source": version.source,
        "country": _country_of(version.source),
        "shorter": any(day.hours and holidays.is_before_russian_holiday(day.day) for day in days),
        "tried": 8,
        "based_on": str(version.version),
        **{name: hours.written(day) for name, day in zip(DAYS, week, strict=True)},
    }


def _from_preset(preset: str | None) -> dict[str, Any]:
    mode, zone, country = PRESETS.get(preset or "", (HOURS, "", None))
    names = {
        "always": _("Around the clock"),
        "moscow": _("Mon–Fri 9–18, Moscow"),
        "kyiv": _("Mon–Fri 9–18, Kyiv"),
    }
    days = [WORKDAY] * 5 + [_("closed")] * 2
    return {
        **_years_ahead(),
        "name": names.get(preset or "", ""),
        "mode": mode,
        "zone": zone,
        "country": country or "",
        "shorter": country == "RU",
        "tried": 8,
        **(dict(zip(DAYS, days, strict=True)) if mode == HOURS else {}),
    }


def _years_ahead() -> dict[str, int]:
    today = clock.now().year
    return {"from_year": today, "to_year": today + 1}


def _country_of(source: str) -> str:
    """The country that was drawn last, as the source names it."""
    words = source.replace(",", " ").split()
    return next((word for word in words if word in set(holidays.countries())), "")
