"""Pages of moderation."""

from app.core.web import Door

door = Door("moderation", __name__)
