"""Pages of ideas."""

from app.core.web import Door

door = Door("ideas", __name__)
