"""What is here from elsewhere."""

from sqlalchemy import func, select

from app.accounts.models import Person
from app.core.db import session


def count_authors(origin: str) -> int:
    """How many people were brought in from `origin`."""
    query = select(func.count()).where(Person.origin.startswith(f"{origin}:", autoescape=True))
    return session.scalar(query) or 0
