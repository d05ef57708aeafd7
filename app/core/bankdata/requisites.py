"""Numbers of people and companies, each only beside its word and with its check digits right."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from app.core.bankdata import numbers
from app.core.bankdata.runs import Run, Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from app.core.bankdata.words import Words

# So far a word may stand before its number, and behind it.
BEFORE, BEHIND = 40, 20


def _bik(digits: str) -> bool:
    return digits[0] == "0" and any(map(int, digits))


# For each word: the lengths its number may have, with what must hold, and what it is then.
_RULES: Final[dict[str, tuple[tuple[int, str, Callable[[str], bool]], ...]]] = {
    "inn": (
        (12, "inn", numbers.inn),
        (10, "inn", numbers.inn),
        (10, "ipn", numbers.ipn),
        (8, "edrpou", numbers.edrpou),
    ),
    "ipn": ((10, "ipn", numbers.ipn), (10, "inn", numbers.inn), (12, "inn", numbers.inn)),
    "edrpou": ((8, "edrpou", numbers.edrpou), (10, "ipn", numbers.ipn)),
    "snils": ((11, "snils", numbers.snils),),
    "ogrn": ((15, "ogrn", numbers.ogrn), (13, "ogrn", numbers.ogrn)),
    "bik": ((9, "bik", _bik),),
}
_SHORTEST, _LONGEST = 8, 15
_SNILS_SIZES: Final = [3, 3, 3, 2]
_KPP: Final = re.compile(r"(?<![^\W_])[0-9]{4}[0-9A-Z]{2}[0-9]{3}(?![^\W_])")


def requisites(run: Run, words: Words) -> Iterator[tuple[str, int, int]]:
    """INN, SNILS, OGRN, BIK and their Ukrainian sisters in one run."""
    named = [word for word in _RULES if word in words]
    first = 0
    while first < len(run):
        found = _snils(run, first, words) or (_at(run, first, named, words) if named else None)
        if found is None:
            first += 1
            continue
        kind, window = found
        yield kind, window.start, window.end
        first = window.past


def _snils(run: Run, first: int, words: Words) -> tuple[str, Window] | None:
    """112-233-445 95: nothing else is written so."""
    if run.sizes[first : first + 4] != _SNILS_SIZES:
        return None
    window = Window(run, first, first + 4)
    if not window.kinds <= {"-", ""} or not numbers.snils(window.digits):
        return None
    is_plain = "-" in window.kinds or words.near("snils", window.start, window.end, BEFORE)
    return ("snils", window) if is_plain else None


def _at(run: Run, first: int, named: list[str], words: Words) -> tuple[str, Window] | None:
    for window in reversed(list(run.windows(first, _SHORTEST, _LONGEST))):
        if window.count > 1 and not _in_groups(window):
            continue
        for word in named:
            for length, kind, is_right in _RULES[word]:
                if (
                    window.size == length
                    and is_right(window.digits)
                    and _is_beside(words, word, window)
                ):
                    return kind, window
    return None


def _in_groups(window: Window) -> bool:
    kinds = window.kinds
    return len(kinds) == 1 and kinds <= {"", "-", "."} and min(window.sizes[:-1]) > 1


def _is_beside(words: Words, word: str, window: Window) -> bool:
    return (
        words.before(word, window.start, BEFORE) is not None
        or words.after(word, window.end, BEHIND) is not None
    )


def kpps(original: str, words: Words, text: str) -> Iterator[tuple[int, int]]:
    """Where tax is paid: four digits, two digits or capitals, three digits, beside its word."""
    if "kpp" not in words or len(original) != len(text):
        original = text
    for found in _KPP.finditer(original) if "kpp" in words else ():
        named = words.before("kpp", found.start(), BEFORE)
        if named and any(c != "0" for c in found[0]):
            yield found.start(), found.end()
