"""Whoosh: pure Python, nothing to install, good for some ten thousand topics.

It walks every posting in Python, so where only some of the words must match, rare ones choose the
candidates and the rest only order the best of those: all words over all postings take ten times as
long and end in nearly the same order.
"""

from __future__ import annotations

import heapq
import math
import os
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from whoosh import fields, formats, query, scoring
from whoosh.filedb.filestore import FileStorage
from whoosh.index import EmptyIndexError, FileIndex, IndexError  # noqa: A004 (Whoosh's own)
from whoosh.searching import Searcher

from app.search import rows
from app.search.engines import EngineError, Match
from app.search.plans import Phrase, Term

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Sequence

    from app.search.plans import Clause, Filters, Plan
    from app.search.rows import Row

NAME: Final = "whoosh"
FORMAT: Final = 2

_MEGABYTES: Final = 64  # of a writer
# Rare words and pieces choose the candidates until so many postings have been walked.
_MOST_POSTINGS: Final = 8_000
_LEAST_RARE: Final = 3
_CANDIDATES: Final = 80
# Of BM25, as Tantivy has them too.
_BM25_B: Final = 0.75
_BM25_K1: Final = 1.2
_DAMAGED: Final = (IndexError, EmptyIndexError, OSError, EOFError, ValueError)


class _Bm25(scoring.BM25F):
    """With the rarity that other engines use, so that they agree on what is best."""

    def idf(self, searcher: Searcher, field: str, key: bytes) -> float:
        """How telling a key is."""
        whole = searcher.get_parent()
        return _rarity(whole.doc_count_all(), whole.doc_frequency(field, key))


def _rarity(documents: int, holding: int) -> float:
    return math.log(1 + (max(documents - holding, 0) + 0.5) / (holding + 0.5))


