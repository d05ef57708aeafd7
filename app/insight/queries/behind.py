"""The lists behind the figures: which promises were counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, exists, literal, select

from app.core import clock
from app.core.pages import Order, Page, keyset
from app.insight.queries.sources import FIRST, REOPENED, belongs_to, fate_at, signal
from app.sla.models import ClockEvent, Promise
from app.topics import queries as topics
from app.topics.models import Topic
from app.topics.policy import visible_topics

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement

    from app.core.policy import Actor
    from app.insight.measures import Period
    from app.insight.queries.figures import Scope

NEWEST: Order[Promise] = Order((Promise.id,), lambda p: (p.id,))
# What a figure may be asked to show; each is a link on the scoreboard.
LISTS = (
    "kept", "late", "broken", "waiting", "excluded", "answered", "unanswered",
    "transferred", "clarified", "reopened", "retracted", "let-off",
)  # fmt: skip
# The states that a fate can have come from: said instead where that is all, and else besides. No
# database looks into the sum of conditions that a fate is: it would read every promise there was.
STATES = {
    "kept": ("met",),
    "late": ("met_late",),
    "broken": ("breached", "running", "cancelled"),
    "excluded": ("cancelled",),
    "waiting": ("running", "paused"),
}
SAID_BY_STATE = {"kept", "late"}


def promises_behind(
    actor: Actor, scope: Scope, what: str, period: Period, cursor: str | None = None
) -> Page[Promise]:
    """The promises that a figure was counted from, newest first; of topics this actor may read."""
    now = clock.now()
    query = (
        select(Promise)
        .join(Topic, Topic.id == Promise.topic_id)
        .where(visible_topics(actor), _within(scope), *_behind(what, period, now))
    )
    return keyset(query, NEWEST, cursor)


def topics_of(actor: Actor, page: Page[Promise]) -> dict[int, Topic]:
    """The topics of a page of promises, by id, ready to be shown as lines."""
    return topics.topics_by_id(actor, {p.topic_id for p in page.items})


def _within(scope: Scope) -> ColumnElement[bool]:
    if scope.category is not None:
        return Promise.category_id == scope.category.id
    if scope.person is not None:
        return Promise.accountable_id == scope.person.id
    return literal(value=True)


def _behind(what: str, period: Period, now: datetime) -> list[ColumnElement[bool]]:
    fate = fate_at(now)
    fates = {"kept": "met", "late": "late", "broken": "broken", "excluded": "excluded"}
    if what in fates:
        those = [Promise.state.in_(STATES[what]), belongs_to(period)]
        return those if what in SAID_BY_STATE else [fate == fates[what], *those]
    if what == "waiting":
        return [fate == "open", Promise.state.in_(STATES[what])]
    # What was merged, closed or withdrawn waits for nothing, though its promise may stay broken.
    first = and_(Promise.kind == FIRST, Promise.state != "cancelled")
    if what == "unanswered":
        return [first, Promise.fulfilled_at.is_(None), Promise.pauses.not_like("%removed%")]
    if what == "answered":
        return [first, Promise.fulfilled_at.is_not(None), belongs_to(period)]
    signals = {
        "transferred": {"transfer"},
        "clarified": {"clarification"},
        "reopened": {REOPENED},
        "retracted": {"answer_retracted"},
        "let-off": {"no_reply_needed"},
    }
    said = exists().where(ClockEvent.topic_id == Promise.topic_id, signal().in_(signals[what]))
    return [first, belongs_to(period), said]
