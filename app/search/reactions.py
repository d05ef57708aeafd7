"""What the worker does for the search: it follows what happens, mends the index, and learns."""

from app.core import jobs, transactions
from app.core.db import reads_only
from app.core.events import later
from app.search.service import following, keeping, learning
from app.topics import queries as topics
from app.topics.events import TopicOpened


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


@later(TopicOpened)
def count_what_was_asked_anyway(event: TopicOpened) -> None:
    """A question that was published beside answers to it: those did not help."""
    learning.count_if_asked_anyway(topics.topic(event.topic_id))


@jobs.every(24 * 3600, "search.forget")
def forget_old_searches() -> None:
    """What people searched for is remembered for a year and a month."""
    learning.forget_the_old()
    transactions.commit()
