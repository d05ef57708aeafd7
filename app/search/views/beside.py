"""What is like a topic, beside it: for its readers, for who answers it, for who merges it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import render_template

from app.core import pagecache
from app.core.pagecache import pieces
from app.core.panels import panel
from app.core.web import current_actor
from app.search.service import finding
from app.topics.policy import sight

if TYPE_CHECKING:
    from app.topics.models import Topic


@panel("topic:after", order=90)
def related_answers(topic: Topic) -> str:
    """Where a reader goes whose question was a slightly different one."""
    actor = current_actor()

    def made() -> str:
        pagecache.rests_on("search.index")
        found = finding.answered_like(actor, topic)
        return render_template("search/_related.html", topics=found) if found else ""

    return pieces.keep("search:related", topic.id, sight(actor), make=made)


@panel("desk:aside")
def past_answers(topic: Topic) -> str:
    """What the bank said to the closest questions: for whoever answers this one."""
    actor = current_actor()

    def made() -> str:
        pagecache.rests_on("search.index")
        found = finding.said_before(actor, topic)
        return render_template("search/_past.html", found=found) if found else ""

    return pieces.keep("search:past", topic.id, sight(actor), make=made)


@panel("merge:similar")
def topics_that_ask_the_same(topic: Topic) -> str:
    """For whoever merges a topic: the open ones that come closest."""
    found = finding.similar(current_actor(), topic.title, limit=8)
    found = [t for t in found if t.id != topic.id and t.is_counted and t.closed_at is None]
    if not found:
        return ""
    return render_template("search/_same.html", topic=topic, topics=found[:5])
