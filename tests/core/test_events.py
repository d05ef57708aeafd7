"""What happened is written down with what it changes, and nothing is promised that did not last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from app.core import clock, events, jobs, transactions
from app.core.db import session
from app.core.events import Delivery, Event, Fact, fact_at_hand, later, now, quietly, record

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.usefixtures("transaction", "reactions")


@dataclass(frozen=True)
class BellRang(Event):
    topic_id: int
    tune: str | None = None


@dataclass(frozen=True)
class DoorOpened(Event):
    person_id: int


def count(model: type[Any]) -> int:
    return session.scalar(select(func.count()).select_from(model)) or 0


def test_a_fact_says_what_happened_to_what_by_whom_and_when() -> None:
    at = datetime(2026, 11, 22, 9, 0, 0, 123456, tzinfo=UTC)

    made = record(BellRang(7, "do-re-mi"), by=3, at=at)
    session.commit()
    session.expire_all()

    assert made.event == BellRang(7, "do-re-mi")
    assert (made.name, made.stream, made.actor_id, made.at) == ("BellRang", "topic:7", 3, at)
    assert record(DoorOpened(1)).stream is None


def test_what_must_be_true_now_is_done_before_record_returns() -> None:
    heard: list[object] = []
    now(BellRang)(heard.append)

    record(BellRang(1))

    assert heard == [BellRang(1)]


def test_a_reaction_that_fails_at_once_takes_the_fact_with_it() -> None:
    @now(BellRang)
    def fail(_event: BellRang) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        record(BellRang(1))
    transactions.rollback()

    assert count(Fact) == 0


def test_later_reactions_wait_as_rows_one_for_each() -> None:
    def first(_event: BellRang) -> None:
        raise AssertionError("the worker's work was done in the request")

    def second(_event: BellRang) -> None:
        raise AssertionError("the worker's work was done in the request")

    later(BellRang, DoorOpened)(first)
    later(BellRang)(second)

    fact = record(BellRang(1))

    rows = session.scalars(select(Delivery).where(Delivery.fact_id == fact.id)).all()
    assert sorted(row.reaction for row in rows) == ["core.first", "core.second"]
    assert {(row.state, row.attempts, row.not_before) for row in rows} == {("pending", 0, fact.at)}
    assert events.later_reactions(DoorOpened) == {"core.first": first}


def test_the_database_itself_refuses_a_second_delivery_of_one_fact_to_one_reaction() -> None:
    fact = record(BellRang(1))
    rows = [Delivery(fact_id=fact.id, reaction="core.x", not_before=clock.now()) for _ in "ab"]

    session.add_all(rows)
    with pytest.raises(IntegrityError):
        session.flush()
    session.rollback()


def test_history_written_quietly_reacts_at_once_and_never_later() -> None:
    heard: list[object] = []
    now(BellRang)(heard.append)
    later(BellRang)(ring_back)

    with quietly():
        record(BellRang(1))
    assert (count(Fact), count(Delivery), len(heard)) == (1, 0, 1)

    record(BellRang(1))
    assert count(Delivery) == 1


def ring_back(_event: BellRang) -> None:
    """A reaction with a name."""


def test_a_reaction_knows_the_fact_it_reacts_to_even_when_it_records_another() -> None:
    seen: list[tuple[str, int]] = []

    @now(DoorOpened)
    def note_door(_event: DoorOpened) -> None:
        seen.append(("door", fact_at_hand().id))

    @now(BellRang)
    def open_the_door(_event: BellRang) -> None:
        door = record(DoorOpened(1))
        seen.append(("bell", fact_at_hand().id))
        assert door.id != fact_at_hand().id

    bell = record(BellRang(1))

    assert [name for name, _ in seen] == ["door", "bell"]
    assert seen[1] == ("bell", bell.id)
    with pytest.raises(LookupError):
        fact_at_hand()


@pytest.mark.parametrize(
    ("finish", "hints"), [(transactions.commit, 1), (transactions.rollback, 0)]
)
def test_the_worker_is_woken_after_a_commit_and_only_then(
    finish: Callable[[], None], hints: int
) -> None:
    later(BellRang)(ring_back)
    before = jobs.waiting()

    record(BellRang(1))
    assert jobs.waiting() == before
    finish()
    assert jobs.waiting() == before + hints

    record(DoorOpened(1))
    transactions.commit()
    assert jobs.waiting() == before + hints
