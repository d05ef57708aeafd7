"""What keeps the figures true."""

from app.core import jobs, transactions
from app.insight import service


@jobs.every(60, "insight.count")
def count_again() -> None:
    """Count when something has happened; several workers may, the last one wins."""
    if service.count_if_stale():
        transactions.commit()
