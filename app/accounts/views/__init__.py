"""Pages of accounts: each module is one subject and hangs its routes on `door`."""

from app.core.web import Door

door = Door("accounts", __name__)

# The modules need the door above them.
from app.accounts.views import entry, people  # noqa: E402

__all__ = ["door", "entry", "people"]
