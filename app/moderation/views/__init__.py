"""Pages of moderation: each module is one subject and hangs its routes on `door`."""

from app.core.web import Door

door = Door("moderation", __name__)

# The modules need the door above them.
from app.moderation.views import (  # noqa: E402
    acts,
    appeals,
    challenges,
    excluded,
    home,
    log,
    merging,
    passing,
    people,
    queue,
    reports,
    splitting,
    submissions,
    withdrawing,
    words,
)

__all__ = [
    "acts",
    "appeals",
    "challenges",
    "door",
    "excluded",
    "home",
    "log",
    "merging",
    "passing",
    "people",
    "queue",
    "reports",
    "splitting",
    "submissions",
    "withdrawing",
    "words",
]
