"""The widget's pages: each module is one subject and hangs its routes on `door`."""

from app.core.web import Door
from app.widget import policy  # noqa: F401 (it declares the permissions)

door = Door("widget", __name__)

# The modules need the door above them.
from app.widget.views import (  # noqa: E402
    asking,
    check,
    confirming,
    enquiries,
    figures,
    frame,
    identify,
    loader,
    reading,
    replying,
    sites,
    snippet,
)

__all__ = [
    "asking",
    "check",
    "confirming",
    "door",
    "enquiries",
    "figures",
    "frame",
    "identify",
    "loader",
    "reading",
    "replying",
    "sites",
    "snippet",
]
