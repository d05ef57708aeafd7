"""Promise rules as a form: how long, by which calendar, who is written to and when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wtforms import BooleanField, HiddenField, SelectField, StringField, ValidationError
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than stubs
from wtforms.validators import InputRequired, Length

from app.core.db import row_id
from app.core.forms import REQUIRED, Form, between, fold, strip
from app.core.i18n import _, _l
from app.sla.engine.calendars import ALWAYS, DAY, MIDNIGHT, CalendarError, seconds_of
from app.sla.engine.ladder import LADDER, OFFSET, PERCENT
from app.sla.forms import numbers
from app.sla.forms.numbers import HOURS, UNITS, Whole
from app.sla.queries.preview import day_of
from app.sla.queries.terms import calendar_of
from app.sla.service.policies import rules_from

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from wtforms import Field

    from app.accounts.models import Person
    from app.sla.engine.calendars import Calendar
    from app.sla.models import CalendarVersion
    from app.sla.queries.terms import Rules

LONGEST = 366 * int(DAY.total_seconds())
FIRST, NEXT, RESOLUTION, FLOOR = "first", "next", "resolution", "floor"
BEFORE = ("r50", "r80")
AFTER = ("esc1", "esc2", "esc3")
USUAL = {rung.name: rung.value for rung in LADDER}


def _unit() -> SelectField:
    return SelectField(
        _l("Unit"), choices=[SelectChoice(name, words) for name, words in UNITS], default=HOURS
    )


class PolicyForm(Form):
    """A version of the rules of a scope."""

    calendar_id = SelectField(_l("Counted by the calendar"), coerce=row_id, validate_choice=False)
    first_n, first_unit = Whole(_l("First answer within")), _unit()
    next_n, next_unit = Whole(_l("Answer to each further question within")), _unit()
    resolution_n, resolution_unit = Whole(_l("Solved within")), _unit()
    at_risk_pct = Whole(
        _l("Shown as due soon after, per cent of the time"),
        description=_l("From then on lists and the board say so. Usual: 80."),
    )
    pauses = BooleanField(
        _l("A question back to the asker stops the clock"),
        description=_l("Only until they reply, and only so often as allowed here."),
    )
    max_pauses = Whole(_l("How often for one promise"))
    floor_n, floor_unit = Whole(_l("Time left at least when it runs again")), _unit()
    holding = BooleanField(
        _l("“We are looking into it” counts as an answer"),
        description=_l("We advise against it: customers do not count it."),
    )
    quiet = BooleanField(_l("Keep quiet hours"))
    quiet_from = StringField(_l("Quiet from"), filters=[strip])
    quiet_to = StringField(_l("Quiet until"), filters=[strip])
    quiet_weekends = BooleanField(_l("Quiet on Saturdays and Sundays as well"))
    r50_on, r50 = BooleanField(_l("First reminder")), Whole(_l("After, per cent of the time"))
    r80_on, r80 = BooleanField(_l("Second reminder")), Whole(_l("After, per cent of the time"))
    esc1_on, esc1_n, esc1_unit = (
        BooleanField(_l("First alarm")),
        Whole(_l("After the hour, by")),
        _unit(),
    )
    esc2_on, esc2_n, esc2_unit = (
        BooleanField(_l("Second alarm")),
        Whole(_l("After the hour, by")),
        _unit(),
    )
    esc3_on, esc3_n, esc3_unit = (
        BooleanField(_l("Last alarm")),
        Whole(_l("After the hour, by")),
        _unit(),
    )
    chief_id = SelectField(
        _l("Who is written to last"),
        coerce=row_id,
        validate_choice=False,
        description=_l("The chief executive, or whoever should know that nobody else answered."),
    )
    note = StringField(
        _l("What changes, and why"),
        [InputRequired(REQUIRED), between(3, 300)],
        description=_l("Colleagues read this in the history."),
        filters=[fold],
    )
    based_on = HiddenField()

    def __init__(
        self,
        rules: Rules,
        calendar_id: int | None,
        calendars: Sequence[CalendarVersion],
        staff: Sequence[Person],
        based_on: int,
    ) -> None:
        given = {**_shown(rules), "calendar_id": calendar_id or 0, "based_on": str(based_on)}
        super().__init__(**given)
        self.calendars = {version.calendar_id: version for version in calendars}
        self.staff = {person.id: person for person in staff}
        self.calendar_id.choices = [
            SelectChoice(0, _("Around the clock")),
            *(SelectChoice(v.calendar_id, v.calendar.name) for v in calendars),
        ]
        self.chief_id.choices = [
            SelectChoice(0, _("Nobody")),
            *(SelectChoice(p.id, f"{p.name}, {p.post}" if p.post else p.name) for p in staff),
        ]

    @property
    def calendar(self) -> Calendar:
        """The calendar that is chosen; around the clock when none is."""
        version = self.calendars.get(self.calendar_id.data or 0)
        return calendar_of(version) if version is not None else ALWAYS

    @property
    def day(self) -> int:
        """How many open seconds "a day" is by the chosen calendar."""
        return day_of(self.calendar)

    def validate(self, extra_validators: Any = None) -> bool:
        """Everything, so that it can be kept."""
        good = super().validate(extra_validators)
        return self.read() and good

    def read(self) -> bool:
        """Whether it makes rules; else errors stand beside the fields."""
        checks = (
            self._check_choices(),
            self._check_spans(),
            self._check_numbers(),
            self._check_quiet(),
            self._check_ladder(),
        )
        return all(checks)

    def spec(self) -> dict[str, Any]:
        """What a version keeps of the checked form."""
        quiet = {
            "from": self.quiet_from.data,
            "to": self.quiet_to.data,
            "weekends": bool(self.quiet_weekends.data),
        }
        return {
            "first_answer_s": self._span(FIRST),
            "next_answer_s": self._span(NEXT),
            "resolution_s": self._span(RESOLUTION),
            "at_risk_pct": self.at_risk_pct.data,
            "clarification_pauses": bool(self.pauses.data),
            "max_pauses": self.max_pauses.data if self.pauses.data else 1,
            "resume_floor_s": self._span(FLOOR) or 0,
            "holding_counts": bool(self.holding.data),
            "ladder": self._ladder(),
            "quiet": quiet if self.quiet.data else None,
            "chief_id": self.chief_id.data or None,
        }

    @property
    def chosen_calendar_id(self) -> int | None:
        """The chosen calendar's id; None is around the clock."""
        return self.calendar_id.data or None

    def rules(self) -> Rules:
        """The rules that the checked form would make."""
        return rules_from(self.spec(), self.chosen_calendar_id)

    def _span(self, name: str) -> int | None:
        number = self[f"{name}_n"].data
        return (
            None if number is None else numbers.seconds(number, self[f"{name}_unit"].data, self.day)
        )

    def _ladder(self) -> list[list[Any]]:
        rungs: list[list[Any]] = [
            [name, PERCENT, self[name].data] for name in BEFORE if self[f"{name}_on"].data
        ]
        rungs.append(["due", OFFSET, 0])
        rungs += [[name, OFFSET, self._span(name)] for name in AFTER if self[f"{name}_on"].data]
        return rungs

    def _check_choices(self) -> bool:
        good = True
        if self.calendar_id.data and self.calendar_id.data not in self.calendars:
            self.calendar_id.errors, good = [_("Choose a calendar from the list.")], False
        if self.chief_id.data and self.chief_id.data not in self.staff:
            self.chief_id.errors, good = [_("Choose somebody who works for the bank.")], False
        return good

    def _check_spans(self) -> bool:
        needed = [FIRST, NEXT, FLOOR, *(name for name in AFTER if self[f"{name}_on"].data)]
        least = dict.fromkeys((FIRST, NEXT, RESOLUTION), 60)
        good = True
        for name in [*needed, RESOLUTION]:
            field = self[f"{name}_n"]
            unit = self[f"{name}_unit"].data
            if field.process_errors:
                field.errors, good = list(field.process_errors), False
            elif field.data is None and name != RESOLUTION:
                field.errors, good = [REQUIRED], False
            elif unit not in dict(UNITS):
                field.errors, good = [_("Minutes, hours or days?")], False
            elif (span := self._span(name)) is not None and not least.get(
                name, 0
            ) <= span <= LONGEST:
                field.errors, good = [_("From a minute to a year, please.")], False
        return good

    def _check_numbers(self) -> bool:
        bounds = {
            self.at_risk_pct: (1, 99, True),
            self.max_pauses: (1, 5, bool(self.pauses.data)),
            self.r50: (1, 99, bool(self.r50_on.data)),
            self.r80: (1, 99, bool(self.r80_on.data)),
        }
        good = True
        for field, (least, most, is_asked) in bounds.items():
            if is_asked and (field.data is None or not least <= field.data <= most):
                field.errors, good = (
                    [_("From %(min)s to %(max)s, please.", min=least, max=most)],
                    False,
                )
        return good

    def _check_quiet(self) -> bool:
        if not self.quiet.data:
            return True
        good = True
        for field in (self.quiet_from, self.quiet_to):
            if not _is_time(field.data or ""):
                field.errors, good = [_("Write a time like 21:00.")], False
        if good and seconds_of(self.quiet_from.data or "") == seconds_of(self.quiet_to.data or ""):
            self.quiet_to.errors, good = (
                [_("Quiet hours end at another hour than they begin.")],
                False,
            )
        return good

    def _check_ladder(self) -> bool:
        good = True
        first, second = self.r50.data or 0, self.r80.data or 0
        asked = self.r50_on.data and self.r80_on.data
        if asked and first >= second > 0 and not self.r80.errors:
            self.r80.errors, good = [_("The second reminder comes after the first.")], False
        alarms = [name for name in AFTER if self[f"{name}_on"].data]
        spans = [
            self._span(name) or 0 for name in alarms if self[f"{name}_unit"].data in dict(UNITS)
        ]
        if len(spans) == len(alarms) and spans != sorted(set(spans)):
            late = next(n for n, a, b in zip(alarms[1:], spans, spans[1:], strict=False) if b <= a)
            self[f"{late}_n"].errors = [_("Each alarm comes later than the one before it.")]
            good = False
        return good


