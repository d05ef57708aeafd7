"""The pages of the promise: its board, its calendars and policies, its explanation."""

from app.core.web import Door

door = Door("sla", __name__)

# The modules need the door above them.
from app.sla.views import board, breaches, calendars, explain, people, policies, turns  # noqa: E402

__all__ = ["board", "breaches", "calendars", "door", "explain", "people", "policies", "turns"]
