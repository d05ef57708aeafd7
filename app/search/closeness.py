"""Whether a topic is near enough to what somebody writes to be put before their eyes.

The index always has a best topic, be it far-fetched; here it must share words that tell something.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.search import analysis, empty_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from app.search.wording import Keys, Wording

# A word in the title or a tag counts whole, one in the text by half.
_IN_THE_TEXT: Final = 0.5
# What must be shared to interrupt somebody who writes, and to be offered at a page's end.
ENOUGH: Final = 2.0
ENOUGH_FOR_RELATED: Final = 1.5


def is_close(
    wording: Wording, headings: Iterable[str], texts: Iterable[str], enough: float = ENOUGH
) -> bool:
    """Whether `headings` and `texts` share enough of what tells something in `wording`."""
    telling = [keys for keys in _asked(wording) if empty_words.SAYS_NOTHING.isdisjoint(keys)]
    if not telling:
        return False
    in_headings, in_texts = _keys(headings), _keys(texts)
    worth = sum(_worth(keys, in_headings, in_texts) for keys in telling)
    return worth >= min(enough, max(1.0, len(telling) / 2))


def says_all(wording: Wording, texts: Iterable[str]) -> bool:
    """Whether every word asked for stands somewhere in `texts`."""
    said = _keys(texts)
    return all(not said.isdisjoint(keys) for keys in _asked(wording))


def _asked(wording: Wording) -> list[Keys]:
    return [*wording.words, *(word for phrase in wording.phrases for word in phrase)]


def _worth(keys: Keys, in_headings: set[str], in_texts: set[str]) -> float:
    if not in_headings.isdisjoint(keys):
        return 1.0
    return 0.0 if in_texts.isdisjoint(keys) else _IN_THE_TEXT


def _keys(texts: Iterable[str] | Sequence[str]) -> set[str]:
    return {key for text in texts for word in analysis.words(text) for key in word.keys}
