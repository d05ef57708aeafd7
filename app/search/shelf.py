"""Where this machine's index lies, and how to read it whatever happened to its files."""

from __future__ import annotations

import fcntl
import logging
import os
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar

from app.core import pagecache
from app.search.cursor import Cursor
from app.search.index import Index

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from app.search.meaning import Meanings

log = logging.getLogger(__name__)

# A writer that waits holds others up: it is better tried again later.
PATIENCE = 1.0
PAUSE = 0.02
# How long whoever keeps pages believes that nothing was written to the index.
STAMP_HOLDS = 0.25

T = TypeVar("T")


class MissingPackageError(RuntimeError):
    """A setting asks for what is not installed."""


class _Stamp:
    told, until = "", 0.0


class _Shelf:
    path = Path("index")
    engine = "whoosh"
    meanings: Meanings | None = None
    index: Index | None = None


def init(config: Mapping[str, Any]) -> None:
    """Take the index folder, the engine and what it knows from the application's settings."""
    if _Shelf.index is not None:
        _Shelf.index.close()
    _Shelf.path, _Shelf.index = config["INDEX_PATH"], None
    _Stamp.until = 0.0
    _Shelf.engine = config["SEARCH_ENGINE"]
    _Shelf.meanings = meanings() if config.get("SEARCH_SEMANTIC") else None


def meanings() -> Meanings:
    """What knows titles by their meaning: made anew, of a package that few install."""
    try:
        module = import_module("app.search.meaning")
    except ModuleNotFoundError as error:
        message = (
            f"SEARCH_SEMANTIC is on, but {error.name} is not installed. Install it with"
            " `.venv/bin/pip install -r requirements-semantic.txt`, or set SEARCH_SEMANTIC=no."
        )
        raise MissingPackageError(message) from error
    made: Meanings = module.Meanings()
    return made


def engine() -> str:
    """The name of the engine, one of `index.ENGINES`."""
    return _Shelf.engine


def index() -> Index:
    """The index of this process, kept open between searches."""
    if _Shelf.index is None:
        _Shelf.index = afresh()
    return _Shelf.index


@pagecache.state("search.index")
def stamp() -> str:
    """Another one when the index has changed; read from its files four times a second at most."""
    now = time.monotonic()
    if now > _Stamp.until:
        try:
            _Stamp.told = index().stamp
        except Exception:  # noqa: BLE001 (damaged files fail in every way there is)
            _Stamp.told = ""
        _Stamp.until = now + STAMP_HOLDS
    return _Stamp.told


def afresh(patience: float = PATIENCE) -> Index:
    """The index with nothing open: it sees what became of its files. Close it after use."""
    return _opened(_Shelf.path, patience)


def beside() -> Index:
    """Where the next index is built while this one goes on; see `Index.adopt`."""
    return _opened(_Shelf.path / "next", PATIENCE)


def _opened(path: Path, patience: float) -> Index:
    return Index(path, patience=patience, engine=_Shelf.engine, meanings=_Shelf.meanings)


@contextmanager
def turn(role: str, patience: float = 0.0) -> Iterator[bool]:
    """Whether nobody else has this role at this index, among all threads and processes, meanwhile.

    The kernel ends the turn with its process.
    """
    until = time.monotonic() + patience
    _Shelf.path.mkdir(parents=True, exist_ok=True)
    with (_Shelf.path / role).open("a") as held:
        while not (is_mine := _locked(held)) and time.monotonic() < until:
            time.sleep(PAUSE)
        if is_mine:
            os.utime(held.fileno())
        yield is_mine


def last_turn(role: str) -> datetime | None:
    """When somebody last took it here; None when nobody ever did."""
    try:
        at = (_Shelf.path / role).stat().st_mtime
    except FileNotFoundError:
        return None
    return datetime.fromtimestamp(at, UTC)


def ask_for_purge() -> None:
    """Words in the files of this index must go from the disk, not only out of sight."""
    _purge().touch()


def wants_purge() -> bool:
    """Whether it was asked for and not done yet."""
    return _purge().exists()


def purged(asked_before: datetime) -> None:
    """A new index stands in the old one's place, made of what was read since then."""
    wanted = _purge()
    if wanted.exists() and wanted.stat().st_mtime < asked_before.timestamp():
        wanted.unlink(missing_ok=True)


def _purge() -> Path:
    return _Shelf.path / "purge"


def _locked(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def cursor() -> Cursor:
    """How far the index of this machine has followed the facts."""
    return Cursor.read(index().cursor)


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
