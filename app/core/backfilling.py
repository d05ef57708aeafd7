"""Filling what an expansion added, some rows at a time, while everybody reads and writes.

A migration says how (`backfill = Mirror(…)` or `Backfill(…)`, migrations/online.py). Each batch is
a transaction that moves the position in `upgrades` along with what it filled: killed anywhere, the
next one goes on from there, and two who work at once take turns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from sqlalchemy import column, func, insert, inspect, select, table, text, update

from app.core import clock, schema
from app.core.db import db
from app.core.lazily import lazily
from app.core.schema import BACKFILL, Step, upgrades

if TYPE_CHECKING:
    from alembic import script
    from sqlalchemy import ColumnElement, Connection
else:
    script = lazily("alembic.script")

SIZE: Final = 1000
# Whoever uses the application goes first: a batch that meets them steps back and tries again.
WITHIN: Final = "200ms"


class Work(Protocol):
    """What is to be filled, and how. Keys are numbers."""

    @property
    def table(self) -> str: ...

    @property
    def key(self) -> str: ...

    def fill(self, connection: Connection, first: int, last: int) -> int:
        """Fill the rows with these keys; how many."""


@dataclass(frozen=True)
class Batch:
    """What one batch came to: all up to `position` is filled."""

    position: int
    filled: int


def work(revision: str) -> Work:
    """What this migration wants filled."""
    module = script.ScriptDirectory.from_config(schema.alembic_config()).get_revision(revision)
    found: Work = module.module.backfill
    return found


def waiting(connection: Connection) -> tuple[Step, ...]:
    """The backfills that are to be done, of expansions that were."""
    if not inspect(connection).has_table(upgrades.name):
        return ()
    done = set(connection.scalars(select(upgrades.c.revision).where(_is_done())))
    pending = schema.pending(schema.current(connection))
    return tuple(
        step
        for step in schema.steps()
        if step.has_backfill and step not in pending and step.revision not in done
    )


def position(connection: Connection, revision: str) -> int | None:
    """How far it is; None when nobody has begun."""
    found: int | None = connection.scalar(
        select(upgrades.c.position).where(upgrades.c.revision == revision, _is_backfill())
    )
    return found


def last(connection: Connection, job: Work) -> int:
    """The last key there is."""
    rows = table(job.table, column(job.key))
    return connection.scalar(select(func.max(rows.c[job.key]))) or 0


def go_on(revision: str, job: Work, size: int = SIZE) -> Batch | None:
    """Do the next batch in a transaction; None when all is filled."""
    with db.engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"SET LOCAL lock_timeout = '{WITHIN}'"))
        mine = (upgrades.c.revision == revision) & _is_backfill()
        at = connection.execute(
            select(upgrades.c.position, upgrades.c.done_at).where(mine).with_for_update()
        ).one_or_none()
        if at is None:
            rows = table(job.table, column(job.key))
            before = connection.scalar(select(func.min(rows.c[job.key]))) or 0
            begun = {"revision": revision, "phase": BACKFILL, "position": before - 1}
            connection.execute(insert(upgrades).values(**begun))
            return Batch(before - 1, 0)
        if at.done_at is not None:
            return None
        end = _end(connection, job, at.position, size)
        if end is None:
            connection.execute(update(upgrades).where(mine).values(done_at=clock.now()))
            return None
        filled = job.fill(connection, at.position + 1, end)
        connection.execute(update(upgrades).where(mine).values(position=end))
        return Batch(end, filled)


def _end(connection: Connection, job: Work, after: int, size: int) -> int | None:
    key = table(job.table, column(job.key)).c[job.key]
    some = select(key.label("key")).where(key > after).order_by(key).limit(size).subquery()
    found: int | None = connection.scalar(select(func.max(some.c.key)))
    return found


def _is_backfill() -> ColumnElement[bool]:
    return upgrades.c.phase == BACKFILL


def _is_done() -> ColumnElement[bool]:
    return _is_backfill() & upgrades.c.done_at.is_not(None)
