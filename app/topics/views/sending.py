"""What the boxes of the bank have in common: who came first, what was wrong, and where to go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import flash, request, url_for

from app.core.guests import guest_hash
from app.core.i18n import _
from app.core.web import current_actor, go_back, inside
from app.topics import drafting, queries
from app.topics.views import desk
from app.topics.views.topic import at_post, shown

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from app.topics.models import Post, Topic
    from app.topics.views.writing import Writing
    from app.topics.writing import Reply


def sent_wrong(topic: Topic, writing: Writing) -> ResponseReturnValue:
    """Back where it was written: the desk, while the topic lies there, or its page."""
    on_desk = (inside(request.values.get("next")) or "").startswith(url_for("topics.desk"))
    if on_desk and (topic.is_awaiting or topic.paused_for == "customer"):
        return desk.shown(writing, topic)
    return shown(topic, writing)


def came_between(topic: Topic, form: Reply) -> bool:
    """Whether a colleague answered and the writer has not seen it; the form says so.

    The page that says so counts as seeing it.
    """
    last = queries.last_official_answer(topic)
    seen = request.form.get("seen")
    if last is None or seen is None or last.author_id == current_actor().id:
        return False
    if seen == str(last.id):
        return False
    words = _(
        "Meanwhile it was answered: %(name)s. Read it above; yours is not published yet.",
        name=last.author.name,
    )
    form.body.errors = [words]
    return True


def back_or_at(topic: Topic, post: Post) -> ResponseReturnValue:
    """On with the work when it came from the desk, else to what was published."""
    if inside(request.values.get("next")):
        return go_back(url_for("topics.topic", topic_id=topic.id))
    return at_post(topic, post.seq)


def let_go(about: str) -> None:
    """What was published is no draft any more, here and on the device."""
    drafting.drop(current_actor(), guest_hash(), about)
    flash(about, "sent")
