"""What a page says of itself while it is made. Anywhere else these say nothing and cost nothing."""

from __future__ import annotations

import math
import time
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

# A page holds so long, and a piece that stands on it may have held as long before: no words about
# time ("3 minutes ago", "2 h 10 min left") are further behind than a minute, the smallest step they
# are told in; nor is anything that a hand wrote past us into the database.
LONGEST: Final = 30.0
# For browsers and for whoever stands between: ask each time. For a CDN: one answer for a second.
SHARED: Final = "public, max-age=0, must-revalidate, s-maxage=1"
PRIVATE: Final = "private, no-cache"

F = TypeVar("F", bound="Callable[[], str]")


@dataclass
class Making:
    """A page that is being made to be kept.

    `ends`: when it is made anew at the latest, `turns`: when what it shows changes by itself; both
    in seconds since 1970.
    """

    language: str
    ends: float
    turns: float = math.inf
    is_for_one: bool = False
    note: dict[str, Any] = field(default_factory=dict)
    # What no commit tells of, by name, as it was before it was read.
    rests_on: dict[str, str] = field(default_factory=dict)


at_hand: ContextVar[Making | None] = ContextVar("page_being_made", default=None)
_piece: ContextVar[Making | None] = ContextVar("piece_being_made", default=None)
_states: dict[str, Callable[[], str]] = {}


def begun(language: str) -> Making:
    """A page that nothing is known of yet."""
    return Making(language, time.time() + LONGEST)


def is_at_hand() -> bool:
    """Whether this request's page is made for everybody, by a reader nobody knows anything of."""
    return at_hand.get() is not None


def control(status: int) -> str:
    """The Cache-Control of a guest's page that says none itself."""
    page = at_hand.get()
    return SHARED if page is not None and not page.is_for_one and status == 200 else PRIVATE  # noqa: PLR2004


def _all() -> list[Making]:
    """The page that is made, and the piece of it that is made."""
    return [made for made in (at_hand.get(), _piece.get()) if made is not None]


@contextmanager
def piece() -> Iterator[Making]:
    """While a piece is made, which may stand in another; `take_over` what was said meanwhile."""
    made = Making("", time.time() + LONGEST)
    token = _piece.set(made)
    try:
        yield made
    finally:
        _piece.reset(token)


def take_over(made: Making) -> None:
    """What holds for a piece holds for the page that it stands on, or for the piece.

    But not a piece's age for a page: one with twenty pieces would be made anew with each of them.
    """
    for page in _all():
        page.turns = min(page.turns, made.turns)
        page.ends = min(page.ends, made.ends if page is _piece.get() else made.turns)
        page.is_for_one = page.is_for_one or made.is_for_one
        page.note.update(made.note)
        page.rests_on = {**made.rests_on, **page.rests_on}


def stands(made: Making) -> bool:
    """Whether what was made is still true."""
    return time.time() < made.ends and (not made.rests_on or still_stands(made.rests_on))


def never() -> None:
    """This page shows what is for one reader: it is not kept."""
    for page in _all():
        page.is_for_one = True


def until(instant: datetime) -> None:
    """What this page shows changes by itself at `instant`; nothing when that is over."""
    pages = _all()
    ends = instant.timestamp() if pages else 0.0
    if pages and time.time() < ends:
        for page in pages:
            page.ends = min(page.ends, ends)
            page.turns = min(page.turns, ends)


def note(**words: Any) -> None:
    """What comes back with every `Hit` of this page; JSON."""
    for page in _all():
        page.note.update(words)


def state(name: str) -> Callable[[F], F]:
    """Let the decorated function tell cheaply how something stands that no commit tells of."""

    def register(tells: F) -> F:
        _states[name] = tells
        return tells

    return register


def rests_on(name: str) -> None:
    """This page reads that from now on, and is worth nothing when it has changed."""
    for page in _all():
        if name not in page.rests_on:
            page.rests_on[name] = _states[name]()


def still_stands(rested_on: dict[str, str]) -> bool:
    """Whether everything is as it was."""
    for name, was in rested_on.items():  # no generator: every page that is given comes by here
        if name not in _states or _states[name]() != was:
            return False
    return True
