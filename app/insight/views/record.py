"""The record, as staff read it: who did what, when and why."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from flask import render_template, request, url_for

from app.accounts import queries as accounts
from app.core import policy, verifying
from app.core.db import row_id
from app.core.i18n import zone_now
from app.core.panels import panel
from app.core.web import current_actor
from app.insight.queries import record as queries
from app.insight.told import DETAILS, ROUTINE, WORDS, details
from app.insight.views import door

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue


@door.get("/manage/record", may="insight.read_record")
def record() -> ResponseReturnValue:
    """Every act of staff, the latest first."""
    wanted = _wanted()
    page = queries.of_staff(wanted, request.args.get("cursor"))
    asked = ("person", "act", "day", "topic")
    kept: dict[str, Any] = {name: request.args.get(name) or None for name in asked}
    return render_template(
        "insight/record.html",
        page=page,
        lines=queries.lines(current_actor(), page.items),
        words=WORDS,
        roles=DETAILS,
        details=details,
        wanted=wanted,
        day=kept["day"] if wanted.day is not None else "",
        people=accounts.staff(),
        actions=sorted(
            ((name, str(words)) for name, words in WORDS.items() if name not in ROUTINE),
            key=lambda pair: pair[1],
        ),
        newer=url_for("insight.record", **kept, cursor=page.newer) if page.newer else None,
        older=url_for("insight.record", **kept, cursor=page.older) if page.older else None,
        check=verifying.last_check(),
    )


@panel("manage:house", order=80)
def in_the_menu() -> str:
    """The way to the record, between the pages where the house is kept."""
    if not policy.can(current_actor(), "insight.read_record"):
        return ""
    return render_template("insight/_record_menu.html")


@panel("account:menu", order=60)
def in_the_account_menu() -> str:
    """The same for executives, who keep no house."""
    actor = current_actor()
    if actor.role != "executive":
        return ""
    return render_template("insight/_record_account.html")


@panel("manage:home", order=1)
def alarm() -> str:
    """The record was found broken: nothing is more urgent."""
    check = verifying.last_check()
    if check is None or not check.problems:
        return ""
    return render_template("insight/_record_broken.html", check=check)


def _wanted() -> queries.Wanted:
    person_id, action = row_id(request.args.get("person")), request.args.get("act")
    return queries.Wanted(
        person=accounts.person(person_id) if person_id else None,
        action=action if action in WORDS else None,
        day=_day(request.args.get("day", "")),
        topic_id=row_id((request.args.get("topic") or "").lstrip("#")),
    )


def _day(words: str) -> datetime | None:
    """The first instant of a day in the reader's zone."""
    try:
        return datetime.strptime(words, "%Y-%m-%d").replace(tzinfo=zone_now())
    except (ValueError, OverflowError):
        return None
