"""Feeds, and the links by which a browser finds them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response, make_response, render_template, request

from app.core.panels import panel
from app.notify import feeds, queries
from app.notify.views import door
from app.topics.queries import category_by_slug

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from app.topics.models import Category, Topic


@door.get("/feed.atom", may="notify.read_feed", keeps=())
def feed() -> ResponseReturnValue:
    """The newest topics."""
    return _served(feeds.of_all(queries.public_topics()))


@door.get(
    "/categories/<slug>/feed.atom",
    may="notify.read_feed",
    on=category_by_slug,
    endpoint="category_feed",
    keeps=(),
)
def category_feed(category: Category) -> ResponseReturnValue:
    """The newest topics of a category."""
    return _served(feeds.of_category(category, queries.public_topics(category)))


@door.get(
    "/topics/<int:topic_id>/feed.atom",
    may="notify.read_feed",
    on=queries.public_topic,
    keeps=(),
)
def topic_feed(topic: Topic) -> ResponseReturnValue:
    """A topic and what is said under it."""
    return _served(feeds.of_topic(topic, queries.public_posts(topic)))


def _served(made: feeds.Feed) -> Response:
    """The same for everybody; 304 for who has it already."""
    response = make_response(made.xml)
    response.mimetype = "application/atom+xml"
    response.last_modified = made.updated
    response.add_etag()
    response.cache_control.public = True
    response.cache_control.max_age = 60
    response.make_conditional(request)
    return response


@panel("page:head")
def link_to_feed() -> str:
    """The feed of everything, on every page."""
    return render_template("notify/_feed_link.html")


@panel("category:head")
def link_to_category_feed(category: Category) -> str:
    """A category's feed on its page."""
    return render_template("notify/_feed_link.html", category=category)


@panel("topic:head")
def link_to_topic_feed(topic: Topic) -> str:
    """A topic's feed on its page; a hidden topic has none."""
    return "" if topic.is_hidden else render_template("notify/_feed_link.html", topic=topic)
