"""Pages of media."""

from app.core.web import Door

door = Door("media", __name__)
