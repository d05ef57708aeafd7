"""Pages of insight."""

from app.core.web import Door

door = Door("insight", __name__)
