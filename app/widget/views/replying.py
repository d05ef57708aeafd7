"""What the asker says back inside the frame: more words, and whether it is solved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import request
from werkzeug.exceptions import NotFound

from app.core import policy, typing_time
from app.core.i18n import _, left
from app.core.web import current_actor
from app.topics import gate, pacing, service
from app.topics.answering import answers_today
from app.topics.writing import Comment, Verdict
from app.widget import queries
from app.widget.service import reading
from app.widget.views import door
from app.widget.views.reading import in_sight, shown

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from app.topics.models import Topic
    from app.widget.models import Site

TOO_SOON, WRONG = 429, 422


@door.post("/embed/<key>/topics/<int:topic_id>/replies", may="widget.use", on=queries.site_by_key)
def reply(site: Site, topic_id: int) -> ResponseReturnValue:
    """The asker answers the bank, or adds to what they asked."""
    topic, actor, form = in_sight(topic_id), current_actor(), Comment()
    _must("topics.reply_to_the_bank", topic)
    if not form.validate():
        return shown(site, topic, WRONG, comment_form=form)
    if pause := pacing.wait(actor, "comment"):
        pacing.too_soon(form, pause)
        return pacing.later(shown(site, topic, comment_form=form), pause)
    if not pacing.is_unchallenged("topics.comment", form, body=form.text):
        return shown(site, topic, WRONG, comment_form=form)
    try:
        said = gate.comment(
            actor,
            topic,
            form.text,
            wants_answer=not form.thanks.data,
            typed_in=typing_time.seconds(),
        )
    except gate.RefusedError as refused:
        pacing.say(form, refused)
        return shown(site, topic, WRONG, comment_form=form)
    pacing.count(actor, "comment")
    reading.see(actor, topic)
    return shown(site, topic, told=_held() if isinstance(said, gate.Held) else _published(topic))


@door.post("/embed/<key>/topics/<int:topic_id>/verdict", may="widget.use", on=queries.site_by_key)
def verdict(site: Site, topic_id: int) -> ResponseReturnValue:
    """Solved or not, says the asker, and perhaps why not."""
    topic, actor = in_sight(topic_id), current_actor()
    _must("topics.give_verdict", topic)
    reading.see(actor, topic)
    if request.form.get("solved") == "yes":
        service.accept(actor, topic)
        thanks = _("Good. Thank you for telling: it helps those who come after you.")
        return shown(site, topic, told={"title": thanks, "tone": "kept"})
    form = Verdict()
    form.body.id = form.body.label.field_id = "verdict"
    if not form.validate():
        return shown(site, topic, WRONG, verdict_form=form)
    try:
        said = gate.dispute(actor, topic, form.body.data or "")
    except gate.RefusedError as refused:
        form.body.errors = refused.words
        return shown(site, topic, WRONG, verdict_form=form)
    back = {"title": _("It is back on the desk, with a new promise."), "tone": "info"}
    return shown(site, topic, told=_held() if isinstance(said, gate.Held) else back)


def _must(permission: str, topic: Topic) -> None:
    """What is not theirs to do is nowhere."""
    if not policy.can(current_actor(), permission, topic):
        raise NotFound


def _published(topic: Topic) -> dict[str, Any]:
    told = {"title": _("Your words are published."), "tone": "kept"}
    if topic.is_awaiting and topic.due_at is not None:
        who = answers_today(topic.category).person.name
        told["title"] = _("Your words are published. Answers: %(name)s", name=who)
        told["words"] = left(topic.due_at)
    return told


def _held() -> dict[str, Any]:
    return {
        "title": _("Waits to be read. Only you and our moderators see it."),
        "words": _("It appears here as soon as it is read."),
        "tone": "info",
    }
