"""Pages of moderation: each module is one subject and hangs its routes on `door`."""

from app.core.web import Door

door = Door("moderation", __name__)

# The modules need the door above them.
from app.moderation.views import acts, excluded, home, log, merging, passing, withdrawing  # noqa: E402

__all__ = ["acts", "door", "excluded", "home", "log", "merging", "passing", "withdrawing"]
