"""Counts that are added up in memory and written in batches: a page that is read writes nothing.

    looked = Tally("search.learning", write)     # once a module; `write` gets {key: Counter}
    looked.add(("2026-11-22", "карта"), searched=1, missed=1)

Each process adds up its own. A batch is written in a transaction of its own by a thread that lives
only for that: no reader waits for it, be it behind an import that holds SQLite's lock. It begins
some seconds after the first count of a batch, at the end of the process, and sooner when the batch
is large, but never soon after the last one: the busier a process is, the less it shall write for
each reader. The last seconds of a process that is killed are lost: these are figures, not facts.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import Counter
from contextlib import AbstractContextManager
from itertools import islice
from multiprocessing.util import Finalize
from typing import TYPE_CHECKING, Generic, TypeVar

from app.core import transactions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Around = Callable[[], AbstractContextManager[object]]

log = logging.getLogger(__name__)

SECONDS = 20.0
# So many different keys are not waited with; nor are more written in one transaction.
LARGE = 500
# Between the beginnings of two batches, however large they are.
APART = 5.0
# Nothing more than this is remembered, be the database away or everything read within seconds.
MOST = 10_000

K = TypeVar("K")


class _Door:
    """The application's context, in which batches are written; None: only by hand, as in tests."""

    around: Around | None = None


def init(around: Around | None) -> None:
    """Write by ourselves, each time inside `around()`."""
    _Door.around = around


class Tally(Generic[K]):
    """What was counted under each key since the last batch; safe to use from any thread."""

    def __init__(self, name: str, write: Callable[[Mapping[K, Counter[str]]], object]) -> None:
        self.name, self.write = name, write
        self._begin_anew()
        # A child begins with nothing: what its parent has counted, its parent writes.
        os.register_at_fork(after_in_child=self._begin_anew)

    def _begin_anew(self) -> None:
        self._counts: dict[K, Counter[str]] = {}
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._began = float("-inf")
        self._timer: threading.Timer | None = None
        self._last: Finalize | None = None

    def add(self, key: K, **counts: int) -> None:
        """Count; never waits for anything."""
        with self._lock:
            known = self._counts.get(key)
            if known is None:
                if len(self._counts) >= MOST:
                    return
                known = self._counts[key] = Counter()
                if len(self._counts) == LARGE and _Door.around is not None:
                    self._set_out(max(0.0, self._began + APART - time.monotonic()))
            # Several times quicker than `update`, and every page that is given comes by here.
            for what, times in counts.items():
                known[what] = known.get(what, 0) + times
            if self._timer is None and _Door.around is not None:
                self._set_out(SECONDS)

    def flush(self) -> int:
        """Write what was counted in transactions of its own; how many keys. Never raises."""
        written = 0
        with self._writing:
            with self._lock:
                counts, self._counts, self._timer = self._counts, {}, None
                self._began = time.monotonic()
            while counts:
                batch = dict(islice(counts.items(), LARGE))
                try:
                    self.write(batch)
                    transactions.commit()
                except Exception:
                    log.exception("Counts of %s could not be written; later again.", self.name)
                    transactions.rollback()
                    self._take_back(counts)
                    break
                written += len(batch)
                for key in batch:
                    del counts[key]
        return written

    def _take_back(self, counts: Mapping[K, Counter[str]]) -> None:
        with self._lock:
            for key, counted in counts.items():
                if key in self._counts or len(self._counts) < MOST:
                    self._counts.setdefault(key, Counter()).update(counted)

    def _set_out(self, after: float) -> None:
        """Write so many seconds from now."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = threading.Timer(after, self._flush_inside)
        self._timer.daemon = True
        self._timer.start()
        if self._last is None:
            # Runs at the end of a gunicorn worker too, where `atexit` alone does not: it may be a
            # grandchild of `multiprocessing`, which ends its children without it.
            self._last = Finalize(None, self._flush_inside, exitpriority=1)

    def _flush_inside(self) -> None:
        around = _Door.around
        if around is None:
            return
        try:
            with around():
                self.flush()
        except Exception:
            log.exception("Counts of %s could not be written.", self.name)
