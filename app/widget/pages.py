"""Pages of the bank's sites by their paths, without what could say who was there."""

from __future__ import annotations

import re
import unicodedata
from typing import Final
from urllib.parse import unquote, urlsplit

# What stands for anything that is left out, and for all the pages beyond those that are told apart.
REST: Final = "…"
LONGEST: Final = 200

# Numbers of contracts, cards and telephones; a blank or a hyphen hides none of them.
_NUMBER: Final = re.compile(r"\d(?:[\s()+._-]*\d){2,}")
_UUID: Final = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_PIECE: Final = re.compile(r"[^\W_]+")
_TURN: Final = re.compile(r"(?<=[a-zа-яё])[A-ZА-ЯЁ]|(?<=[A-ZА-ЯЁ])[a-zа-яё]")
# Words are shorter, and have no digits inside and no capitals here and there.
_WORD, _MIXED, _CAMEL, _TURNS = 24, 8, 12, 4


def path_of(page: str) -> str:
    """The path of an address or a path: readable, without its end stroke; "/" for none."""
    try:
        path = urlsplit(page.strip()[:4_000]).path
    except ValueError:
        return "/"
    path = unicodedata.normalize("NFC", unquote(path.split(";", 1)[0]))
    seen = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in path)
    return "/" + "/".join(filter(None, (" ".join(s.split()) for s in seen.split("/"))))


def masked(page: str) -> str:
    """A page's path as it may be counted: long numbers, opaque words and addresses left out."""
    return "/".join(map(_masked, path_of(page)[: 2 * LONGEST].split("/")))[:LONGEST]


def is_below(page: str, prefix: str) -> bool:
    """Whether a page's path is `prefix` or lies below it; "/" holds all."""
    path, above = path_of(page).casefold(), path_of(prefix).casefold()
    return above in {"/", path} or path.startswith(f"{above}/")


def _masked(step: str) -> str:
    # Decoded twice: an "@" may have been written as "%2540".
    if "@" in step or "@" in unquote(step):
        return REST
    step = _UUID.sub(REST, step)
    step = _PIECE.sub(lambda piece: REST if _is_opaque(piece[0]) else piece[0], step)
    step = _NUMBER.sub(REST, step)
    return re.sub(r"…(?:[\W_]*…)+", REST, step)


def _is_opaque(piece: str) -> bool:
    """Whether it is a key and no word: too long, digits among letters, capitals inside."""
    digits = sum(c.isdigit() for c in piece)
    if len(piece) >= _WORD or (len(piece) >= _MIXED and 0 < digits < len(piece)):
        return True
    return len(piece) >= _CAMEL and len(_TURN.findall(piece)) >= _TURNS
