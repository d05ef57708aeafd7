"""Pages of topics."""

from app.core.web import Door

door = Door("topics", __name__)
