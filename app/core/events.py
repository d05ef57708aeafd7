"""Events: what happened, written down in the transaction in which it happened.

`record(AnswerPublished(topic_id=7, post_id=9))` writes one **fact**, runs every `@now` reaction at
once, and writes one **delivery** for every `@later` reaction, which a worker runs in a transaction
of its own (see `core.deliveries`). Events carry ids, never text: facts are chained for ever
(`core.chain`), and nothing of a person may be among what cannot be taken out again.
"""

from __future__ import annotations

import re
from collections import defaultdict
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.db import Model, intpk, session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True)
class Event:
    """Base of every event. Fields are ids, numbers, instants and words out of a list."""

    kinds: ClassVar[dict[str, type[Event]]] = {}

    def __init_subclass__(cls) -> None:
        """Every event is known by its class name, in the table and to reactions."""
        super().__init_subclass__()
        Event.kinds[cls.__name__] = cls


class TextInEventError(ValueError):
    """An event carries what somebody wrote, or what JSON writes in several ways."""


class Fact(Model):
    """One thing that happened. Never changed and never deleted: the database refuses it.

    `stream` is what it happened to ("topic:7"), for timelines.
    """

    __tablename__ = "facts"

    id: Mapped[intpk]
    name: Mapped[str] = mapped_column(String(80))
    data: Mapped[dict[str, Any]]
    stream: Mapped[str | None] = mapped_column(String(80), index=True)
    actor_id: Mapped[int | None]
    at: Mapped[datetime]

    @property
    def event(self) -> Event:
        """The event as it was recorded."""
        return Event.kinds[self.name](**self.data)


class Delivery(Model):
    """One `@later` reaction to one fact: pending, done, or dead after its last attempt."""

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("fact_id", "reaction"),
        Index("ix_deliveries_due", "state", "not_before"),
    )

    id: Mapped[intpk]
    fact_id: Mapped[int] = mapped_column(ForeignKey("facts.id", ondelete="CASCADE"))
    reaction: Mapped[str] = mapped_column(String(120))
    state: Mapped[str] = mapped_column(String(10), default="pending")
    attempts: Mapped[int] = mapped_column(default=0)
    not_before: Mapped[datetime]
    # Who holds it, and until when: each claim takes the next token, and only its holder may finish.
    leased_until: Mapped[datetime | None]
    token: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None]
    done_at: Mapped[datetime | None]


R = TypeVar("R", bound="Callable[[Any], None]")

_now: dict[type[Event], list[Callable[[Any], None]]] = defaultdict(list)
_later: dict[type[Event], dict[str, Callable[[Any], None]]] = defaultdict(dict)
_at_hand: ContextVar[Fact] = ContextVar("fact_at_hand")


def now(*kinds: type[Event]) -> Callable[[R], R]:
    """React inside the same transaction: true before the customer sees the page."""

    def register(reaction: R) -> R:
        for kind in kinds:
            _now[kind].append(reaction)
        return reaction

    return register


def later(*kinds: type[Event]) -> Callable[[R], R]:
    """React in the worker, in a transaction of its own, retried; must be idempotent."""

    def register(reaction: R) -> R:
        for kind in kinds:
            _later[kind][reaction_name(reaction)] = reaction
        return reaction

    return register


def reaction_name(reaction: Callable[..., None]) -> str:
    """`notify.tell_the_asker` for `app.notify.reactions.tell_the_asker`."""
    return f"{reaction.__module__.split('.')[1]}.{reaction.__name__}"


def later_reactions(kind: type[Event]) -> dict[str, Callable[[Any], None]]:
    """The `@later` reactions to `kind`, by name."""
    return _later[kind]


_quiet: ContextVar[bool] = ContextVar("quiet", default=False)


@contextmanager
def quietly() -> Iterator[None]:
    """History is being written down: facts and `@now` reactions as ever, but nothing for later.

    Whoever plays the past this way sees to the index; letters about it are never sent.
    """
    token = _quiet.set(True)
    try:
        yield
    finally:
        _quiet.reset(token)


def record(event: Event, *, by: int | None = None, at: datetime | None = None) -> Fact:
    """Write `event` down as done by person `by`; react now; promise to react later."""
    session.flush()
    at = at or clock.now()
    data = asdict(event)
    _refuse_text(data)
    topic_id = data.get("topic_id")
    fact = Fact(
        name=type(event).__name__,
        data=data,
        stream=f"topic:{topic_id}" if topic_id is not None else None,
        actor_id=by,
        at=at,
    )
    session.add(fact)
    session.flush()
    for name in () if _quiet.get() else _later[type(event)]:
        session.add(Delivery(fact_id=fact.id, reaction=name, not_before=at))
        session.info["to_deliver"] = True
    with reacting_to(fact):
        for reaction in _now[type(event)]:
            reaction(event)
    return fact


# A word out of a list, an instant, a hash: no spaces, no address, no letters but Latin ones.
_WORD = re.compile(r"[A-Za-z0-9_.:+-]{0,80}")


def _refuse_text(value: Any) -> None:
    if isinstance(value, dict):
        for each in value.values():
            _refuse_text(each)
    elif isinstance(value, list | tuple):
        for each in value:
            _refuse_text(each)
    elif isinstance(value, str):
        if not _WORD.fullmatch(value):
            raise TextInEventError(value)
    elif not (value is None or isinstance(value, int)):
        raise TextInEventError(value)


@contextmanager
def reacting_to(fact: Fact) -> Iterator[None]:
    """Reactions run inside this may ask for the `fact_at_hand`."""
    token = _at_hand.set(fact)
    try:
        yield
    finally:
        _at_hand.reset(token)


def fact_at_hand() -> Fact:
    """The fact being reacted to: who did it, when, and an id that every attempt shares."""
    return _at_hand.get()
