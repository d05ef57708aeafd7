"""The desk: a pile to work through, overdue on top and soonest first, one thing open at a time."""

from __future__ import annotations

from datetime import datetime, time
from functools import partial
from typing import TYPE_CHECKING

from flask import render_template, request, url_for

from app.core import clock, pagecache
from app.core.db import row_id
from app.core.i18n import zone_now
from app.core.pagecache import pieces
from app.core.policy import can
from app.core.web import current_actor
from app.topics import queries, turns
from app.topics.views import door
from app.topics.views.writing import Writing, boxes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from flask.typing import ResponseReturnValue

    from app.accounts.models import Person
    from app.topics.models import Topic
    from app.topics.queries import Named

# What was said already, and the asker's earlier topics: enough to answer, not to get lost in.
LAST_WORDS, EARLIER = 4, 3
# What one published last, to look at it once more.
DONE = 3


@door.get("/desk", may="topics.use_desk")
def desk() -> ResponseReturnValue:
    """What waits for whoever reads this: the first of the pile, or the one they took, is open."""
    return shown()


def shown(writing: Writing | None = None, topic: Topic | None = None) -> ResponseReturnValue:
    """The desk; with `topic` open and what was sent about it, when something was wrong."""
    actor = current_actor()
    # Who manages topics sees every pile; who answers, their own.
    whose = None if can(actor, "topics.manage_categories") else actor
    categories = queries.named_categories() if whose is None else queries.on_desk_of(whose)
    category, paused = _chosen(categories), request.args.get("waits") == "asker"
    cursor = request.args.get("cursor")
    pile = queries.due_for(whose, among=categories, category=category, paused=paused, cursor=cursor)
    opened = partial(queries.topic_on_desk, whose, among=categories, paused=paused)
    if topic is None and (taken := row_id(request.args.get("topic"))):
        topic = opened(taken)
    if topic is None and pile.items:
        topic = opened(pile.items[0].id)
    here: dict[str, Any] = {
        "category": category.slug if category else None,
        "waits": "asker" if paused else None,
    }
    page = render_template(
        "topics/desk.html",
        pile=pile,
        paused=paused,
        mine=whose is not None,
        topic=topic,
        categories=categories,
        category=category,
        kept_args=here,
        back=url_for("topics.desk", **here),
        day=_day(whose, categories),
        done=partial(queries.answers_by, actor, DONE),
        **(_opened(topic, actor, writing or Writing()) if topic else {}),
    )
    return page, 200 if writing is None else 422


def _opened(topic: Topic, actor: Person, writing: Writing) -> dict[str, Any]:
    return {
        "only_news": partial(turns.awaits_only_news, topic),
        "posts": partial(queries.last_posts, topic, actor, LAST_WORDS),
        "earlier": partial(queries.earlier_by_the_same, topic, actor, EARLIER),
        **boxes(topic, actor, writing),
    }


def _day(whose: Person | None, categories: Sequence[Named]) -> queries.Day:
    since, ids = _midnight(), tuple(c.id for c in categories)

    def counted() -> queries.Day:
        found = queries.day(whose, since, clock.now(), among=categories)
        if found.next_due_at is not None:
            pagecache.until(found.next_due_at)
        return found

    return pieces.keep("desk:day", whose.id if whose else None, since, ids, make=counted)


def _chosen(categories: Sequence[Named]) -> Named | None:
    slug = request.args.get("category")
    return next((c for c in categories if c.slug == slug), None)


def _midnight() -> datetime:
    """When the reader's day began."""
    local = clock.now().astimezone(zone_now())
    return datetime.combine(local.date(), time(), local.tzinfo)
