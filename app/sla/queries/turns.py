"""What a question back would mean to the clock, and what became of promised news."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core import clock
from app.sla.engine.clocks import CUSTOMER
from app.sla.engine.events import Event
from app.sla.engine.promises import evaluate
from app.sla.engine.rules import FIRST_ANSWER, NEXT_ANSWER
from app.sla.queries import promises, terms

if TYPE_CHECKING:
    from datetime import datetime

    from app.sla.engine.promises import Evaluation, Outcome
    from app.topics.models import Topic

# What happens to the clock when the asker is asked back now.
STOPS, STOPPED_ALREADY, USED_UP, RUNS_ON, NOTHING_RUNS = (
    "stops", "stopped_already", "used_up", "runs_on", "nothing_runs",
)  # fmt: skip


def asking_back(topic: Topic, at: datetime | None = None) -> str:
    """What asking back would do to the clock of the answer: the engine is asked, not imitated."""
    at = at or clock.now()
    events = promises.as_engine_reads(promises.clock_events([topic.id])[topic.id])
    owed = _owed(evaluate(events, at))
    if owed is None:
        return NOTHING_RUNS
    if CUSTOMER in owed.pauses:
        return STOPPED_ALREADY
    now = terms.terms_in_force(topic.category_id, at)
    asked = Event("clarification", at, seen_seq=topic.last_seq, terms=now)
    then = _owed(evaluate([*events, asked], at))
    if then is not None and CUSTOMER in then.pauses:
        return STOPS
    policy = owed.terms.policy
    return USED_UP if policy.clarification_pauses and policy.max_pauses else RUNS_ON


def _owed(found: Evaluation) -> Outcome | None:
    answers = [o for o in found if o.kind in {FIRST_ANSWER, NEXT_ANSWER} and o.is_live]
    return answers[-1] if answers else None
