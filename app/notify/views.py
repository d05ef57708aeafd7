"""Pages of notify."""

from app.core.web import Door

door = Door("notify", __name__)
