"""What the deadline engine holds: whose duty something was, by number, and the bank's own notes."""

from app.core.personal import BANK, NOBODY, NUMBER, holds

holds(
    "sla",
    {
        "calendars.name": BANK,
        "calendar_versions.spec": BANK,
        "calendar_versions.source": BANK,
        "calendar_versions.note": BANK,
        "calendar_versions.digest": NOBODY,
        "calendar_versions.made_by_id": NUMBER,
        "policy_versions.spec": BANK,
        "policy_versions.note": BANK,
        "policy_versions.made_by_id": NUMBER,
        "policy_versions.decided_by_id": NUMBER,
        "clock_events.data": NUMBER,
        "clock_events.by_id": NUMBER,
        "promises.accountable_id": NUMBER,
        "promises.attributed_to_id": NUMBER,
        "promises.taken_by_id": NUMBER,
        "rungs_sent.person_id": NUMBER,
        "sla_ticks.name": NOBODY,
        "breach_reasons.note": BANK,
        "breach_reasons.by_id": NUMBER,
    },
)
