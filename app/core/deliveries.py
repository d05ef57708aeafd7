"""Running `@later` reactions: claim under a lease, react, mark done in the same transaction.

Any number of workers may run and any of them may be killed at any instant: a killed worker's lease
runs out and another claims the row; the fencing token stops the first from finishing if it was only
slow. A reaction's rows and the mark "done" commit together, so what it writes is written once.
"""

from __future__ import annotations

import logging
import random
import traceback
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, or_, select, update

from app.core import clock, jobs, transactions
from app.core.db import session
from app.core.events import Delivery, Event, Fact, later_reactions, reacting_to, record

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement, Update

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)
ATTEMPTS = 10
# 5 s, 10 s, 20 s … capped at an hour: ten attempts reach over about three hours.
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(hours=1)
BATCH = 20


class LostLeaseError(RuntimeError):
    """Another worker claimed the delivery while this one was running it."""


@dataclass(frozen=True)
class Claim:
    """A delivery this worker holds: its id and the fencing token of the claim."""

    delivery_id: int
    token: int


_held: set[Claim] = set()


@jobs.task("deliver")
@jobs.every(3, "core.deliver")
def deliver() -> None:
    """Run what is due until nothing is; the sweep comes back for the rest."""
    while run_due() == BATCH:
        pass


def run_due(limit: int = BATCH) -> int:
    """Run up to `limit` due deliveries, one transaction each; how many were claimed."""
    claims = claim(limit)
    _held.update(claims)
    for held in claims:
        run(held)
        _held.discard(held)
    return len(claims)


@jobs.on_stop
def release_what_is_held() -> None:
    """Give back what was claimed and not finished, so that another worker need not wait."""
    for held in tuple(_held):
        session.execute(_mine(held).values(leased_until=None))
    session.commit()


def claim(limit: int) -> list[Claim]:
    """Lease up to `limit` due deliveries to this worker, oldest first."""
    at = clock.now()
    due = (
        select(Delivery)
        .where(Delivery.state == "pending", Delivery.not_before <= at, _free(at))
        .order_by(Delivery.not_before, Delivery.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    claims = []
    for delivery in session.scalars(due):
        delivery.leased_until = at + LEASE
        delivery.token += 1
        claims.append(Claim(delivery.id, delivery.token))
    session.commit()
    return claims


def run(held: Claim) -> None:
    """Run one claimed delivery; a failure is put off with a growing pause, at last to "dead"."""
    if not _renew(held):
        return
    delivery = session.get_one(Delivery, held.delivery_id)
    fact = session.get_one(Fact, delivery.fact_id)
    name = delivery.reaction
    try:
        reaction = later_reactions(type(fact.event))[name]
        with reacting_to(fact):
            reaction(fact.event)
        _finish(held)
        transactions.commit()
    except LostLeaseError:
        session.rollback()
        log.warning("delivery %s (%s) was taken over; this run is undone", held.delivery_id, name)
    except Exception:
        session.rollback()
        log.exception("delivery %s (%s) failed", held.delivery_id, name)
        _put_off(held, traceback.format_exc())


@dataclass(frozen=True)
class DeliveriesRevived(Event):
    """Work that had been given up is tried again, so many pieces of it."""

    number: int


def revive(delivery_id: int | None = None, *, by: int | None = None) -> int:
    """Give dead deliveries (one, or all) a new life; how many. The caller commits."""
    which = [Delivery.state == "dead"]
    if delivery_id is not None:
        which.append(Delivery.id == delivery_id)
    alive = {"state": "pending", "attempts": 0, "not_before": clock.now(), "leased_until": None}
    session.info["to_deliver"] = True
    result = session.execute(update(Delivery).where(*which).values(alive))
    number = int(result.rowcount)  # type: ignore[attr-defined]
    if number:
        record(DeliveriesRevived(number), by=by)
    return number


def count(state: str) -> int:
    """How many deliveries are in `state` (pending, done, dead)."""
    return session.scalar(select(func.count()).where(Delivery.state == state)) or 0


def oldest_pending() -> datetime | None:
    """When the longest-waiting due delivery became due; None when nothing waits."""
    return session.scalar(select(func.min(Delivery.not_before)).where(Delivery.state == "pending"))


def _free(at: datetime) -> ColumnElement[bool]:
    return or_(Delivery.leased_until.is_(None), Delivery.leased_until < at)


def _mine(held: Claim) -> Update:
    return update(Delivery).where(
        Delivery.id == held.delivery_id, Delivery.token == held.token, Delivery.state == "pending"
    )


def _renew(held: Claim) -> bool:
    """Lease it anew: it may have waited behind slow ones of its batch, or be another's by now."""
    renewed = session.execute(_mine(held).values(leased_until=clock.now() + LEASE))
    session.commit()
    return bool(renewed.rowcount == 1)  # type: ignore[attr-defined]


def _finish(held: Claim) -> None:
    session.flush()
    done = {"state": "done", "done_at": clock.now(), "leased_until": None, "error": None}
    if session.execute(_mine(held).values(done)).rowcount != 1:  # type: ignore[attr-defined]
        raise LostLeaseError


def _put_off(held: Claim, error: str) -> None:
    delivery = session.get_one(Delivery, held.delivery_id)
    attempts = delivery.attempts + 1
    pause = min(FIRST_PAUSE * 2 ** (attempts - 1), LONGEST_PAUSE) * random.uniform(0.8, 1.2)  # noqa: S311 (jitter)
    session.execute(
        _mine(held).values(
            attempts=attempts,
            state="dead" if attempts >= ATTEMPTS else "pending",
            not_before=clock.now() + pause,
            leased_until=None,
            error=error[-4000:],
        )
    )
    session.commit()
