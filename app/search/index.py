"""The search engine's door: what the product needs of an engine, done with Whoosh.

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
dies with its process; one that waits too long raises `IndexBusy`, and its delivery is tried again.
A `put` replaces, so repeating it is harmless; a process killed inside it changes nothing.
"""

import fcntl
import json
import os
import secrets
import shutil
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, Final

from whoosh import fields, index, query, scoring
from whoosh.analysis import Token
from whoosh.filedb.filestore import FileStorage
from whoosh.index import EmptyIndexError, FileIndex
from whoosh.searching import Searcher
from whoosh.writing import SegmentWriter

from app.search import analysis, wording
from app.search.analysis import Language
from app.search.wording import Keys, Wording

# Part of the directory's name: raise it whenever stored keys or fields change; the index then
# starts empty and wants a rebuild.
FORMAT: Final = 1
MOST_HITS: Final = 200

_TITLE_BOOST: Final = 3.0
_OFFICIAL_WEIGHT: Final = 1.5
_COMMENT_WEIGHT: Final = 0.6
_TYPED_BOOST: Final = 0.7
_ANSWERED_BONUS: Final = 1.1
_GAP: Final = 100  # between two texts of a topic, so that no phrase spans them
_FEW: Final = 10  # with fewer topics that hold every word, those that hold some follow
_LEAST_SHARE: Final = 0.3  # of the best score: what is weaker is noise
_MOST_ENDINGS: Final = 16
_ENDINGS_LOOKED_AT: Final = 300
_COMMON_SHARE: Final = 0.08
_LEAST_RARE: Final = 2
_LEAST_COMMON: Final = 50
_MOST_RARE: Final = 12
_CANDIDATES: Final = 60
_ATTEMPTS: Final = 12
_PAUSE: Final = 0.05
_LONGEST_TEXT: Final = 50_000


class IndexBusy(Exception):
    """Another process is writing; try again later."""


