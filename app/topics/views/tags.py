"""Tags: the words that tie topics together across categories."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import render_template

from app.topics import queries
from app.topics.views import door
from app.topics.views.front import listed

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from app.topics.models import Tag


@door.get("/tags", may="topics.look_around", keeps=())
def tags() -> ResponseReturnValue:
    """The tags in use, the most used first."""
    return render_template("topics/tags.html", tags=queries.popular_tags(200))


@door.get(
    "/tags/<name>",
    may="topics.look_around",
    on=queries.tag_by_name,
    keeps=("view", "cursor"),
)
def tag(tag: Tag) -> ResponseReturnValue:
    """The topics that carry a tag."""
    return render_template("topics/tag.html", tag=tag, **listed(tag=tag))