class _Storage(FileStorage):
    """Brings everything to the disk before and after a commit gets its name; Whoosh does not."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._made: set[str] = set()

    def create_file(self, name: str, **options: Any) -> Any:
        self._made.add(name)
        return super().create_file(name, **options)

    def rename_file(self, name: str, into: str, *, safe: bool = False) -> None:
        for made in self._made:
            _bring_to_disk(Path(self.folder) / made)
        self._made.clear()
        super().rename_file(name, into, safe=safe)
        _bring_to_disk(Path(self.folder))


class _Keys(fields.TEXT):
    """Keys with the places of their words."""

    def index(self, value: list[tuple[str, int]], **_options: object) -> Iterator[Any]:
        places: defaultdict[str, list[int]] = defaultdict(list)
        for key, place in value:
            places[key].append(place)
        for key, at in places.items():
            yield key.encode(), len(at), float(len(at)), self.format.encode(at)


class _Labels(fields.TEXT):
    """Keys of which it only matters that they are there."""

    def __init__(self, *, scorable: bool) -> None:
        super().__init__(phrase=False)
        self.format, self.scorable = formats.Existence(), scorable

    def index(self, value: list[str], **_options: object) -> Iterator[Any]:
        for key, often in Counter(value).items():
            yield key.encode(), often, float(often), b""


_SCHEMA: Final = fields.Schema(
    id=fields.ID(stored=True, unique=True),
    worth=fields.STORED(),
    line=fields.STORED(),
    # In one step: with more, a range takes in days far outside of it.
    day=fields.NUMERIC(int, 32, signed=False, shift_step=0),
    **{field: _Keys() for field in rows.TEXTS},
    **{rows.GRAMS: _Labels(scorable=True)},
    **{label: _Labels(scorable=False) for label in rows.LABELS},
)


def create(folder: Path) -> None:
    """Make an index of nothing."""
    FileIndex.create(_Storage(str(folder)), _SCHEMA)


def write(folder: Path, gone: Sequence[int], added: Iterable[Row]) -> int:
    """Take out and add in one commit."""
    count = 0
    try:
        writer = _index(folder).writer(limitmb=_MEGABYTES)
    except _DAMAGED as error:
        raise EngineError(str(error)) from error
    try:
        for topic_id in gone:
            writer.delete_by_term("id", str(topic_id), searcher=writer.searcher())
        for count, row in enumerate(added, 1):  # noqa: B007 (counted)
            writer.add_document(**_document(row))
        writer.commit()
    except BaseException:
        if not writer.is_closed:
            writer.cancel()
        raise
    return count


def newest(folder: Path) -> Hashable:
    """The number of the commit."""
    try:
        return int(_index(folder).latest_generation())
    except _DAMAGED as error:
        raise EngineError(str(error)) from error


def reader(folder: Path) -> Reader:
    """Read the newest commit."""
    try:
        index = _index(folder)
        return Reader(
            Searcher(index.reader(), weighting=_Bm25(B=_BM25_B, K1=_BM25_K1), fromindex=index)
        )
    except _DAMAGED as error:
        raise EngineError(str(error)) from error


def _index(folder: Path) -> FileIndex:
    return FileIndex(_Storage(str(folder)), _SCHEMA)


def _bring_to_disk(path: Path) -> None:
    try:
        number = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return
    try:
        os.fsync(number)
    finally:
        os.close(number)


class Reader:
    """The rows of one commit."""

    def __init__(self, searcher: Searcher) -> None:
        self._searcher = searcher

    def count(self) -> int:
        """How many rows there are."""
        return int(self._searcher.doc_count())

    def frequency(self, field: str, key: str) -> int:
        """In how many rows the field holds the key."""
        return int(self._searcher.doc_frequency(field, key.encode()))

    def beginning(self, field: str, prefix: str, most: int) -> list[tuple[str, int]]:
        """Keys that begin so, in the order of letters."""
        reader = self._searcher.reader()
        expanded = zip(range(most), reader.expand_prefix(field, prefix), strict=False)
        return [(key.decode(), int(reader.doc_frequency(field, key))) for _, key in expanded]

    def search(self, plan: Plan, limit: int) -> tuple[list[Match], int]:
        """The best matches, and how many there are."""
        if plan.some:
            return self._search_by_the_rare(plan, limit)
        wanted = _narrowed(_all_of(plan.every), plan)
        # Skipping what cannot be among the best fails on what is narrowed, so nothing is skipped.
        is_narrowed = bool(plan.filters.labels or plan.filters.days)
        found = self._searcher.search(wanted, limit=limit, optimize=not is_narrowed)
        matches = [
            self._match(found.docnum(at), found.score(at)) for at in range(found.scored_length())
        ]
        # Counting walks all postings again: only when there was more than could be shown.
        return matches, len(found) if len(matches) >= limit else len(matches)

    def close(self) -> None:
        """Let go of the files."""
        self._searcher.close()

    def _match(self, number: int, score: float) -> Match:
        stored = self._searcher.stored_fields(number)
        return Match(int(stored["id"]), score, rows.Worth(*stored["worth"]), stored["line"])

    def _search_by_the_rare(self, plan: Plan, limit: int) -> tuple[list[Match], int]:
        """Choose by what is rare, then score the best of those by everything."""
        known = [(often, clause) for clause in plan.some if (often := self._often(clause))]
        known.sort(key=lambda pair: pair[0])
        best = sorted(self._candidates(plan, known, max(limit, _CANDIDATES)))
        scores = dict.fromkeys(best, 0.0)
        pieces = {}
        for _, clause in known:
            if isinstance(clause, Term) and clause.field == rows.GRAMS:
                pieces[clause.key] = clause.weight
            else:
                self._add_where_it_matches(clause, best, scores)
        for group in plan.every:
            for clause in group:
                self._add_where_it_matches(clause, best, scores)
        self._add_pieces(pieces, best, scores)
        ordered = sorted(scores.items(), key=lambda pair: -pair[1])[:limit]
        return [self._match(number, score) for number, score in ordered], len(scores)

    def _allowed(self, plan: Plan) -> set[int] | None:
        """Where the plan's musts and must-nots leave room; None: everywhere."""
        must = list(_filters(plan.filters))
        if plan.every:
            must.append(_all_of(plan.every))
        if not must and not plan.none:
            return None
        wanted = query.And(must) if must else query.Every()
        if plan.none:
            wanted = query.AndNot(wanted, query.Or([_clause(clause) for clause in plan.none]))
        return set(self._searcher.docs_for_query(wanted))

    def _candidates(self, plan: Plan, known: Sequence[tuple[int, Clause]], most: int) -> list[int]:
        """The numbers of the rows that hold most of what is rare."""
        rarity: defaultdict[int, float] = defaultdict(float)
        everything = self._searcher.doc_count_all()
        walked = 0
        for place, (often, clause) in enumerate(known):
            walked += often
            if walked > _MOST_POSTINGS and place >= _LEAST_RARE:
                break
            worth = clause.weight * _rarity(everything, often)
            for number in self._numbers(clause):
                rarity[number] += worth
        allowed = self._allowed(plan)
        if allowed is not None:
            pool = allowed if plan.every else allowed & rarity.keys()
            rarity = defaultdict(float, {number: rarity[number] for number in pool})
        return heapq.nlargest(most, rarity, key=lambda number: (rarity[number], number))

    def _numbers(self, clause: Clause) -> Iterator[int]:
        if isinstance(clause, Phrase):
            return iter(self._searcher.docs_for_query(_clause(clause)))
        numbers: Iterator[int] = (
            self._searcher.reader().postings(clause.field, clause.key.encode()).all_ids()
        )
        return numbers

    def _often(self, clause: Clause) -> int:
        if isinstance(clause, Phrase):
            return min(self.frequency(clause.field, key) for key in clause.keys)
        return self.frequency(clause.field, clause.key)

    def _add_where_it_matches(
        self, clause: Clause, numbers: Sequence[int], scores: dict[int, float]
    ) -> None:
        matcher = _clause(clause).matcher(self._searcher, self._searcher.context())
        for number in numbers:
            if not matcher.is_active():
                break
            if matcher.id() < number:
                matcher.skip_to(number)
            if matcher.is_active() and matcher.id() == number:
                scores[number] += matcher.score()

    def _add_pieces(
        self, pieces: dict[str, float], numbers: Sequence[int], scores: dict[int, float]
    ) -> None:
        """From the stored titles: far quicker than to walk the postings of common pieces."""
        searcher = self._searcher
        average = searcher.avg_field_length(rows.GRAMS) or 1
        weights = {
            piece: weight * searcher.idf(rows.GRAMS, piece.encode())
            for piece, weight in pieces.items()
        }
        for number in numbers:
            held = rows.pieces(searcher.stored_fields(number)["line"])
            for piece, often in Counter(held).items():
                if piece in weights:
                    scores[number] += scoring.bm25(
                        weights[piece], often, len(held), average, _BM25_B, _BM25_K1
                    )


