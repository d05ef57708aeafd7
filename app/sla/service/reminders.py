"""What becomes of reminders after they were recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import tuple_, update

from app.core.db import session
from app.sla.models import RungSent

if TYPE_CHECKING:
    from collections.abc import Collection

    from app.sla.events import RemindersDue


def drop(event: RemindersDue, kept: Collection[int]) -> None:
    """Those of its promises that are not among `kept` were settled before they could be sent."""
    keys = [
        (promise_id, arm, rung, event.person_id)
        for promise_id, arm, rung in event.reminders
        if promise_id not in kept
    ]
    if not keys:
        return
    key = tuple_(RungSent.promise_id, RungSent.arm_no, RungSent.rung, RungSent.person_id)
    dropped = update(RungSent).where(key.in_(keys), RungSent.fate == "sent")
    session.execute(dropped.values(fate="stale"))
