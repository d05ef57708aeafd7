"""What a promise is made under: the policy (how long, what counts) and the calendar (when)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta

from app.sla.engine.calendars import ALWAYS, Calendar

FIRST_ANSWER, NEXT_ANSWER, RESOLUTION = "first_answer", "next_answer", "resolution"
PROMISED_UPDATE = "promised_update"
KINDS = (FIRST_ANSWER, NEXT_ANSWER, RESOLUTION, PROMISED_UPDATE)


@dataclass(frozen=True)
class Policy:
    """Targets are open seconds; `resolution_s` None promises no resolution.

    `resume_floor_s`: the least time left after a pause. `max_pauses`: how often a question back to
    the asker may stop one promise's clock.
    """

    first_answer_s: int = 86400
    next_answer_s: int = 86400
    resolution_s: int | None = None
    at_risk_pct: int = 80
    clarification_pauses: bool = True
    max_pauses: int = 1
    resume_floor_s: int = 0
    holding_counts: bool = False

    def target(self, kind: str) -> timedelta | None:
        """The time promised for an answer of this kind; None when nothing is promised."""
        seconds = {
            FIRST_ANSWER: self.first_answer_s,
            NEXT_ANSWER: self.next_answer_s,
            RESOLUTION: self.resolution_s,
        }[kind]
        return None if seconds is None else timedelta(seconds=seconds)


@dataclass(frozen=True)
class Terms:
    """A policy with its calendar; the versions are the rows they were read from, where there are.

    `calendar_id`: whose version the calendar is. Two calendars may say the same and change apart.
    """

    policy: Policy = field(default_factory=Policy)
    calendar: Calendar = ALWAYS
    policy_version: int | None = None
    calendar_version: int | None = None
    calendar_id: int | None = None

    def counts_like(self, other: Terms) -> bool:
        """Whether both count by one calendar: in any version where it is known, else as it says.

        Around the clock nothing can change, unless it is a calendar that was given a name.
        """
        if other.calendar_id is not None:
            return self.calendar_id == other.calendar_id
        return not other.calendar.always and self.calendar == other.calendar

    def by_calendar_of(self, other: Terms) -> Terms:
        """The same policy, counted by the calendar of other terms."""
        return replace(
            self,
            calendar=other.calendar,
            calendar_version=other.calendar_version,
            calendar_id=other.calendar_id,
        )
