"""What was done, by whom and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import render_template, request

from app.accounts import queries as accounts
from app.core.db import row_id
from app.core.web import current_actor
from app.moderation import queries
from app.moderation.views import door
from app.moderation.views.acts import SIGNS, worded

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue


@door.get("/manage/acts", may="moderation.oversee")
def acts() -> ResponseReturnValue:
    """Every act of moderation, the latest first."""
    person_id = row_id(request.args.get("person"))
    person = accounts.person(person_id) if person_id else None
    page = queries.log(person, cursor=request.args.get("cursor"))
    names = queries.category_names(page.items)
    titles = queries.titles(page.items, current_actor())
    return render_template(
        "moderation/acts.html",
        page=page,
        told=[(act, worded(act, names, titles)) for act in page.items],
        signs=SIGNS,
        person=person,
        people=[p for p in accounts.staff() if p.role != "executive"],
    )
