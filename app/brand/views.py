"""Pages of brand."""

from app.core.web import Door

door = Door("brand", __name__)
