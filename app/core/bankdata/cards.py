"""Card numbers: a known issuer's first digits, its length, the check digit, and how it is typed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from app.core.bankdata.numbers import ean, luhn
from app.core.bankdata.ranges import BESIDE_WORDS, CARDS, GROUPS, UNCHECKED
from app.core.bankdata.runs import Run, Window

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from app.core.bankdata.words import Words

SHORTEST, LONGEST = 13, 19
_NEAR: Final = 60
_EAN: Final = 13
_PREFIX: Final = 4
_NONE: Final[frozenset[int]] = frozenset()
# Directly behind it: a sum of money, whatever its digits say.
_MONEY: Final = re.compile(
    r"\s{0,2}(?:руб|р\.|₽|\$|€|грн|гривен|гривень|тыс|тис|млн|млрд|usd|eur|uah|rub|долл|евро)"
)
_FREE: Final = frozenset({"", "-", ".", "_", "/"})
# So a list is written, not a number.
_LISTED: Final = re.compile(r"[,;][ \n]")


def cards(text: str, run: Run, words: Words) -> Iterator[tuple[int, int]]:
    """The cards of one run, left to right, none inside another."""
    first = 0
    while first < len(run):
        found = _card_at(text, run, first, words)
        if found is None:
            first += 1
            continue
        yield found.start, found.end
        first = found.past


def _card_at(text: str, run: Run, first: int, words: Words) -> Window | None:
    ahead = run.ahead(first, _PREFIX)
    prefix = _longest(CARDS, ahead)
    # Lengths, and those that count only beside a card's word.
    known = CARDS.get(prefix, _NONE)
    possible = known | BESIDE_WORDS.get(_longest(BESIDE_WORDS, ahead), _NONE)
    if not possible:
        return None
    best = None
    for window in run.windows(first, SHORTEST, LONGEST):
        size = window.size
        if size not in possible:
            continue
        if _is_card(text, window, prefix, words, known=size in known):
            if window.count == 1:
                return window
            best = window  # the longest that is one
    return best


def _longest(known: Mapping[str, object], ahead: str) -> str:
    """The longest of the first digits that are `known`; "" when none are."""
    return next((ahead[:n] for n in range(_PREFIX, 0, -1) if ahead[:n] in known), "")


def _is_card(text: str, window: Window, prefix: str, words: Words, *, known: bool) -> bool:
    digits = window.digits
    is_right = luhn(digits)
    if not is_right and prefix not in UNCHECKED:
        return False
    union = words.near("unionpay", window.start, window.end, _NEAR)
    if union or words.near("card", window.start, window.end, _NEAR):
        return is_right or union
    if not (known and is_right and _is_typed_so(window)):
        return False
    is_article = len(digits) == _EAN and window.count == 1 and ean(digits)
    return not is_article and not _MONEY.match(text, window.end)


def _is_typed_so(window: Window) -> bool:
    """Whether people type cards in such groups; by chance numbers stand in any."""
    sizes = window.sizes
    if len(sizes) == 1:
        return True
    if any(_LISTED.search(gap) for gap in window.gaps):
        return False
    if sizes in GROUPS or all(n % 4 == 0 for n in sizes[:-1]):
        return True
    return window.is_even and window.kinds <= _FREE
