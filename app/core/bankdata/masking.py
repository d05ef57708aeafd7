"""Finding and hiding: what is found in the original is told there, whatever stands in its place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from app.core.bankdata.candidates import candidates
from app.core.bankdata.hiding import SECRET, language, mask_for
from app.core.bankdata.seen import TAG, Seen, see

if TYPE_CHECKING:
    from collections.abc import Iterable

# Hiding one thing can bring a word nearer to another. So often it is looked again.
_ROUNDS: Final = 6
_WORTH: Final = re.compile(r"[0-9@]|\(at\)|\[at\]|собак")
# A phone is compared without what is dialled before it.
_LOCAL: Final = 10
_PHONES: Final = frozenset({10, 11, 12})


@dataclass(frozen=True)
class Found:
    """Something of that type in `text[start:end]`, in code points."""

    type: str
    start: int
    end: int


@dataclass(frozen=True)
class Masked:
    """The text as it may be kept, and what was in the original."""

    text: str
    found: tuple[Found, ...] = ()


@dataclass(frozen=True)
class Own:
    """The bank's own numbers and addresses, which are public and stay."""

    numbers: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset()

    @classmethod
    def of(cls, lines: Iterable[str]) -> Own:
        """As the administrator wrote them: a number, an address, or "@bank.example" for a host."""
        written = [see(line).text.strip() for line in lines]
        addresses = frozenset(line for line in written if "@" in line)
        numbers = frozenset(_bare(line) for line in written if "@" not in line) - {""}
        return cls(numbers, addresses)

    def has(self, kind: str, written: str) -> bool:
        """Whether this is one of them."""
        if kind in SECRET:
            return False
        if kind == "email":
            return written in self.addresses or "@" + written.partition("@")[2] in self.addresses
        return _bare(written) in self.numbers


NOTHING: Final = Own()


def _bare(written: str) -> str:
    bare = "".join(c for c in written if c.isalnum())
    is_phone = bare.isdigit() and len(bare) in _PHONES
    return bare[-_LOCAL:] if is_phone else bare


def find(text: str, own: Own = NOTHING) -> list[Found]:
    """Everything that must not be said in public, in order, none inside another."""
    return list(mask(text, own).found)


def mask(text: str, own: Own = NOTHING) -> Masked:
    """`text` with a word where each thing stood. Masked again, it stays as it is.

    HTML may be given too: numbers are found that tags go through, and the tags stay.
    """
    found = _find(text, own)
    if not found:
        return Masked(text)
    column = language(_without(text, found))
    everything = list(found)
    masked, places = _hide(text, found, column)
    for _round in range(_ROUNDS):
        more = _find(masked, own)
        if not more:
            break
        everything += [_in_original(each, places) for each in more]
        masked, moved = _hide(masked, more, column)
        places = [places[i] if i is not None else None for i in moved]
    return Masked(masked, tuple(_tidy(everything)))


def _find(text: str, own: Own) -> list[Found]:
    found = _look(see(text), own)
    if "<" in text:  # as a reader of the page sees it
        found = _tidy([*found, *_look(see(text, tags=False), own)])
    return found


def _look(seen: Seen, own: Own) -> list[Found]:
    if not _WORTH.search(seen.text):
        return []
    taken = bytearray(len(seen.text))
    found = []
    for kind, start, end in candidates(seen):
        if any(taken[start:end]):
            continue
        taken[start:end] = b"\x01" * (end - start)
        if not own.has(kind, seen.text[start:end]):
            found.append(Found(kind, *seen.span(start, end)))
    return sorted(found, key=lambda each: each.start)


def _hide(text: str, found: list[Found], column: int | None) -> tuple[str, list[int | None]]:
    """The text with the masks, and for each of its characters where it stood (None: a mask)."""
    parts: list[str] = []
    places: list[int | None] = []
    past = 0
    for each in found:
        put = mask_for(each.type, column) + "".join(TAG.findall(text[each.start : each.end]))
        parts += [text[past : each.start], put]
        places += [*range(past, each.start), *([None] * len(put))]
        past = each.end
    parts.append(text[past:])
    places += range(past, len(text))
    return "".join(parts), places


def _in_original(each: Found, places: list[int | None]) -> Found:
    stood = [place for place in places[each.start : each.end] if place is not None]
    return Found(each.type, stood[0], stood[-1] + 1) if stood else Found(each.type, 0, 0)


def _tidy(found: list[Found]) -> list[Found]:
    """In order, without doubles and what lies inside another."""
    kept: list[Found] = []
    for each in sorted(found, key=lambda f: (f.start, -f.end)):
        if each.end > each.start and (not kept or each.start >= kept[-1].end):
            kept.append(each)
    return kept


def _without(text: str, found: list[Found]) -> str:
    rest: list[str] = []
    past = 0
    for each in found:
        rest.append(text[past : each.start])
        past = each.end
    return "".join([*rest, text[past:]])
