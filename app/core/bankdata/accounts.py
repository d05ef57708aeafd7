"""Accounts: IBAN of every country, and Russian ones of twenty digits."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, Final

from app.core.bankdata import numbers
from app.core.bankdata.ranges import BALANCE, CURRENCIES, IBANS
from app.core.bankdata.runs import Run, Window

if TYPE_CHECKING:
    from collections.abc import Iterator

_TWENTY: Final = 20
_MOST_GROUPS: Final = 8
# Cyrillic letters that are typed for Latin ones.
_LATIN: Final = str.maketrans("авекмнорстухіј", "abekmhopctyxij")
_COUNTRY: Final = re.compile(
    r"(?:(?<![^\W_])|(?<=iban)|(?<=ибан))[a-zа-яі]{2}[ \-.:\n]{0,2}[0-9][ \-]?[0-9](?=[\W_]?[^\W_])"
)
_BETWEEN: Final = frozenset(" -.\n_/·>*")
# Between two groups of an IBAN at most.
_WIDEST: Final = 3
# BIKs are told within so many characters of the account, before or behind.
_BIK_NEAR: Final = 300
_BIK: Final = re.compile(r"(?<![0-9])0[0-9]{8}(?![0-9])")


def ibans(text: str) -> Iterator[tuple[int, int]]:
    """Every IBAN whose country, length and check digits are right."""
    past = 0
    for found in _COUNTRY.finditer(text):
        if found.start() < past:
            continue
        country = found[0][:2].translate(_LATIN).upper()
        length = IBANS.get(country)
        end = _end_of(text, found.start(), length) if length else None
        if end is not None:
            past = end
            yield found.start(), end


def _end_of(text: str, start: int, length: int) -> int | None:
    """Where so many letters and digits from `start` end, when they make a number that is right."""
    letters: list[str] = []
    gap = 0
    for place in range(start, min(len(text), start + 4 * length)):
        letter = text[place].translate(_LATIN)
        if letter.isascii() and letter.isalnum():
            letters.append(letter)
            gap = 0
        elif letter in _BETWEEN and gap < _WIDEST:
            gap += 1
            continue
        else:
            return None
        if len(letters) == length:
            behind = text[place + 1 : place + 2]
            is_whole = not (behind.isalnum() and behind.isascii())
            right = is_whole and numbers.mod97("".join(letters).upper())
            return place + 1 if right else None
    return None


def biks(text: str) -> tuple[list[int], list[str]]:
    """Every number that could be a BIK: where they stand, and they."""
    found = list(_BIK.finditer(text))
    return [each.start() for each in found], [each[0] for each in found]


def accounts(run: Run, known: tuple[list[int], list[str]]) -> Iterator[tuple[Window, bool]]:
    """What looks like an account in one run, and whether its key fits the BIKs beside it."""
    places, numbers_of_banks = known
    first = 0
    while first < len(run):
        window = None
        if run.ahead(first, 3) in BALANCE:
            window = next(run.windows(first, _TWENTY, _TWENTY), None)
        if window is None or not _looks_like_one(window):
            first += 1
            continue
        lowest = bisect_left(places, window.start - _BIK_NEAR)
        near = numbers_of_banks[lowest : bisect_right(places, window.start + _BIK_NEAR)]
        yield window, not near or any(numbers.account(window.digits, bik) for bik in near)
        first = window.past


def is_near(places: list[int], place: int) -> bool:
    """Whether one of these places, which are in order, is as near as an account to its BIK."""
    at = bisect_left(places, place - _BIK_NEAR)
    return at < len(places) and places[at] <= place + _BIK_NEAR


def _looks_like_one(window: Window) -> bool:
    digits = window.digits
    if not any(map(int, digits[8:])):
        return False
    if digits[:2] != "03" and digits[5:8] not in CURRENCIES:
        return False
    return window.is_even or (len(window.kinds) == 1 and window.count <= _MOST_GROUPS)
