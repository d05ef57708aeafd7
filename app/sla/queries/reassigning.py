"""What moving several topics at once would change, before anybody does it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.sla.engine.events import Event
from app.sla.engine.promises import evaluate
from app.sla.queries.board import MOVES, moves, topics_by_id
from app.sla.queries.ledger import events_by_topic
from app.sla.queries.terms import terms_in_force

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from app.sla.engine.promises import Evaluation, Outcome
    from app.topics.models import Category, Topic

# As many topics as one form may move.
MOST = 100


@dataclass(frozen=True)
class Moving:
    """One topic of several. `due_at`, `due_then`: the promised hour now, and in the new category.

    `state`: of the promise ("running", "paused", "breached" …). `refused`: why it would stay where
    it is ("settled": nothing is owed on it any more, "there": it is in that category, "gone").
    """

    topic: Topic
    moves: int
    state: str = ""
    due_at: datetime | None = None
    due_then: datetime | None = None
    refused: str | None = None

    @property
    def is_sooner(self) -> bool:
        """Whether the new category promises an earlier hour than the one that was shown."""
        return self.due_at is not None and self.due_then is not None and self.due_then < self.due_at

    @property
    def wants_an_owner(self) -> bool:
        """Whether it went from hand to hand too often already."""
        return self.moves >= MOVES


def preview(ids: Sequence[int], to: Category | None, at: datetime) -> list[Moving]:
    """What moving these topics to `to` would change, in the order they were ticked."""
    topics, moved, read = topics_by_id(ids), moves(ids), events_by_topic(ids)
    terms = terms_in_force(to.id, at) if to is not None else None
    told = []
    for topic_id in ids:
        topic = topics.get(topic_id)
        if topic is None:
            continue
        events, often = read[topic_id], moved.get(topic_id, 0)
        owed = shown(evaluate(events, at)) if events else None
        refused = why_not(topic, to)
        if owed is None or refused is not None:
            told.append(Moving(topic, often, refused=refused or "settled"))
            continue
        then: Outcome | None = owed
        if terms is not None:
            transfer = Event("transfer", at, terms=terms)
            then = shown(evaluate([*events, transfer], at))
        told.append(Moving(topic, often, owed.state, owed.due_at, then.due_at if then else None))
    return told


def why_not(topic: Topic, to: Category | None) -> str | None:
    """Why a topic would not be moved, when it would not be."""
    if topic.hidden_at is not None or topic.merged_into_id is not None:
        return "gone"
    if not topic.is_awaiting and topic.paused_for is None:
        return "settled"
    return "there" if to is not None and topic.category_id == to.id else None


def shown(found: Evaluation) -> Outcome | None:
    """The promise that a topic's page speaks of: the answer that is owed, else the news."""
    live = [o for o in found if o.is_live and o.kind != "resolution"]
    answers = [o for o in live if o.kind != "promised_update"]
    those = answers or live
    return those[-1] if those else None
