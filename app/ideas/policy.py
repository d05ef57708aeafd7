"""Who decides on ideas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core.policy import anyone, is_manager, is_staff, permission
from app.topics.policy import answers_for_it, is_not_closed

if TYPE_CHECKING:
    from app.core.policy import Actor
    from app.topics.models import Topic


def is_idea(_actor: Actor, topic: Topic) -> bool:
    """An idea, not a question."""
    return topic.kind == "idea"


permission(
    "ideas.decide",
    [is_idea, is_staff, answers_for_it, is_not_closed],
    [is_idea, is_manager, is_not_closed],
)
permission("ideas.look_around", [anyone])
