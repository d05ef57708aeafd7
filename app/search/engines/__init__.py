"""What Otklik needs of a search engine; `index.py` does the rest for all of them.

An engine keeps rows in one folder. It is asked to write by one process at a time and to read by
many, in other processes too, at the same time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence
    from pathlib import Path

    from app.search.plans import Plan
    from app.search.rows import Row, Worth


class EngineError(Exception):
    """The folder's files cannot be read, for now (another process commits) or for good."""


@dataclass(frozen=True, slots=True)
class Match:
    """A row that fits a plan, by the words alone. `line`: of its title, see `rows.Row`."""

    topic_id: int
    score: float
    worth: Worth
    line: str


class Reader(Protocol):
    """The rows of one commit. Used by one thread at a time."""

    def count(self) -> int:
        """How many rows there are."""

    def frequency(self, field: str, key: str) -> int:
        """In how many rows `field` holds `key`, about: rows taken out lately may still count."""

    def beginning(self, field: str, prefix: str, most: int) -> list[tuple[str, int]]:
        """At most about `most` keys of the field that begin so, each with its frequency."""

    def search(self, plan: Plan, limit: int) -> tuple[list[Match], int]:
        """The best matches, best first, and how many there are: at least so many when many."""

    def close(self) -> None:
        """Let go of the files."""


class Engine(Protocol):
    """A module. `FORMAT` is raised whenever the form of what it stores changes."""

    @property
    def NAME(self) -> str:  # noqa: N802 (a module's constant)
        """What settings call it."""

    @property
    def FORMAT(self) -> int:  # noqa: N802 (a module's constant)
        """The form of what it stores."""

    def create(self, folder: Path) -> None:
        """Make an index of nothing in an empty folder."""

    def write(self, folder: Path, gone: Sequence[int], added: Iterable[Row]) -> int:
        """Take out the rows of `gone`, add `added`; how many were added. One commit or nothing.

        When it returns, power may fail. An id that is there already must be in `gone`.
        """

    def newest(self, folder: Path) -> Hashable:
        """Something that is another thing after each commit; cheap. Raises EngineError."""

    def reader(self, folder: Path) -> Reader:
        """Read the newest commit. Raises EngineError."""
