"""How words become comparable, the same for what is stored and for what is asked.

A word is folded (width, case, soft hyphens, stress marks, ё to е, one apostrophe) and turned into
*keys*: its stem behind one letter that says which stemmer made it (r Russian, u Ukrainian,
e English, x none). A Cyrillic word that fits both languages has both keys, unless the language of
its text is known; so a query, whose language is never certain, finds both.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

import snowballstemmer

from app.search import ukrainian

Language = Literal["ru", "uk", "en"]

_APOSTROPHES: Final = "'’ʼ`´‘′＇"
_WORD: Final = re.compile(
    rf"[^\W_](?:[^\W_]|[\u00ad\u0300-\u036f]|[{_APOSTROPHES}](?=[^\W_]))*",
)
_LONGEST_WORD: Final = 48
_FOLD: Final = str.maketrans(
    {"\u00ad": None, "\u0300": None, "\u0301": None, "ё": "е"} | dict.fromkeys(_APOSTROPHES, "'"),
)
_ONLY_RUSSIAN: Final = frozenset("ыэъё")
_ONLY_UKRAINIAN: Final = frozenset("іїєґ")
_CYRILLIC: Final = re.compile(r"[а-яёіїєґ]")
_LATIN: Final = re.compile(r"[a-z]")
# A language is taken as known when its letters outnumber the other's at least so many times.
_CERTAINTY: Final = 4

_russian = snowballstemmer.stemmer("russian")
_english = snowballstemmer.stemmer("english")


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a text: where it stands, and the keys it is compared by."""

    start: int
    end: int
    keys: tuple[str, ...]


@lru_cache(maxsize=1 << 15)
def fold(word: str) -> str:
    """Return the word as it is compared before stemming."""
    word = unicodedata.normalize("NFKC", word).lower().translate(_FOLD)
    if not _CYRILLIC.search(word) and not word.isascii():
        decomposed = unicodedata.normalize("NFD", word)
        word = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return word[:_LONGEST_WORD]


def _russian_only(word: str) -> bool:
    return not _ONLY_RUSSIAN.isdisjoint(word.lower())


def _ukrainian_only(folded: str) -> bool:
    return not _ONLY_UKRAINIAN.isdisjoint(folded) or "'" in folded


@lru_cache(maxsize=1 << 16)
def keys(word: str, language: Language | None = None) -> tuple[str, ...]:
    """Return the keys of a word as written; `language` is that of its text, when known."""
    folded = fold(word)
    if not folded:
        return ()
    if _CYRILLIC.search(folded):
        if _ukrainian_only(folded):
            language = "uk"
        elif _russian_only(word):
            language = "ru"
        russian = () if language == "uk" else ("r" + _russian.stemWord(folded),)
        return russian if language == "ru" else (*russian, "u" + ukrainian.stem(folded))
    if _LATIN.search(folded):
        return ("e" + _english.stemWord(folded).rstrip("'"),)
    return ("x" + folded,)


def openings(word: str) -> tuple[str, ...]:
    """Return what the keys of a longer word would begin with, for a word still being typed."""
    folded = fold(word)
    if _CYRILLIC.search(folded):
        plain = folded.replace("'", "").replace("ґ", "г")
        if _ukrainian_only(folded):
            return ("u" + plain,)
        return ("r" + folded,) if _russian_only(word) else ("r" + folded, "u" + plain)
    return ("e" + folded,) if _LATIN.search(folded) else ("x" + folded,)


def words(text: str, language: Language | None = None) -> Iterator[Word]:
    """Yield the words of a text in order, with their keys and their places in it."""
    for found in _WORD.finditer(text):
        made = keys(found.group(), language)
        if made:
            yield Word(found.start(), found.end(), made)


def split(text: str) -> list[str]:
    """The words of a text as they are written."""
    return _WORD.findall(text)


def language_of(text: str) -> Language | None:
    """Tell the language of a text by its letters, or None when they do not say."""
    text = unicodedata.normalize("NFKC", text).lower()
    latin, cyrillic = len(_LATIN.findall(text)), len(_CYRILLIC.findall(text))
    if latin > cyrillic * _CERTAINTY:
        return "en"
    russian = sum(map(text.count, _ONLY_RUSSIAN))
    ukrainian_letters = sum(map(text.count, _ONLY_UKRAINIAN))
    if russian > ukrainian_letters * _CERTAINTY:
        return "ru"
    if ukrainian_letters > russian * _CERTAINTY:
        return "uk"
    return None
