"""Phone numbers: the only door to the library that knows every country's."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from app.core.bankdata.requisites import BEFORE
from app.core.bankdata.runs import Run, Window
from app.core.lazily import lazily

if TYPE_CHECKING:
    from collections.abc import Iterator

    import phonenumbers

    from app.core.bankdata.words import Words
else:
    phonenumbers = lazily("phonenumbers")

# What stands beside a number that is no phone, whatever its digits say.
_OTHERS: Final = ("inn", "ipn", "snils", "ogrn", "bik", "kpp", "edrpou", "account")
_AMERICAN: Final = re.compile(r"(?:1[ .\-]?)?(?:\([0-9]{3}\) ?|[0-9]{3}[.\-])[0-9]{3}[.\-][0-9]{4}")
# Only these stand inside; what stands before the first group says whether it is abroad.
_INSIDE: Final = re.compile(r"[ \n().\-/~]{0,4}")
_BEGINS: Final = re.compile(r"[ \n,;(|:]")
_PLUS: Final = re.compile(r"\+[ (]?$")
# A number goes on here, or began before: a date, a sum, a version.
_GOES_ON: Final = re.compile(r"[.,:/][0-9]|[ ]?[%₽$€]|\s?(?:руб|грн)")
_DATE: Final = re.compile(
    r"[0-3]?[0-9]([./-])[01]?[0-9]\1(?:19|20)[0-9]{2}|(?:19|20)[0-9]{2}([./-])[01][0-9]\2[0-3][0-9]"
)
_LONGEST, _GROUPS = 15, 7
_SHORTEST_ABROAD, _SHORTEST = 7, 9
_RUSSIAN, _LOCAL, _UKRAINIAN = 11, 10, 12
_NEAR: Final = 30
_TIGHT: Final = 3


def phones(text: str, run: Run, words: Words) -> Iterator[tuple[int, int]]:
    """The phone numbers of one run that could be dialled."""
    first = 0
    while first < len(run):
        window = _at(text, run, first, words)
        if window is None:
            first += 1
            continue
        yield _start(text, window), window.end
        first = window.past


def _at(text: str, run: Run, first: int, words: Words) -> Window | None:
    start = run.starts[first]
    is_abroad = _PLUS.search(text[max(0, start - 2) : start]) is not None
    if not is_abroad and first and not _BEGINS.search(run.gaps[first]):
        return None
    found = None
    for window in run.windows(first, 1, _LONGEST):
        if window.count > 1 and not _INSIDE.fullmatch(run.gaps[window.past - 1]):
            break
        if first and window.count > _GROUPS:
            break
        if _is_phone(text, window, words, is_abroad=is_abroad):
            found = window
    if found is None or any(words.before(kind, start, BEFORE // 2) for kind in _OTHERS):
        return None
    return found


def _start(text: str, window: Window) -> int:
    """With its plus and its bracket."""
    start = window.start
    inside = text[start : window.end]
    if text[start - 1 : start] == "(" and ")" in inside:
        start -= 1
    for plus in ("+", "+ "):
        if text[:start].endswith(plus):
            return start - len(plus)
    return start


def _is_phone(text: str, window: Window, words: Words, *, is_abroad: bool) -> bool:
    digits = window.digits
    if is_abroad:
        return len(digits) >= _SHORTEST_ABROAD and _is_valid("+" + digits)
    if not _SHORTEST <= len(digits) <= _UKRAINIAN or _GOES_ON.match(text, window.end):
        return False
    written = text[_start(text, window) : window.end]
    if _DATE.match(written):
        return False
    beside = words.near("phone", window.start, window.end, _NEAR) or (
        words.before("number", window.start, _TIGHT + 2 * ("-" in written)) is not None
    )
    return _is_local(digits, written, beside=beside)


def _is_local(digits: str, written: str, *, beside: bool) -> bool:
    """As our customers write theirs at home, and Americans theirs."""
    grouped = len(digits) != len(written)
    if _AMERICAN.fullmatch(written):
        return _is_valid(digits, "US") or (digits[0] in "3489" and _is_valid("+7" + digits))
    if len(digits) == _RUSSIAN and digits[0] in "78":
        return _is_valid("+7" + digits[1:])
    if len(digits) == _UKRAINIAN and digits.startswith(("380", "375")):
        return _is_valid("+" + digits)
    if len(digits) == _LOCAL and digits[0] == "0":
        return _is_valid(digits, "UA", mobile=not (grouped or beside))
    if len(digits) == _LOCAL and digits[0] in "3489":
        is_written = written.startswith("(") or written.count("-") > 1
        return (beside or is_written) and _is_valid("+7" + digits)
    return beside and any(_is_valid(digits, region) for region in ("US", "GB", "DE", "IL"))


@lru_cache(maxsize=4096)
def _is_valid(number: str, region: str | None = None, *, mobile: bool = False) -> bool:
    try:
        read = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return False
    if not phonenumbers.is_valid_number(read):
        return False
    kinds = phonenumbers.PhoneNumberType
    mobiles = (kinds.MOBILE, kinds.FIXED_LINE_OR_MOBILE)
    return not mobile or phonenumbers.number_type(read) in mobiles
