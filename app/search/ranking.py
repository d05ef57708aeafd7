"""What moves a topic up or down besides its words. The words decide; this settles what is close.

| A topic                                              | its score times |
|------------------------------------------------------|-----------------|
| with an official answer                              | 1.10            |
| whose asker said that the answer solved it           | 1.08 more       |
| that still waits, asked more than 30 days ago        | 0.85            |
| asked today; half of the gain a half-year later      | up to 1.08      |
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from app.search.rows import Worth

_ANSWERED: Final = 1.10
_SOLVED: Final = 1.08
_STALE: Final = 0.85
_STALE_AFTER: Final = 30
_RECENT: Final = 0.08
_HALF_LIFE: Final = 180


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
