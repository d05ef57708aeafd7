"""What happens when history is brought in."""

from dataclasses import dataclass

from app.core.events import Event


@dataclass(frozen=True)
class TopicBroughtIn(Event):
    """A topic was written elsewhere, long ago; it is here now. No clock starts, nobody is told."""

    topic_id: int


@dataclass(frozen=True)
class RepliesBroughtIn(Event):
    """So were replies to it."""

    topic_id: int