class IndexBroken(Exception):
    """The files cannot be read (a full disk, a power cut): rebuild the index."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A topic as search sees it: plain texts (`markup.plain`), only what the public may see."""

    topic_id: int
    title: str
    body: str = ""
    official: Sequence[str] = ()
    comments: Sequence[str] = ()
    tags: Sequence[str] = ()
    category_id: int | None = None
    kind: str = ""
    state: str = ""
    answered: bool = False
    visible: bool = True
    language: Language | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What a result must be; an empty set asks for nothing."""

    category_ids: frozenset[int] = frozenset()
    kinds: frozenset[str] = frozenset()
    states: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()


NO_FILTERS: Final = Filters()


@dataclass(frozen=True, slots=True)
class Hit:
    """A topic that matches. `exact` when it holds every word asked for."""

    topic_id: int
    score: float
    exact: bool


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


def _texts(value: str, **_options: object) -> Iterator[Any]:
    """Whoosh's analyzer for texts packed by `_pack`: every key of a word at the word's position."""
    token = Token(positions=True)
    position = 0
    for weight, language, text in json.loads(value):
        for word in analysis.words(text, language):
            token.pos = position
            token.boost = weight / len(word.keys)
            for key in word.keys:
                token.text = key
                yield token
            position += 1
        position += _GAP


def _labels(value: str, **_options: object) -> Iterator[Any]:
    token = Token(positions=True)
    for token.text in json.loads(value):
        token.pos = 0
        yield token


def _pack(texts: Iterable[tuple[float, str]], language: Language | None) -> str:
    return json.dumps(
        [(weight, language, text[:_LONGEST_TEXT]) for weight, text in texts if text],
    )


_SCHEMA: Final = fields.Schema(
    id=fields.ID(stored=True, unique=True),
    answered=fields.STORED(),
    title=fields.TEXT(analyzer=_texts),
    text=fields.TEXT(analyzer=_texts),
    category=fields.ID(),
    kind=fields.ID(),
    state=fields.ID(),
    tag=fields.TEXT(analyzer=_labels, phrase=False),
)


def _storable(label: str) -> str:
    return label.encode("utf-8", "replace").decode()


def _row(document: Document) -> dict[str, object]:
    texts = [
        (1.0, document.body),
        *((_OFFICIAL_WEIGHT, text) for text in document.official),
        *((_COMMENT_WEIGHT, text) for text in document.comments),
        *((1.0, tag.replace("-", " ")) for tag in document.tags),
    ]
    language = document.language or analysis.language_of(f"{document.title} {document.body}")
    return {
        "id": str(document.topic_id),
        "answered": document.answered,
        "title": _pack([(1.0, document.title)], language),
        "text": _pack(texts, language),
        "category": str(document.category_id) if document.category_id is not None else None,
        "kind": _storable(document.kind) or None,
        "state": _storable(document.state) or None,
        "tag": json.dumps([_storable(tag) for tag in document.tags]),
    }


class Index:
    """The index in a directory: one object a process.

    `patience` is how many seconds a writer waits for another one.
    """

    def __init__(self, path: Path, *, patience: float) -> None:
        self._path = path
        self._patience = patience
        self._idle: list[tuple[tuple[str, int], Searcher]] = []
        self._guard = Lock()

    def made(self) -> "Index":
        """Itself, after making an empty index where there is none of this format."""
        if not self._live_name():
            with self._turn():
                if not self._live_name():
                    name = self._new_name()
                    self._create(name)
                    self._go_live(name)
        return self

    @property
    def is_live(self) -> bool:
        """Whether there is an index of this format; see `made`."""
        return bool(self._live_name())

    def close(self) -> None:
        """Let go of the files that were kept open for the next search."""
        with self._guard:
            idle, self._idle = self._idle, []
        for _, searcher in idle:
            searcher.close()

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
        # Whoosh keeps both when one commit brings an id twice: the last one is meant.
        batch = {document.topic_id: document for document in documents}
        replaced = batch.keys() | set(gone)
        with self._turn():
            if replaced:
                self._write(replaced, [d for d in batch.values() if d.visible])
            if cursor is not None:
                self._replace(self._path / self._live_name() / "cursor", cursor)

    def rebuild(
        self,
        documents: Iterable[Document],
        *,
        cursor: str = "",
        progress: Callable[[int], object] | None = None,
    ) -> int:
        """Build a new index from all documents and swap it in; return how many it holds.

        `cursor` is where the database stood when the reading began.

        Nobody writes meanwhile (their deliveries are tried again), and searches go on in the old
        one. Pass a lazy iterable whose reading begins when it is iterated, so that it sees every
        topic that was put before.
        """
        with self._turn():
            name = self._new_name()
            self._sweep()
            writer = self._create(name).writer(limitmb=64)
            seen: set[int] = set()
            try:
                for done, document in enumerate(documents, 1):
                    if document.visible and document.topic_id not in seen:
                        seen.add(document.topic_id)
                        writer.add_document(**_row(document))
                    if progress is not None:
                        progress(done)
                writer.commit()
                self._replace(self._path / name / "cursor", cursor)
            except BaseException:
                if not writer.is_closed:
                    writer.cancel()
                shutil.rmtree(self._path / name, ignore_errors=True)
                raise
            self._go_live(name)
            self._sweep()
        return len(seen)

    def adopt(self, other: "Index") -> None:
        """Let the index that `other` holds, and its cursor, stand in the place of this one's."""
        name, ready = other._live_name(), other._path  # noqa: SLF001 (one of us)
        with self._turn():
            (ready / name).rename(self._path / name)
            self._go_live(name)
            self._sweep()

    def _write(self, replaced: Iterable[int], added: Sequence[Document]) -> None:
        rows = [_row(document) for document in added]
        try:
            writer: SegmentWriter = self._whoosh(self._live_name()).writer(limitmb=64)
        except (index.IndexError, EmptyIndexError, ValueError, OSError) as error:
            raise IndexBroken(str(error)) from error
        try:
            for topic_id in replaced:
                writer.delete_by_term("id", str(topic_id), searcher=writer.searcher())
            for row in rows:
                writer.add_document(**row)
            writer.commit()
        except BaseException:
            if not writer.is_closed:
                writer.cancel()
            raise

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

    def _new_name(self) -> str:
        return f"v{FORMAT}-{secrets.token_hex(6)}"

    def _live_name(self) -> str:
        try:
            name = (self._path / "current").read_text().strip()
        except FileNotFoundError:
            return ""
        ours = name.startswith(f"v{FORMAT}-") and (self._path / name).is_dir()
        return name if ours else ""

    def _go_live(self, name: str) -> None:
        self._replace(self._path / "current", name)

    def _replace(self, path: Path, words: str) -> None:
        beside = path.with_name(path.name + ".new")
        with beside.open("w") as file:
            file.write(words)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)

    def _sweep(self) -> None:
        """Remove what earlier formats, swaps and killed rebuilds left."""
        live = self._live_name()
        for folder in self._path.glob("v*-*"):
            if folder.name != live:
                shutil.rmtree(folder, ignore_errors=True)

    def _create(self, name: str) -> FileIndex:
        (self._path / name).mkdir()
        return FileIndex.create(FileStorage(str(self._path / name)), _SCHEMA)

    def _whoosh(self, name: str) -> FileIndex:
        return FileIndex(FileStorage(str(self._path / name)), _SCHEMA)

    # Reading

    def count(self) -> int:
        """How many topics the index holds."""
        with self._searcher() as searcher:
            return int(searcher.doc_count())

    def find(
        self,
        text: str,
        *,
        filters: Filters = NO_FILTERS,
        limit: int = MOST_HITS,
        typing: bool = False,
    ) -> Found:
        """Search as the reader typed it; never raises for any text.

        Topics with every word come first; when they are few, those with some of the words follow.
        With `typing` the last word may be unfinished.
        """
        asked = wording.read(text, typing=typing).telling
        if not asked:
            return Found((), 0, asked)
        with self._searcher() as searcher:
            results = searcher.search(_every_word(searcher, asked, filters), limit=limit)
            hits = _exact_hits(results)
            # Counting walks all postings again: only when there was more than could be shown.
            total = len(results) if len(hits) >= limit else len(hits)
            if total < min(_FEW, limit) and len(asked.words) + len(asked.phrases) > 1:
                known = {hit.topic_id for hit in hits}
                loose = _some_words(searcher, asked, filters, limit)
                hits = [*hits, *(hit for hit in loose if hit.topic_id not in known)][:limit]
                total = len(hits)
        return Found(tuple(hits), total, asked)

    def similar(
        self,
        text: str,
        *,
        limit: int = 5,
        filters: Filters = NO_FILTERS,
        but_for: int | None = None,
    ) -> Found:
        """Find topics like a title being typed: most telling words first, all optional.

        `but_for` is the topic that the text comes from: best of all, it would outdo the others.
        """
        asked = wording.read(text, typing=True).telling
        if not asked:
            return Found((), 0, asked)
        with self._searcher() as searcher:
            hits = tuple(_some_words(searcher, asked, filters, limit, but_for))
        return Found(hits, len(hits), asked)

    @contextmanager
    def _searcher(self) -> Iterator[Searcher]:
        """Lend a searcher of the newest commit: one borrower at a time, kept for the next."""
        at, searcher = self._borrow()
        try:
            yield searcher
        except BaseException:
            searcher.close()
            raise
        with self._guard:
            self._idle.append((at, searcher))

    def _borrow(self) -> tuple[tuple[str, int], Searcher]:
        for attempt in range(1, _ATTEMPTS + 1):
            # A commit or a swap may take the files away between finding and opening them.
            try:
                name = self._live_name()
                whoosh = self._whoosh(name)
                at = (name, whoosh.latest_generation())
                with self._guard:
                    stale = [searcher for key, searcher in self._idle if key != at]
                    fresh = [pair for pair in self._idle if pair[0] == at]
                    lent = fresh.pop() if fresh else None
                    self._idle = fresh
                for searcher in stale:
                    searcher.close()
                if lent is not None:
                    return lent
                reader = whoosh.reader()
                searcher = Searcher(reader, weighting=scoring.BM25F(), fromindex=whoosh)
                # A reader of nothing knows no generation.
                return (name, int(reader.generation() or at[1])), searcher
            except (OSError, EmptyIndexError, index.IndexError, EOFError, ValueError) as error:
                if attempt == _ATTEMPTS:
                    raise IndexBroken(str(error)) from error
                time.sleep(_PAUSE)
        raise IndexBroken(str(self._path))


