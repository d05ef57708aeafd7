"""How long one waits for a PostgreSQL that says nothing, and that not everybody waits in turn.

A server that is down refuses at once. One whose wire is cut, or whose machine is off, says nothing:
left to themselves, libpq and the kernel wait for minutes, and soon every thread does. Here a new
connection is waited for as long as a reader may, what was sent must arrive within a few seconds,
and a connection on which nothing comes is asked whether anybody is there. Whoever has waited for a
connection in vain says so to the others of the process: they are refused at once, for a while, and
then one of them tries again for all.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import event, make_url
from sqlalchemy.exc import (
    DBAPIError,
    OperationalError,
    PendingRollbackError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as NoneFreeError

if TYPE_CHECKING:
    from sqlalchemy import Dialect, Engine
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.pool import ConnectionPoolEntry

log = logging.getLogger(__name__)

# Seconds for a new connection: a packet may be lost once, and is sent again after one.
PATIENCE: Final = 3
# Milliseconds within which what was sent must have arrived (tcp_user_timeout); seconds of silence
# after which the other side is asked, and how often. Systems that know none of it go on without.
WAYS: Final = {
    "connect_timeout": PATIENCE,
    "tcp_user_timeout": 5000,
    "keepalives_idle": 10,
    "keepalives_interval": 3,
    "keepalives_count": 3,
}
# Whoever was refused at once did not wait, and may as well be refused again.
WAITED: Final = 1.0
SILENCE: Final = 2.0
# What SQLAlchemy calls "Can't reconnect until invalid transaction is rolled back".
_BROKEN_OFF: Final = "8s2b"


def ways(url: str) -> dict[str, int]:
    """What to connect with; what the address itself says goes before."""
    said = make_url(url).query
    return {name: value for name, value in WAYS.items() if name not in said}


def is_away(error: SQLAlchemyError) -> bool:
    """Whether this is not our caller's fault nor ours: no database there, or it broke off."""
    if isinstance(error, PendingRollbackError):
        # It broke off before, and whoever saw that went on; a failed flush is another matter.
        return error.code == _BROKEN_OFF
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    return isinstance(error, OperationalError | NoneFreeError)


def why(error: SQLAlchemyError) -> str:
    """In one line, for a log that would else get hundreds of them with where each came from."""
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0][:200]}"


class Reach:
    """Whether this process waits for the database, or knows already that it says nothing."""

    def __init__(self) -> None:
        self._begin_anew()
        os.register_at_fork(after_in_child=self._begin_anew)

    def _begin_anew(self) -> None:
        self._lock = threading.Lock()
        self._is_doubted = False
        self._silent_until = 0.0

    def is_silent(self) -> bool:
        """Whether to refuse at once; False in doubt is said to one, who tries for all."""
        with self._lock:
            now = time.monotonic()
            if now < self._silent_until:
                return True
            if self._is_doubted:
                self._silent_until = now + PATIENCE + WAITED
            return False

    def came(self) -> None:
        """It is there."""
        if self._is_doubted:
            log.warning("The database answers again.")
        with self._lock:
            self._is_doubted, self._silent_until = False, 0.0

    def failed(self, waited: float) -> None:
        """It did not come, after so many seconds."""
        if waited < WAITED:
            return
        with self._lock:
            is_new, self._is_doubted = not self._is_doubted, True
            self._silent_until = time.monotonic() + SILENCE
        if is_new:
            log.warning("The database says nothing; whoever asks is refused at once for now.")


def watch(engine: Engine) -> None:
    """Connect through this engine as is said above. For PostgreSQL."""
    reach = Reach()

    @event.listens_for(engine, "do_connect")
    def connect(
        dialect: Dialect, _entry: ConnectionPoolEntry, words: Any, named: Any
    ) -> DBAPIConnection:
        driver: Any = dialect.loaded_dbapi
        if reach.is_silent():
            message = "the database has just said nothing for a while"
            raise driver.OperationalError(message)
        began = time.monotonic()
        try:
            connection = dialect.connect(*words, **named)
        except driver.OperationalError:
            reach.failed(time.monotonic() - began)
            raise
        reach.came()
        return connection
