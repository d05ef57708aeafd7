"""Tables of which nothing is seen by who is not signed in: writing to them changes no page of ours.

Every other table is taken for public, so one that nobody thought of costs speed and never truth.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PRIVATE: Final = frozenset({
    # Of the house itself
    "page_versions", "beats", "processes", "upgrades", "deliveries", "record", "record_head",
    "record_checks", "pseudonyms",
    "challenges", "challenge_questions", "retention_periods", "sla_ticks", "rungs_sent",
    # How people come in, and what is theirs alone
    "sessions", "guesses", "passkeys", "code_apps", "recovery_codes", "tickets",
    "outside_identities", "name_requests", "consents", "drafts", "follows", "letters",
    "exports", "erasures", "legal_holds",
    # What only staff and the author see
    "submissions", "appeals", "reports", "restraints", "trust", "text_traces", "watched_words",
    # Counts of readers and of what they look for
    "asked_words", "settled_gaps", "topic_help", "site_visits", "topic_visits", "topic_views",
    # The widget, whose pages are never kept
    "widget_sites", "widget_origins", "widget_places", "widget_keys", "widget_enquiries",
    "widget_seen", "widget_used_tokens", "widget_uses",
})  # fmt: skip

# Of these tables some rows are seen: which, by what is written.
SOMETIMES: Final[Mapping[str, Callable[[Mapping[str, Any]], bool]]] = {
    # A topic's timeline is told from its facts; of a sign-in or a letter no page speaks.
    "facts": lambda row: row.get("stream", "?") is not None,
}


def is_seen(table: str, rows: list[Mapping[str, Any]]) -> bool:
    """Whether a page of somebody who is not signed in may differ after these rows were written."""
    if table in PRIVATE:
        return False
    seen = SOMETIMES.get(table)
    return seen is None or not rows or any(map(seen, rows))
