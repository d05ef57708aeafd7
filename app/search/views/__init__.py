"""Pages of the search: each module is one subject and hangs its routes on `door`."""

from app.core.web import Door
from app.search import policy  # noqa: F401 (it declares the permissions)

door = Door("search", __name__)

# The modules need the door above them.
from app.search.views import (  # noqa: E402
    beside,
    duplicates,
    gaps,
    learning,
    opensearch,
    search,
    similar,
    synonyms,
)

__all__ = [
    "beside",
    "door",
    "duplicates",
    "gaps",
    "learning",
    "opensearch",
    "search",
    "similar",
    "synonyms",
]
