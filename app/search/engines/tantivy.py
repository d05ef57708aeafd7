"""Tantivy: for large communities. It scores a hundred thousand topics in a millisecond.

It is told the keys of the words, never a text to take apart, so no query can be malformed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import tantivy
from tantivy import FieldType, Occur, Query

from app.search import rows
from app.search.engines import EngineError, Match
from app.search.plans import Phrase

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence
    from pathlib import Path

    from app.search.plans import Clause, Filters, Plan
    from app.search.rows import Row

NAME: Final = "tantivy"
FORMAT: Final = 1

_HEAP: Final = 64_000_000  # bytes, of one writing thread
_ANSWERED, _SOLVED, _WAITS = 1, 2, 4


def create(folder: Path) -> None:
    """Make an index of nothing."""
    tantivy.Index(_SCHEMA, path=str(folder))


def write(folder: Path, gone: Sequence[int], added: Iterable[Row]) -> int:
    """Take out and add in one commit; Tantivy brings it to the disk before it returns."""
    count = 0
    try:
        writer = tantivy.Index.open(str(folder)).writer(_HEAP, 1)
    except ValueError as error:
        raise EngineError(str(error)) from error
    try:
        # What a killed writer left would be in the way: files are named by counting operations.
        writer.garbage_collect_files()
        for topic_id in gone:
            # By a term it takes a whole number for a signed one, and finds nothing.
            writer.delete_documents_by_query(Query.term_query(_SCHEMA, "id", topic_id))
        for count, row in enumerate(added, 1):  # noqa: B007 (counted)
            writer.add_document(_document(row))
        _commit(writer)
    except BaseException:
        writer.rollback()
        raise
    writer.wait_merging_threads()
    return count


def _commit(writer: Any) -> None:
    try:
        writer.commit()
    except ValueError as error:
        raise EngineError(str(error)) from error


def newest(folder: Path) -> Hashable:
    """The file that names a commit's segments is replaced by each."""
    try:
        found = (folder / "meta.json").stat()
    except OSError as error:
        raise EngineError(str(error)) from error
    return found.st_ino, found.st_mtime_ns


def reader(folder: Path) -> Reader:
    """Read the newest commit."""
    try:
        return Reader(tantivy.Index.open(str(folder)).searcher())
    except ValueError as error:
        raise EngineError(str(error)) from error


class Reader:
    """The rows of one commit."""

    def __init__(self, searcher: Any) -> None:
        self._searcher = searcher

    def count(self) -> int:
        """How many rows there are."""
        return int(self._searcher.num_docs)

    def frequency(self, field: str, key: str) -> int:
        """In how many rows the field holds the key."""
        return int(self._searcher.doc_freq(field, key))

    def beginning(self, field: str, prefix: str, most: int) -> list[tuple[str, int]]:
        """Keys that begin so, the frequent ones first."""
        found: list[tuple[str, int]] = self._searcher.terms_with_prefix(field, prefix, limit=most)
        return found

    def search(self, plan: Plan, limit: int) -> tuple[list[Match], int]:
        """The best matches, and how many there are."""
        # To count, all of them are walked; without, only what may be among the best.
        found = self._searcher.search(_query(plan), limit, count=not plan.some)
        addresses = [address for _, address in found.hits]
        ids, flags, days = (
            self._searcher.fast_field_values(field, addresses) for field in ("id", "flags", "day")
        )
        scores = (score for score, _ in found.hits)
        lines = (self._searcher.doc(address).get_first("line").decode() for address in addresses)
        matches = [
            Match(topic_id, score, _worth(marks, day), line)
            for topic_id, score, marks, day, line in zip(
                ids, scores, flags, days, lines, strict=True
            )
        ]
        return matches, found.count or len(matches)

    def close(self) -> None:
        """The files go with the object."""


def _schema() -> Any:
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("id", stored=False, indexed=True, fast=True)
    builder.add_unsigned_field("flags", fast=True)
    builder.add_unsigned_field("day", indexed=True, fast=True)
    builder.add_bytes_field("line", stored=True, indexed=False)
    for field in rows.TEXTS:
        builder.add_text_field(field, tokenizer_name="raw", index_option="position")
    builder.add_text_field(rows.GRAMS, tokenizer_name="raw", index_option="freq")
    for label in rows.LABELS:
        builder.add_text_field(label, tokenizer_name="raw", index_option="basic")
    return builder.build()


_SCHEMA: Final = _schema()


def _document(row: Row) -> Any:
    document = tantivy.Document()
    worth = row.worth
    marks = _ANSWERED * worth.answered + _SOLVED * worth.solved + _WAITS * worth.waits
    document.add_unsigned("id", row.topic_id)
    document.add_unsigned("flags", marks)
    document.add_unsigned("day", worth.day)
    document.add_bytes("line", row.line.encode())
    for field, keys in row.texts.items():
        tokens = [tantivy.Token(key, place, 0) for key, place in keys]
        document.add_pre_tokenized_text(field, tantivy.PreTokenizedString("", tokens))
    grams = [tantivy.Token(piece, 0, 0) for piece in rows.pieces(row.line)]
    document.add_pre_tokenized_text(rows.GRAMS, tantivy.PreTokenizedString("", grams))
    for label, values in row.labels.items():
        for value in values:
            document.add_text(label, value)
    return document


def _worth(marks: int, day: int) -> rows.Worth:
    return rows.Worth(bool(marks & _ANSWERED), bool(marks & _SOLVED), bool(marks & _WAITS), day)


def _query(plan: Plan) -> Any:
    must = [(Occur.Must, _any_of(group)) for group in plan.every]
    may = [(Occur.Should, _clause(clause)) for clause in plan.some]
    if may and not must:
        must, may = [(Occur.Must, Query.boolean_query(may))], []
    narrowed = [(Occur.Must, Query.const_score_query(q, 0.0)) for q in _filters(plan.filters)]
    without = [(Occur.MustNot, _clause(clause)) for clause in plan.none]
    return Query.boolean_query([*must, *may, *narrowed, *without])


def _any_of(clauses: Iterable[Clause]) -> Any:
    return Query.boolean_query([(Occur.Should, _clause(clause)) for clause in clauses])


def _clause(clause: Clause) -> Any:
    if isinstance(clause, Phrase):
        query = Query.phrase_query(_SCHEMA, clause.field, list(clause.keys))
    elif clause.field == rows.ID:
        query = Query.term_query(_SCHEMA, rows.ID, int(clause.key))
    else:
        query = Query.term_query(_SCHEMA, clause.field, clause.key)
    return Query.boost_query(query, clause.weight)


def _filters(filters: Filters) -> Iterable[Any]:
    for label, values in filters.labels.items():
        terms = [(Occur.Should, Query.term_query(_SCHEMA, label, v, "basic")) for v in values]
        yield Query.boolean_query(terms)
    if filters.days is not None:
        first, last = filters.days
        if first > last:
            yield Query.empty_query()
        else:
            yield Query.range_query(_SCHEMA, "day", FieldType.Unsigned, first, last)
