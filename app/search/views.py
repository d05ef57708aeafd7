"""Pages of search."""

from app.core.web import Door

door = Door("search", __name__)