def _hit(stored: dict[str, Any], score: float, *, exact: bool) -> Hit:
    bonus = _ANSWERED_BONUS if stored.get("answered") else 1.0
    return Hit(int(stored["id"]), round(score * bonus, 6), exact)


def _exact_hits(results: Any) -> list[Hit]:
    found = range(results.scored_length())
    hits = [_hit(results.fields(n), results.score(n), exact=True) for n in found]
    return sorted(hits, key=lambda hit: (-hit.score, -hit.topic_id))


def _terms(keys: Keys, boost: float = 1.0) -> list[Any]:
    return [
        query.Term(field, key, boost=boost * weight)
        for key in keys
        for field, weight in (("title", _TITLE_BOOST), ("text", 1.0))
    ]


def _phrase(phrase: Sequence[Keys]) -> Any:
    # In a text of known language a word has one key: the phrase is tried whole in each language.
    ways = dict.fromkeys((tuple(w[0] for w in phrase), tuple(w[-1] for w in phrase)))
    return query.Or(
        [
            query.Phrase(field, list(way), boost=weight)
            for way in ways
            for field, weight in (("title", _TITLE_BOOST), ("text", 1.0))
        ],
    )


def _endings(searcher: Searcher, asked: Wording) -> list[Any]:
    """Terms for the words that begin as the last one does, the frequent ones first."""
    reader = searcher.reader()
    known: dict[str, int] = {}
    for opening in asked.typed:
        for field in ("title", "text"):
            expanded = reader.expand_prefix(field, opening)
            for _, raw in zip(range(_ENDINGS_LOOKED_AT), expanded, strict=False):
                key = raw.decode()
                known[key] = known.get(key, 0) + reader.doc_frequency(field, raw)
    finished = frozenset(asked.words[-1]) if asked.words else frozenset()
    best = sorted(known.keys() - finished, key=lambda key: (-known[key], key))[:_MOST_ENDINGS]
    return _terms(tuple(best), _TYPED_BOOST)


