"""What moderation knows of a person, and keeping them from writing or from signing in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import abort, flash, render_template

from app.accounts import queries as accounts
from app.accounts.models import Person
from app.core import signing
from app.core.db import row_id
from app.core.i18n import _
from app.core.panels import panel
from app.core.policy import can
from app.core.web import current_actor, see_other
from app.moderation import queries, service, trust
from app.moderation.forms import AppealForm, LiftForm, RestrainForm
from app.moderation.models import Restraint
from app.moderation.views import door
from app.moderation.views.queue import LEVEL_WORDS

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from app.core.policy import Actor


def person_for_moderators(_actor: Actor, person_id: int) -> Person | None:
    """A customer, however their account stands."""
    found = accounts.person(person_id)
    return found if found is not None and not found.is_staff else None


def restraint_by_token(_actor: Actor, token: str) -> Restraint | None:
    """What a link in a letter, or on the page after signing in, leads to."""
    number, _dot, signature = token.partition(".")
    restraint_id = row_id(number)
    if restraint_id is None or not signing.is_signed(signature, "restraint", restraint_id):
        return None
    return queries.restraint(restraint_id)


door.add_app_template_global(service.token_of, "restraint_token")


@panel("person:manage", order=70)
def on_the_manage_page(person: Person) -> str:
    """How far they are trusted and what they are kept from, beside their account."""
    if person.is_staff or not can(current_actor(), "moderation.act"):
        return ""
    return render_template("moderation/_person.html", person=person, **_known(person))


@panel("person:after", order=70)
def on_their_page(person: Person) -> str:
    """For moderators, the way from somebody's public page."""
    if person.is_staff or not can(current_actor(), "moderation.act"):
        return ""
    return render_template("moderation/_person_link.html", person=person)


@panel("sign_in:suspended")
def may_not_sign_in(person: Person) -> str:
    """Why, until when, and how to appeal: for whoever gave the right password."""
    found = [each for each in queries.in_force(person) if each.kind == "suspend"]
    return render_template("moderation/_suspended.html", restraint=found[0]) if found else ""


@door.form(
    "/manage/people/<int:person_id>/moderation", may="moderation.act", on=person_for_moderators
)
def person(person: Person) -> ResponseReturnValue:
    """Trust, earlier decisions, and the form that keeps somebody from something."""
    form = RestrainForm()
    if form.is_sent_well():
        try:
            service.restrain(
                current_actor(), person, form.kind.data, form.reason.data or "", form.ends_at
            )
        except service.NotTheirsError:
            form.form_errors.append(_("Nobody restrains the bank's people, or themselves."))
        except service.AlreadySoError:
            form.form_errors.append(_("This holds already. End it first, then decide anew."))
        else:
            flash(_("Decided. They are told why, until when and how to appeal."), "kept")
            return see_other("moderation.person", person_id=person.id)
    page = render_template(
        "moderation/person.html",
        person=person,
        form=form,
        lift=LiftForm(fresh=True),
        **_known(person),
    )
    return page, 422 if form.errors else 200


@door.post(
    "/manage/people/<int:person_id>/moderation/lift/<int:restraint_id>",
    may="moderation.act",
    on=person_for_moderators,
)
def lift(person: Person, restraint_id: int) -> ResponseReturnValue:
    """End it before its time."""
    restraint, form = queries.restraint(restraint_id), LiftForm()
    if restraint is None or restraint.person_id != person.id:
        abort(404)
    if not form.validate():
        page = render_template(
            "moderation/person.html",
            person=person,
            form=RestrainForm(fresh=True),
            lift=form,
            **_known(person),
        )
        return page, 422
    try:
        service.lift(current_actor(), restraint, form.reason.data or "")
    except service.AlreadySoError:
        flash(_("It is over already."), "info")
    else:
        flash(_("It is lifted, and they are told."), "kept")
    return see_other("moderation.person", person_id=person.id)


@door.post(
    "/manage/people/<int:person_id>/moderation/trust",
    may="moderation.act",
    on=person_for_moderators,
)
def vouch(person: Person) -> ResponseReturnValue:
    """Trust somebody before the figures do."""
    service.vouch(current_actor(), person)
    flash(_("What they write is not read first for being new."), "kept")
    return see_other("moderation.person", person_id=person.id)


@door.form("/restraints/<token>", may="moderation.read_restraint", on=restraint_by_token)
def restraint(restraint: Restraint) -> ResponseReturnValue:
    """What was decided on somebody, for them: why, until when, and another look at it."""
    form = AppealForm()
    if form.is_sent_well():
        act = queries.act(restraint.act_id)
        try:
            service.appeal_act(restraint.person, act, form.words.data or "")
        except service.AppealedError:
            flash(_("You appealed already, or there is nothing to appeal against."), "info")
        else:
            flash(_("Somebody else looks at it. You are told by e-mail."), "kept")
        return see_other("moderation.restraint", token=service.token_of(restraint))
    page = render_template(
        "moderation/restraint.html",
        restraint=restraint,
        form=form,
        appeal=queries.appeal_against(act_id=restraint.act_id),
    )
    return page, 422 if form.errors else 200


def _known(person: Person) -> dict[str, object]:
    return {
        "standing": trust.standing(person),
        "levels": LEVEL_WORDS,
        "restraints": queries.restraints_of(person),
    }
