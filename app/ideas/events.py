"""What happens to ideas."""

from dataclasses import dataclass

from app.core.events import Event


@dataclass(frozen=True)
class IdeaStateChanged(Event):
    """An idea went to another state; `change_id` names the signed explanation."""

    topic_id: int
    change_id: int
