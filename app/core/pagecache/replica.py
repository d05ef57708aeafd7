"""A replica of the database: pages that are made for everybody are read from it, when it is there.

It is asked for its version first, and then for the page, in one transaction: what is read is at
least as new as the version the page is kept under, or the page is made from the primary. So a
replica that lags costs nothing but the primary's time, and nobody is shown anything older for it.
The transaction is read-only whatever stands at that address, and repeatable: one page, one moment.

Whatever goes wrong, the page is made once more from the primary, and the replica is left alone for
a while; then one request tries it again, and the others go on.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import create_engine, event, text
from sqlalchemy.exc import SQLAlchemyError

from app.core import metrics
from app.core.db import reads_at
from app.core.pagecache.versions import read_version

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection
    from sqlalchemy.engine import ExceptionContext

log = logging.getLogger(__name__)

# Seconds until a connection is there (libpq takes no less than two), and until what was sent is
# known to have arrived.
PATIENCE: Final = 2
# Seconds that a page may take there: a server can also stand still without being away.
LONGEST: Final = 5.0
SILENCE_AFTER_FAILURE: Final = 5.0
_SINCE: Final = text(
    "SELECT EXTRACT(EPOCH FROM clock_timestamp() - pg_last_xact_replay_timestamp())"
)


@dataclass
class Reading:
    """A page that is read from the replica; `failed`: its database broke off meanwhile."""

    failed: bool = False


@dataclass(frozen=True)
class Standing:
    """How far it is: `is_behind` the version that was asked for, by so many seconds if it knows."""

    is_behind: bool
    seconds: float | None


_page: ContextVar[Reading | None] = ContextVar("page_read_from_replica", default=None)


class Replica:
    """The replica at an address, as this process knows it."""

    def __init__(self, url: str) -> None:
        self.engine = create_engine(
            url,
            isolation_level="REPEATABLE READ",
            execution_options={"postgresql_readonly": True},
            hide_parameters=True,
            pool_timeout=PATIENCE,
            connect_args={
                "connect_timeout": PATIENCE,
                "tcp_user_timeout": PATIENCE * 1000,
                "application_name": "otklik-pages",
            },
        )
        event.listen(self.engine, "handle_error", _note_failure)
        self._begin_anew()
        os.register_at_fork(after_in_child=self._begin_anew)

    def _begin_anew(self) -> None:
        self._silent_until = 0.0
        self._is_doubted = False

    @contextmanager
    def reading(self, version: int) -> Iterator[Reading | None]:
        """Have the session read from it inside; None: it is away, or not yet at this version."""
        connection = None if self._is_silent() else self._at(version)
        if connection is None:
            yield None
            return
        page = Reading()
        tokens = reads_at.set(connection), _page.set(page)
        try:
            with _cut_off_after(LONGEST, connection):
                yield page
        finally:
            reads_at.reset(tokens[0])
            _page.reset(tokens[1])
            connection.close()
            if page.failed:
                self._be_silent("broke off")
            else:
                metrics.count("replica", "read")

    def standing(self, version: int) -> Standing:
        """How far it has come; raises SQLAlchemyError when it does not answer."""
        with self.engine.connect() as connection:
            if read_version(connection) >= version:
                return Standing(is_behind=False, seconds=0.0)
            since = connection.execute(_SINCE).scalar()
            return Standing(is_behind=True, seconds=None if since is None else float(since))

    def _at(self, version: int) -> Connection | None:
        """A connection whose transaction sees at least this version."""
        connection = None
        try:
            connection = self.engine.connect()
            with _cut_off_after(PATIENCE, connection):
                is_there = read_version(connection) >= version
        except SQLAlchemyError as error:
            self._be_silent(type(error).__name__)
            is_there = False
        else:
            self._is_doubted, self._silent_until = False, 0.0
            if not is_there:
                metrics.count("replica", "behind")
        if not is_there and connection is not None:
            connection.close()
        return connection if is_there else None

    def _is_silent(self) -> bool:
        now = time.monotonic()
        if now < self._silent_until:
            metrics.count("replica", "away")
            return True
        if self._is_doubted:
            # While this one tries, the others go on.
            self._silent_until = now + SILENCE_AFTER_FAILURE
        return False

    def _be_silent(self, why: str) -> None:
        self._is_doubted = True
        self._silent_until = time.monotonic() + SILENCE_AFTER_FAILURE
        metrics.count("replica", "failed")
        log.warning("Pages are read from the primary for now: the replica is away (%s).", why)


@contextmanager
def _cut_off_after(seconds: float, connection: Connection) -> Iterator[None]:
    """Whoever still waits for an answer then gets an error."""
    driver: Any = connection.connection.dbapi_connection
    # A number of its own: the driver may have closed its one by then, and another thread have it.
    line = socket.socket(fileno=os.dup(driver.fileno()))
    timer = threading.Timer(seconds, line.shutdown, [socket.SHUT_RDWR])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        line.close()


def _note_failure(_context: ExceptionContext) -> None:
    page = _page.get()
    if page is not None:
        page.failed = True
