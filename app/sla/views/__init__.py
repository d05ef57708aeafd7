"""The pages of the promise: its board, its calendars and policies, its explanation."""

from app.core.web import Door

door = Door("sla", __name__)

__all__ = ["door"]
