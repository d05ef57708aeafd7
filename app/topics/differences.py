"""What an edit changed, word by word."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_WORDS: Final = re.compile(r"\s+|\w+|[^\w\s]")
_LINES: Final = re.compile(r"[^\n]*\n|[^\n]+")
# Comparing costs the square of what is compared; longer texts are compared by whole lines.
_MOST_WORDS: Final = 3_000
# One or two words that stand between changes would cut a sentence into crumbs.
_CRUMB: Final = 3


@dataclass(frozen=True)
class Piece:
    """A stretch of text that is in "both", only "before", or only "after"."""

    text: str
    where: str


def differences(before: str, after: str) -> list[Piece]:
    """Both texts as one, in order; what went stands before what came in its place."""
    old, new = _cut(before, after)
    pieces = list(_compared(old, new))
    joined = (
        Piece("".join(each.text for each in run), where)
        for where, run in groupby(_without_crumbs(pieces), key=lambda piece: piece.where)
    )
    return [piece for piece in joined if piece.text]


def _cut(before: str, after: str) -> tuple[list[str], list[str]]:
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    if max(len(old), len(new)) > _MOST_WORDS:
        old, new = _LINES.findall(before), _LINES.findall(after)
    return old, new


def _compared(old: Sequence[str], new: Sequence[str]) -> Iterator[Piece]:
    matcher = SequenceMatcher(None, old, new, autojunk=len(old) > _MOST_WORDS)
    for same, i, i_end, j, j_end in matcher.get_opcodes():
        if same == "equal":
            yield Piece("".join(old[i:i_end]), "both")
            continue
        yield Piece("".join(old[i:i_end]), "before")
        yield Piece("".join(new[j:j_end]), "after")


def _without_crumbs(pieces: Sequence[Piece]) -> list[Piece]:
    """Changes with next to nothing between them told as one: first all that went, then all new."""
    told: list[Piece] = []
    changes: list[Piece] = []
    for place, piece in enumerate(pieces):
        inside = bool(changes) and place + 1 < len(pieces)
        if piece.where != "both" or (inside and _is_crumb(piece)):
            changes.append(piece)
            continue
        told += [*_as_one(changes), piece]
        changes = []
    return [*told, *_as_one(changes)]


def _is_crumb(piece: Piece) -> bool:
    return len(piece.text.strip()) < _CRUMB and "\n" not in piece.text


def _as_one(changes: Sequence[Piece]) -> list[Piece]:
    gone = "".join(each.text for each in changes if each.where != "after")
    come = "".join(each.text for each in changes if each.where != "before")
    return [Piece(gone, "before"), Piece(come, "after")] if changes else []
