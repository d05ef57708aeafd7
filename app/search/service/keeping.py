"""Keeping the index true to the database; it may be thrown away at any time."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from app.core.db import reads_only, session
from app.search import queries, shelf
from app.search.index import IndexBusy

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)

# A rebuild has nothing to hold up and waits for whoever writes.
LONG_PATIENCE = 60.0


class _Sweep:
    # How far the index was from the database at the last look.
    apart = 0


def keep_findable(topic_id: int) -> None:
    """Put the topic into the index as it stands now; take it out when it is hidden."""
    queries.hold(topic_id)
    found = queries.documents([topic_id])
    index = shelf.index().made()
    if found:
        index.put(found)
    else:
        index.put(gone=[topic_id])


def rebuild(progress: Callable[[int], object] | None = None) -> int:
    """Make the index anew from the database; how many topics it holds. Searches go on meanwhile."""
    reading = reads_only.set(True)
    try:
        return shelf.afresh(LONG_PATIENCE).rebuild(queries.every_document(), progress=progress)
    finally:
        session.rollback()
        reads_only.reset(reading)


def count() -> int | None:
    """How many topics the index holds; None when there is none that can be read."""
    # Looked at afresh: a searcher kept open does not see what became of its files.
    index = shelf.afresh()
    try:
        return shelf.read(lambda fresh: fresh.count(), index)
    finally:
        index.close()


def mend() -> bool:
    """Rebuild an index that is missing, broken, of an old format or far from the database."""
    reason = _what_is_wrong()
    if reason is None:
        return False
    log.warning("Rebuilding the search index: %s.", reason)
    try:
        held = rebuild()
    except IndexBusy:
        log.warning("Somebody else is writing the search index; looking again later.")
        return False
    log.warning("The search index is whole again: %d topics.", held)
    return True


def _what_is_wrong() -> str | None:
    held = count()
    if held is None:
        return "there is none that can be read"
    wanted, before = queries.topics_in_sight(), _Sweep.apart
    _Sweep.apart = 0 if queries.waiting() else wanted - held
    if 2 * held < wanted:
        return f"it holds {held} of {wanted} topics"
    # Not at once: an import may be under way, or a change just made.
    if _Sweep.apart and _Sweep.apart == before:
        return f"it holds {held} topics and the database {wanted}"
    return None
