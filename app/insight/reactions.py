"""What keeps the figures true."""

from app.core import jobs, transactions
from app.core.db import reads_only
from app.insight import service


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
