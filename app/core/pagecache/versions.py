"""The version of everything public: another one after each commit that wrote something of it.

It is moved in the transaction that writes, as the very last statement of it, whoever writes and by
whatever way: pages, worker, command line, ORM, plain SQL. So it is seen by others in the instant in
which the rest is seen, and by nobody when all is rolled back. Whoever makes a page takes the
version first: what is committed meanwhile makes the page old, and never the old page new.

Several rows are added up, so that writers at the same time seldom wait for each other; the row is
the last lock they take and they hold it for as long as a commit lasts. Each adds a random step, so
that a database that was set back to yesterday does not come by yesterday's numbers again.
"""

from __future__ import annotations

import logging
import os
import random
import re
import threading
import time
from typing import TYPE_CHECKING, Any, Final, cast
from weakref import WeakSet

from sqlalchemy import BigInteger, event, func, select
from sqlalchemy import cast as cast_to
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Model, reads_only
from app.core.pagecache.private import is_seen

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection, Engine, Table
    from sqlalchemy.engine.interfaces import ExecutionContext

log = logging.getLogger(__name__)

SHARDS: Final = 8
LARGEST_STEP: Final = 1 << 20
# How long a version is believed; and for how long at most while somebody asks for the next one.
# Together with the asking that is less than the second within which a change is to be seen.
FRESH: Final = 0.3
STILL: Final = 0.7
PATIENCE: Final = 0.5


class PageVersion(Model):
    """A part of the version: see above."""

    __tablename__ = "page_versions"

    shard: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(BigInteger)


_table = cast("Table", PageVersion.__table__)
_SUM = select(cast_to(func.coalesce(func.sum(_table.c.number), 0), BigInteger))

# ---------------------------------------------------------------------------------- who writes

_WROTE: Final = "otklik.wrote_public"
_VERBS: Final = r"(?:INSERT|UPDATE|DELETE|REPLACE|MERGE|TRUNCATE|COPY)\b"
_WRITES: Final = re.compile(rf"\s*(?:WITH\b|{_VERBS})", re.IGNORECASE)
_CHANGES: Final = re.compile(rf"\b{_VERBS}", re.IGNORECASE)
_NAMED: Final = re.compile(
    r"\s*(?:(?:INSERT|REPLACE)(?:\s+OR\s+\w+)?\s+INTO|UPDATE(?:\s+ONLY)?|DELETE\s+FROM)\s+"
    r'(?:"(\w+)"|(\w+))',
    re.IGNORECASE,
)
# Databases that are known to have the table.
_ready: WeakSet[Engine] = WeakSet()


def watch(engine: Engine) -> None:
    """Move the version with whatever is committed through this engine."""
    event.listen(engine, "after_cursor_execute", _note)
    event.listen(engine, "commit", _move)
    event.listen(engine, "rollback", _forget)


def _note(
    connection: Connection,
    _cursor: object,
    statement: str,
    _parameters: object,
    context: ExecutionContext | None,
    _many: object,
) -> None:
    told: Any = context
    if told is not None and told.isddl:
        _ready.discard(connection.engine)
        return
    if told is not None and (told.isinsert or told.isupdate or told.isdelete):
        written: Any = told.compiled.statement if told.compiled is not None else None
        name = getattr(getattr(written, "table", None), "name", None)
        if name is None or is_seen(name, told.compiled_parameters):
            connection.info[_WROTE] = True
        return
    if _WRITES.match(statement):
        _note_text(connection, statement)
    elif statement.lstrip()[:10].upper() == "DROP TABLE":
        _ready.discard(connection.engine)


def _note_text(connection: Connection, statement: str) -> None:
    named = _NAMED.match(statement)
    name = (named[1] or named[2]) if named else None
    if (is_seen(name, [])) if name else _CHANGES.search(statement):
        connection.info[_WROTE] = True


def _move(connection: Connection) -> None:
    if not connection.info.pop(_WROTE, False):
        return
    engine = connection.engine
    if engine not in _ready:
        # Not while an older database is brought up to date.
        if not connection.dialect.has_table(connection, _table.name):
            return
        _ready.add(engine)
    made: Any = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(_table)
    step = random.randint(1, LARGEST_STEP)  # noqa: S311 (no secret)
    shard = random.randrange(SHARDS)  # noqa: S311
    moved = made.values(shard=shard, number=step).on_conflict_do_update(
        index_elements=[_table.c.shard], set_={"number": _table.c.number + step}
    )
    connection.execute(moved)


def _forget(connection: Connection) -> None:
    connection.info.pop(_WROTE, None)


# ----------------------------------------------------------------------------------- who reads


def read_version(connection: Connection) -> int:
    """The version as this connection sees it; it only ever grows."""
    return int(connection.execute(_SUM).scalar_one())


class Clock:
    """The version as this process knows it: asked for now and then, and by one thread at a time.

    `turned` is told of each, in the order in which they were asked for.
    """

    def __init__(self, engine: Engine, turned: Callable[[int], None]) -> None:
        self.engine, self.turned = engine, turned
        self._begin_anew()
        os.register_at_fork(after_in_child=self._begin_anew)

    def _begin_anew(self) -> None:
        self._asking = threading.Lock()
        # The version, and when it was asked for: one tuple, so that both are of one moment.
        self._known: tuple[int | None, float] = None, float("-inf")

    def now(self) -> int | None:
        """The version; None while the database does not tell."""
        version, asked_at = self._known
        age = time.monotonic() - asked_at
        if age < FRESH:
            return version
        if self._asking.acquire(blocking=False):
            return self._ask()
        if age < STILL:
            return version
        if not self._asking.acquire(timeout=PATIENCE):
            return None
        version, asked_at = self._known
        if time.monotonic() - asked_at < STILL:
            self._asking.release()
            return version
        return self._ask()

    def _ask(self) -> int | None:
        """With the lock held, which is let go."""
        try:
            asked_at = time.monotonic()
            version = self._read()
            if version is not None:
                self.turned(version)
            self._known = version, asked_at
            return version
        finally:
            self._asking.release()

    def _read(self) -> int | None:
        token = reads_only.set(True)
        try:
            with self.engine.connect() as connection:
                return read_version(connection)
        except SQLAlchemyError as error:
            log.warning("Pages are made anew for everybody: their version is out of reach (%s).",
                        type(error).__name__)  # fmt: skip
            return None
        finally:
            reads_only.reset(token)
