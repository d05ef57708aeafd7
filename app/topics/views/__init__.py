"""Pages of topics: each module is one subject and hangs its routes on `door`."""

from app.core.web import Door

door = Door("topics", __name__)

# The modules need the door above them.
from app.topics.views import (  # noqa: E402
    categories,
    category,
    desk,
    front,
    lines,
    people,
    sitemap,
    tags,
)

__all__ = [
    "categories",
    "category",
    "desk",
    "door",
    "front",
    "lines",
    "people",
    "sitemap",
    "tags",
]
