"""Whether a topic is near enough to what somebody writes to be put before their eyes.

The index always has a best topic, be it far-fetched; here it must share words that tell something.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from app.search import analysis, empty_words, readings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from app.search.wording import Keys, Phrase, Wording

# A word in the title or a tag counts whole, one in the text by half.
_IN_THE_TEXT: Final = 0.5
# What must be shared to interrupt somebody who writes, and to be offered at a page's end.
ENOUGH: Final = 2.0
ENOUGH_FOR_RELATED: Final = 1.5


def is_close(
    wording: Wording,
    headings: Iterable[str],
    texts: Iterable[str],
    enough: float = ENOUGH,
    unknown: Iterable[str] = (),
) -> bool:
    """Whether `headings` and `texts` share enough of what tells something in `wording`.

    What means the same is shared as well; in `headings` also what a last word still being typed
    may become, and a word but for a slip when it is among the `unknown`, which no topic holds.
    """
    misspelt = {analysis.asked_keys(word): word for word in unknown}
    telling = [a for a in _asked(wording) if empty_words.saying_nothing().isdisjoint(a.keys)]
    if not telling:
        return False
    in_headings, in_texts = _Said(tuple(headings)), _Said(tuple(texts))
    worth = sum(_worth(asked, in_headings, in_texts, misspelt) for asked in telling)
    return worth >= min(enough, max(1.0, len(telling) / 2))


def says_all(wording: Wording, texts: Iterable[str]) -> bool:
    """Whether every word asked for stands somewhere in `texts`, or what means the same."""
    said = _Said(tuple(texts))
    return all(said.has(asked) for asked in _asked(wording))


@dataclass(frozen=True, slots=True)
class _Asked:
    """A word that is looked for, what means the same, and how it begins while it is typed."""

    keys: Keys
    others: tuple[Phrase, ...] = ()
    typed: Keys = ()


def _asked(wording: Wording) -> Iterator[_Asked]:
    last = len(wording.words) - 1
    for number, keys in enumerate(wording.words):
        typed = wording.typed if number == last else ()
        yield _Asked(keys, wording.synonyms_of(number), typed)
    for phrase in wording.phrases:
        yield from map(_Asked, phrase)


@dataclass(frozen=True)
class _Said:
    """What some texts say."""

    texts: Sequence[str]

    @cached_property
    def keys(self) -> frozenset[str]:
        """Of all words."""
        said = (word for text in self.texts for word in analysis.words(text))
        return frozenset(key for word in said for key in word.keys)

    @cached_property
    def words(self) -> frozenset[str]:
        """As they are written."""
        return frozenset(word for text in self.texts for word in analysis.split(text))

    def has(self, asked: _Asked) -> bool:
        """Whether they say it, or the same in other words."""
        return not self.keys.isdisjoint(asked.keys) or any(
            all(not self.keys.isdisjoint(keys) for keys in phrase) for phrase in asked.others
        )

    def begins(self, typed: Keys) -> bool:
        """Whether a word begins so."""
        return bool(typed) and any(key.startswith(typed) for key in self.keys)

    def has_nearly(self, word: str) -> bool:
        """Whether they say it with a slip less."""
        return readings.nearest(word, self.words) is not None


def _worth(
    asked: _Asked, in_headings: _Said, in_texts: _Said, misspelt: Mapping[Keys, str]
) -> float:
    if in_headings.has(asked) or in_headings.begins(asked.typed):
        return 1.0
    if in_texts.has(asked):
        return _IN_THE_TEXT
    word = misspelt.get(asked.keys)
    return 1.0 if word is not None and in_headings.has_nearly(word) else 0.0
