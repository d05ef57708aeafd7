"""What moves a topic up or down besides its words. The words decide; this settles what is close.

| A topic                                              | its score times |
|------------------------------------------------------|-----------------|
| with an official answer                              | 1.10            |
| whose asker said that the answer solved it           | 1.08 more       |
| that still waits, asked more than 30 days ago        | 0.85            |
| asked today; half of the gain a half-year later      | up to 1.08      |
| in another alphabet than the question                | 0.70            |
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from app.search.rows import Worth
    from app.search.wording import Wording

_ANSWERED: Final = 1.10
_SOLVED: Final = 1.08
_STALE: Final = 0.85
_STALE_AFTER: Final = 30
_RECENT: Final = 0.08
_HALF_LIFE: Final = 180
_OTHER_ALPHABET: Final = 0.70
_LATIN: Final = frozenset("abcdefghijklmnopqrstuvwxyz")
_CYRILLIC: Final = frozenset("абвгдежзийклмнопрстуфхцчшщъыьэюяіїєґ")


def factor(worth: Worth, today: int) -> float:
    """What the score of the words is multiplied by; `today` in days since 1970."""
    made = _ANSWERED if worth.answered else 1.0
    if worth.solved:
        made *= _SOLVED
    if not worth.day:
        return made
    age = max(0, today - worth.day)
    if worth.waits and age > _STALE_AFTER:
        made *= _STALE
    return float(made * (1 + _RECENT * 0.5 ** (age / _HALF_LIFE)))


def nearness(asked: Wording, line: str) -> float:
    """Less for a title that shares no alphabet with the question: synonyms cross languages."""
    ways = {key[0] for word in asked.words for key in word}
    latin, cyrillic = "e" in ways, bool(ways & {"r", "u"})
    if latin == cyrillic:
        return 1.0
    alphabet = _LATIN if latin else _CYRILLIC
    return _OTHER_ALPHABET if alphabet.isdisjoint(line) else 1.0
