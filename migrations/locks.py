"""How migrations wait on PostgreSQL: one at a time, and never with everybody else behind them.

Whoever waits for a table has all who come later wait behind them, readers too. So a migration waits
for a table one second, lets everybody by, and tries again: what a long report or a dump holds up is
the migration alone.
"""

from __future__ import annotations

import logging
import random
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.core.schema import InUseError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection

log = logging.getLogger(__name__)

WITHIN = "1s"
ATTEMPTS = 60
PAUSE = (0.5, 4.0)
# PostgreSQL's words for "not within your time" and "you and another wait for each other".
IN_USE = {"55P03", "40P01"}
# Any number nobody else uses: "otkl" in ASCII.
_ONE_AT_A_TIME = 0x6F746B6C


def patiently(run: Callable[[], None]) -> None:
    """Run until no table was in use; steps that were done stay done."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            run()
            return
        except DBAPIError as error:
            if not is_in_use(error):
                raise
            if attempt == ATTEMPTS:
                message = (
                    "A table stayed in use: somebody holds it in a long transaction"
                    " (select pid, xact_start, state from pg_stat_activity order by xact_start)."
                    " Nothing is broken; end that and run this again."
                )
                raise InUseError(message) from error
            log.warning("A table is in use; trying again soon (%d of %d).", attempt, ATTEMPTS)
            time.sleep(random.uniform(*PAUSE))  # noqa: S311 (no secret)


def is_in_use(error: DBAPIError) -> bool:
    """Whether it is worth while to try again."""
    return getattr(error.orig, "sqlstate", None) in IN_USE


@contextmanager
def alone(connection: Connection) -> Iterator[None]:
    """The only migration in this database, waiting as said above; SQLite has its own one lock."""
    if connection.dialect.name != "postgresql":
        yield
        return
    # Asked again and again: whoever waits inside a statement would hold up CONCURRENTLY.
    while not connection.scalar(text(f"SELECT pg_try_advisory_lock({_ONE_AT_A_TIME})")):
        connection.rollback()
        log.warning("Somebody else is migrating; waiting for them.")
        time.sleep(1)
    connection.execute(text(f"SET lock_timeout = '{WITHIN}'"))
    connection.commit()
    try:
        yield
    finally:
        connection.rollback()
        connection.execute(text("RESET lock_timeout"))
        connection.execute(text(f"SELECT pg_advisory_unlock({_ONE_AT_A_TIME})"))
        connection.commit()
