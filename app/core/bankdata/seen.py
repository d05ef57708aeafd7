"""A text as the guard sees it: digits of every script are digits, nothing invisible stands between.

Each character keeps the place it came from, so what is found is told in the text as it was written.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from dataclasses import dataclass
from typing import Final

# Stands for what becomes none or several characters, until places are counted one by one.
_ODD: Final = "\x00"
_INVISIBLE: Final = frozenset({"Mn", "Me", "Cf", "Cc", "Cs", "Co", "Cn"})
TAG: Final = re.compile(r"<[^<>]*>")
_ENTITY: Final = re.compile(
    r"&(nbsp|shy|thinsp|hairsp|ensp|emsp|zwnj|zwj|#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6});"
)
# What `NFKD` leaves as it is and the eye does not tell apart.
_ALIKE: Final = {"ё": "е", "й": "и", "ї": "і", "ґ": "г", "ʼ": "'", "’": "'", "‘": "'", "＇": "'"}
_PLAIN: Final = {
    **dict.fromkeys("\n\r\x0b\x0c\x85\u2028\u2029", "\n"),
    **dict.fromkeys("\t\u2800\u3164\uffa0\u115f\u1160", " "),
    **dict.fromkeys("\u2212\u2043\u02d7\u30fc\uff70", "-"),
    # Dots in the middle of the line stand between digits like dots at its foot.
    **dict.fromkeys("·•․‧∙⋅・･。｡٫", "."),
}
_BY_CATEGORY: Final = {"Zs": " ", "Pd": "-", **dict.fromkeys(_INVISIBLE, "")}


def _one(character: str) -> str:
    """What one character is read as: none, one or several."""
    category = unicodedata.category(character)
    plain = _PLAIN.get(character) or _BY_CATEGORY.get(category)
    if plain is not None:
        return plain
    digit = unicodedata.digit(character, None)
    if digit is not None:
        return str(digit)
    read = "".join(
        _ALIKE.get(c, c)
        for c in unicodedata.normalize("NFKD", character).casefold()
        if unicodedata.category(c) not in _INVISIBLE
    )
    return read.replace("⁄", "/")


class _Table(dict[int, str]):
    """Filled as characters are met; what is not one character for one becomes `_ODD`."""

    def __missing__(self, code: int) -> str:
        read = _one(chr(code))
        self[code] = read if len(read) == 1 else _ODD
        return self[code]


_TABLE: Final = _Table()


@dataclass(frozen=True)
class Seen:
    """The text as it is read, and where each of its characters stands in the original."""

    text: str
    original: str
    places: list[int] | None = None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The original's span of `text[start:end]`."""
        if self.places is None:
            return start, end
        past = self.places[end - 1] + 1
        if self.original[past - 1] == "&":  # written as an entity, which goes on to the next place
            past = self.places[end]
        while past < len(self.original) and unicodedata.category(self.original[past])[0] == "M":
            past += 1  # a frame around the last digit
        return self.places[start], past


def see(original: str, *, tags: bool = True) -> Seen:
    """Read `original`; without `tags`, what a reader of the page would see of it."""
    read = original.translate(_TABLE)
    hidden: dict[int, tuple[int, str]] = {}
    if "&" in original:
        hidden = {m.start(): (m.end(), _entity(m)) for m in _ENTITY.finditer(original)}
    if not tags:
        hidden |= {m.start(): (m.end(), "") for m in TAG.finditer(original)}
    if _ODD not in read and not hidden:
        return Seen(read, original)
    letters: list[str] = []
    places: list[int] = []
    place = 0
    while place < len(original):
        past, said = hidden.get(place, (place + 1, None))
        if said is None:
            said = _one(original[place]) if read[place] == _ODD else read[place]
        letters.append(said)
        places.extend([place] * len(said))
        place = past
    places.append(len(original))
    return Seen("".join(letters), original, places)


def _entity(found: re.Match[str]) -> str:
    """What a reader sees: a digit, or a space, visible or not."""
    written = found[1]
    if not written.startswith("#"):
        return " " if written.endswith("sp") else ""
    code = int(f"0{written[1:]}", 0) if written[1] in "xX" else int(written[1:])
    return _one(chr(code)) if code <= sys.maxunicode else ""
