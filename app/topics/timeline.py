"""What happened to a topic, in words, from the facts of its stream.

A slice says how its own events read:

    @line(PromiseBroken)
    def the_promise_broke(happening: Happening) -> Line | None:
        return Line(_("Promise broken"), "circle-alert")

    @lines(IdeaMoved)      # when the words need rows: one statement for all of them
    def ideas_moved(happenings: Sequence[Happening]) -> Sequence[Line | None]: ...

So a page costs one statement for the facts, one for the people in them, and what each `@lines`
needs once, however much has happened.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, select

from app.accounts.queries import people_by_id
from app.core.db import session
from app.core.events import Event, Fact

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from app.accounts.models import Person
    from app.core.policy import Actor
    from app.topics.models import Topic

# The newest facts of a stream that a page tells: a topic's story, not its log.
LONGEST = 200


@dataclass(frozen=True)
class Happening:
    """One fact as those who word it see it; `by` is None when nobody did it, `reader` who asks.

    What is told differs by what the reader is and may see, never by who they are: it is kept.
    """

    event: Event
    at: datetime
    by: Person | None
    topic: Topic
    reader: Actor


@dataclass(frozen=True)
class Line:
    """What the page says: `sign` is an icon's name, `reason` the public explanation.

    `href` makes the words a link (to the answer they speak of).
    """

    words: str
    sign: str = "history"
    reason: str | None = None
    href: str | None = None


@dataclass(frozen=True)
class Told:
    """A line and its instant."""

    line: Line
    at: datetime


if TYPE_CHECKING:
    One = Callable[[Happening], Line | None]
    Many = Callable[[Sequence[Happening]], Sequence[Line | None]]

_told: dict[str, Many] = {}


def lines(*kinds: type[Event]) -> Callable[[Many], Many]:
    """Word all happenings of these kinds on a page at once, in the order given."""

    def register(word: Many) -> Many:
        for kind in kinds:
            _told[kind.__name__] = word
        return word

    return register


def line(*kinds: type[Event]) -> Callable[[One], One]:
    """Word one happening at a time; None keeps it out of the page."""

    def register(word: One) -> One:
        lines(*kinds)(lambda happenings: [word(each) for each in happenings])
        return word

    return register


def timeline(topic: Topic, reader: Actor) -> list[Told]:
    """What happened to `topic` and is worth telling this reader, the first first."""
    asked = {"stream": f"topic:{topic.id}", "names": list(_told)}
    facts = session.scalars(_NEWEST, asked).all()[::-1]
    people = people_by_id({f.actor_id for f in facts if f.actor_id is not None})
    together: dict[Many, list[tuple[int, Happening]]] = defaultdict(list)
    for place, fact in enumerate(facts):
        by = people.get(fact.actor_id) if fact.actor_id is not None else None
        happening = Happening(fact.event, fact.at, by, topic, reader)
        together[_told[fact.name]].append((place, happening))
    told: dict[int, Told] = {}
    for word, placed in together.items():
        worded = word([happening for _, happening in placed])
        for (place, happening), said in zip(placed, worded, strict=True):
            if said is not None:
                told[place] = Told(said, happening.at)
    return [told[place] for place in sorted(told)]


# Made once: to put a statement together and know it again takes longer than to ask it.
_NEWEST = (
    select(Fact)
    .where(Fact.stream == bindparam("stream"), Fact.name.in_(bindparam("names", expanding=True)))
    .order_by(Fact.at.desc(), Fact.id.desc())
    .limit(LONGEST)
)
