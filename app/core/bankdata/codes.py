"""Codes that are secret, of a card, of an SMS, a PIN: few digits, so right only by their words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.core.bankdata.words import Words

# How many digits, and how much may stand between the word and them.
_SIZES: Final = {"cvv": (3, 4), "pin": (4, 6), "code": (4, 8)}
_NEAR: Final = {"cvv": 30, "pin": 30, "code": 45}
_BEHIND: Final = 18
_DIGITS: Final = re.compile(
    r"(?<![0-9a-z.,:/\-+])[0-9](?:[ \-]?[0-9]){2,7}(?![0-9a-z])(?![.,:/\-][0-9])(?! ?[%₽$€°])"
)
_UNITS: Final = re.compile(
    r"\s?(?:руб|р\b|₽|\$|€|грн|тыс|тис|usd|eur|uah|год|рок|раз|мин|хв|час|дн|день|дня|sec|min|times?"
    r"|years?|days?|hours?|am\b|pm\b|шт|км|процент|percent)"
)
_NUMBER: Final = re.compile(
    r"(?:(?<![^\W\d_])(?:номер\w?|number|short code|с|на|from|to)|[№$€₽])\s?$"
)
# Another number or another sentence stands between.
_APART: Final = re.compile(r"[0-9]{2,}|[.!?]\s")
# A year: "пин-код в 2024 году" tells no secret; beside "=" or ":" it is one all the same.
_YEAR: Final = re.compile(r"(?:19|20)[0-9]{2}")
_SAID: Final = re.compile(r"[=:—–-]\s?$")
# Behind a card stand its month and its code.
_EXPIRY: Final = re.compile(
    r"[\s,;|/:.\-]{1,4}(?:0[1-9]|1[0-2])\s?[/.\-| ]\s?(?:20)?[0-9]{2}[\s,;|/:.\-]{1,4}"
    r"(?P<code>[0-9]{3})(?![0-9])"
)


def codes(text: str, words: Words) -> Iterator[tuple[str, int, int]]:
    """Every such code with its word before it, or close behind."""
    kinds = [kind for kind in _SIZES if kind in words]
    if not kinds:
        return
    for found in _DIGITS.finditer(text):
        count = sum(c.isdigit() for c in found[0])
        for kind in kinds:
            least, most = _SIZES[kind]
            if not least <= count <= most or not _is_plain(text, found, kind):
                continue
            before = words.before(kind, found.start(), _NEAR[kind])
            behind = words.after(kind, found.end(), _BEHIND)
            clear = before and not re.search(r"[0-9]{2,}|[.!?]\s", text[before.end : found.start()])
            if clear or (
                behind and not re.search(r"[0-9]|[.!?]\s", text[found.end() : behind.start])
            ):
                yield kind, found.start(), found.end()
                break


def _is_plain(text: str, found: re.Match[str], kind: str) -> bool:
    """No sum, no year, no short number that a message came from."""
    if _UNITS.match(text, found.end()):
        return False
    ahead = text[max(0, found.start() - 12) : found.start()]
    if kind != "cvv" and _NUMBER.search(ahead):
        return False
    return not _YEAR.fullmatch(found[0]) or _SAID.search(ahead) is not None


def behind_card(text: str, end: int) -> tuple[int, int] | None:
    """The three digits that follow a card's number and its month."""
    found = _EXPIRY.match(text, end)
    return found.span("code") if found else None
