"""Where this machine's index lies, and how to read it whatever happened to its files."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from app.search.index import Index

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

log = logging.getLogger(__name__)

# A writer that waits holds others up: it is better tried again later.
PATIENCE = 1.0

T = TypeVar("T")


class _Shelf:
    path = Path("index")
    index: Index | None = None


def init(config: Mapping[str, Any]) -> None:
    """Take the index folder from the application's settings."""
    if _Shelf.index is not None:
        _Shelf.index.close()
    _Shelf.path, _Shelf.index = config["INDEX_PATH"], None


def index() -> Index:
    """The index of this process, kept open between searches."""
    if _Shelf.index is None:
        _Shelf.index = afresh()
    return _Shelf.index


def afresh(patience: float = PATIENCE) -> Index:
    """The index with nothing open: it sees what became of its files. Close it after use."""
    return Index(_Shelf.path, patience=patience)


def read(ask: Callable[[Index], T], of: Index | None = None) -> T | None:
    """What the index says; None, and a line in the log, when it cannot say anything."""
    of = of or index()
    if not of.is_live:
        log.warning("There is no search index in %s yet; the worker makes it.", _Shelf.path)
        return None
    try:
        return ask(of)
    except Exception:
        # Damaged files fail in every way there is, and a reader's page must not.
        log.exception("The search index cannot be read; the worker rebuilds it.")
        return None
