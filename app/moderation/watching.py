"""Finding watched words in a text. Pure, linear, and no pattern of anybody's is ever run.

Words are compared whole, in every form they take (`inflection`), and as they look: ё is е, letters
of another alphabet and digits that look like one are that letter, invisible characters are none,
a letter drawn out is one, and letters set apart are a word (с у к а, с.у.к.а).
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from app.moderation.inflection import forms

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BEGINNING: Final = "*"
# What a word is written with: letters, digits, what stands for a letter, marks, the invisible.
_WORD: Final = re.compile(
    "(?:[^\\W_]|[@$\u0300-\u036f\u00ad\u200b-\u200f\u2060-\u2064\ufeff]|(?<=\\w)['’ʼ`](?=\\w))+"
)
_UNSEEN: Final = re.compile("[\u0300-\u036f\u00ad\u200b-\u200f\u2060-\u2064\ufeff'’ʼ`]")
_DRAWN_OUT: Final = re.compile(r"(.)\1{2,}")
_TO_CYRILLIC: Final = str.maketrans(
    "abcehkmoptxy03468@$" + "αβεηικμνορτυχ" + "u",
    "авсенкмортху" + "озчбвас" + "авенікмнортух" + "и",
)
_TO_LATIN: Final = str.maketrans(
    "авсенкмортхуіјѕԁ0134578@$" + "αβεικνορτυχ", "abcehkmoptxyijsdoieastbas" + "abeiknoptux"
)
# Latin letters that are drawn like Cyrillic ones: a word of these alone may be either.
_ALIKE: Final = frozenset("abcehkmoptxy")
# So many letters set apart are no accident of short words.
_FEWEST_APART: Final = 3
_FEWEST_WITHIN: Final = 4
_LONGEST_APART: Final = 40
# Between the words of a phrase.
_WIDEST_GAP: Final = 5


@dataclass(frozen=True)
class Watched:
    """A word or phrase to look for. `is_exact`: in this form only. `*`: whatever begins so."""

    id: int
    phrase: str
    is_exact: bool = False


class Found(NamedTuple):
    """Where one stands in a text."""

    id: int
    start: int
    end: int


class _Word(NamedTuple):
    looks: tuple[str, ...]
    start: int
    end: int


def folded(text: str) -> str:
    """Lower case, without ё, marks and the invisible; й stays what it is."""
    whole = unicodedata.normalize("NFKC", text).casefold().replace("ё", "е")
    return _UNSEEN.sub("", whole)


def words_of(phrase: str) -> list[str]:
    """The words of a watched phrase, folded."""
    return [word for match in _WORD.finditer(phrase) if (word := folded(match[0]))]


def find(text: str, watched: Sequence[Watched]) -> list[Found]:
    """Every watched word in `text`, by its place; what overlaps is found each by itself."""
    if not watched:
        return []
    watch = _compiled(tuple(watched))
    has_cyrillic = re.search("[а-яіїєґ]", text.casefold()) is not None
    words = [
        _Word(_looks(match[0], among_cyrillic=has_cyrillic), match.start(), match.end())
        for match in _WORD.finditer(text)
    ]
    found = {*_whole(words, watch), *_apart(text, words, watch)}
    return sorted(found, key=lambda one: (one.start, one.end, one.id))


@dataclass(frozen=True)
class _Watch:
    """Each first word's forms lead to what may follow them."""

    by_form: dict[str, list[tuple[int, tuple[frozenset[str], ...]]]]
    by_beginning: dict[str, list[int]]


@lru_cache(maxsize=8)
def _compiled(watched: tuple[Watched, ...]) -> _Watch:
    by_form: dict[str, list[tuple[int, tuple[frozenset[str], ...]]]] = defaultdict(list)
    by_beginning: dict[str, list[int]] = defaultdict(list)
    for one in watched:
        words = words_of(one.phrase)
        if not words:
            continue
        if one.phrase.rstrip().endswith(BEGINNING) and len(words) == 1:
            by_beginning[words[0]].append(one.id)
            continue
        each = [frozenset({w}) if one.is_exact else forms(w) for w in words]
        for form in each[0]:
            by_form[form].append((one.id, tuple(each[1:])))
    return _Watch(dict(by_form), dict(by_beginning))


def _looks(word: str, *, among_cyrillic: bool) -> tuple[str, ...]:
    """What a word may be read as, itself first."""
    plain = folded(word)
    read = [plain]
    if _DRAWN_OUT.search(plain):
        read += [_DRAWN_OUT.sub(r"\1", plain), _DRAWN_OUT.sub(r"\1\1", plain)]
    for reading in tuple(read):
        is_latin = reading.isascii() and reading.isalpha()
        if not is_latin or (among_cyrillic and set(reading) <= _ALIKE and len(reading) > 3):  # noqa: PLR2004 (сор is no cop)
            read.append(reading.translate(_TO_CYRILLIC))
        if not is_latin:
            read.append(reading.translate(_TO_LATIN))
    return tuple(dict.fromkeys(read))


def _whole(words: list[_Word], watch: _Watch) -> Iterator[Found]:
    for at, word in enumerate(words):
        for look in word.looks:
            for entry, rest in watch.by_form.get(look, ()):
                last = at + len(rest)
                if last < len(words) and _follow(words, at, rest):
                    yield Found(entry, word.start, words[last].end)
            for beginning, entries in watch.by_beginning.items():
                if look.startswith(beginning):
                    for entry in entries:
                        yield Found(entry, word.start, word.end)


def _follow(words: list[_Word], at: int, rest: tuple[frozenset[str], ...]) -> bool:
    for step, expected in enumerate(rest, start=1):
        word, before = words[at + step], words[at + step - 1]
        if word.start - before.end > _WIDEST_GAP or expected.isdisjoint(word.looks):
            return False
    return True


def _apart(text: str, words: list[_Word], watch: _Watch) -> Iterator[Found]:
    """Words whose letters stand apart, each a letter between the same signs."""
    for run in _runs(text, words):
        letters = "".join(w.looks[0] for w in run)
        readings = {letters, letters.translate(_TO_CYRILLIC), letters.translate(_TO_LATIN)}
        for start in range(len(run)):
            for end in range(start + _FEWEST_APART, len(run) + 1):
                is_all = end - start == len(run)
                if not is_all and end - start < _FEWEST_WITHIN:
                    continue
                for reading in readings:
                    for entry, rest in watch.by_form.get(reading[start:end], ()):
                        if not rest:
                            yield Found(entry, run[start].start, run[end - 1].end)


def _runs(text: str, words: list[_Word]) -> Iterator[list[_Word]]:
    run: list[_Word] = []
    between = ""
    for word in words:
        gap = text[run[-1].end : word.start] if run else ""
        is_letter = len(word.looks[0]) == 1
        if run and is_letter and len(run) < _LONGEST_APART and (len(run) == 1 or gap == between):
            run.append(word)
            between = gap
            continue
        if len(run) >= _FEWEST_APART:
            yield run
        if is_letter and run:  # и с.у.к.а: other signs, so another word begins with the last letter
            run, between = [run[-1], word], gap
        else:
            run, between = ([word] if is_letter else []), ""
    if len(run) >= _FEWEST_APART:
        yield run
