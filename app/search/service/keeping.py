"""Keeping the index whole; it may be thrown away at any time."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.core import clock
from app.core.db import reads_only, session
from app.search import facts, queries, shelf
from app.search.index import IndexBusy
from app.search.service import following

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from app.search.cursor import Cursor

log = logging.getLogger(__name__)

# Who asks for a rebuild has nothing to hold up and waits for whoever is at one.
LONG_PATIENCE = 60.0
# With so many topics to follow up, building is quicker.
FAR = 2000


@dataclass(frozen=True)
class Standing:
    """The index beside the database: topics it holds (None: it cannot be read) and should hold.

    `waiting` topics changed since it was told; somebody `looked_at` that last, if ever.
    """

    held: int | None
    wanted: int
    waiting: int
    looked_at: datetime | None


class _Sweep:
    # How far the index was from the database at the last look, with nothing on its way.
    apart = 0
    # And when it was built anew for that: what a rebuild does not bring in, the next will not.
    hopeless = 0


def rebuild(
    progress: Callable[[int], object] | None = None, *, patience: float = LONG_PATIENCE
) -> int:
    """Make the index anew from the database; how many topics it holds.

    Searches, and following, go on meanwhile in the old one, and the new one stands in its place
    when it knows as much.
    """
    with shelf.turn("rebuilder", patience) as is_mine:
        if not is_mine:
            raise IndexBusy
        reading = reads_only.set(True)
        try:
            _build_beside(progress)
        finally:
            session.rollback()
            reads_only.reset(reading)
    return count() or 0


def _build_beside(progress: Callable[[int], object] | None) -> None:
    beside = shelf.beside()
    # Before the first topic is read: what changes while the others are is followed afterwards.
    cursor = str(following.beginning())
    beside.rebuild(queries.every_document(), cursor=cursor, progress=progress)
    following.catch_up(beside)
    with shelf.turn("follower", LONG_PATIENCE) as is_mine:
        if not is_mine:
            raise IndexBusy
        # The little that happened since; nobody tells the old one meanwhile.
        following.catch_up(beside)
        shelf.afresh(LONG_PATIENCE).adopt(beside)


def count() -> int | None:
    """How many topics the index holds; None when there is none that can be read."""
    # Looked at afresh: a searcher kept open does not see what became of its files.
    index = shelf.afresh()
    try:
        return shelf.read(lambda fresh: fresh.count(), index)
    finally:
        index.close()


def standing() -> Standing:
    """How the index stands, for who runs the house."""
    cursor = shelf.cursor()
    looked_at = shelf.last_turn("follower")
    return Standing(count(), queries.topics_in_sight(), facts.waiting(cursor), looked_at)


def mend() -> bool:
    """Rebuild an index that is missing, broken, of an old format or far from the database."""
    reason = _what_is_wrong()
    if reason is None:
        return False
    log.warning("Rebuilding the search index: %s.", reason)
    began = clock.now()
    try:
        held = rebuild(patience=0)
    except IndexBusy:
        log.warning("Somebody else is rebuilding the search index; looking again later.")
        return False
    shelf.purged(began)
    log.warning("The search index is whole again: %d topics.", held)
    return True


def _what_is_wrong() -> str | None:
    held, cursor = count(), shelf.cursor()
    if held is None:
        return "there is none that can be read"
    if not facts.know(cursor):
        return "it has followed another database, or this one before it was restored"
    if following.keeps_failing():
        return "it cannot be written"
    if shelf.wants_purge():
        return "its files may hold words of somebody who was erased"
    if shelf.index().is_without_meanings:
        return "it does not know what titles mean"
    return _how_far_apart(held, cursor)


def _how_far_apart(held: int, cursor: Cursor) -> str | None:
    wanted, waiting, before = queries.topics_in_sight(), facts.waiting(cursor), _Sweep.apart
    if 2 * held < wanted and not 0 < waiting < FAR:
        return f"it holds {held} of {wanted} topics"
    _Sweep.apart = 0 if waiting else wanted - held
    if not _Sweep.apart:
        _Sweep.hopeless = 0
    elif before == _Sweep.apart != _Sweep.hopeless:
        # Not at once: a change may just be made.
        _Sweep.hopeless = _Sweep.apart
        return f"it holds {held} topics and the database {wanted}"
    return None
