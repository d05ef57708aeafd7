"""What happens to letters."""

from dataclasses import dataclass

from app.core.events import Event


@dataclass(frozen=True)
class LetterWritten(Event):
    """A letter waits to be posted."""

    letter_id: int
