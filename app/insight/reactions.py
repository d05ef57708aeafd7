"""What keeps the figures true, and the record."""

from datetime import timedelta

from flask import current_app

from app.core import checkpoints, clock, heartbeat, jobs, transactions, verifying
from app.core.db import reads_only
from app.insight import keeping, service, visits

# A little less than the hour and the day, so that no turn is missed by a second.
HOURLY = timedelta(minutes=55)
NIGHTLY = timedelta(hours=23)
# What was counted before midnight is written a little after it.
ONE_DAY = timedelta(days=1)


@jobs.every(60, "insight.count")
def count_again() -> None:
    """Count when something has happened; several workers may, the newest wins.

    Counting only reads, so that nobody who writes waits for it.
    """
    token = reads_only.set(True)
    try:
        found = service.counted_if_stale()
    finally:
        transactions.rollback()
        reads_only.reset(token)
    if found is not None:
        service.write(found)
        transactions.commit()


@jobs.every(600, "insight.sign")
def sign_the_record() -> None:
    """Once an hour, when it has grown; compliance is mailed what was signed."""
    mine = heartbeat.take_turn("record.sign", HOURLY)
    transactions.commit()
    if not mine:
        return
    signed = checkpoints.sign_if_it_grew()
    to = current_app.config["ARCHIVE_MAIL"]
    if signed is not None and to:
        keeping.post(signed, to)
    transactions.rollback()


@jobs.every(600, "insight.verify")
def look_the_record_over() -> None:
    """Once a day, batch by batch; reading it takes no lock."""
    mine = heartbeat.take_turn("record.verify", NIGHTLY)
    transactions.commit()
    if not mine:
        return
    token = reads_only.set(True)
    try:
        found = verifying.look(lambda _count: transactions.rollback())
    finally:
        transactions.rollback()
        reads_only.reset(token)
    keeping.note(found)
    transactions.commit()


@jobs.every(3600, "insight.forget_sketches")
def forget_what_visitors_left() -> None:
    """Of days that are over everywhere the numbers are enough."""
    if visits.forget_sketches(clock.now().date() - ONE_DAY):
        transactions.commit()
