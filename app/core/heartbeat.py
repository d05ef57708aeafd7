"""The worker's last beat: a row that says it is alive, for `flask doctor` and `/readyz`."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock, jobs, transactions
from app.core.db import Model, session


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
