"""What a person typed into the search box, taken apart. Any text is a query; none is an error."""

import re
import unicodedata
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import chain
from typing import Final

from app.search import analysis, empty_words

LONGEST_TEXT: Final = 500
_MOST_WORDS: Final = 24
_SHORTEST_OPENING: Final = 3
# Narrowing by a word before a colon, in each language: category:cards, by:"Anna Lee".
OPERATORS: Final = {
    "category": ("category", "категория", "раздел", "категорія", "розділ"),
    "kind": ("kind", "вид", "тип"),
    "state": ("state", "состояние", "статус", "стан"),
    "tag": ("tag", "тег", "метка", "мітка"),
    "by": ("by", "автор", "от", "від"),
    "before": ("before", "до"),
    "after": ("after", "после", "після"),
}
_NAMES: Final = {name: operator for operator, names in OPERATORS.items() for name in names}
OPERATOR: Final = re.compile(
    rf"""(?<!\S)(?P<name>{"|".join(_NAMES)}):(?:"(?P<quoted>[^"]*)"|«(?P<guillemets>[^»]*)»|(?P<bare>[^\s"«]+))""",
    re.IGNORECASE,
)
_PART: Final = re.compile(
    r"""(?P<minus>(?<!\S)[-−–](?=[^\s\-−–]))?"""
    r"""(?:"(?P<straight>[^"]+)"|«(?P<guillemets>[^»]+)»|[“„](?P<curly>[^”“]+)[”“]|(?P<plain>[^\s"«“„]+))""",
)
Keys = tuple[str, ...]
Phrase = tuple[Keys, ...]


@dataclass(frozen=True, slots=True)
class Wording:
    """A query: words that should be there, phrases that must, and what must not.

    Each word is a tuple of keys, any of which will do. `typed` holds the openings of a last word
    that may not be finished yet. `synonyms`, when there are any, has for each word the words and
    phrases that mean the same. `operators` are pairs of an operator of `OPERATORS` and its value.
    """

    words: tuple[Keys, ...] = ()
    phrases: tuple[Phrase, ...] = ()
    without: tuple[Phrase, ...] = ()
    typed: Keys = ()
    synonyms: tuple[tuple[Phrase, ...], ...] = ()
    operators: tuple[tuple[str, str], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.words or self.phrases)

    @property
    def keys(self) -> frozenset[str]:
        """Every key that counts as a match: what highlighting looks for."""
        others = (keys for group in self.synonyms for phrase in group for keys in phrase)
        return frozenset(chain.from_iterable(chain(self.words, *self.phrases, others)))

    def synonyms_of(self, number: int) -> tuple[Phrase, ...]:
        """What means the same as that word."""
        return self.synonyms[number] if self.synonyms else ()

    @property
    def telling(self) -> "Wording":
        """The same without the words that only hold a sentence together, unless nothing is left."""
        kept = [n for n, keys in enumerate(self.words) if empty_words.grammar().isdisjoint(keys)]
        words = tuple(self.words[number] for number in kept)
        if not words and not self.phrases:
            return self
        # A word still being typed stays: nobody knows yet what it will be.
        is_last_kept = bool(words) and words[-1] == self.words[-1]
        synonyms = tuple(self.synonyms[number] for number in kept) if self.synonyms else ()
        typed = self.typed if is_last_kept else ()
        return replace(self, words=words, typed=typed, synonyms=synonyms)

    def among(self, words: Iterable[analysis.Word]) -> list[analysis.Word]:
        """Return those words of a text that were asked for."""
        wanted, typed = self.keys, self.typed
        return [
            word
            for word in words
            if not wanted.isdisjoint(word.keys)
            or (typed and any(key.startswith(typed) for key in word.keys))
        ]


def _keys(text: str) -> tuple[Keys, ...]:
    return tuple(word.keys for word in analysis.asked_words(text))


def read(text: str, *, typing: bool = False) -> Wording:
    """Take a query apart; with `typing` the last word also matches words that begin with it."""
    text = unicodedata.normalize("NFC", text.replace("\x00", " ")[:LONGEST_TEXT])
    operators, text = _operators(text)
    words: list[Keys] = []
    phrases: list[tuple[Keys, ...]] = []
    without: list[tuple[Keys, ...]] = []
    for part in _PART.finditer(text):
        plain = part["plain"]
        found = _keys(part["straight"] or part["guillemets"] or part["curly"] or plain or "")
        if not found:
            continue
        if part["minus"]:
            without.append(found)
        elif plain is None and len(found) > 1:
            phrases.append(found)
        else:
            words.extend(found)
    typed = _opening(text) if typing and words else ()
    return Wording(
        words=tuple(dict.fromkeys(words))[:_MOST_WORDS],
        phrases=tuple(dict.fromkeys(phrases))[:_MOST_WORDS],
        without=tuple(dict.fromkeys(without))[:_MOST_WORDS],
        typed=typed,
        operators=operators,
    )


def _operators(text: str) -> tuple[tuple[tuple[str, str], ...], str]:
    """The operators of a text, and the text without them."""
    found = []
    for part in OPERATOR.finditer(text):
        value = part["quoted"] or part["guillemets"] or part["bare"] or ""
        if value.strip():
            found.append((_NAMES[part["name"].lower()], value.strip()))
    return tuple(dict.fromkeys(found))[:_MOST_WORDS], OPERATOR.sub(" ", text) if found else text


def _opening(text: str) -> Keys:
    last = next(iter(deque(analysis.words(text), maxlen=1)), None)
    if last is None or last.end != len(text) or last.end - last.start < _SHORTEST_OPENING:
        return ()
    return analysis.openings(text[last.start : last.end])
