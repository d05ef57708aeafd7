"""What is looked for, in words that every engine understands, and what each match weighs.

BM25 in each field, summed (as BM25F in its simple form), with these weights. They were chosen on
real questions of bank customers: the title says what a text is about; the bank's words are what a
reader wants; comments stray. Three-letter pieces of the title carry typos and unfinished words.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from app.search import rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from app.search.wording import Keys, Wording

WEIGHTS: Final = {"title": 2.0, "official": 1.2, "body": 1.0, "comments": 0.5}
_GRAM: Final = 0.8
# What only begins like a word asked for, or means the same.
_TYPED: Final = 0.7
_SYNONYM: Final = 0.35
# A long text is known by its beginning.
_MOST_GRAMS: Final = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What a result must be; an empty set asks for nothing.

    `people`: one of them asked it or answered it for the bank. `since` and `before` (that day is
    out) bound the day on which it was asked, in UTC.
    """

    category_ids: frozenset[int] = frozenset()
    kinds: frozenset[str] = frozenset()
    states: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    people: frozenset[int] = frozenset()
    since: date | None = None
    before: date | None = None

    @property
    def labels(self) -> dict[str, list[str]]:
        """By label, the values of which it must have one; labels of which nothing is asked out."""
        asked = {
            "category": sorted(map(str, self.category_ids)),
            "kind": sorted(self.kinds),
            "state": sorted(self.states),
            "tag": sorted(self.tags),
            "by": sorted(map(str, self.people)),
        }
        return {label: values for label, values in asked.items() if values}

    @property
    def days(self) -> tuple[int, int] | None:
        """First and last day, counted as in `rows.Worth`."""
        if self.since is None and self.before is None:
            return None
        first = self.since.toordinal() - _EPOCH if self.since else 0
        last = self.before.toordinal() - _EPOCH - 1 if self.before else _FAR
        return max(first, 0), last


NO_FILTERS: Final = Filters()
_EPOCH: Final = 719_163  # 1 January 1970 as date.toordinal() counts
_FAR: Final = 10**6


@dataclass(frozen=True, slots=True)
class Term:
    """One key in one field."""

    field: str
    key: str
    weight: float


@dataclass(frozen=True, slots=True)
class Phrase:
    """Keys that stand in a row in one field."""

    field: str
    keys: tuple[str, ...]
    weight: float


Clause = Term | Phrase


@dataclass(frozen=True, slots=True)
class Plan:
    """A topic matches when one clause of each group in `every` does and none of `none`.

    Where `every` is empty, at least one of `some` must. The weights of all that match add up.
    """

    every: Sequence[Sequence[Clause]] = ()
    some: Sequence[Clause] = ()
    none: Sequence[Clause] = ()
    filters: Filters = field(default_factory=Filters)


def every_word(asked: Wording, endings: Iterable[str], filters: Filters) -> Plan:
    """Topics that hold all that was asked for."""
    groups = [_phrase(phrase) for phrase in asked.phrases]
    return Plan(every=groups + _words(asked, endings), none=_without(asked), filters=filters)


def some_words(asked: Wording, endings: Iterable[str], filters: Filters) -> Plan:
    """Topics that hold some of the words, and every phrase."""
    words = [clause for group in _words(asked, endings) for clause in group]
    phrases = [_phrase(phrase) for phrase in asked.phrases]
    return Plan(every=phrases, some=words, none=_without(asked), filters=filters)


def like(asked: Wording, text: str, endings: Iterable[str], filters: Filters) -> Plan:
    """Topics like a text that is being written.

    All its pieces count: without those of many titles one of fifty is found no more.
    """
    pieces = list(dict.fromkeys(rows.pieces(rows.line(text))))[:_MOST_GRAMS]
    plan = some_words(asked, endings, filters)
    grams = [Term(rows.GRAMS, piece, _GRAM) for piece in pieces]
    return Plan(plan.every, [*plan.some, *grams], plan.none, filters)


def those(asked: Wording, topic_ids: Iterable[int], filters: Filters) -> Plan:
    """These topics, if they hold every phrase and nothing that was not wanted."""
    ids = [Term(rows.ID, str(topic_id), 1.0) for topic_id in sorted(topic_ids)]
    phrases = [_phrase(phrase) for phrase in asked.phrases]
    return Plan(every=[*phrases, ids], none=_without(asked), filters=filters)


def _words(asked: Wording, endings: Iterable[str]) -> list[list[Clause]]:
    """For each word its clauses: in all fields, its synonyms, and what the last may become."""
    groups: list[list[Clause]] = []
    for number, keys in enumerate(asked.words):
        group: list[Clause] = [*_terms(keys)]
        for other in asked.synonyms_of(number):
            group += _terms(other[0], _SYNONYM) if len(other) == 1 else _phrase(other, _SYNONYM)
        groups.append(group)
    if groups:
        groups[-1] += _terms(endings, _TYPED)
    return groups


def _terms(keys: Iterable[str], weight: float = 1.0) -> list[Term]:
    return [
        Term(name, key, by_field * weight) for key in keys for name, by_field in WEIGHTS.items()
    ]


def _phrase(words: Sequence[Keys], weight: float = 1.0) -> list[Clause]:
    # In a text of known language a word has one key: the phrase is tried whole in each language.
    ways = dict.fromkeys((tuple(w[0] for w in words), tuple(w[-1] for w in words)))
    return [
        Phrase(name, way, by_field * weight) for way in ways for name, by_field in WEIGHTS.items()
    ]


def _without(asked: Wording) -> list[Clause]:
    return [
        clause
        for words in asked.without
        for clause in (_phrase(words) if len(words) > 1 else _terms(words[0]))
    ]
