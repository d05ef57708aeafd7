"""Being away: one's own days in the profile, everybody's for the community manager."""

from __future__ import annotations

from datetime import time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from flask import flash, g, render_template, url_for

from app.accounts import absences, queries
from app.accounts.forms import AbsenceForm, EndForm, instant, last_day
from app.accounts.views import door
from app.brand.queries import brand
from app.core import clock, policy
from app.core.i18n import _, day, is_zone, locale_code, speaking, when
from app.core.panels import panel
from app.core.web import current_actor, see_other

if TYPE_CHECKING:
    from flask import Response
    from flask.typing import ResponseReturnValue

    from app.accounts.models import Absence, Person

MAY_PLAN = "accounts.plan_absences"
NOON = time(12)


@panel("manage:promises", order=32)
def in_the_manage_menu() -> str:
    """The way to everybody's absences."""
    return _menu() if policy.can(current_actor(), MAY_PLAN) else ""


@panel("profile:after", order=20)
def in_the_profile(person: Person) -> str:
    """The way to one's own absences, and what is ahead."""
    return _short(person, url_for("accounts.absences")) if person.is_staff else ""


@panel("person:manage", order=40)
def on_the_manage_page(person: Person) -> str:
    """The way to somebody's absences, and what is ahead."""
    if not person.is_staff:
        return ""
    return _short(person, url_for("accounts.absences_of", person_id=person.id))


@door.form("/profile/absences", may="accounts.go_away", endpoint="absences")
def own() -> ResponseReturnValue:
    """When I am away, and who stands in for me."""
    return _page_of(current_actor())


@door.form("/manage/people/<int:person_id>/absences", may=MAY_PLAN, on=queries.colleague)
def absences_of(person: Person) -> ResponseReturnValue:
    """When a colleague is away, and who stands in for them."""
    return _page_of(person)


@door.get("/manage/absences", may=MAY_PLAN)
def all_absences() -> ResponseReturnValue:
    """Who is away now and who will be."""
    return render_template(
        "accounts/absences_all.html",
        ahead=queries.absences_ahead(clock.now()),
        colleagues=queries.staff(),
        span=span,
        at=clock.now(),
    )


@door.form("/absences/<int:absence_id>", may="accounts.change_absence", on=queries.absence)
def absence(absence: Absence) -> ResponseReturnValue:
    """Back on another day than was said."""
    form = EndForm(zone_of(absence.person), absence)
    if form.is_sent_well():
        try:
            absences.change_end(current_actor(), absence, form.ends())
        except absences.OverlapError as error:
            form.ends_on.errors = [_overlaps(error.other)]
        except absences.RingError as error:
            form.ends_on.errors = [_rings(error)]
        except absences.WrongSpanError:
            form.ends_on.errors = [_("This has passed already.")]
        else:
            flash(_("Saved."), "success")
            return _back(absence.person)
    page = render_template(
        "accounts/absence.html", form=form, absence=absence, span=span, back=_home(absence.person)
    )
    return page, 422 if form.errors else 200


@door.post("/absences/<int:absence_id>/end", may="accounts.change_absence", on=queries.absence)
def come_back(absence: Absence) -> ResponseReturnValue:
    """Back early: from now on the executive answers again."""
    person = absence.person
    absences.come_back(current_actor(), absence)
    flash(_("Welcome back: it ends now."), "success")
    return _back(person)


@door.post("/absences/<int:absence_id>/cancel", may="accounts.change_absence", on=queries.absence)
def call_off(absence: Absence) -> ResponseReturnValue:
    """Not away after all."""
    person = absence.person
    if absences.call_off(current_actor(), absence):
        flash(_("Called off."), "success")
    else:
        flash(_("It has begun already. End it instead."), "error")
    return _back(person)


def _page_of(person: Person) -> ResponseReturnValue:
    form = AbsenceForm(zone_of(person), queries.substitutes_for(person))
    if form.is_sent_well() and _plan(form, person):
        return _back(person)
    at = clock.now()
    page = render_template(
        "accounts/absences.html",
        person=person,
        form=form,
        ahead=queries.absences_ahead(at, person),
        past=queries.absences_past(at, person),
        span=span,
        at=at,
        zone=form.zone.key,
    )
    return page, 422 if form.errors else 200


def _plan(form: AbsenceForm, person: Person) -> bool:
    """Whether it is noted; else the fields say why not."""
    try:
        made = absences.go_away(current_actor(), person, form.leave())
    except absences.OverlapError as error:
        form.starts_on.errors = [_overlaps(error.other)]
    except absences.RingError as error:
        form.substitute_id.errors = [_rings(error)]
    except absences.WrongSpanError:
        form.ends_on.errors = [_("The end must be after the beginning.")]
    else:
        flash(_("Noted: %(days)s", days=span(made)), "success")
        _warn_of_a_gap(made)
        return True
    return False


def _warn_of_a_gap(made: Absence) -> None:
    """Say at once when whoever stands in is away too: the deputy answers then."""
    for other in queries.absences_between(made.starts_at, made.ends_at):
        if other.person_id == made.substitute_id:
            words = _(
                "Away too: %(name)s, %(days)s. Then the deputy answers, or whoever is named there.",
                name=other.person.name,
                days=span(other),
            )
            flash(words, "risk")


def span(absence: Absence) -> str:
    """The days of an absence by the clock of whoever is away: "23 November – 27 November"."""
    zone = zone_of(absence.person)
    last, hour = last_day(absence.ends_at, zone)
    begin = absence.starts_at.astimezone(zone)
    whole = begin.time() == time()
    with speaking(locale_code(), zone.key):
        first = day(absence.starts_at) if whole else when(absence.starts_at)
        if hour is not None:
            return f"{first} – {when(absence.ends_at)}"
        if begin.date() == last:
            return first
        return f"{first} – {day(instant(last, NOON, zone))}"


def zone_of(person: Person) -> ZoneInfo:
    """By whose clock their days begin: their own, else the bank's."""
    zone = person.timezone
    if zone and is_zone(zone):
        return ZoneInfo(zone)
    # One statement a page, however many absences are on it.
    if "bank_zone" not in g:
        g.bank_zone = brand().timezone
    return ZoneInfo(g.bank_zone)


def _overlaps(other: Absence) -> str:
    return _(
        "There is another absence then: %(days)s. Change that one, or choose other days.",
        days=span(other),
    )


def _rings(error: absences.RingError) -> str:
    return _(
        "Then nobody would answer: %(names)s. Choose somebody else.", names=" → ".join(error.names)
    )


def _short(person: Person, href: str) -> str:
    ahead = queries.absences_ahead(clock.now(), person)
    return render_template(
        "accounts/_absence_short.html", person=person, ahead=ahead, href=href, span=span
    )


def _menu() -> str:
    return render_template("accounts/_absence_menu.html")


def _home(person: Person) -> str:
    if person.id == current_actor().id:
        return url_for("accounts.absences")
    return url_for("accounts.absences_of", person_id=person.id)


def _back(person: Person) -> Response:
    if person.id == current_actor().id:
        return see_other("accounts.absences")
    return see_other("accounts.absences_of", person_id=person.id)
