"""Following the facts: this machine's index learns of each change by itself.

Every worker looks here twice a second; of those that share an index folder one does the work and
the others pass by. What is read is what stands now, so doing it again after a sudden end is
harmless, and the cursor moves only when the index has kept what it stands for.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from app.core import clock
from app.core.db import reads_only, session
from app.search import facts, queries, shelf
from app.search.cursor import START, Cursor, Hole
from app.search.index import IndexBroken, IndexBusy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.search.index import Document, Index

log = logging.getLogger(__name__)

# A fact of another slice: the engine's files hold its person's words until they are made anew.
ERASED = "PersonErased"
# Facts a round; what they changed goes into the index in one commit.
BATCH = 500
# After a write that failed: `keeping.mend` looks meanwhile.
REST = 10.0


class UnwritableError(Exception):
    """The index takes nothing: its files are damaged, or the disk is full."""


class _Failed:
    in_a_row = 0
    rest_until = 0.0


def follow() -> int:
    """Tell this machine's index what happened since it was told last; how many topics changed.

    Nothing while somebody else does, nor while there is no index, which `keeping.mend` makes.
    """
    with shelf.turn("follower") as is_mine:
        index = shelf.index()
        if not is_mine or not index.is_live or time.monotonic() < _Failed.rest_until:
            return 0
        reading = reads_only.set(True)
        try:
            changed = catch_up(index)
        except IndexBusy:
            log.info("Somebody else is writing the search index; following it a moment later.")
            return 0
        except UnwritableError:
            _Failed.in_a_row += 1
            _Failed.rest_until = time.monotonic() + REST
            raise
        else:
            _Failed.in_a_row = 0
            return changed
        finally:
            session.rollback()
            reads_only.reset(reading)


def keeps_failing() -> bool:
    """Whether the index could not be written again and again, in this process."""
    return _Failed.in_a_row > 1


def beginning() -> Cursor:
    """Where an index is to follow from whose topics are read from now on."""
    session.rollback()
    newest = facts.newest()
    if newest is None:
        return START
    now = clock.now()
    holes = tuple(Hole(first, last, now) for first, last in facts.missing(newest[0]))
    return Cursor(*newest, holes)


def catch_up(index: Index) -> int:
    """Follow until nothing is left to be followed; how many topics were read again."""
    changed = 0
    while (some := _round(index)) is not None:
        changed += some
    return changed


def _round(index: Index) -> int | None:
    """The next facts, by the public words that stand now; None when there are none."""
    cursor = Cursor.read(index.cursor)
    # Facts first, documents after: what happens in between is read twice rather than never.
    session.rollback()
    found = facts.beyond(cursor, BATCH)
    if facts.are_of_another_database(found, cursor):
        return None
    new = [fact for fact in found if fact.id != cursor.last]
    newest = new[-1].at if new else None
    after = cursor.past([fact.id for fact in new], at=newest, now=clock.now())
    if after == cursor:
        return None
    topic_ids = facts.topics_changed(new)
    documents = queries.documents(topic_ids) if topic_ids else []
    # Nobody's clearing up waits for a transaction that only waits for the disk.
    session.rollback()
    try:
        _put(index, topic_ids, documents, str(after))
    except IndexBusy:
        raise
    except Exception as error:
        raise UnwritableError(str(error)) from error
    if any(fact.name == ERASED for fact in new):
        shelf.ask_for_purge()
    return len(topic_ids)


def _put(
    index: Index, topic_ids: Sequence[int], documents: Sequence[Document], cursor: str
) -> None:
    gone = set(topic_ids).difference(document.topic_id for document in documents)
    try:
        index.put(documents, gone=gone, cursor=cursor)
    except (IndexBusy, IndexBroken, OSError):
        raise
    except Exception:
        log.exception("Something among these topics cannot be indexed; trying one by one.")
        index.put(gone=gone)
        for document in documents:
            _put_alone(index, document)
        index.put(cursor=cursor)


def _put_alone(index: Index, document: Document) -> None:
    """One topic that the engine chokes on must not keep all later ones from being found."""
    try:
        index.put([document])
    except (IndexBusy, IndexBroken, OSError):
        raise
    except Exception:
        log.exception("Topic %d cannot be indexed; it stays out.", document.topic_id)
        index.put(gone=[document.topic_id])
