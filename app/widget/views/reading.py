"""Topics read inside the frame: anybody's, and one's own with what is new in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import render_template, request
from werkzeug.exceptions import NotFound

from app.core import policy
from app.core.web import current_actor
from app.topics import queries as topics
from app.topics import turns
from app.topics.answering import answers_today
from app.topics.promise import standing, timing
from app.topics.writing import Comment, Verdict
from app.widget import queries
from app.widget.service import reading
from app.widget.views import door

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from app.topics.models import Topic
    from app.widget.models import Site


@door.get("/embed/<key>/topics/<int:topic_id>", may="widget.use", on=queries.site_by_key)
def read(site: Site, topic_id: int) -> ResponseReturnValue:
    """A question and what the bank says to it; one that was merged is read where it is answered."""
    topic = in_sight(topic_id)
    into = topic.merged_into
    if into is not None and policy.can(current_actor(), "topics.read", into):
        topic = into
    return shown(site, topic)


@door.post("/embed/<key>/topics/<int:topic_id>/seen", may="widget.use", on=queries.site_by_key)
def see(_site: Site, topic_id: int) -> ResponseReturnValue:
    """Whoever asked it has read it; of others nothing is kept."""
    topic, actor = in_sight(topic_id), current_actor()
    if actor.id is not None:
        reading.see(actor, topic)
    return "", 204


@door.get("/embed/<key>/mine", may="widget.use", on=queries.site_by_key)
def mine(site: Site) -> ResponseReturnValue:
    """What the identified customer asked, the newest first, with what is new in it."""
    actor = current_actor()
    page = None
    if actor.id is not None:
        page = topics.topics(actor, asker=actor, cursor=request.args.get("cursor"))
    return render_template(
        "widget/mine.html",
        site=site,
        page=page,
        unread=queries.unread_topics(actor.id) if actor.id is not None else set(),
    )


@door.get("/embed/<key>/unread", may="widget.use", on=queries.site_by_key)
def unread(_site: Site) -> ResponseReturnValue:
    """How many of one's questions have an answer one has not read; none for a guest."""
    actor = current_actor()
    return {"unread": reading.unread(actor) if actor.id is not None else 0}


def in_sight(topic_id: int) -> Topic:
    """The topic, which this reader may read; else there is none."""
    topic = topics.topic_in_sight(current_actor(), topic_id)
    if topic is None:
        raise NotFound
    return topic


def shown(site: Site, topic: Topic, status: int = 200, **more: Any) -> ResponseReturnValue:
    """The fragment; `more` are forms as they were sent, and what is said about them."""
    actor, stands = current_actor(), standing(topic)
    official = topics.official_answers(topic, actor)
    is_theirs = policy.can(actor, "topics.reply_to_the_bank", topic)
    asked_back = turns.question_back(topic) if is_theirs else None
    html = render_template(
        "widget/topic.html",
        site=site,
        topic=topic,
        stands=stands,
        today=answers_today(topic.category),
        answers=official,
        timings={a.id: timing(topic, a, stands) for a in official},
        talk=[post for post in queries.talk(topic, actor) if post is not asked_back],
        is_theirs=is_theirs,
        is_seen_by_asker=actor.id is not None and queries.is_theirs(actor.id, topic.id),
        asked_back=asked_back,
        may_thank=policy.can(actor, "topics.thank", topic),
        may_judge=policy.can(actor, "topics.give_verdict", topic),
        **{**_fresh(), **more},
    )
    return html, status


def _fresh() -> dict[str, Any]:
    verdict = Verdict(fresh=True)
    verdict.body.id = verdict.body.label.field_id = "verdict"
    return {"comment_form": Comment(fresh=True), "verdict_form": verdict}
