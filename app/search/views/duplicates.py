"""Likely duplicates of a topic, for those who may merge it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import render_template

from app.core import policy
from app.core.panels import panel
from app.core.web import current_actor
from app.search.service import finding
from app.search.views import door  # noqa: F401 (this module is one of its subjects)

if TYPE_CHECKING:
    from app.topics.models import Topic

MOST = 3
# Of the closest ones some are closed, or merged already.
LOOKED_AT = 8


@panel("topic:tools", order=70)
def likely_duplicates(topic: Topic) -> str:
    """At most three that ask the same, each one click from the page that merges."""
    actor = current_actor()
    if not policy.can(actor, "moderation.act", topic) or not can_be_merged(topic):
        return ""
    near = finding.similar(actor, topic.title, limit=LOOKED_AT)
    found = [t for t in near if t.id != topic.id and may_be_the_same(topic, t)]
    if not found:
        return ""
    return render_template("search/_duplicates.html", topic=topic, topics=found[:MOST])


def can_be_merged(topic: Topic) -> bool:
    """In sight, and not gone into another already; thanks ask nothing."""
    return topic.is_counted and topic.kind != "praise"


def may_be_the_same(topic: Topic, other: Topic) -> bool:
    """Open for replies and of its sort: an idea is never asked by a question."""
    of_a_sort = (topic.kind == "idea") == (other.kind == "idea")
    return of_a_sort and can_be_merged(other) and other.closed_at is None
