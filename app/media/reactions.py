"""What the worker does for pictures: it clears away those that no text came to show."""

from app.core import jobs
from app.media import service


@jobs.every(3600, "media.sweep")
def sweep() -> None:
    """Some of the pictures at a time; the next hour goes on where this one stopped."""
    service.sweep()
