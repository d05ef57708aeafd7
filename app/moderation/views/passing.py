"""Passing a topic on: who answers for it gives it to the people whom it concerns."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from flask import flash, render_template, request, url_for

from app.core import policy
from app.core.i18n import _
from app.core.pagecache import pieces
from app.core.panels import panel
from app.core.web import current_actor, go_back, inside
from app.moderation import queries, service
from app.moderation.forms import PassOnForm
from app.moderation.views import door
from app.topics import queries as topics
from app.topics.answering import answers_in

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from app.topics.models import Category, Topic

# After so many moves a topic goes to and fro: one person decides where it belongs.
MOST_MOVES = 2


@panel("topic:modes", order=90)
def offered(topic: Topic, back: str | None = None) -> str:
    """The way to pass a topic on, beside the answer."""
    if not policy.can(current_actor(), "moderation.pass_on", topic):
        return ""
    return pieces.keep("moderation:pass on", topic.id, back, make=partial(_shown, topic, back))


def _shown(topic: Topic, back: str | None) -> str:
    form = None if _is_stuck(topic) else _form(topic, fresh=True)
    return render_template("moderation/_pass_on.html", topic=topic, form=form, back=back)


@door.form("/topics/<int:topic_id>/passing", may="moderation.pass_on", on=topics.topic_in_sight)
def pass_on(topic: Topic) -> ResponseReturnValue:
    """Give a topic to another category, for a reason that stands in public."""
    if _is_stuck(topic):
        return _page(topic, None)
    form = _form(topic)
    if form.is_sent_well():
        to = topics.category(form.category_id.data)
        if to is not None and _moved(topic, to, form.reason.data or ""):
            who = answers_in([to])[to.id].person
            flash(_("The topic is passed on. Answers now: %(name)s", name=who.name), "kept")
            return go_back(url_for("topics.topic", topic_id=topic.id))
        form.form_errors.append(_("Somebody did this already. Nothing was changed."))
    return _page(topic, form)


def _moved(topic: Topic, to: Category, reason: str) -> bool:
    if to.archived_at is not None:
        return False
    try:
        service.move(current_actor(), topic, to, reason)
    except service.AlreadySoError:
        return False
    return True


def _page(topic: Topic, form: PassOnForm | None) -> ResponseReturnValue:
    back = inside(request.values.get("next"))
    page = render_template("moderation/pass_on.html", topic=topic, form=form, back=back)
    return page, 422 if request.method == "POST" else 200


def _form(topic: Topic, *, fresh: bool = False) -> PassOnForm:
    names = topics.names_of_today()
    others = [c for c in topics.named_categories() if c.id in names and c.id != topic.category_id]
    return PassOnForm(others, names, fresh=fresh)


def _is_stuck(topic: Topic) -> bool:
    return queries.times_moved(topic) >= MOST_MOVES
