"""Digits in groups with little between them: what a long number looks like however it is typed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

# What people put into a long number, four characters of it at most (a quoted line break: "\n> ").
_RUN: Final = re.compile(r"[0-9]+(?:[ \n.\-_/*|>,:+~=;#`'()\\]{1,4}[0-9]+)*")
_GROUP: Final = re.compile(r"[0-9]+")
_SPACE: Final = str.maketrans("", "", " \n>")


class Run:
    """Groups of digits beside one another; each character of it was looked at once."""

    def __init__(self, text: str, start: int, end: int) -> None:
        """The run of `text` that stands there."""
        spans = [found.span() for found in _GROUP.finditer(text, start, end)]
        self.starts = [a for a, _b in spans]
        self.ends = [b for _a, b in spans]
        self.sizes = [b - a for a, b in spans]
        self.digits = "".join([text[a:b] for a, b in spans])
        # How many digits stand before each group.
        self.offsets = [0, *accumulate(self.sizes)]
        # What stands before each group; with and without its spaces.
        self.gaps = ["", *(text[b:a] for b, a in zip(self.ends, self.starts[1:], strict=False))]
        self.kinds = [gap.translate(_SPACE) for gap in self.gaps]

    def __len__(self) -> int:
        return len(self.starts)

    def ahead(self, first: int, count: int) -> str:
        """So many digits from group `first` on, whatever groups they are in."""
        at = self.offsets[first]
        return self.digits[at : at + count]

    def windows(self, first: int, shortest: int, longest: int) -> Iterator[Window]:
        """What begins with group `first` and has so many digits; the shortest first."""
        for last in range(first, len(self.starts)):
            count = self.offsets[last + 1] - self.offsets[first]
            if count > longest:
                return
            if count >= shortest:
                yield Window(self, first, last + 1)


@dataclass(frozen=True)
class Window:
    """Some groups of a run, read as one number."""

    run: Run
    first: int
    past: int

    @property
    def digits(self) -> str:
        """The number."""
        offsets = self.run.offsets
        return self.run.digits[offsets[self.first] : offsets[self.past]]

    @property
    def start(self) -> int:
        """Where its first digit stands."""
        return self.run.starts[self.first]

    @property
    def end(self) -> int:
        """Behind its last digit."""
        return self.run.ends[self.past - 1]

    @property
    def size(self) -> int:
        """How many digits."""
        return self.run.offsets[self.past] - self.run.offsets[self.first]

    @property
    def count(self) -> int:
        """How many groups."""
        return self.past - self.first

    @property
    def sizes(self) -> tuple[int, ...]:
        """How long each group is."""
        return tuple(self.run.sizes[self.first : self.past])

    @property
    def gaps(self) -> list[str]:
        """What stands between."""
        return self.run.gaps[self.first + 1 : self.past]

    @property
    def kinds(self) -> set[str]:
        """The same without its spaces."""
        return set(self.run.kinds[self.first + 1 : self.past])

    @property
    def is_even(self) -> bool:
        """One piece, or equal pieces with the same between all of them."""
        sizes = self.sizes
        if len(sizes) == 1:
            return True
        alike = len(set(sizes[:-1])) == 1 and sizes[-1] <= sizes[0]
        return alike and len(self.kinds) == 1


def runs(text: str, shortest: int) -> list[Run]:
    """Every run of the text with at least so many digits."""
    found = (Run(text, *each.span()) for each in _RUN.finditer(text))
    return [run for run in found if len(run.digits) >= shortest]
