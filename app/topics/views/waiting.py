"""Where somebody goes whose text is read before it is published."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core.web import see_other

if TYPE_CHECKING:
    from flask import Response

    from app.topics.gate import Held


def waits(held: Held) -> Response:
    """To the page on which they see it, and how it stands."""
    return see_other("moderation.submission", submission_id=held.number)
