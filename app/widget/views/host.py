"""What the page of the bank's site says of itself, on which somebody uses the widget.

It never stands in an address: the frame's scripts send it in the body of a form, or in headers
where there is no body. It is taken as what it is, a claim of a page.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote

from flask import request

LONGEST_PAGE: Final = 500
LONGEST_TITLE: Final = 200
MOST: Final = 10
LONGEST_NAME, LONGEST_SAID = 40, 200


@dataclass(frozen=True)
class HostPage:
    """A page by its address and title; `context` are short texts by name."""

    address: str = ""
    title: str = ""
    context: dict[str, str] = field(default_factory=dict)


def host_page() -> HostPage:
    """The page this request was sent from, as far as it says."""
    return HostPage(
        _line(_said("page", "X-Page"))[:LONGEST_PAGE],
        _line(_said("page_title", "X-Page-Title"))[:LONGEST_TITLE],
        _context(request.form.get("context", "")),
    )


def _said(name: str, header: str) -> str:
    if name in request.form:
        return request.form[name]
    return unquote(request.headers.get(header, ""), errors="replace")


def _context(text: str) -> dict[str, str]:
    try:
        said = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    if not isinstance(said, dict):
        return {}
    lines = ((_line(n)[:LONGEST_NAME], _line(v)[:LONGEST_SAID]) for n, v in _texts(said))
    return dict([(name, value) for name, value in lines if name and value][:MOST])


def _texts(said: dict[str, object]) -> list[tuple[str, str]]:
    return [(n, str(v)) for n, v in said.items() if isinstance(v, str | int | float)]


def _line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
