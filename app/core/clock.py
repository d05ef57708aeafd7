"""The one place that asks what time it is. Instants are aware and in UTC."""

from datetime import UTC, datetime


def now() -> datetime:
    """The present instant, aware, in UTC."""
    return datetime.now(UTC)
