"""The community manager's verbs: move several topics at once; say why a promise was broken."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import select

from app.core import clock
from app.core.db import session
from app.core.events import record
from app.moderation import service as moderation
from app.sla.events import BreachExplained
from app.sla.models import BreachReason
from app.sla.queries.reassigning import why_not
from app.topics.models import Category, Topic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.accounts.models import Person
    from app.sla.models import Promise


@dataclass
class Moved:
    """What became of several topics: the ids of those moved, and of those refused, by reason."""

    topics: list[int] = field(default_factory=list)
    refused: dict[str, list[int]] = field(default_factory=dict)


def reassign(person: Person, ids: Sequence[int], to: Category, reason: str) -> Moved:
    """Move topics to another category, each as if it were moved alone, all or none of them.

    What was settled, hidden or moved there meanwhile is left as it is, and told.
    """
    done = Moved()
    for topic in _held(ids, to):
        refusal = why_not(topic, to)
        if refusal is None:
            try:
                moderation.move(person, topic, to, reason)
            except moderation.AlreadySoError:
                refusal = "there"
        if refusal is None:
            done.topics.append(topic.id)
        else:
            done.refused.setdefault(refusal, []).append(topic.id)
    return done


def explain_breach(person: Person, promise: Promise, code: str, note: str) -> BreachReason:
    """Write down why a promise was broken; what was written before stays among the facts."""
    said = session.get(BreachReason, promise.id, with_for_update=True)
    if said is None:
        said = BreachReason(promise_id=promise.id)
        session.add(said)
    said.code, said.note, said.by, said.at = code, note, person, clock.now()
    session.flush()
    record(BreachExplained(promise.topic_id, promise.id, code), by=person.id, at=said.at)
    return said


def _held(ids: Sequence[int], to: Category) -> Sequence[Topic]:
    """The topics, their rows ours, and then the categories whose counts change.

    Always in one order, so that two managers at once wait for each other and never in a ring.
    """
    query = select(Topic).where(Topic.id.in_(list(ids))).order_by(Topic.id)
    query = query.with_for_update(of=Topic).execution_options(populate_existing=True)
    topics = session.scalars(query).unique().all()
    counted = sorted({to.id, *(t.category_id for t in topics)})
    rows = select(Category.id).where(Category.id.in_(counted)).order_by(Category.id)
    session.execute(rows.with_for_update())
    return topics
