"""Words of one direction among words of the other: each keeps to itself.

A name in Arabic must not turn the figures beside it, and nobody may turn a line by a sign that is
not seen. Pages isolate by `<bdi>`; plain text by signs of its own, where there is need of it.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from markupsafe import Markup

if TYPE_CHECKING:
    from flask import Flask

# What opens and closes a stretch of another direction.
_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_FROM_THE_RIGHT = {"R", "AL", "AN"}


def init(app: Flask) -> None:
    """Templates write `name | bdi` within words of ours, and `name | isolated` in plain text."""
    app.jinja_env.filters.update(bdi=bdi, isolated=isolated)


def straight(text: str | None) -> str | None:
    """Without signs that turn what follows."""
    return _TURNS.sub("", text) if isinstance(text, str) else text


def bdi(text: object) -> Markup:
    """For a page."""
    return Markup("<bdi>{}</bdi>").format(text)


def isolated(text: str | None) -> str:
    """For plain text and attributes: as it is, unless it is written from the right."""
    text = straight(text) or ""
    if any(unicodedata.bidirectional(c) in _FROM_THE_RIGHT for c in text):
        return f"\u2068{text}\u2069"
    return text
