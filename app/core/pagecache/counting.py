"""Telling whoever counts that a page was read without Flask."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from wsgiref.types import WSGIEnvironment

log = logging.getLogger(__name__)


class Hit(NamedTuple):
    """One reading of a page that was kept. `args` are those of its address, by name."""

    environ: WSGIEnvironment
    endpoint: str
    args: dict[str, Any]
    language: str
    media_type: str
    note: dict[str, Any]


C = TypeVar("C", bound="Callable[[Hit], None]")
_counters: list[Callable[[Hit], None]] = []


def on_hit(count: C) -> C:
    """Have `count` told of each page that is given to a reader without Flask.

    Not of the first one, which Flask made, nor of HEAD. It must do next to nothing.
    """
    _counters.append(count)
    return count


def tell(hit: Hit) -> None:
    """Tell them all; a page is not worth less because it could not be counted."""
    for count in _counters:
        try:
            count(hit)
        except Exception:
            log.exception("A reading of %s could not be counted.", hit.endpoint)
