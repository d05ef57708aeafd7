"""Later reactions: claimed by one, done once, retried, at last dead, and never lost."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine
from sqlalchemy import select

from app.core import clock, deliveries, transactions
from app.core.db import session
from app.core.events import Delivery, Event, later, record
from app.core.heartbeat import Beat

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

pytestmark = pytest.mark.usefixtures("reactions")


@dataclass(frozen=True)
class ParcelCame(Event):
    number: int


def parcels(how_many: int) -> None:
    for number in range(how_many):
        record(ParcelCame(number))
    session.commit()


def written() -> list[str]:
    """What reactions wrote and committed."""
    session.rollback()
    return sorted(session.scalars(select(Beat.name)))


def rows() -> list[Delivery]:
    session.rollback()
    session.expire_all()
    return list(session.scalars(select(Delivery).order_by(Delivery.id)))


def write(name: str) -> None:
    """Fails if it was written already: the name is a primary key."""
    session.add(Beat(name=name, at=clock.now()))
    session.flush()


@later(ParcelCame)
def sign_for_it(event: ParcelCame) -> None:
    write(f"signed {event.number}")


def in_threads(app: Flask, functions: list[Callable[[], object]]) -> None:
    """Run each as a worker of its own would, all at once; what one raises fails the test."""
    failures: list[BaseException] = []
    together = threading.Barrier(len(functions))

    def work(function: Callable[[], object]) -> None:
        with app.app_context():
            try:
                together.wait(10)
                function()
            except BaseException as failure:  # noqa: BLE001 (it is raised below)
                failures.append(failure)

    threads = [threading.Thread(target=work, args=(each,), daemon=True) for each in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads), "a worker hangs"
    if failures:
        raise failures[0]


def until_nothing_is_due() -> None:
    while deliveries.run_due():
        pass


# ------------------------------------------------------------------------------------------- once


def test_what_a_reaction_writes_and_that_it_is_done_are_one_commit(lasting: Flask) -> None:
    parcels(3)

    assert deliveries.run_due() == 3
    assert deliveries.run_due() == 0

    assert written() == ["signed 0", "signed 1", "signed 2"]
    assert [(row.state, row.leased_until, row.token) for row in rows()] == [("done", None, 1)] * 3
    assert deliveries.count("pending") == 0
    assert deliveries.oldest_pending() is None


def test_a_batch_is_taken_oldest_first_and_no_larger_than_asked(lasting: Flask) -> None:
    parcels(5)
    waits = deliveries.oldest_pending()
    assert waits is not None

    assert deliveries.run_due(2) == 2

    assert written() == ["signed 0", "signed 1"]
    later_one = deliveries.oldest_pending()
    assert later_one is not None
    assert later_one > waits


def test_many_workers_at_once_run_each_delivery_once(lasting: Flask) -> None:
    runs: Counter[int] = Counter()

    @later(ParcelCame)
    def count_it(event: ParcelCame) -> None:
        runs[event.number] += 1

    parcels(30)

    in_threads(lasting, [until_nothing_is_due] * 4)

    assert runs == dict.fromkeys(range(30), 1)
    assert len(written()) == 30
    assert {(row.state, row.token) for row in rows()} == {("done", 1)}


def test_claims_of_two_workers_never_overlap(lasting: Flask) -> None:
    parcels(12)
    claimed: list[deliveries.Claim] = []

    in_threads(lasting, [lambda: claimed.extend(deliveries.claim(8))] * 2)

    assert len(claimed) == len({claim.delivery_id for claim in claimed}) == 12
    assert deliveries.claim(8) == []


# -------------------------------------------------------------------------------- killed and slow


def test_what_a_killed_worker_held_is_run_when_its_lease_is_over(lasting: Flask) -> None:
    parcels(2)
    # Killed right after claiming: nothing of it remains but the lease.
    deliveries.claim(2)
    assert deliveries.run_due() == 0

    with time_machine.travel(clock.now() + deliveries.LEASE - timedelta(seconds=5)):
        assert deliveries.run_due() == 0
    with time_machine.travel(clock.now() + deliveries.LEASE + timedelta(seconds=5)):
        assert deliveries.run_due() == 2

    assert written() == ["signed 0", "signed 1"]


def test_a_stopping_worker_gives_back_what_it_did_not_run(lasting: Flask) -> None:
    parcels(2)
    held = deliveries.claim(2)
    deliveries._held.update(held)
    try:
        deliveries.release_what_is_held()
    finally:
        deliveries._held.difference_update(held)

    assert deliveries.run_due() == 2


def test_a_slow_worker_loses_its_lease_and_what_it_wrote_is_undone(lasting: Flask) -> None:
    """As `post_the_letter` does, the reaction commits before something slow."""
    slow, taken_over = threading.Event(), threading.Event()

    @later(ParcelCame)
    def carry_it_upstairs(event: ParcelCame) -> None:
        first = not slow.is_set()
        if first:
            transactions.commit()
            slow.set()
            assert taken_over.wait(20)
        write(f"carried {'slowly' if first else 'quickly'} {event.number}")

    parcels(1)
    session.remove()

    def overtake() -> None:
        assert slow.wait(20)
        # The lease of the slow one is over by the clock of everybody.
        with time_machine.travel(clock.now() + deliveries.LEASE * 2):
            until_nothing_is_due()
        taken_over.set()

    in_threads(lasting, [until_nothing_is_due, overtake])

    assert written() == ["carried quickly 0", "signed 0"]
    [carried] = [row for row in rows() if row.reaction == "core.carry_it_upstairs"]
    assert (carried.state, carried.token, carried.attempts) == ("done", 2, 0)


def test_a_claim_that_was_taken_over_is_not_even_begun(lasting: Flask) -> None:
    parcels(1)
    [late] = deliveries.claim(1)
    with time_machine.travel(clock.now() + deliveries.LEASE * 2):
        [early] = deliveries.claim(1)
    assert early.token == late.token + 1

    deliveries.run(late)
    assert written() == []

    deliveries.run(early)
    deliveries.run(early)
    assert written() == ["signed 0"]


# ---------------------------------------------------------------------------------------- failing


def test_a_failing_reaction_is_retried_with_growing_pauses_and_at_last_is_dead(
    lasting: Flask,
) -> None:
    broken = threading.Event()
    broken.set()

    @later(ParcelCame)
    def weigh_it(event: ParcelCame) -> None:
        write(f"weighed {event.number}")
        if broken.is_set():
            raise RuntimeError("the scales are broken")

    parcels(1)
    pauses = []
    with time_machine.travel(clock.now(), tick=False) as travelled:
        for attempt in range(1, deliveries.ATTEMPTS + 1):
            deliveries.run_due()
            [row] = [r for r in rows() if r.reaction == "core.weigh_it"]
            assert row.attempts == attempt
            assert "the scales are broken" in (row.error or "")
            assert row.leased_until is None
            pauses.append(row.not_before - clock.now())
            assert deliveries.run_due() == 0
            travelled.move_to(row.not_before + timedelta(seconds=1))

        assert row.state == "dead"
        assert deliveries.run_due() == 0
        assert deliveries.count("dead") == 1
        # Its neighbour did not suffer, and nothing of the failures is left.
        assert written() == ["signed 0"]

        broken.clear()
        assert deliveries.revive(row.id) == 1
        transactions.commit()
        assert deliveries.run_due() == 1

    assert written() == ["signed 0", "weighed 0"]
    first, last = deliveries.FIRST_PAUSE, deliveries.LONGEST_PAUSE
    for step, pause in enumerate(pauses):
        planned = min(first * 2**step, last)
        assert planned * 0.8 <= pause <= planned * 1.2
    assert pauses[0] < pauses[3] < pauses[8]


def test_only_the_dead_are_revived(lasting: Flask) -> None:
    parcels(1)
    [row] = rows()

    assert deliveries.revive() == 0
    row.state = "dead"
    session.commit()
    assert deliveries.revive(row.id + 1) == 0
    assert deliveries.revive() == 1
    session.commit()

    assert deliveries.run_due() == 1


def test_a_reaction_that_no_longer_exists_is_put_off_and_not_dropped(lasting: Flask) -> None:
    parcels(1)
    [row] = rows()
    row.reaction = "core.gone"
    session.commit()

    deliveries.run_due()

    [row] = rows()
    assert (row.state, row.attempts) == ("pending", 1)
    assert "core.gone" in (row.error or "")


def test_one_that_fails_does_not_stop_the_next(lasting: Flask) -> None:
    @later(ParcelCame)
    def drop_the_first(event: ParcelCame) -> None:
        if event.number == 0:
            raise RuntimeError("dropped")

    parcels(3)
    deliveries.run_due()

    assert written() == ["signed 0", "signed 1", "signed 2"]
    assert deliveries.count("pending") == 1
