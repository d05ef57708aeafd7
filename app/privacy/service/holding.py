"""Legal holds: a law or a dispute suspends erasure and retention for one person."""

from __future__ import annotations

from datetime import date

from app.accounts.models import Person
from app.core import clock
from app.core.db import session
from app.core.events import record
from app.privacy import queries
from app.privacy.events import HoldLifted, HoldPlaced
from app.privacy.models import Hold


def place(administrator: Person, person: Person, reason: str, review_on: date) -> Hold:
    """Delete nothing of this person until further notice; a hold there is gets new words."""
    hold = queries.hold_on(person.id)
    if hold is None:
        hold = Hold(person_id=person.id, placed_by_id=administrator.id)
        session.add(hold)
    hold.reason, hold.review_on = reason, review_on
    session.flush()
    record(HoldPlaced(person.id, hold.id), by=administrator.id)
    return hold


def lift(administrator: Person, hold: Hold) -> None:
    """What was put off may go on."""
    if hold.lifted_at is not None:
        return
    hold.lifted_at, hold.lifted_by_id = clock.now(), administrator.id
    session.flush()
    record(HoldLifted(hold.person_id, hold.id), by=administrator.id)
