"""A topic's own page: the promise, the answer, what happened, what others say."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import make_response, redirect, render_template, request, url_for

from app.brand.queries import brand
from app.core import policy
from app.core.db import row_id
from app.core.i18n import _, duration, speaking
from app.core.web import current_actor, see_other
from app.media import drawing
from app.media import service as pictures
from app.topics import queries, turns
from app.topics.answering import face_of
from app.topics.differences import differences
from app.topics.models import Topic
from app.topics.promise import standing, steady_for
from app.topics.views import door, happenings  # noqa: F401 (it registers the timeline's words)
from app.topics.views.thread import Thread
from app.topics.views.writing import Writing, boxes

if TYPE_CHECKING:
    from flask import Response
    from flask.typing import ResponseReturnValue

    from app.topics.differences import Piece
    from app.topics.models import Post, Revision

HOUR = 3600


@door.get(
    "/topics/<int:topic_id>",
    may="topics.read",
    on=queries.topic_in_sight,
    keeps=("from", "stay"),
)
def topic(topic: Topic) -> ResponseReturnValue:
    """Everything said about one question, idea, problem or praise.

    One that was merged leads on to where it is answered, whoever did not ask for it itself.
    """
    into = topic.merged_into
    if into is not None and "stay" not in request.args and _is_led_on(topic, into):
        return redirect(url_for("topics.topic", topic_id=into.id))
    return shown(topic)


def _is_led_on(topic: Topic, into: Topic) -> bool:
    """Its asker reads their own words, and those who work here may have to part the two."""
    actor = current_actor()
    if actor.is_staff or actor.id == topic.asker_id:
        return False
    return policy.can(actor, "topics.read", into)


@door.get("/topics/<int:topic_id>/posts/<int:seq>", may="topics.read", on=queries.topic_in_sight)
def post(topic: Topic, seq: int) -> ResponseReturnValue:
    """The page on which a reply stands, wherever a long thread was cut or it went since."""
    moved = queries.moved(topic, seq)
    if moved is None:
        return at_post(topic, seq)
    if moved.post_id is None:
        return see_other("topics.topic", topic_id=moved.to_id)
    post = queries.post(moved.post_id)
    return at_post(queries.topic(post.topic_id), post.seq)


def at_post(topic: Topic, seq: int) -> Response:
    """303 to the reply with this number on its page."""
    values: dict[str, object] = {"topic_id": topic.id, "_anchor": f"post-{seq}"}
    if topic.merged_into_id is not None:
        values["stay"] = 1
    if topic.comments_count > queries.COMMENTS and seq > queries.COMMENTS:
        values["from"] = seq
    return see_other("topics.topic", **values)


def shown(topic: Topic, writing: Writing | None = None) -> ResponseReturnValue:
    """The page; with what was wrong in `writing`, when something was."""
    actor = current_actor()
    html = render_template(
        "topics/topic.html",
        topic=topic,
        thread=Thread(topic, actor, _start()),
        voted=queries.has_voted(topic, actor),
        may_answer=policy.can(actor, "topics.answer", topic),
        asked_back=turns.question_back(topic) if _is_asker(topic) else None,
        **boxes(topic, actor, writing or Writing()),
    )
    return html, 200 if writing is None else 422


def _is_asker(topic: Topic) -> bool:
    return policy.can(current_actor(), "topics.reply_to_the_bank", topic)


def _start() -> int:
    return row_id(request.args.get("from")) or 0


@door.get("/topics/<int:topic_id>/history", may="topics.read", on=queries.topic_in_sight, keeps=())
def history(topic: Topic) -> ResponseReturnValue:
    """What the topic and its replies said before they were changed, by whom and why."""
    found = queries.revisions_in_sight(topic, current_actor())
    return render_template("topics/history.html", topic=topic, changes=_changes(topic, found))


@dataclass(frozen=True)
class Change:
    """One edit: what its words were, and what became of them; `title` is empty for a reply."""

    revision: Revision
    post: Post | None
    title: list[Piece]
    body: list[Piece]


def _changes(topic: Topic, found: list[tuple[Revision, Post | None]]) -> list[Change]:
    """The edits, newest first; each led to what the next one found."""
    later: dict[int | None, tuple[str, str]] = {None: (topic.title, topic.body)}
    changes = []
    for revision, post in found:
        key = post.id if post else None
        title, body = later.get(key, ("", post.body if post else ""))
        titles = differences(revision.title, title) if revision.title is not None else []
        changes.append(Change(revision, post, titles, differences(revision.body, body)))
        later[key] = revision.title or "", revision.body
    return changes


def _age(topic: Topic) -> int:
    """Seconds a picture of the promise may be kept: never past its next change."""
    steady = steady_for(topic)
    return HOUR if steady is None else min(HOUR, int(steady.total_seconds()))


@door.get("/topics/<int:topic_id>/card.png", may="topics.read", on=queries.topic_in_sight, keeps=())
def card(topic: Topic) -> ResponseReturnValue:
    """The picture other sites show for a link to this topic."""
    stands = standing(topic)
    person = face_of(topic)
    bank = brand()
    # One picture for everybody who shares the link, whatever they read this site in.
    with speaking(topic.language, bank.timezone):
        took = duration(stands.took) if stands.took is not None else ""
        words = _("Answered in %(time)s", time=took) if stands.state == "answered" else ""
    # In steps a picture of this size can show, so that it is the same for an hour or so.
    left = round(stands.left, 1)
    shows = [topic.title, person.name, person.post, stands.state, left, words]
    brand_shows = [bank.name, bank.colour, person.portrait_url or person.initials]
    seen = json.dumps([*shows, *brand_shows], ensure_ascii=False)
    response = make_response("")
    response.set_etag(hashlib.sha256(seen.encode()).hexdigest()[:24])
    is_public = topic.hidden_at is None
    response.headers["Cache-Control"] = (
        f"public, max-age={_age(topic)}" if is_public else "no-store"
    )
    if request.if_none_match.contains(response.get_etag()[0] or ""):
        response.status_code = 304
        return response
    face = pictures.read(person.portrait) if person.portrait else None
    response.set_data(
        drawing.card_png(
            topic.title,
            person.name,
            person.post,
            face,
            initials=person.initials,
            share_left=left,
            state=stands.state,
            brand_name=bank.name,
            words=words,
            brand=bank.colour,
        )
    )
    response.content_type = "image/png"
    return response