def _word_queries(searcher: Searcher, asked: Wording) -> list[Any]:
    typed = _endings(searcher, asked) if asked.typed else []
    last = len(asked.words) - 1
    return [
        query.Or(_terms(keys) + (typed if number == last else []))
        for number, keys in enumerate(asked.words)
    ]


def _narrowed(wanted: Any, asked: Wording, filters: Filters) -> Any:
    must = [
        query.Or([query.Term(field, _storable(value)) for value in values])
        for field, values in (
            ("category", sorted(map(str, filters.category_ids))),
            ("kind", sorted(filters.kinds)),
            ("state", sorted(filters.states)),
            ("tag", sorted(filters.tags)),
        )
        if values
    ]
    if must:
        wanted = query.Require(wanted, query.And(must))
    if asked.without:
        unwanted = [
            _phrase(words) if len(words) > 1 else query.Or(_terms(words[0]))
            for words in asked.without
        ]
        wanted = query.AndNot(wanted, query.Or(unwanted))
    return wanted


def _every_word(searcher: Searcher, asked: Wording, filters: Filters) -> Any:
    phrases = [_phrase(phrase) for phrase in asked.phrases]
    return _narrowed(query.And(phrases + _word_queries(searcher, asked)), asked, filters)


def _some_words(
    searcher: Searcher,
    asked: Wording,
    filters: Filters,
    limit: int,
    but_for: int | None = None,
) -> list[Hit]:
    """Find topics with some of the words, best first.

    Whoosh walks every posting in Python, so rare words choose the candidates and common ones only
    order the best of those; scoring all words over all postings takes ten times as long.
    """
    reader = searcher.reader()
    common_from = max(_COMMON_SHARE * searcher.doc_count_all(), _LEAST_COMMON)
    typed = _endings(searcher, asked) if asked.typed else []
    last = len(asked.words) - 1
    weighed = []
    for number, keys in enumerate(asked.words):
        terms = _terms(keys) + (typed if number == last else [])
        often = sum(reader.doc_frequency(term.fieldname, term.text) for term in terms)
        if often:
            weighed.append((often, terms))
    weighed.sort(key=lambda pair: pair[0])
    least = weighed[min(_LEAST_RARE, len(weighed)) - 1][0] if weighed else 0
    rare = [terms for often, terms in weighed if often <= max(common_from, least)]
    common = [terms for _, terms in weighed[len(rare) :]]
    wanted = query.Or([term for terms in rare[:_MOST_RARE] for term in terms])
    wanted.matcher_type = query.Or.ARRAY_MATCHER
    if asked.phrases:
        wanted = query.AndMaybe(query.And([_phrase(phrase) for phrase in asked.phrases]), wanted)
    results = searcher.search(_narrowed(wanted, asked, filters), limit=max(limit, _CANDIDATES))
    scores = {results.docnum(n): results.score(n) for n in range(results.scored_length())}
    _reorder(searcher, scores, [term for terms in common for term in terms])
    hits = [
        _hit(searcher.stored_fields(number), score, exact=False) for number, score in scores.items()
    ]
    return _kept(hit for hit in hits if hit.topic_id != but_for)[:limit]


def _reorder(searcher: Searcher, scores: dict[int, float], terms: Iterable[Any]) -> None:
    """Add what common words are worth to the best candidates."""
    best = sorted(sorted(scores, key=lambda number: -scores[number])[:_CANDIDATES])
    context = searcher.context()
    for term in terms:
        matcher = term.matcher(searcher, context)
        for number in best:
            if not matcher.is_active():
                break
            if matcher.id() < number:
                matcher.skip_to(number)
            if matcher.is_active() and matcher.id() == number:
                scores[number] += matcher.score()


def _kept(hits: Iterable[Hit]) -> list[Hit]:
    ordered = sorted(hits, key=lambda hit: (-hit.score, -hit.topic_id))
    return [hit for hit in ordered if hit.score >= ordered[0].score * _LEAST_SHARE]
