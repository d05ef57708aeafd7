"""Calendars and policies in versions, the events of a topic's clocks, and what follows from them.

Versions and events are the truth and are never changed; `Promise` is a projection of them that
`flask sla verify` can make anew. `topics` carries a copy of the present promise, for lists.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import Person
from app.core import clock
from app.core.db import Model, intpk
from app.topics.models import Category, Topic

# The policy of every category that has none of its own.
EVERYWHERE = "all"


class WorkCalendar(Model):
    """A named calendar; what it says is in its versions."""

    __tablename__ = "calendars"

    id: Mapped[intpk]
    name: Mapped[str] = mapped_column(String(80), unique=True)
    archived_at: Mapped[datetime | None]


class CalendarVersion(Model):
    """What a calendar says from `made_at` on. Immutable.

    `spec`: `{mode, tz, weekly, dates}` as `engine.calendars.parse` reads it. `horizon`: the last
    day up to which its holidays are known; None when it has none to know. `source`: where they came
    from ("holidays 0.109, RU 2026-2027"). `digest`: SHA-256 of the spec.
    """

    __tablename__ = "calendar_versions"
    __table_args__ = (UniqueConstraint("calendar_id", "version"),)

    id: Mapped[intpk]
    calendar_id: Mapped[int] = mapped_column(ForeignKey("calendars.id", ondelete="CASCADE"))
    version: Mapped[int]
    spec: Mapped[dict[str, Any]]
    horizon: Mapped[date | None] = mapped_column(Date)
    source: Mapped[str] = mapped_column(String(200), default="")
    note: Mapped[str] = mapped_column(String(300), default="")
    digest: Mapped[str] = mapped_column(String(64))
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id", ondelete="SET NULL"))
    made_at: Mapped[datetime] = mapped_column(default=clock.now)

    calendar: Mapped[WorkCalendar] = relationship(lazy="joined")
    made_by: Mapped[Person | None] = relationship()


class PolicyVersion(Model):
    """What is promised from `made_at` on: everywhere (`scope` "all") or in "category:3". Immutable.

    `spec`: the fields of `engine.rules.Policy`, and `ladder` ([name, "pct"|"off", value] each),
    `quiet` ({from, to, weekends} by each recipient's own wall clock, or null), `chief_id` (who is
    written to when two days have passed). `calendar_id` None stands for around the clock. A version
    without a spec (`{}`) ends a category's own policy: the general one holds there again.

    `approval`: "free" (it needed none), "waiting" (it promises less, so somebody else must agree),
    "approved", "declined", "alone" (it promises less, and nobody else was there to ask).
    """

    __tablename__ = "policy_versions"
    __table_args__ = (UniqueConstraint("scope", "version"),)

    id: Mapped[intpk]
    scope: Mapped[str] = mapped_column(String(40))
    version: Mapped[int]
    calendar_id: Mapped[int | None] = mapped_column(ForeignKey("calendars.id"))
    spec: Mapped[dict[str, Any]]
    note: Mapped[str] = mapped_column(String(300), default="")
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id", ondelete="SET NULL"))
    made_at: Mapped[datetime] = mapped_column(default=clock.now)
    approval: Mapped[str] = mapped_column(String(10), default="free")
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id", ondelete="SET NULL"))
    decided_at: Mapped[datetime | None]

    calendar: Mapped[WorkCalendar | None] = relationship()
    made_by: Mapped[Person | None] = relationship(foreign_keys=[made_by_id])
    decided_by: Mapped[Person | None] = relationship(foreign_keys=[decided_by_id])


class ClockEvent(Model):
    """Something that happened to a topic, as the engine reads it. Appended, never changed.

    The versions are those in force for the topic from then on; None is the house's own default.
    `data`: the other fields of `engine.events.Event` as JSON, ids of people and posts as numbers.
    """

    __tablename__ = "clock_events"
    __table_args__ = (Index("ix_clock_events_topic", "topic_id", "id"),)

    id: Mapped[intpk]
    topic_id: Mapped[int] = mapped_column(ForeignKey("topics.id", ondelete="CASCADE"))
    type: Mapped[str] = mapped_column(String(24))
    at: Mapped[datetime]
    policy_version_id: Mapped[int | None] = mapped_column(ForeignKey("policy_versions.id"))
    calendar_version_id: Mapped[int | None] = mapped_column(ForeignKey("calendar_versions.id"))
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)
    by_id: Mapped[int | None]


class Promise(Model):
    """One promise to one asker, as its topic's events make it: see `engine.promises.Outcome`.

    `kind`: first_answer, next_answer, resolution, promised_update. `state`: running, paused,
    breached, met, met_late, cancelled (`reason` says why); "at risk" is running at or after
    `at_risk_at`. `due_at` is None in a pause, when `remaining_s` holds the time left. `breached_at`
    is the due instant, once it was broken; `detected_at`, when we noticed. Overdue seconds are of
    the calendar's open time, and by the clock on the wall; they grow while it is breached, so read
    them of fulfilled ones only.

    `accountable_id`: the executive the promise is in the name of; `attributed_to_id`: whose breach
    it is. `taken_by_id` said "I take it" and holds it until `taken_until`. `next_action_at`: when
    the scheduler must look again; None when there is nothing to look for.
    """

    __tablename__ = "promises"
    __table_args__ = (
        UniqueConstraint("topic_id", "kind", "cycle"),
        # What is live and due to be looked at, and nothing else: a tick reads only what it needs.
        Index(
            "ix_promises_watch",
            "next_action_at",
            sqlite_where=text("next_action_at IS NOT NULL"),
            postgresql_where=text("next_action_at IS NOT NULL"),
        ),
        Index("ix_promises_category_due", "category_id", "state", "due_at"),
        Index("ix_promises_person_due", "accountable_id", "state", "due_at"),
        Index("ix_promises_state_due", "state", "due_at", "id"),
        Index("ix_promises_due", "due_at"),
        Index(
            "ix_promises_ended",
            "ended_at",
            sqlite_where=text("ended_at IS NOT NULL"),
            postgresql_where=text("ended_at IS NOT NULL"),
        ),
        # What is still owed, in the order it is due, with all that the board counts and filters by.
        Index(
            "ix_promises_live",
            "due_at",
            "id",
            "state",
            "kind",
            "at_risk_at",
            "pauses",
            "calendar_version_id",
            "category_id",
            "accountable_id",
            "ended_at",  # always nothing, but SQLite would look it up
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[intpk]
    topic_id: Mapped[int] = mapped_column(ForeignKey("topics.id", ondelete="CASCADE"))
    category_id: Mapped[int] = mapped_column(ForeignKey("categories.id"))
    kind: Mapped[str] = mapped_column(String(20))
    cycle: Mapped[int] = mapped_column(default=1)
    policy_version_id: Mapped[int | None] = mapped_column(ForeignKey("policy_versions.id"))
    calendar_version_id: Mapped[int | None] = mapped_column(ForeignKey("calendar_versions.id"))
    started_at: Mapped[datetime]
    target_s: Mapped[int]
    due_at: Mapped[datetime | None]
    at_risk_at: Mapped[datetime | None]
    remaining_s: Mapped[float | None]
    pauses: Mapped[str] = mapped_column(String(40), default="")
    state: Mapped[str] = mapped_column(String(12), default="running")
    reason: Mapped[str | None] = mapped_column(String(24))
    fulfilled_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    answer_id: Mapped[int | None] = mapped_column(ForeignKey("posts.id", ondelete="SET NULL"))
    breached_at: Mapped[datetime | None]
    detected_at: Mapped[datetime | None]
    overdue_s: Mapped[float] = mapped_column(default=0.0)
    overdue_wall_s: Mapped[float] = mapped_column(default=0.0)
    # Open seconds from the start to the fulfilment; None until then.
    took_s: Mapped[float | None]
    accountable_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    attributed_to_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    taken_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id", ondelete="SET NULL"))
    taken_until: Mapped[datetime | None]
    arm_no: Mapped[int] = mapped_column(default=1)
    next_action_at: Mapped[datetime | None]

    topic: Mapped[Topic] = relationship()
    category: Mapped[Category] = relationship()
    accountable: Mapped[Person] = relationship(foreign_keys=[accountable_id])
    taken_by: Mapped[Person | None] = relationship(foreign_keys=[taken_by_id])

    @property
    def is_live(self) -> bool:
        """Whether it is still owed."""
        return self.state in {"running", "paused", "breached"}


class RungSent(Model):
    """One rung of one promise for one person, recorded exactly once: the key is the guarantee.

    `fate`: sent, coalesced (a higher one went out instead), taken (somebody else had said "I take
    it"), stale (it was settled before it could be sent).
    """

    __tablename__ = "rungs_sent"

    promise_id: Mapped[int] = mapped_column(
        ForeignKey("promises.id", ondelete="CASCADE"), primary_key=True
    )
    arm_no: Mapped[int] = mapped_column(primary_key=True)
    rung: Mapped[str] = mapped_column(String(12), primary_key=True)
    person_id: Mapped[int] = mapped_column(
        ForeignKey("people.id", ondelete="CASCADE"), primary_key=True
    )
    channel: Mapped[str] = mapped_column(String(12), primary_key=True, default="mail")
    fate: Mapped[str] = mapped_column(String(12))
    at: Mapped[datetime]
    fact_id: Mapped[int | None]


class Tick(Model):
    """A host's last round: `at` by its wall clock, `held` when it was not trusted.

    Clocks of two hosts are never compared, so each host has a row of its own. The daily replay has
    one too, and whoever is at it another.
    """

    __tablename__ = "sla_ticks"

    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    at: Mapped[datetime]
    held: Mapped[bool] = mapped_column(default=False)


class BreachReason(Model):
    """Why a promise was broken, as the community manager wrote it down.

    `code`: too_busy, waited_inside, wrong_place, away, unnoticed, outage, other.
    """

    __tablename__ = "breach_reasons"

    promise_id: Mapped[int] = mapped_column(
        ForeignKey("promises.id", ondelete="CASCADE"), primary_key=True
    )
    code: Mapped[str] = mapped_column(String(20))
    note: Mapped[str] = mapped_column(String(300), default="")
    by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    at: Mapped[datetime] = mapped_column(default=clock.now)

    by: Mapped[Person] = relationship()
