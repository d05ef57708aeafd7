"""The manager's home and board."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import flash, render_template, request, url_for

from app.accounts import queries as accounts
from app.core import clock, deliveries, policy
from app.core.db import row_id
from app.core.i18n import _, ngettext, zone_now
from app.core.panels import panel
from app.core.web import current_actor, go_back
from app.moderation import board as lanes
from app.moderation.views import door
from app.topics import queries as topics

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue


@panel("manage:menu", order=10)
def in_the_menu() -> str:
    """The ways to the board and to what was done."""
    if not policy.can(current_actor(), "moderation.board"):
        return ""
    return render_template("moderation/_menu.html")


@door.get("/manage", may="moderation.board")
def home() -> ResponseReturnValue:
    """Everything that is kept here, and how it stands."""
    view = _view()
    return render_template(
        "moderation/home.html",
        counts=lanes.counts(view),
        undecided=lanes.undecided(view),
        dead=_dead(),
    )


@door.get("/manage/board", may="moderation.board")
def board() -> ResponseReturnValue:
    """Every promise in its lane; what needs a decision on top."""
    view, only = _view(), request.args.get("lane")
    only = only if only in lanes.LANES else None
    cursor = request.args.get("cursor")
    return render_template(
        "moderation/board.html",
        lanes=[lanes.lane(view, only, cursor)] if only else lanes.board(view),
        only=only,
        undecided=lanes.undecided(view) if not only else lanes.Undecided(),
        dead=_dead() if not only else {},
        view=view,
        categories=topics.categories(),
        people=[p for p in accounts.staff() if p.role == "executive"],
        kept={
            "category": view.category.slug if view.category else None,
            "person": view.person.id if view.person else None,
        },
    )


@door.post("/manage/deliveries/replay", may="moderation.replay")
def replay() -> ResponseReturnValue:
    """Give what gave up another life."""
    number = deliveries.revive()
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
    return go_back(url_for("moderation.board"))


def _view() -> lanes.View:
    slug, person_id = request.args.get("category", ""), row_id(request.args.get("person"))
    today = clock.now().astimezone(zone_now()).replace(hour=0, minute=0, second=0, microsecond=0)
    return lanes.now(
        today,
        category=topics.category_by_slug(current_actor(), slug) if slug else None,
        person=accounts.person(person_id) if person_id else None,
    )


def _dead() -> dict[str, int]:
    allowed = policy.can(current_actor(), "moderation.replay")
    return lanes.dead_deliveries() if allowed else {}
