"""Choosing letters, on the profile page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import flash, render_template

from app.core.i18n import _
from app.core.panels import panel
from app.core.web import current_actor, see_other
from app.notify import service
from app.notify.forms import LettersForm
from app.notify.views import door

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from app.accounts.models import Person


@door.post("/profile/letters", may="notify.choose_letters")
def choose_letters() -> ResponseReturnValue:
    """Every box is sent or, when it is not ticked, left out: both are an answer."""
    person = current_actor()
    service.choose_letters(person, LettersForm(person).chosen)
    flash(_("Your choice of letters is kept."), "success")
    return see_other("accounts.profile", _anchor="letters")


@panel("profile:after", order=20)
def letters(person: Person) -> str:
    """The boxes."""
    return render_template("notify/_letters.html", form=LettersForm(person))
