"""What a page says of itself while it is made. Anywhere else these say nothing and cost nothing."""

from __future__ import annotations

import time
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

# No words about time ("3 minutes ago", "2 h 10 min left") are further behind than the smallest
# step they are told in; nor is anything that a hand wrote past us into the database.
LONGEST: Final = 60.0
# For browsers and for whoever stands between: ask each time. For a CDN: one answer for a second.
SHARED: Final = "public, max-age=0, must-revalidate, s-maxage=1"
PRIVATE: Final = "private, no-cache"

F = TypeVar("F", bound="Callable[[], str]")


@dataclass
class Making:
    """A page that is being made to be kept; `ends` in seconds since 1970."""

    language: str
    ends: float
    is_for_one: bool = False
    note: dict[str, Any] = field(default_factory=dict)
    # What no commit tells of, by name, as it was before it was read.
    rests_on: dict[str, str] = field(default_factory=dict)


at_hand: ContextVar[Making | None] = ContextVar("page_being_made", default=None)
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


def never() -> None:
    """This page shows what is for one reader: it is not kept."""
    page = at_hand.get()
    if page is not None:
        page.is_for_one = True


def until(instant: datetime) -> None:
    """What this page shows changes by itself at `instant`; nothing when that is over."""
    page = at_hand.get()
    if page is not None:
        ends = instant.timestamp()
        if time.time() < ends < page.ends:
            page.ends = ends


def note(**words: Any) -> None:
    """What comes back with every `Hit` of this page; JSON."""
    page = at_hand.get()
    if page is not None:
        page.note.update(words)


def state(name: str) -> Callable[[F], F]:
    """Let the decorated function tell cheaply how something stands that no commit tells of."""

    def register(tells: F) -> F:
        _states[name] = tells
        return tells

    return register


def rests_on(name: str) -> None:
    """This page reads that from now on, and is worth nothing when it has changed."""
    page = at_hand.get()
    if page is not None and name not in page.rests_on:
        page.rests_on[name] = _states[name]()


def still_stands(rested_on: dict[str, str]) -> bool:
    """Whether everything is as it was."""
    return all(name in _states and _states[name]() == was for name, was in rested_on.items())
