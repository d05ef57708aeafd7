"""Deciding on an idea: always signed, always explained."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core import clock, markup
from app.core.db import session
from app.core.events import record
from app.ideas.events import IdeaStateChanged
from app.ideas.models import IdeaChange
from app.topics import queries as topics

if TYPE_CHECKING:
    from datetime import datetime

    from app.accounts.models import Person
    from app.topics.models import Topic


class SameStateError(ValueError):
    """The idea is in that state already."""


def decide(
    person: Person, idea: Topic, state: str, note: str, *, at: datetime | None = None
) -> IdeaChange:
    """Move `idea` to `state` with a public explanation; its voters will be told."""
    # Two may decide at once: the second must see what the first decided.
    idea = topics.held(idea.id)
    if idea.state == state:
        raise SameStateError(state)
    at = at or clock.now()
    change = IdeaChange(
        topic_id=idea.id,
        before=idea.state,
        after=state,
        note=note,
        note_html=markup.render(note),
        signed_by=person,
        signed_as=person.post,
        at=at,
    )
    session.add(change)
    idea.state, idea.active_at = state, at
    session.flush()
    record(IdeaStateChanged(idea.id, change.id), by=person.id, at=at)
    return change