class GraceForm(Form):
    """Making open promises due sooner: how much time is left for each at the least."""

    grace_n, grace_unit = Whole(_l("Leave everybody at least")), _unit()
    # The grace whose effect was looked at.
    seen = HiddenField()

    def __init__(self, day: int) -> None:
        super().__init__(grace_n=4, grace_unit=HOURS)
        self.day = day

    def validate_grace_n(self, field: Field) -> None:
        """At least something."""
        unit = self.grace_unit.data
        good = field.data and unit in dict(UNITS) and self.seconds <= LONGEST
        if not good:
            raise ValidationError(_("From a minute to a year, please."))

    @property
    def seconds(self) -> int:
        """The grace in open seconds."""
        return numbers.seconds(self.grace_n.data or 0, self.grace_unit.data, self.day)


class ReasonForm(Form):
    """Why the general rules hold again, or rules that wait are refused."""

    note = StringField(
        _l("What changes, and why"),
        [Length(max=300, message=_l("This is too long: %(max)d characters at most."))],
        filters=[fold],
    )


def _shown(rules: Rules) -> dict[str, Any]:
    """Rules as the form shows them."""
    day, policy, quiet = day_of(rules.calendar), rules.policy, rules.quiet
    spans: Mapping[str, int | None] = {
        FIRST: policy.first_answer_s,
        NEXT: policy.next_answer_s,
        RESOLUTION: policy.resolution_s,
        FLOOR: policy.resume_floor_s,
        **{name: USUAL[name] for name in AFTER},
        **{rung.name: rung.value for rung in rules.ladder if rung.mode == OFFSET},
    }
    shown: dict[str, Any] = {}
    for name, span in spans.items():
        number, unit = (None, HOURS) if span is None else numbers.split(span, day)
        shown |= {f"{name}_n": number, f"{name}_unit": unit}
    on = {rung.name for rung in rules.ladder}
    percents = {r.name: r.value for r in rules.ladder if r.mode == PERCENT}
    return {
        **shown,
        **{f"{name}_on": name in on for name in (*BEFORE, *AFTER)},
        **{name: percents.get(name, USUAL[name]) for name in BEFORE},
        "at_risk_pct": policy.at_risk_pct,
        "pauses": policy.clarification_pauses,
        "max_pauses": policy.max_pauses,
        "holding": policy.holding_counts,
        "quiet": quiet is not None,
        "quiet_from": _clock(quiet.start if quiet else 21 * 3600),
        "quiet_to": _clock(quiet.end if quiet else 8 * 3600),
        "quiet_weekends": quiet.weekends if quiet else False,
        "chief_id": rules.chief_id or 0,
    }


def _is_time(text: str) -> bool:
    try:
        return seconds_of(text) < MIDNIGHT
    except CalendarError:
        return False


def _clock(second: int) -> str:
    return f"{second // 3600:02}:{second % 3600 // 60:02}"
