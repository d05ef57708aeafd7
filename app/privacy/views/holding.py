"""Legal holds, and for how long things are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import flash, render_template

from app.accounts import queries as people
from app.core import retention
from app.core.i18n import _
from app.core.web import current_actor, see_other
from app.privacy import queries, service
from app.privacy.forms import HoldForm, periods_form
from app.privacy.views import door

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from app.accounts.models import Person
    from app.privacy.models import Hold


@door.form("/manage/people/<int:person_id>/hold", may="privacy.manage", on=people.person_for_staff)
def place_hold(person: Person) -> ResponseReturnValue:
    """Nothing of this person is deleted until it is lifted."""
    form = HoldForm(queries.hold_on(person.id))
    if form.is_sent_well() and form.review_on.data is not None:
        service.place(current_actor(), person, form.reason.data or "", form.review_on.data)
        flash(_("Nothing of this person is deleted until the hold is lifted."), "success")
        return see_other("privacy.holds")
    page = render_template("privacy/hold.html", form=form, person=person)
    return page, 422 if form.errors else 200


@door.get("/manage/holds", may="privacy.manage")
def holds() -> ResponseReturnValue:
    """Those in force, the first to be reviewed first."""
    return render_template("privacy/holds.html", holds=queries.holds())


@door.post("/manage/holds/<int:hold_id>/lift", may="privacy.manage", on=queries.hold, fresh=True)
def lift_hold(hold: Hold) -> ResponseReturnValue:
    """What was put off goes on."""
    service.lift(current_actor(), hold)
    flash(_("The hold is lifted. What was put off goes on."), "success")
    return see_other("privacy.holds")


@door.form("/manage/retention", may="privacy.manage", fresh="post")
def periods() -> ResponseReturnValue:
    """For how many days each thing is kept."""
    terms = retention.terms()
    form = periods_form(terms, retention.chosen())
    if form.is_sent_well():
        service.choose_periods(current_actor(), {term.name: form[term.name].data for term in terms})
        flash(_("Saved."), "success")
        return see_other("privacy.periods")
    return render_template("privacy/periods.html", form=form), 422 if form.errors else 200
