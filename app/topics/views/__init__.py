"""Pages of topics: each module is one subject and hangs its routes on `door`."""

from app.core.web import Door

door = Door("topics", __name__)

# The modules need the door above them.
from app.topics.views import (  # noqa: E402
    answering,
    ask,
    categories,
    category,
    desk,
    drafts,
    front,
    lines,
    people,
    replies,
    sitemap,
    tags,
    topic,
    turns,
)

__all__ = [
    "answering",
    "ask",
    "categories",
    "category",
    "desk",
    "door",
    "drafts",
    "front",
    "lines",
    "people",
    "replies",
    "sitemap",
    "tags",
    "topic",
    "turns",
]
