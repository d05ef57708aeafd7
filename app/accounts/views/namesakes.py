"""Names that could be taken for the bank's: a list for the community manager."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import flash, render_template

from app.accounts import namesakes
from app.accounts.views import door
from app.core import policy
from app.core.i18n import _
from app.core.panels import panel
from app.core.web import current_actor, see_other

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from app.accounts.models import Person
    from app.accounts.namesakes import Namesake


@panel("manage:people", order=35)
def in_the_menu() -> str:
    """The way here, for those who may."""
    if not policy.can(current_actor(), "accounts.keep_names"):
        return ""
    return render_template("accounts/_namesakes_menu.html")


@panel("profile:first", order=10)
def please_choose_another(person: Person, **_about: Any) -> str:
    """A customer who was asked for another name sees it where names are changed."""
    return render_template("accounts/_rename.html") if namesakes.is_asked(person) else ""


@door.get("/manage/names", may="accounts.keep_names")
def look_alikes() -> ResponseReturnValue:
    """Customers whose names could be taken for somebody's at the bank."""
    return render_template("accounts/namesakes.html", found=namesakes.found())


@door.post("/manage/names/<int:person_id>/ask", may="accounts.keep_names", on=namesakes.namesake)
def ask_for_another(namesake: Namesake) -> ResponseReturnValue:
    """A letter goes to the customer."""
    namesakes.ask(current_actor(), namesake)
    flash(_("A letter is on its way to: %(name)s", name=namesake.person.name), "success")
    return see_other("accounts.look_alikes")


@door.post("/manage/names/<int:person_id>/rename", may="accounts.keep_names", on=namesakes.namesake)
def give_a_neutral_name(namesake: Namesake) -> ResponseReturnValue:
    """Somebody who was asked and did not answer, or who cannot be asked."""
    number = namesake.person.id
    namesakes.rename(current_actor(), namesake, _("Customer %(number)s", number=number))
    flash(_("Saved."), "success")
    return see_other("accounts.look_alikes")


def warn_of(name: str) -> None:
    """After a colleague came or was renamed: who looks like them."""
    alike = len(namesakes.found(name))
    if alike:
        flash(
            _(
                "Customers with a name like this: %(number)s. See “Names” in this menu.",
                number=alike,
            ),
            "warning",
        )
