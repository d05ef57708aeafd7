"""The manager's home, and another life for what gave up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import flash, render_template, url_for

from app.core import deliveries, policy
from app.core.i18n import _, ngettext
from app.core.panels import panel
from app.core.web import current_actor, go_back
from app.moderation import queries
from app.moderation.views import door

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue


@panel("manage:today", order=10)
def in_the_menu() -> str:
    """The ways to the board and to what was done."""
    if not policy.can(current_actor(), "moderation.oversee"):
        return ""
    return render_template("moderation/_menu.html")


@door.get("/manage", may="moderation.oversee")
def home() -> ResponseReturnValue:
    """Everything that is kept here, and how it stands."""
    allowed = policy.can(current_actor(), "moderation.replay")
    dead = queries.dead_deliveries() if allowed else {}
    return render_template("moderation/home.html", dead=dead)


@door.post("/manage/deliveries/replay", may="moderation.replay")
def replay() -> ResponseReturnValue:
    """Give what gave up another life."""
    number = deliveries.revive(by=current_actor().id)
    flash(
        ngettext(
            "%(num)d piece of work is tried again.",
            "%(num)d pieces of work are tried again.",
            number,
        )
        if number
        else _("There was nothing left to try again."),
        "kept",
    )
    return go_back(url_for("moderation.home"))
