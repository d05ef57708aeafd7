"""What may happen to a topic, as the engine reads it; what happens at once keeps its order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from app.sla.engine.rules import Terms

# Type → the type of what it undoes, by `ref` or the latest before it: as if it never happened.
UNDOES = {
    "answer_retracted": "official_answer",
    "answer_restored": "answer_retracted",
    "no_reply_disputed": "no_reply_needed",
    "unmerged": "merged_into",
    "unlocked": "closed",
    "reinstated": "withdrawn",
    "unspammed": "spam",
    "unabsorbed": "absorbed",
    "post_removed": "customer_post",
    "post_restored": "post_removed",
    "clarification_removed": "clarification",
    "clarification_restored": "clarification_removed",
    "holding_removed": "holding",
    "holding_restored": "holding_removed",
}
# Nobody is owed an answer any more, and why.
ENDS = {"merged_into": "merged", "withdrawn": "withdrawn", "spam": "spam", "closed": "closed"}


class UnknownEventError(ValueError):
    """An event of a type that nobody here knows: it is refused, never passed over."""


@dataclass(frozen=True)
class Event:
    """One thing that happened.

    `id`: what later events refer to by `ref`. `seq`: the number of the post; `seen_seq`: the last
    post its author had seen. `terms`: those in force for the topic from then on. `due_at`: the date
    of a promised update, or of a promise taken over. `owner`, `deputy`: who is accountable from
    then on, and who stands in, in which `category`. `grace`, `target`: seconds, for `tighten_open`.
    """

    type: str
    at: datetime
    id: str | None = None
    ref: str | None = None
    seq: int | None = None
    seen_seq: int | None = None
    terms: Terms | None = None
    due_at: datetime | None = None
    owner: object = None
    deputy: object = None
    category: object = None
    grace: int | None = None
    target: int | None = None


def standing(events: Sequence[Event]) -> list[Event]:
    """`events` in their order without those that were undone, nor what was undone itself.

    Read from the last to the first, so that what undid something and was undone undoes nothing.
    """
    ordered = sorted(events, key=lambda e: e.at)
    names = _names(ordered)
    wanted: list[tuple[str, str | None]] = []
    kept: list[Event] = []
    for event in reversed(ordered):
        ids = {names.get(name, name) for name in (event.id, event.ref) if name}
        aim = next(
            (w for w in wanted if w[0] == event.type and (w[1] is None or w[1] in ids)), None
        )
        if aim is not None:
            wanted.remove(aim)
            continue
        if event.type in UNDOES:
            ref = names.get(event.ref, event.ref) if event.ref else None
            wanted.insert(0, (UNDOES[event.type], ref))
        kept.append(event)
    return kept[::-1]


def _names(ordered: Sequence[Event]) -> dict[str, str]:
    """A corrected answer's new name → the name of the answer that it stands for."""
    names: dict[str, str] = {}
    for event in ordered:
        if event.type == "answer_replaced" and event.id and event.ref:
            names[event.id] = names.get(event.ref, event.ref)
    return names
