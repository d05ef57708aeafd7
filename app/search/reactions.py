"""What the worker does for the index: following what happens, and mending it."""

from app.core import jobs
from app.core.db import reads_only
from app.search.service import following, keeping


@jobs.every(0.5, "search.follow")
def keep_it_findable() -> None:
    """What was published is found within two seconds, on every machine that runs a worker."""
    following.follow()


@jobs.every(20, "search.mend")
def mend_the_index() -> None:
    """On a fresh machine, after a restore or a broken disk: search appears by itself."""
    reading = reads_only.set(True)
    try:
        keeping.mend()
    finally:
        reads_only.reset(reading)
