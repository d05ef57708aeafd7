"""Calendars: the list, the editor with its preview, the history."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from flask import flash, render_template, request

from app.core import clock, policy
from app.core.db import row_id
from app.core.i18n import _, ngettext, weekday_names, zone_names
from app.core.panels import panel
from app.core.web import current_actor, see_other
from app.sla.engine.calendars import parse
from app.sla.events import HourMoved
from app.sla.forms.calendars import CalendarForm
from app.sla.forms.hours import written
from app.sla.queries import calendars, policies, preview
from app.sla.queries.terms import calendar_of
from app.sla.service import calendars as service
from app.sla.service import changes
from app.sla.views import door
from app.topics.timeline import Happening, Line, line

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from app.sla.engine.calendars import Calendar
    from app.sla.forms.drawing import Filled
    from app.sla.models import CalendarVersion, WorkCalendar
    from app.sla.service.changes import Move

MAY = "sla.manage"
LONGEST_TRIAL = 2000


@panel("manage:promises", order=24)
def in_the_menu() -> str:
    """The ways to calendars and promise rules."""
    if not policy.can(current_actor(), MAY):
        return ""
    return render_template("sla/policies_menu.html")


@door.get("/manage/calendars", may=MAY)
def calendar_list() -> ResponseReturnValue:
    """Every calendar: who counts by it, and how far its holidays are known."""
    last = calendars.newest_of_each()
    users: dict[int, list[str]] = {}
    for version in policies.standing():
        if version.calendar_id is not None:
            users.setdefault(version.calendar_id, []).append(version.scope)
    return render_template(
        "sla/calendars.html",
        calendars=[(each, last[each.id]) for each in calendars.all_calendars() if each.id in last],
        users=users,
        names={scope.key: scope for scope in policies.scopes()},
        days_known=calendars.days_known,
        is_short_sighted=calendars.is_short_sighted,
        week_of=lambda version: preview.week_of(calendar_of(version)),
    )


@door.form("/manage/calendars/new", may=MAY)
def create_calendar() -> ResponseReturnValue:
    """A new calendar, from nothing or from a preset."""
    form = CalendarForm(preset=request.args.get("preset"))
    if request.method == "GET":
        filled = form.draw() if form.country.data else None
        return _page(form, filled=filled)
    if request.form.get("do") in {"draw", "preview"} or not form.validate():
        return _worked_on(form)
    try:
        made = service.create(current_actor(), form.said())
    except service.NameTakenError:
        form.name.errors = [_("Another calendar has this name.")]
        return _page(form)
    flash(_("The calendar is ready: %(name)s", name=made.name), "kept")
    return see_other("sla.calendar_list")


@door.form("/manage/calendars/<int:calendar_id>", may=MAY, on=calendars.calendar_in_sight)
def change_calendar(calendar: WorkCalendar) -> ResponseReturnValue:
    """A new version of a calendar, once its effect on open promises was seen."""
    version = calendars.newest(calendar)
    form = CalendarForm(calendar, version)
    if request.method == "GET":
        return _page(form, calendar)
    if request.form.get("do") in {"draw", "preview"} or not form.validate():
        return _worked_on(form, calendar)
    said = form.said()
    if form.seen.data != service.digest(said.spec):
        moves = changes.calendar_moves(calendar, parse(said.spec))
        if moves:
            form.seen.data = service.digest(said.spec)
            return _page(form, calendar, moves=moves)
    return _kept(form, calendar, said)


@door.post("/manage/calendars/preview", may=MAY)
def preview_calendar() -> ResponseReturnValue:
    """A piece of the editor: what the hours as they are typed would mean."""
    form = CalendarForm()
    made = form.read()
    return render_template("sla/_calendar_preview.html", **_tried(form, made))


@door.get("/manage/calendars/<int:calendar_id>/versions", may=MAY, on=calendars.calendar_in_sight)
def calendar_versions(calendar: WorkCalendar) -> ResponseReturnValue:
    """All that a calendar has ever said."""
    return render_template(
        "sla/calendar_versions.html",
        calendar=calendar,
        versions=[(v, _in_words(v)) for v in calendars.versions(calendar)],
        weekdays=weekday_names(),
    )


@door.post("/manage/calendars/<int:calendar_id>/archive", may=MAY, on=calendars.calendar_in_sight)
def archive_calendar(calendar: WorkCalendar) -> ResponseReturnValue:
    """Offer it no longer, unless rules count by it."""
    try:
        service.archive(calendar)
    except service.InUseError:
        flash(_("Promise rules count by it. Give them another calendar first."), "risk")
        return see_other("sla.calendar_list", _anchor=f"calendar-{calendar.id}")
    flash(_("Archived: %(name)s", name=calendar.name), "kept")
    return see_other("sla.calendar_list")


@door.post("/manage/calendars/<int:calendar_id>/reopen", may=MAY, on=calendars.calendar_in_sight)
def reopen_calendar(calendar: WorkCalendar) -> ResponseReturnValue:
    """Offer it again."""
    service.reopen(calendar)
    return see_other("sla.calendar_list", _anchor=f"calendar-{calendar.id}")


@line(HourMoved)
def the_hour_moved(_happening: Happening) -> Line:
    """In the topic's public story: nobody moves a promised hour in silence."""
    return Line(_("The working hours have changed, and the promised hour with them"), "calendar")