def _document(row: Row) -> dict[str, object]:
    worth = row.worth
    return {
        "id": str(row.topic_id),
        "worth": (worth.answered, worth.solved, worth.waits, worth.day),
        "line": row.line,
        "day": worth.day,
        rows.GRAMS: rows.pieces(row.line),
        **row.texts,
        **row.labels,
    }


def _clause(clause: Clause) -> Any:
    if isinstance(clause, Phrase):
        return query.Phrase(clause.field, list(clause.keys), boost=clause.weight)
    return query.Term(clause.field, clause.key, boost=clause.weight)


def _all_of(groups: Iterable[Iterable[Clause]]) -> Any:
    return query.And([query.Or([_clause(clause) for clause in group]) for group in groups])


def _narrowed(wanted: Any, plan: Plan) -> Any:
    must = list(_filters(plan.filters))
    if must:
        wanted = query.Require(wanted, query.And(must))
    if plan.none:
        wanted = query.AndNot(wanted, query.Or([_clause(clause) for clause in plan.none]))
    return wanted


def _filters(filters: Filters) -> Iterator[Any]:
    for label, values in filters.labels.items():
        yield query.Or([query.Term(label, value) for value in values])
    if filters.days is not None:
        first, last = filters.days
        yield query.NumericRange("day", first, last) if first <= last else query.NullQuery
