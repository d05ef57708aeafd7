"""Pages of accounts: each module is one subject and hangs its routes on `door`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core import pagecache
from app.core.web import Door

if TYPE_CHECKING:
    from flask import Response

door = Door("accounts", __name__)


@door.after_request
def _keep_nothing(response: Response) -> Response:
    """Pages with an address, a link that signs in, or a password sent wrongly: nobody's cache.

    What is made for everybody, the bank's own texts, is none of that.
    """
    if not pagecache.is_at_hand():
        response.headers["Cache-Control"] = "no-store"
    return response


# The modules need the door above them.
from app.accounts.views import (  # noqa: E402
    absences,
    again,
    arrival,
    consents,
    entry,
    namesakes,
    outside,
    people,
    safety,
)

__all__ = [
    "absences",
    "again",
    "arrival",
    "consents",
    "door",
    "entry",
    "namesakes",
    "outside",
    "people",
    "safety",
]