def _kept(form: CalendarForm, calendar: WorkCalendar, said: service.Said) -> ResponseReturnValue:
    """The new version, or what is in its way."""
    try:
        service.change(current_actor(), calendar, said, row_id(form.based_on.data) or 0)
    except service.StaleError:
        form.form_errors.append(
            _("Somebody saved another version meanwhile. Open the page anew and look at it first.")
        )
        return _page(form, calendar)
    except service.NameTakenError:
        form.name.errors = [_("Another calendar has this name.")]
        return _page(form, calendar)
    except service.NothingNewError:
        flash(_("Nothing was changed."), "info")
        return see_other("sla.change_calendar", calendar_id=calendar.id)
    flash(_saved(calendar), "kept")
    return see_other("sla.change_calendar", calendar_id=calendar.id)


def _worked_on(form: CalendarForm, calendar: WorkCalendar | None = None) -> ResponseReturnValue:
    """The form after a button that keeps nothing, or with what is wrong."""
    if request.form.get("do") == "draw":
        filled = form.draw()
        return _page(form, calendar, filled=filled)
    return _page(form, calendar)


def _page(
    form: CalendarForm,
    calendar: WorkCalendar | None = None,
    *,
    filled: Filled | None = None,
    moves: list[Move] | None = None,
) -> ResponseReturnValue:
    made = form.read()
    if request.method == "GET":
        # A page that nobody has sent yet complains of nothing.
        for field in form:
            field.errors = []
    page = render_template(
        "sla/calendar.html",
        form=form,
        calendar=calendar,
        zones=zone_names(),
        filled=filled,
        moves=moves,
        still_to_move=calendars.still_to_move(calendar) if calendar else 0,
        **_tried(form, made),
    )
    bad = request.method == "POST" and (form.errors or form.form_errors)
    return page, 422 if bad else 200


def _tried(form: CalendarForm, made: Calendar | None) -> dict[str, Any]:
    hours = min(max(form.tried.number or 8, 1), LONGEST_TRIAL)
    now = clock.now()
    return {
        "made": made,
        "rows": preview.asked(made, timedelta(hours=hours), now) if made else [],
        "hours": hours,
        "week": preview.week_of(made) if made else 0,
        "notes": {day.day: day.note for day in form.read_days},
        "last_minute": form.has_last_minute,
        "unclear": [
            (field.label.text, field.errors[0])
            for field in (form.zone, *form.week, form.dates)
            if field.errors
        ],
    }


def _saved(calendar: WorkCalendar) -> str:
    waiting = calendars.still_to_move(calendar)
    if not waiting:
        return _("Saved: %(name)s", name=calendar.name)
    return ngettext(
        "Saved. %(num)d open promise is being moved to the new version.",
        "Saved. %(num)d open promises are being moved to the new version.",
        waiting,
    )


def _in_words(version: CalendarVersion) -> dict[str, Any]:
    """A version for the history: its week and its special days."""
    made, notes = calendar_of(version), version.spec.get("notes") or {}
    return {
        "made": made,
        "week": [written(day) for day in made.weekly] if made.weekly else [],
        "days": [
            (day, written(hours), notes.get(day.isoformat(), ""))
            for day, hours in sorted(made.dates.items())
        ],
    }
