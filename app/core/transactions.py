"""The end of a unit of work: commit, then hint to the worker that something waits.

The hint only saves seconds. Losing it loses nothing: the worker's sweep finds the rows.
"""

from app.core import jobs
from app.core.db import session


def commit() -> None:
    """Commit the session and wake the worker if deliveries were written."""
    waiting = session.info.pop("to_deliver", False)
    session.commit()
    if waiting:
        jobs.enqueue("deliver")


def rollback() -> None:
    """Undo everything since the last commit."""
    session.info.pop("to_deliver", None)
    session.info.pop("while_reading", None)
    session.rollback()
