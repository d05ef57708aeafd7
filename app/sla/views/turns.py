"""What the clocks have to say on a topic's page: who is on it, the next news, a question back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import g, render_template

from app.core import clock, pagecache
from app.core.pagecache import pieces
from app.core.panels import panel
from app.sla.engine.rules import PROMISED_UPDATE
from app.sla.queries import promises, turns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.sla.models import Promise
    from app.topics.models import Post, Topic


@panel("topic:pause_words")
def what_asking_back_does(topic: Topic) -> str:
    """Whether the clock will stand still, said before the question is sent."""

    def made() -> str:
        does, due = turns.asking_back(topic), topic.due_at
        if due is not None:
            pagecache.until(due)
        broken = due is not None and due < clock.now()
        return render_template("sla/_asking_back.html", does=does, broken=broken)

    return pieces.keep("sla:asking back", topic.id, make=made)


@panel("promise:more")
def how_it_stands(topic: Topic) -> str:
    """Who said "I take it", and by when the bank promised to say more."""
    if topic.promised_at is None:
        return ""
    now = clock.now()
    made = _promises(topic.id)
    taken = next(
        (p for p in made if p.is_live and p.taken_until is not None and p.taken_until > now), None
    )
    news = next((p for p in reversed(made) if p.kind == PROMISED_UPDATE and p.is_live), None)
    if news is not None and news.started_at == topic.promised_at:
        news = None  # the card itself is about it
    if taken is None and news is None:
        return ""
    return render_template("sla/_how_it_stands.html", taken=taken, news=news)


@panel("post:news")
def what_became_of_the_news(post: Post) -> str:
    """Whether the bank said more by the hour it had named."""
    found = next(
        (
            p
            for p in _promises(post.topic_id)
            if p.kind == PROMISED_UPDATE and p.started_at == post.published_at
        ),
        None,
    )
    return render_template("sla/_news.html", promise=found) if found is not None else ""


def _promises(topic_id: int) -> Sequence[Promise]:
    """The promises on a topic, read once for a page."""
    read: dict[int, Sequence[Promise]] = g.setdefault("sla_promises", {})
    if topic_id not in read:
        read[topic_id] = promises.promises_on([topic_id])[topic_id]
    return read[topic_id]
