"""The pages of the promise: its board, its calendars and policies, its explanation."""

from app.core.web import Door

door = Door("sla", __name__)

# The modules need the door above them.
from app.sla.views import explain, people  # noqa: E402

__all__ = ["door", "explain", "people"]
