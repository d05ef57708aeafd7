"""Pages of notify: each module is one subject and hangs its routes on `door`."""

from app.core.web import Door

door = Door("notify", __name__)

# The modules need the door above them.
from app.notify.views import choices, feeds, following, unsubscribing  # noqa: E402

__all__ = ["choices", "door", "feeds", "following", "unsubscribing"]
