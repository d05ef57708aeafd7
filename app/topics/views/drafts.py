"""Text in hand, saved while it is typed, and shown as it will look."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from flask import abort, flash, jsonify, request

from app.core import leaving, markup
from app.core.guests import guest_hash, make_guest
from app.core.i18n import _
from app.core.web import current_actor, see_other
from app.topics import drafting, queries
from app.topics.views import door

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

_ABOUT = re.compile(rf"new|(?:{'|'.join(queries.DRAFTED)}):(?P<topic_id>[0-9]{{1,9}})")


@door.post("/drafts", may="topics.draft")
def keep_draft() -> ResponseReturnValue:
    """Save the fields of a form; an empty form forgets the draft."""
    about, actor = _about(), current_actor()
    fields = typed()
    if any(fields.get(name, "").strip() for name in ("title", "body", "tags")):
        drafting.keep(actor, make_guest() if actor.id is None else None, about, fields)
    else:
        drafting.drop(actor, guest_hash(), about)
    return "", 204


@door.post("/drafts/discarded", may="topics.draft")
def discard_draft() -> ResponseReturnValue:
    """Forget a draft, here and on the device; `title` begins the next one."""
    about = _about()
    drafting.drop(current_actor(), guest_hash(), about)
    flash(about, "sent")
    if about == "new":
        return see_other("topics.ask", title=request.values.get("begun") or None)
    return see_other("topics.topic", topic_id=int(about.partition(":")[2]))


@door.post("/preview", may="topics.draft")
def preview() -> ResponseReturnValue:
    """Markdown as it will look, through the same gates as what is published."""
    try:
        return leaving.guarded(markup.render(request.form.get("text", "")))
    except markup.TooLong:
        return jsonify(error=_("This is too long: 10,000 characters at most.")), 422


def typed() -> dict[str, str]:
    """The draft's fields as they were sent."""
    return {name: request.form[name] for name in drafting.FIELDS if name in request.form}


def _about() -> str:
    about = request.values.get("about", "")
    named = _ABOUT.fullmatch(about)
    if named is None:
        abort(422)
    topic_id = named["topic_id"]
    if topic_id and queries.topic_in_sight(current_actor(), int(topic_id)) is None:
        abort(404)
    return about
