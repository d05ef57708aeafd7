"""How words become comparable, the same for what is stored and for what is asked.

A word is folded (width, case, soft hyphens, stress marks, ё to е, one apostrophe, one alphabet)
and turned into *keys*: its stems behind one letter that says which stemmer made them (r Russian,
u Ukrainian, e English, x none). A Cyrillic word that fits both languages has the keys of both,
unless the language of its text is known; so a query, whose language is never certain, finds both.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from app.core import language as languages
from app.search import russian, snowball, ukrainian

Language = languages.Code

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
_LENT: Final = re.compile(r"[a-zëï]")
_SHORTEST_MIXED: Final = 3
# Letters that look alike, small or great.
_CYRILLIC_TWINS: Final = "авекмнорстухіїѕј"
_LATIN_TWINS: Final = "abekmhopctyxiïsj"
_TO_CYRILLIC: Final = str.maketrans(_LATIN_TWINS + "ë", _CYRILLIC_TWINS + "е")
_TO_LATIN: Final = str.maketrans(_CYRILLIC_TWINS, _LATIN_TWINS)
# Ukrainian letters as a Russian would write the word.
_AS_RUSSIAN: Final = str.maketrans("іїєґ'", "ииегъ")
_FLEETING: Final = re.compile(r"(?<=...[^аеиоуыэюя])[оеь]$")


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
    if len(word) >= _SHORTEST_MIXED and _CYRILLIC.search(word) and _LENT.search(word):
        word = _in_one_alphabet(word)
    if not _CYRILLIC.search(word) and not word.isascii():
        decomposed = unicodedata.normalize("NFD", word)
        word = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return word[:_LONGEST_WORD]


def _in_one_alphabet(word: str) -> str:
    """The word in the alphabet that it mostly is, where the other one only lent letters."""
    cyrillic, latin = len(_CYRILLIC.findall(word)), len(_LENT.findall(word))
    tables = [_TO_CYRILLIC, _TO_LATIN] if cyrillic >= latin else [_TO_LATIN, _TO_CYRILLIC]
    for table in tables:
        one = word.translate(table)
        if not (_CYRILLIC.search(one) and _LATIN.search(one)):
            return one
    return word


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
        in_russian = () if language == "uk" else _russian(folded)
        return in_russian if language == "ru" else (*in_russian, "u" + ukrainian.stem(folded))
    if _LATIN.search(folded):
        return ("e" + snowball.stem(folded, "english").rstrip("'"),)
    return ("x" + folded,)


@lru_cache(maxsize=1 << 12)
def asked_keys(word: str) -> tuple[str, ...]:
    """Return the keys that a word of a query is looked for by.

    A Ukrainian one also by those it would have in Russian letters, as many words of a bank are the
    same in both: ліміт, лимит.
    """
    folded = fold(word)
    if not (_CYRILLIC.search(folded) and _ukrainian_only(folded)):
        return keys(word)
    as_russian = folded.translate(_AS_RUSSIAN)
    ways = (*_russian(as_russian), "u" + ukrainian.stem(as_russian), *keys(word))
    return tuple(dict.fromkeys(ways))


def _russian(folded: str) -> tuple[str, ...]:
    return tuple("r" + stem for stem in russian.stems(folded))


def openings(word: str) -> tuple[str, ...]:
    """Return what the keys of a longer word would begin with, for a word still being typed."""
    folded = fold(word)
    if _CYRILLIC.search(folded):
        plain = folded.replace("'", "").replace("ґ", "г")
        if _ukrainian_only(folded):
            return ("u" + plain,)
        ways = ("r" + folded, "r" + _FLEETING.sub("", folded))
        return tuple(dict.fromkeys(ways if _russian_only(word) else (*ways, "u" + plain)))
    return ("e" + folded,) if _LATIN.search(folded) else ("x" + folded,)


def words(text: str, language: Language | None = None) -> Iterator[Word]:
    """Yield the words of a text in order, with their keys and their places in it."""
    return _words(text, lambda word: keys(word, language))


def asked_words(text: str) -> Iterator[Word]:
    """Yield the words of a query in the same way."""
    return _words(text, asked_keys)


def _words(text: str, keys_of: Callable[[str], tuple[str, ...]]) -> Iterator[Word]:
    for found in _WORD.finditer(text):
        made = keys_of(found.group())
        if made:
            yield Word(found.start(), found.end(), made)


def split(text: str) -> list[str]:
    """The words of a text as they are written."""
    return _WORD.findall(text)


def language_of(text: str) -> Language | None:
    """Tell the language of a text, or None when it does not say."""
    return languages.tell(text)
