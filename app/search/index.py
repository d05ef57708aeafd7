"""The search engine's door: what the product needs of an engine, whichever it is.

The index is a projection of the database and may be thrown away at any time. It holds one document
a topic and gives back topic ids only, best first. **It decides nothing about rights**: load the ids
through the reader's permission clause (one statement) and page over what is left, see
`Found.page`; texts for titles and fragments come from the database too (`app.search.fragments`).

    index = Index(Path("instance/index"), patience=1.0).made()    one object a process, thread-safe
    index.put([Document(topic_id=7, title=…, …)])   worker only; the whole batch or nothing
    found = index.find("карта", filters=Filters(kinds=frozenset({"idea"})))
    found.page(allowed_ids, number=1, size=10)
    index.similar("не приходит карта", limit=5)     while a question is being typed
    index.rebuild(documents, progress=print)        beside the live index, swapped in when complete

Readers notice a commit of another process by themselves. Writers take turns by a file lock that
dies with its process; one that waits too long raises `IndexBusy`, and whoever keeps the index comes
again. A `put` replaces, so repeating it is harmless; a process killed inside it changes nothing.
"""

from __future__ import annotations

import fcntl
import logging
import os
import secrets
import shutil
import time
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Final

from app.core import clock
from app.core.lazily import lazily
from app.search import fusion, plans, ranking, rows, variety, wording
from app.search.engines import EngineError, Match
from app.search.plans import NO_FILTERS, Filters
from app.search.rows import Document
from app.search.wording import Wording

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Sequence
    from pathlib import Path

    from app.search.engines import Engine, Reader
    from app.search.engines import tantivy as tantivy_engine
    from app.search.engines import whoosh as whoosh_engine
    from app.search.meaning import Meanings, Writer
else:
    whoosh_engine = lazily("app.search.engines.whoosh")
    tantivy_engine = lazily("app.search.engines.tantivy")

__all__ = [
    "ENGINES",
    "MOST_HITS",
    "NO_FILTERS",
    "Document",
    "Filters",
    "Found",
    "Hit",
    "Index",
    "IndexBroken",
    "IndexBusy",
]

log = logging.getLogger(__name__)

_WHOOSH: Final[Engine] = whoosh_engine
_TANTIVY: Final[Engine] = tantivy_engine
# By the name each has itself: to ask it would be to load them both.
ENGINES: Final = {"whoosh": _WHOOSH, "tantivy": _TANTIVY}

# Part of the directory's name: raise it whenever keys or rows change; the index then starts empty
# and wants a rebuild.
FORMAT: Final = 3
MOST_HITS: Final = 200
# Likewise part of a name: raise it whenever the encoder or the text that is encoded changes.
_MEANINGS: Final = "meanings-1.sqlite3"

_FEW: Final = 10  # with fewer topics that hold every word, those that hold some follow
_LEAST_SHARE: Final = 0.3  # of the best score: what is weaker is noise
_MOST_ENDINGS: Final = 16
_ENDINGS_LOOKED_AT: Final = 300
# So many of the best by words are looked at when what else is known of them settles their order.
_CONSIDERED: Final = 60
_ATTEMPTS: Final = 12
_PAUSE: Final = 0.05


class IndexBusy(Exception):
    """Another process is writing; try again later."""


class IndexBroken(Exception):
    """The files cannot be read (a full disk, a power cut): rebuild the index."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A topic that matches. `exact` when it holds every word asked for.

    `near` is the cosine between what was asked and what the title means, where that is known.
    """

    topic_id: int
    score: float
    exact: bool
    near: float = 0.0


@dataclass(frozen=True, slots=True)
class Found:
    """Hits best first, never more than were asked for; `total` counts all, before rights."""

    hits: tuple[Hit, ...]
    total: int
    wording: Wording

    @property
    def ids(self) -> tuple[int, ...]:
        """Topic ids best first, for the statement that asks which of them the reader may see."""
        return tuple(hit.topic_id for hit in self.hits)

    def page(self, allowed: Collection[int], *, number: int = 1, size: int = 10) -> tuple[Hit, ...]:
        """Return one page of the hits whose ids are allowed; pages count from 1."""
        seen = [hit for hit in self.hits if hit.topic_id in allowed]
        start = (max(number, 1) - 1) * size
        return tuple(seen[start : start + size])


