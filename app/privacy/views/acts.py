"""Erasures asked for and done, each with the act that says what was destroyed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import flash, jsonify, render_template, request

from app.accounts import queries as people
from app.brand.queries import brand
from app.core import addresses, policy
from app.core.i18n import _
from app.core.panels import panel
from app.core.web import current_actor, see_other
from app.privacy import ledger, queries, service
from app.privacy.forms import BASIS_WORDS
from app.privacy.views import door

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from app.privacy.models import Erasure

# As the act names the information system.
SYSTEM = "Otklik, "


@panel("manage:people", order=70)
def in_the_menu() -> str:
    """The way here, for those who may."""
    if not policy.can(current_actor(), "privacy.manage"):
        return ""
    return render_template("privacy/_menu.html")


@door.get("/manage/erasures", may="privacy.manage")
def erasures() -> ResponseReturnValue:
    """What waits, what was done, what was taken back."""
    page = queries.erasures(cursor=request.args.get("cursor"))
    return render_template(
        "privacy/erasures.html",
        page=page,
        basis_words=BASIS_WORDS,
        held=queries.held_people(),
        ledger=ledger.path(),
    )


@door.get("/manage/erasures/<int:erasure_id>", may="privacy.manage", on=queries.erasure)
def act(erasure: Erasure) -> ResponseReturnValue:
    """The act, made to be printed."""
    return render_template(
        "privacy/act.html",
        erasure=erasure,
        basis=BASIS_WORDS[erasure.basis],
        log=queries.log_extract(erasure),
        confirmed_by=_confirmed_by(erasure),
        system=SYSTEM + addresses.front(),
        hold=queries.hold_on(erasure.person_id) if erasure.is_waiting else None,
    )


@door.get("/manage/erasures/<int:erasure_id>.json", may="privacy.manage", on=queries.erasure)
def act_as_json(erasure: Erasure) -> ResponseReturnValue:
    """The same for machines."""
    return jsonify(_document(erasure))


@door.post("/manage/erasures/<int:erasure_id>/cancel", may="privacy.manage", on=queries.erasure)
def cancel_erasure(erasure: Erasure) -> ResponseReturnValue:
    """The person said that they stay."""
    if erasure.is_waiting:
        service.cancel(erasure, current_actor().id)
        flash(_("Taken back. Nothing was erased."), "success")
    return see_other("privacy.erasures")


def _confirmed_by(erasure: Erasure) -> Any:
    """The administrator who ordered it; None when the person did, here."""
    if erasure.asked_by_id is None or erasure.asked_by_id == erasure.person_id:
        return None
    return people.person(erasure.asked_by_id)


def _document(erasure: Erasure) -> dict[str, Any]:
    confirmed_by = _confirmed_by(erasure)
    return {
        "number": erasure.number,
        "operator": brand().name,
        "system": SYSTEM + addresses.front(),
        "subject": erasure.person_id,
        "basis": erasure.basis,
        "reference": erasure.reference,
        "scope": "words" if erasure.words else "name",
        "asked_at": erasure.asked_at,
        "done_at": erasure.done_at,
        "cancelled_at": erasure.cancelled_at,
        "reapplied_at": erasure.reapplied_at,
        "confirmed_by": confirmed_by.post or confirmed_by.role if confirmed_by else "system",
        "method": "rows deleted or overwritten, files deleted, search index rebuilt",
        "destroyed": erasure.act,
        "log": queries.log_extract(erasure),
    }
