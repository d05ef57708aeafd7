"""Words that mean the same, as staff keeps them on the page "Synonyms".

A *group* is a row of words and phrases. `thesaurus()` is what a search takes with it:

    thesaurus().alternatives(wording.words)   for each word of a query the words and phrases that
                                              mean the same: `Wording.synonyms`

Read anew when a row changed, which one small statement tells; made once in a process.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import chain
from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select

from app.core.db import session
from app.search import analysis, empty_words
from app.search.models import Synonyms

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from app.core.policy import Actor
    from app.search.wording import Keys, Phrase

# What one word of a query may be widened by, so that no group makes a search slow.
_MOST: Final = 12


class Thesaurus:
    """Groups by the keys of their words, so that any form of a word is found."""

    def __init__(self, groups: Iterable[Sequence[str]]) -> None:
        self._groups = [[phrase for each in group if (phrase := keys(each))] for group in groups]
        self._beginning: defaultdict[str, list[tuple[int, Phrase]]] = defaultdict(list)
        for number, phrase in _numbered(self._groups):
            told = _telling(phrase)
            for key in told[0]:
                self._beginning[key].append((number, told))

    def alternatives(self, words: Sequence[Keys]) -> tuple[tuple[Phrase, ...], ...]:
        """For each word of a query, in order, what may stand in its place.

        A word is the tuple of its keys, an alternative a tuple of words: of one, or of those of a
        phrase. Where the query holds a phrase, each of its words has the alternatives of the whole.
        Small words inside a phrase ("код на обороте") may be there or not.
        """
        found: list[dict[Phrase, None]] = [{} for _ in words]
        told = [n for n, word in enumerate(words) if empty_words.grammar().isdisjoint(word)]
        for at, number in enumerate(told):
            for group, phrase in self._beginning_with(words[number]):
                places = told[at : at + len(phrase)]
                if is_same(phrase, [words[place] for place in places]):
                    for place in places:
                        found[place].update(dict.fromkeys(self._others(group, phrase)))
        return tuple(tuple(alternatives)[:_MOST] for alternatives in found)

    def _beginning_with(self, word: Keys) -> Iterator[tuple[int, Phrase]]:
        seen = chain.from_iterable(self._beginning.get(key, ()) for key in word)
        return iter(dict.fromkeys(seen))

    def _others(self, group: int, asked: Phrase) -> Iterator[Phrase]:
        return (p for p in self._groups[group] if not is_same(_telling(p), asked))


def keys(text: str) -> Phrase:
    """A word or phrase by its keys."""
    return tuple(word.keys for word in analysis.words(text))


def is_same(one: Sequence[Keys], other: Sequence[Keys]) -> bool:
    """Whether two phrases are the same in any of their forms."""
    return len(one) == len(other) and all(
        not set(a).isdisjoint(b) for a, b in zip(one, other, strict=True)
    )


def _telling(phrase: Phrase) -> Phrase:
    """The phrase without its small words, unless nothing else is in it."""
    return tuple(word for word in phrase if empty_words.grammar().isdisjoint(word)) or phrase


def _numbered(groups: Iterable[Iterable[Phrase]]) -> Iterator[tuple[int, Phrase]]:
    for number, group in enumerate(groups):
        for phrase in group:
            yield number, phrase


NO_SYNONYMS: Final = Thesaurus(())


class _Known:
    """What this process read last."""

    # How many rows, the last of them, the last change.
    mark: tuple[int, int | None, datetime | None] = (0, None, None)
    thesaurus = NO_SYNONYMS


def thesaurus() -> Thesaurus:
    """The groups as they stand; one small statement when nothing changed."""
    query = select(func.count(), func.max(Synonyms.id), func.max(Synonyms.updated_at))
    count, last, changed = session.execute(query).one()
    mark = (count, last, changed)
    if mark != _Known.mark:
        # Another thread may do the same meanwhile: each sets what it read whole.
        _Known.thesaurus, _Known.mark = Thesaurus(_words()), mark
    return _Known.thesaurus


def _words() -> list[list[str]]:
    """The words alone; who wrote them would bring everybody there is into the plan."""
    return sorted(session.scalars(select(Synonyms.words)), key=lambda each: analysis.fold(each[0]))


def groups() -> Sequence[Synonyms]:
    """Every group, by its first word."""
    found = session.scalars(select(Synonyms).order_by(Synonyms.id)).all()
    return sorted(found, key=lambda each: analysis.fold(each.words[0]))


def group(_actor: Actor, group_id: int) -> Synonyms | None:
    """One group, for those who keep them."""
    return session.get(Synonyms, group_id)


def holder(word: str, but_for: int | None = None) -> Synonyms | None:
    """The group, other than that one, in which a word or phrase stands in any of its forms."""
    asked = keys(word)
    standing = (each for each in groups() if each.id != but_for)
    return next((g for g in standing if any(is_same(keys(w), asked) for w in g.words)), None)
