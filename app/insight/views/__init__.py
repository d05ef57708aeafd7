"""Pages of insight: each module is one subject and hangs its routes on `door`."""

from app.core.web import Door

door = Door("insight", __name__)

# The modules need the door above them.
from app.insight.views import moderated, record, scoreboard, visits  # noqa: E402

__all__ = ["door", "moderated", "record", "scoreboard", "visits"]
