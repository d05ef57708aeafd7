"""The community manager's board: every promise in its lane, several moved at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import flash, render_template, request, url_for

from app.accounts import queries as accounts
from app.core import clock, policy
from app.core.db import row_id
from app.core.i18n import _, ngettext, zone_now
from app.core.panels import panel
from app.core.web import current_actor, go_back, inside, see_other
from app.moderation import queries as moderation
from app.sla.engine.rules import KINDS
from app.sla.forms.board import REASONS, BreachForm, ReassignForm
from app.sla.queries import board as reading
from app.sla.queries import breaches, people, reassigning
from app.sla.service import board as service
from app.sla.views import door
from app.sla.views.explain import KINDS as KIND_WORDS
from app.sla.views.people import unattended
from app.topics import queries as topics

if TYPE_CHECKING:
    from datetime import datetime

    from flask.typing import ResponseReturnValue

    from app.sla.queries.board import View

# Breaches without a reason that the board itself asks about.
ASKED = 3
VIEWS = (reading.BROKEN, *reading.LANES)


@panel("manage:figures")
def figures() -> str:
    """How promises stand, on the overview."""
    if not policy.can(current_actor(), "sla.board"):
        return ""
    view = _view()
    _unnamed, unnamed = breaches.unnamed(_ever(view), 1)
    return render_template(
        "sla/_figures.html",
        counts=reading.counts(view),
        undecided=reading.undecided(view),
        unnamed=unnamed,
    )


@door.get("/manage/board", may="sla.board")
def board() -> ResponseReturnValue:
    """Every promise in its lane; what needs a decision on top."""
    view, only = _view(), request.args.get("lane")
    only = only if only in VIEWS else None
    lanes = [reading.lane(view, only, request.args.get("cursor"))] if only else reading.lanes(view)
    asked, unnamed = breaches.unnamed(_ever(view), ASKED) if not only else ([], 0)
    staff = accounts.staff()
    shown = [p for lane in lanes for p in lane.page.items]
    return render_template(
        "sla/board.html",
        lanes=lanes,
        cards=reading.cards([*shown, *asked]),
        reasons=breaches.reasons_of(p.id for p in shown if p.due_at and p.due_at < view.at),
        reason_words=REASONS,
        can_tick=any(lane.page.items for lane in lanes if lane.name != reading.ANSWERED),
        only=only,
        ticked=request.args.get("tick") == "all" and only is not None,
        asked=[(p, BreachForm(p.id, fresh=True)) for p in asked],
        unnamed=unnamed,
        undecided=reading.undecided(view) if not only else reading.Undecided(),
        dead=_dead() if not only else {},
        view=view,
        kinds=KIND_WORDS,
        unattended=unattended() if not only else [],
        options={
            "categories": [(c.slug, c.name) for c in view.categories],
            "staff": [(p.id, p.name) for p in staff],
        },
        kept=_kept(view),
        limit=reading.MOVES,
    )


@door.form("/manage/board/move", may="sla.board")
def reassign() -> ResponseReturnValue:
    """Move what was ticked: first see what it changes, then do it."""
    ids = _ticked()
    back = inside(request.values.get("next")) or url_for("sla.board")
    if not ids:
        # Not flashed: a page that is only read writes nothing.
        return see_other("sla.board", ticked="none", _anchor="bulk")
    categories = topics.categories()
    answering = people.acting_in(categories)
    form = ReassignForm(categories, answering)
    sent_well = form.is_sent_well()
    if sent_well and form.to is not None and request.form.get("step") == "move":
        done = service.reassign(current_actor(), ids, form.to, form.reason.data or "")
        flash(told(done), "kept" if done.topics else "info")
        return go_back(url_for("sla.board"))
    page = render_template(
        "sla/board_move.html",
        form=form,
        to=form.to if sent_well else None,
        moving=reassigning.preview(ids, form.to if sent_well else None, clock.now()),
        answering=answering,
        categories=categories,
        back=back,
    )
    return page, 422 if request.method == "POST" and not sent_well else 200


def told(done: service.Moved) -> str:
    """What became of several topics, in sentences."""
    count = len(done.topics)
    said = [
        ngettext("%(num)d topic is moved.", "%(num)d topics are moved.", count)
        if count
        else _("Nothing was moved.")
    ]
    words = {
        "settled": lambda n: ngettext(
            "%(num)d was answered meanwhile and stays.",
            "%(num)d were answered meanwhile and stay.",
            n,
        ),
        "there": lambda n: ngettext("%(num)d is there already.", "%(num)d are there already.", n),
        "gone": lambda n: ngettext(
            "%(num)d was hidden or merged and stays.",
            "%(num)d were hidden or merged and stay.",
            n,
        ),
    }
    said += [words[name](len(ids)) for name, ids in sorted(done.refused.items())]
    return " ".join(said)


def _ticked() -> list[int]:
    """The topics that were ticked, each once, no more than may be moved together."""
    found = (row_id(number) for number in request.values.getlist("topic"))
    return list(dict.fromkeys(i for i in found if i))[: reassigning.MOST]


def _view() -> View:
    args, categories = request.args, topics.categories()
    slug = args.get("category", "")
    kind = args.get("kind")
    return reading.now(
        _midnight(),
        categories,
        category=next((c for c in categories if c.slug == slug), None),
        accountable=_person(args.get("person")),
        acting=_person(args.get("acting")),
        kind=kind if kind in KINDS else None,
    )


def _person(number: str | None) -> Any:
    person_id = row_id(number)
    return accounts.person(person_id) if person_id else None


def _kept(view: View) -> dict[str, Any]:
    """The filters as the address carries them."""
    return {
        "category": view.category.slug if view.category else None,
        "person": view.accountable.id if view.accountable else None,
        "acting": view.acting.id if view.acting else None,
        "kind": view.kind,
    }


def _ever(view: View) -> breaches.Period:
    """Whatever was broken and has no reason yet, of the category that is looked at."""
    return breaches.Period(people.EVER, view.at, view.category, view.accountable, breaches.UNNAMED)


def _midnight() -> datetime:
    """When the reader's day began."""
    return clock.now().astimezone(zone_now()).replace(hour=0, minute=0, second=0, microsecond=0)


def _dead() -> dict[str, int]:
    allowed = policy.can(current_actor(), "moderation.replay")
    return moderation.dead_deliveries() if allowed else {}
