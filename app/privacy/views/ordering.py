"""Erasing somebody at a request that came another way, and legal holds: from the person's page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import flash, render_template

from app.accounts import queries as people
from app.core import policy
from app.core.i18n import _
from app.core.panels import panel
from app.core.web import current_actor, see_other
from app.privacy import queries, service
from app.privacy.forms import OrderForm
from app.privacy.service.erasing import StaffError
from app.privacy.views import door

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from app.accounts.models import Person


@panel("person:manage", order=80)
def on_the_persons_page(person: Person) -> str:
    """What is asked for and what forbids it; the ways to both."""
    if not policy.can(current_actor(), "privacy.manage"):
        return ""
    return render_template(
        "privacy/_person.html",
        person=person,
        erasure=queries.waiting_erasure(person.id),
        hold=queries.hold_on(person.id),
    )


@door.form(
    "/manage/people/<int:person_id>/erasure",
    may="privacy.manage",
    on=people.person_for_staff,
    fresh="post",
)
def order_erasure(person: Person) -> ResponseReturnValue:
    """The ground and the paper stand in the act."""
    form = OrderForm()
    if form.is_sent_well():
        try:
            erasure = service.order_erasure(
                current_actor(),
                person,
                words=form.words,
                basis=form.basis.data,
                reference=form.reference.data or "",
            )
        except StaffError:
            form.form_errors.append(
                _("This person works for the bank. Make them a customer first, on their page.")
            )
        else:
            flash(_("It is done within a minute; the act will be here."), "success")
            return see_other("privacy.act", erasure_id=erasure.id)
    page = render_template(
        "privacy/order.html", form=form, person=person, hold=queries.hold_on(person.id)
    )
    return page, 422 if form.errors or form.form_errors else 200
