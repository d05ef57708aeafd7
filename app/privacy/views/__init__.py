"""Pages about personal data: each module is one subject and hangs its routes on `door`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core.web import Door

if TYPE_CHECKING:
    from flask import Response

door = Door("privacy", __name__)


@door.after_request
def _keep_nothing(response: Response) -> Response:
    """Everything here is about one person: nobody's cache."""
    response.headers["Cache-Control"] = "no-store"
    return response


# The modules need the door above them.
from app.privacy.views import acts, holding, ordering, your_data  # noqa: E402

__all__ = ["acts", "door", "holding", "ordering", "your_data"]
