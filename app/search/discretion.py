"""What of asked words may be kept: what people look for, and nothing about who they are.

What the guard of bank data (`core.bankdata`) finds goes, and here its check digits are not asked
for: a few digits of anything go too. When in doubt the word goes: a gap less is no harm.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from app.core.bankdata import find
from app.core.bankdata.hiding import MASK
from app.search import analysis

# What is longer is no search but a story, and stories name people.
LONGEST: Final = 80
# So many digits in all, wherever they stand, may be a code, a card's end, a house and a flat.
_TOO_MANY_DIGITS: Final = 3
# Latin letters mixed with digits, so long: a password or a number of something.
_LONG_MIXTURE: Final = 8

_OPERATOR: Final = re.compile(
    r'(?<!\S)(?:category|kind|state|by|before|after):(?:"[^"]*"|«[^»]*»|\S*)', re.IGNORECASE
)
_UNWANTED: Final = re.compile(r'(?<!\S)[-−–](?:"[^"]*"|«[^»]*»|[^\W_]\S*)')
_HOST: Final = re.compile(
    r"://|\bwww\.|(?<![^\W_])[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}\b", re.IGNORECASE
)
# What stands for "@" where somebody hides an address from machines.
_AT: Final = frozenset({"@", "at", "собака", "собачка", "равлик", "равлика"})
# Beside these even one digit is somebody's house or flat.
_STREET: Final = frozenset({
    "ул", "улица", "улице", "улицы", "пр", "пр-т", "просп", "проспект", "проспекте", "пер",
    "переулок", "шоссе", "наб", "бульвар", "дом", "д", "корп", "корпус", "кв", "квартира",
    "подъезд", "вул", "вулиця", "вулиці", "пров", "провулок", "буд", "будинок", "street", "st",
    "avenue", "ave", "road", "rd", "house", "flat", "apt", "apartment",
})  # fmt: skip
_LATIN: Final = re.compile(r"[a-z]", re.IGNORECASE)
_LETTERS: Final = re.compile(r"[^\W\d_]")
_WORD: Final = re.compile(r"[^\W_]+(?:['’ʼ.-][^\W_]+)*")


def worth_keeping(words: str) -> str | None:
    """The words as they are kept: folded, one space between; None when nothing may be or is left.

    Operators of a search (`category:`, `-word`, quotes) say nothing about what is missing.
    """
    if len(words) > 4 * LONGEST:
        return None
    plain = _plain(words)
    if len(plain) > LONGEST:
        return None
    plain = _UNWANTED.sub(" ", _OPERATOR.sub(" ", plain))
    tokens = _without_addresses(_without_bank_data(plain).split())
    if _digits(plain) >= _TOO_MANY_DIGITS or _STREET & {t.strip(".,").casefold() for t in tokens}:
        tokens = [token for token in tokens if not _digits(token)]
    said = [
        analysis.fold(word)
        for token in tokens
        if not _is_mixture(token)
        for word in _WORD.findall(token)
    ]
    kept = " ".join(word for word in said if word)
    return kept if len(kept) <= LONGEST and len(_LETTERS.findall(kept)) > 1 else None


def _plain(words: str) -> str:
    """One width, one kind of space, nothing invisible between two digits."""
    seen = unicodedata.normalize("NFKC", words)
    seen = "".join(
        " " if letter.isspace() else letter
        for letter in seen
        if letter.isspace() or unicodedata.category(letter) not in {"Cc", "Cf", "Cs", "Co", "Cn"}
    )
    return " ".join(seen.split())


def _digits(text: str) -> int:
    """How many digits of any script: ٣, ३ and ③ are numbers to whoever reads them."""
    return sum(letter.isnumeric() for letter in text)


def _without_bank_data(text: str) -> str:
    """Without what the guard hides; its own words, too, say nothing that was looked for."""
    for found in reversed(find(text)):
        # With the whole word it stands in: "mailto:" says as little.
        start = text.rfind(" ", 0, found.start) + 1
        end = text.find(" ", found.end)
        text = f"{text[:start]} {text[end:] if end >= 0 else ''}"
    return MASK.sub(" ", text)


def _without_addresses(tokens: list[str]) -> list[str]:
    """Without e-mail and web addresses, and without the name that stands before one's "at"."""
    gone = {i for i, token in enumerate(tokens) if "@" in token or _HOST.search(token)}
    for i, token in enumerate(tokens):
        is_at = token.strip("()[]{}<>").casefold() in _AT
        if is_at and ("@" in token or i + 1 in gone):
            gone |= {i - 1, i, i + 1}
    return [token for i, token in enumerate(tokens) if i not in gone]


def _is_mixture(token: str) -> bool:
    return len(token) >= _LONG_MIXTURE and bool(_digits(token)) and bool(_LATIN.search(token))
