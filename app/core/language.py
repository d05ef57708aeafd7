"""Which language a text is in: Russian, Ukrainian or English; titles of three words too.

English has letters of its own. Between the other two the letters and groups of letters decide that
come in the words of one more often than in those of the other; the words are in `tongues/`: those
of our own pages and the most frequent ones. They are lists to be added to, a word a line.

How often that is right, for whole texts and for their first 6 and 3 words; what it leaves open
counts as wrong (tests/core/test_language.py):

    |                            | this               | lingua 2.1         | py3langid 0.4      |
    |----------------------------|--------------------|--------------------|--------------------|
    | 2,000 Ukrainian sentences  | 99.2  98.5  92.3 % | 99.2  99.0  94.8 % | 98.6  97.4  90.0 % |
    | 238 Russian, of the demo   | 99.6  98.7  97.5 % | 98.3  97.9  95.4 % | 97.5  95.8  92.9 % |
    | 30 Ukrainian, of the demo  | 100   100   93.3 % | 100   100   93.3 % | 96.7  96.7  86.7 % |
    | 2,000 English questions    | 100   100   100  % | 100   100   100  % | 100   100   100  % |

lingua takes 96 MB of the disk and 100 MB of every process, py3langid numpy and 120 MB, this 1 MB.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import cache, lru_cache
from math import log
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

Code = Literal["ru", "uk", "en"]
CODES: Final[tuple[Code, ...]] = ("ru", "uk", "en")

_READ: Final = 2_000
_LONGEST_WORD: Final = 40
_TONGUES: Final = Path(__file__).with_name("tongues")
# In units of natural logarithm: what a whole word says that is known in one language only, how much
# of what its overlapping groups of letters say is believed, and from where on that is sure enough.
_KNOWN: Final = 2.0
_SHARE: Final = 0.3
_SURE: Final = 0.7
_GROUPS: Final = (1, 2, 3)

_CYRILLIC: Final = re.compile(r"[а-яёіїєґ]+(?:'[а-яёіїєґ]+)*")
_LATIN: Final = re.compile(r"[a-z]+(?:'[a-z]+)*")
_FOLD: Final = str.maketrans({"\u00ad": None, "\u0301": None} | dict.fromkeys("’ʼ`´‘′＇", "'"))

# What stands in an English sentence even when it quotes Russian words.
_ENGLISH: Final = frozenset(
    word
    for line in (
        "a about after an and any are as at be been but by can could did do does for from get had",
        "has have help how i if in is it its just me my need no not of on or please should so that",
        "the there they this to was we what when where which who why will with would you your",
    )
    for word in line.split()
)


def tell(text: str) -> Code | None:
    """The language of `text`, or None when it does not say."""
    text = unicodedata.normalize("NFKC", text[:_READ]).lower().translate(_FOLD)
    cyrillic, latin = _CYRILLIC.findall(text), _LATIN.findall(text)
    if _is_english(cyrillic, latin):
        return "en"
    worth = sum(_worth(word[:_LONGEST_WORD]) for word in dict.fromkeys(cyrillic))
    if abs(worth) < _SURE:
        return None
    return "ru" if worth > 0 else "uk"


def guess(text: str, otherwise: str) -> str:
    """The same, and `otherwise` for a text that does not say; Cyrillic letters are not English."""
    told = tell(text)
    if told is None and otherwise not in {"ru", "uk"} and _CYRILLIC.search(text.lower()):
        return "ru"
    return told or otherwise


def _is_english(cyrillic: list[str], latin: list[str]) -> bool:
    """Whether it is Latin letters alone, or an English sentence around Cyrillic words.

    The other way round ("Visa и Mastercard") the names of things say nothing.
    """
    spoken = sum(word in _ENGLISH for word in latin)
    return bool(latin) and spoken >= len(cyrillic)


@lru_cache(maxsize=1 << 14)
def _worth(word: str) -> float:
    """How much one word speaks for Russian; below nought, for Ukrainian."""
    russian, ukrainian = _words("ru"), _words("uk")
    known = (word in russian) - (word in ukrainian)
    odds = _odds()
    return _KNOWN * known + _SHARE * sum(odds.get(group, 0.0) for group in _groups(word))


def _groups(word: str) -> Iterator[str]:
    word = f"^{word}$"
    for length in _GROUPS:
        for at in range(len(word) - length + 1):
            yield word[at : at + length]


@cache
def _words(code: str) -> frozenset[str]:
    return frozenset((_TONGUES / f"{code}.txt").read_text(encoding="utf-8").split())


@cache
def _odds() -> dict[str, float]:
    """How much likelier each group of letters is in a Russian word than in a Ukrainian one."""
    russian, ukrainian = _counted("ru"), _counted("uk")
    of_length = {length: (_all(russian, length), _all(ukrainian, length)) for length in _GROUPS}
    return {
        group: log((russian[group] + 0.5) / of_length[len(group)][0])
        - log((ukrainian[group] + 0.5) / of_length[len(group)][1])
        for group in russian.keys() | ukrainian.keys()
    }


def _counted(code: str) -> Counter[str]:
    return Counter(group for word in _words(code) for group in _groups(word))


def _all(counted: Counter[str], length: int) -> int:
    return sum(often for group, often in counted.items() if len(group) == length)
