"""What was done, by whom and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import render_template, request

from app.accounts import queries as accounts
from app.core.db import row_id
from app.moderation import queries
from app.moderation.views import door
from app.moderation.views.acts import TOOLS, worded

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue


@door.get("/manage/acts", may="moderation.board")
def acts() -> ResponseReturnValue:
    """Every act of moderation, the latest first."""
    person_id = row_id(request.args.get("person"))
    person = accounts.person(person_id) if person_id else None
    page = queries.log(person, cursor=request.args.get("cursor"))
    names = queries.category_names(page.items)
    return render_template(
        "moderation/acts.html",
        page=page,
        told=[(act, worded(act, names)) for act in page.items],
        signs={name: tool.sign for name, tool in TOOLS.items()},
        person=person,
        people=[p for p in accounts.staff() if p.role != "executive"],
    )