class Index:
    """The index in a directory: one object a process.

    `patience` is how many seconds a writer waits for another one; `engine` one of `ENGINES`;
    `meanings`, where they are wanted, what is known beside it of what titles mean.
    """

    def __init__(
        self,
        path: Path,
        *,
        patience: float,
        engine: str = "whoosh",
        meanings: Meanings | None = None,
    ) -> None:
        self._path = path
        self._patience = patience
        self._engine = ENGINES[engine]
        self._meanings = meanings
        self._idle: list[tuple[Hashable, Reader]] = []
        self._guard = Lock()

    def made(self) -> Index:
        """Itself, after making an empty index where there is none of this engine and format."""
        if not self._live_name():
            with self._turn():
                if not self._live_name():
                    self._go_live(self._create())
        return self

    @property
    def is_live(self) -> bool:
        """Whether there is an index of this engine and format; see `made`."""
        return bool(self._live_name())

    @property
    def is_without_meanings(self) -> bool:
        """Whether meanings are wanted, but were not when it was built, or were lost since."""
        return self._meanings is not None and not self._meanings_file.exists()

    def close(self) -> None:
        """Let go of the files that were kept open for the next search."""
        with self._guard:
            idle, self._idle = self._idle, []
        for _, reader in idle:
            reader.close()

    @property
    def stamp(self) -> str:
        """Another one whenever searches may find something else."""
        name = self._live_name()
        return f"{name}:{self._engine.newest(self._path / name)}" if name else ""

    # Writing

    @property
    def cursor(self) -> str:
        """How far the index has followed the database, in its keeper's words; "" at the start.

        Never ahead of what searches see: a write that was interrupted is done again.
        """
        try:
            return (self._path / self._live_name() / "cursor").read_text()
        except FileNotFoundError:
            return ""

    def put(
        self,
        documents: Iterable[Document] = (),
        *,
        gone: Iterable[int] = (),
        cursor: str | None = None,
    ) -> None:
        """Add or replace topics in one commit and take out those `gone` or not visible.

        Unknown ids are no error. `cursor` is kept when the commit stands.
        """
        # An engine may keep both when one commit brings an id twice: the last one is meant.
        batch = {document.topic_id: document for document in documents}
        replaced = batch.keys() | set(gone)
        added = [rows.of(document) for document in batch.values() if document.visible]
        with self._turn():
            folder = self._path / self._live_name()
            if replaced:
                try:
                    self._engine.write(folder, sorted(replaced), added)
                except EngineError as error:
                    raise IndexBroken(str(error)) from error
                self._put_meanings(batch.values(), sorted(replaced - batch.keys()))
            if cursor is not None:
                self._replace(folder / "cursor", cursor)

    def rebuild(
        self,
        documents: Iterable[Document],
        *,
        cursor: str = "",
        progress: Callable[[int], object] | None = None,
    ) -> int:
        """Build a new index from all documents and swap it in; return how many it holds.

        `cursor` is where the database stood when the reading began. Nobody writes meanwhile, and
        searches go on in the old one. Pass a lazy iterable whose reading begins when it is
        iterated, so that it sees every topic that was put before.
        """
        with self._turn():
            self._sweep()
            name = self._create()
            try:
                with self._meaning_of(name) as writer:
                    added = _once(documents, progress, writer)
                    held = self._engine.write(self._path / name, (), added)
                self._replace(self._path / name / "cursor", cursor)
            except BaseException:
                shutil.rmtree(self._path / name, ignore_errors=True)
                raise
            self._go_live(name)
            self._sweep()
        return held

    def adopt(self, other: Index) -> None:
        """Let the index that `other` holds, and its cursor, stand in the place of this one's."""
        name, ready = other._live_name(), other._path
        with self._turn():
            (ready / name).rename(self._path / name)
            self._go_live(name)
            self._sweep()

    def _put_meanings(self, documents: Iterable[Document], gone: Iterable[int]) -> None:
        """After the topics, before the cursor: what is interrupted is done again."""
        if self._meanings is None or not self._meanings_file.exists():
            # One that missed something would be taken for whole: only a rebuild makes one.
            self._meanings_file.unlink(missing_ok=True)
            return
        try:
            with self._meanings.writing(self._meanings_file) as writer:
                for topic_id in gone:
                    writer.gone(topic_id)
                for document in documents:
                    writer.put(document, rows.meant(document))
        except Exception:
            # They only add to the suggestions: nothing else waits for them.
            log.exception("What titles mean cannot be written down; a rebuild does it.")
            self._meanings_file.unlink(missing_ok=True)

    @contextmanager
    def _meaning_of(self, name: str) -> Iterator[Writer | None]:
        """A writer of the meanings of all that a new index will hold."""
        if self._meanings is None:
            yield None
            return
        with self._meanings.writing(self._path / name / _MEANINGS) as writer:
            yield writer

    @property
    def _meanings_file(self) -> Path:
        return self._path / self._live_name() / _MEANINGS

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Be the only writer, among threads and processes."""
        until = time.monotonic() + self._patience
        self._path.mkdir(parents=True, exist_ok=True)
        with (self._path / "lock").open("w") as held:
            while True:
                try:
                    fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() >= until:
                        raise IndexBusy(str(self._path)) from None
                    time.sleep(_PAUSE)
            yield

    @property
    def _kind(self) -> str:
        return f"{self._engine.NAME}-{FORMAT}.{self._engine.FORMAT}-"

    def _live_name(self) -> str:
        try:
            name = (self._path / "current").read_text().strip()
        except FileNotFoundError:
            return ""
        ours = name.startswith(self._kind) and (self._path / name).is_dir()
        return name if ours else ""

    def _create(self) -> str:
        name = self._kind + secrets.token_hex(6)
        (self._path / name).mkdir()
        self._engine.create(self._path / name)
        if self._meanings is not None:
            self._meanings.create(self._path / name / _MEANINGS)
        return name

    def _go_live(self, name: str) -> None:
        self._replace(self._path / "current", name)

    @staticmethod
    def _replace(path: Path, words: str) -> None:
        beside = path.with_name(path.name + ".new")
        with beside.open("w") as file:
            file.write(words)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _sweep(self) -> None:
        """Remove what earlier formats, swaps and killed rebuilds left."""
        live = self._live_name()
        for folder in self._path.glob("*-*"):
            if folder.name != live and folder.is_dir():
                shutil.rmtree(folder, ignore_errors=True)

    # Reading

    def count(self) -> int:
        """How many topics the index holds."""
        with self._reader() as reader:
            return reader.count()

    def knows(self, word: str) -> bool:
        """Whether some topic holds this word in any of its forms."""
        asked = wording.read(word)
        with self._reader() as reader:
            return bool(asked.words) and all(_is_held(reader, keys) for keys in asked.words)

    def find(
        self,
        asked: str | Wording,
        *,
        filters: Filters = NO_FILTERS,
        limit: int = MOST_HITS,
        typing: bool = False,
    ) -> Found:
        """Search as the reader typed it; never raises for any text.

        Topics with every word come first; when they are few, those with some of the words follow.
        With `typing` the last word may be unfinished.
        """
        asked = (wording.read(asked, typing=typing) if isinstance(asked, str) else asked).telling
        if not asked:
            return Found((), 0, asked)
        with self._reader() as reader:
            endings = _endings(reader, asked)
            matches, total = reader.search(plans.every_word(asked, endings, filters), limit)
            hits = _ranked(matches, asked, exact=True)
            if total < min(_FEW, limit) and len(asked.words) + len(asked.phrases) > 1:
                known = {hit.topic_id for hit in hits}
                some, _ = reader.search(plans.some_words(asked, endings, filters), limit)
                loose = _telling(_ranked(some, asked, exact=False))
                hits = [*hits, *(hit for hit in loose if hit.topic_id not in known)][:limit]
                total = len(hits)
        return Found(tuple(hits), total, asked)

    def similar(
        self,
        text: str,
        *,
        asked: Wording | None = None,
        limit: int = 5,
        filters: Filters = NO_FILTERS,
        but_for: int | None = None,
        near: Sequence[tuple[int, float]] = (),
    ) -> Found:
        """Find topics like a title being typed: all words optional, misspelt ones welcome.

        `asked` is the text read already. `but_for` is the topic that the text comes from: best of
        all, it would outdo the others. `near`: those of `nearest` have their say in the order.
        """
        asked = (asked or wording.read(text, typing=True)).telling
        if not asked:
            return Found((), 0, asked)
        with self._reader() as reader:
            plan = plans.like(asked, text, _endings(reader, asked), filters)
            matches, _ = reader.search(plan, max(limit, _CONSIDERED))
            also = {topic_id for topic_id, _ in near} - {match.topic_id for match in matches}
            others = _those(reader, asked, also, filters)
        lines = {match.topic_id: match.line for match in [*matches, *others]}
        hits = _telling(_ranked((m for m in matches if m.topic_id != but_for), asked, exact=False))
        if near:
            held = {i: cosine for i, cosine in near if i in lines and i != but_for}
            hits = _fused(hits, held)
        kept = tuple(variety.arranged(hits, [lines[hit.topic_id] for hit in hits])[:limit])
        return Found(kept, len(kept), asked)

    def nearest(self, text: str, most: int) -> list[tuple[int, float]]:
        """Topics by what their titles mean, the nearest first, each with its cosine.

        Nothing where that is not wanted, or not known for now. Nothing is promised of these ids
        until `similar` has looked at them: the index may hold them no more.
        """
        line = rows.line(text)[: rows.LONGEST_MEANT]
        if self._meanings is None or not line:
            return []
        return self._meanings.nearest(self._meanings_file, line, most)

    @contextmanager
    def _reader(self) -> Iterator[Reader]:
        """Lend a reader of the newest commit: one borrower at a time, kept for the next."""
        at, reader = self._borrow()
        try:
            yield reader
        except BaseException:
            reader.close()
            raise
        with self._guard:
            self._idle.append((at, reader))

    def _borrow(self) -> tuple[Hashable, Reader]:
        for attempt in range(1, _ATTEMPTS + 1):
            # A commit or a swap may take the files away between finding and opening them.
            try:
                folder = self._path / self._live_name()
                at = (folder, self._engine.newest(folder))
                with self._guard:
                    stale = [reader for key, reader in self._idle if key != at]
                    fresh = [pair for pair in self._idle if pair[0] == at]
                    lent = fresh.pop() if fresh else None
                    self._idle = fresh
                for reader in stale:
                    reader.close()
                return lent if lent is not None else (at, self._engine.reader(folder))
            except EngineError as error:
                if attempt == _ATTEMPTS:
                    raise IndexBroken(str(error)) from error
                time.sleep(_PAUSE)
        raise IndexBroken(str(self._path))


def _once(
    documents: Iterable[Document],
    progress: Callable[[int], object] | None,
    meanings: Writer | None,
) -> Iterator[rows.Row]:
    seen: set[int] = set()
    for done, document in enumerate(documents, 1):
        if document.visible and document.topic_id not in seen:
            seen.add(document.topic_id)
            if meanings is not None:
                meanings.put(document, rows.meant(document))
            yield rows.of(document)
        if progress is not None:
            progress(done)


def _is_held(reader: Reader, keys: Iterable[str]) -> bool:
    return any(reader.frequency(field, key) for key in keys for field in rows.TEXTS)


def _endings(reader: Reader, asked: Wording) -> list[str]:
    """Keys of the words that begin as the last one does, the frequent ones first."""
    known: dict[str, int] = {}
    for opening in asked.typed:
        for field in ("title", "body"):
            for key, often in reader.beginning(field, opening, _ENDINGS_LOOKED_AT):
                known[key] = known.get(key, 0) + often
    finished = frozenset(asked.words[-1]) if asked.words else frozenset()
    return sorted(known.keys() - finished, key=lambda key: (-known[key], key))[:_MOST_ENDINGS]


def _those(
    reader: Reader, asked: Wording, topic_ids: Collection[int], filters: Filters
) -> list[Match]:
    """Of these topics the ones that the index holds and that fit what was asked besides words."""
    if not topic_ids:
        return []
    matches, _ = reader.search(plans.those(asked, topic_ids, filters), len(topic_ids))
    return matches


def _fused(hits: Sequence[Hit], near: dict[int, float]) -> list[Hit]:
    scores = fusion.fused([hit.topic_id for hit in hits], list(near))
    return [Hit(i, score, exact=False, near=near.get(i, 0.0)) for i, score in scores.items()]


def _ranked(matches: Iterable[Match], asked: Wording, *, exact: bool) -> list[Hit]:
    today = int(clock.now().timestamp() // 86400)
    hits = [
        Hit(
            m.topic_id,
            round(m.score * ranking.factor(m.worth, today) * ranking.nearness(asked, m.line), 6),
            exact,
        )
        for m in matches
    ]
    return sorted(hits, key=lambda hit: (-hit.score, -hit.topic_id))


def _telling(hits: list[Hit]) -> list[Hit]:
    return [hit for hit in hits if hit.score >= hits[0].score * _LEAST_SHARE]
