"""The worker's last beat: a row that says it is alive, for `flask doctor` and `/readyz`."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import String, update
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock, jobs, transactions
from app.core.db import Model, add_once, session


class Beat(Model):
    """When something that must keep running last ran."""

    __tablename__ = "beats"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    at: Mapped[datetime]


@jobs.every(15, "core.beat")
def beat() -> None:
    """The worker is alive."""
    session.merge(Beat(name="worker", at=clock.now()))
    transactions.commit()


def last_beat(name: str = "worker") -> datetime | None:
    """When `name` last beat; None when it never has."""
    found = session.get(Beat, name)
    return found.at if found else None


def take_turn(name: str, every: timedelta) -> bool:
    """Whether it is time for what one worker does for all, once in `every`. The caller commits."""
    at = clock.now()
    if session.get(Beat, name) is None and add_once(Beat(name=name, at=at)):
        return True
    old = (Beat.name == name) & (Beat.at <= at - every)
    taken = session.execute(update(Beat).where(old).values(at=at))
    return bool(taken.rowcount == 1)  # type: ignore[attr-defined]
