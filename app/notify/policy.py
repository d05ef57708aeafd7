"""Who may follow, and what each letter is about: whether it may be refused, and how widely.

Letters about one's own account cannot be refused, and neither can the news that one broke a
promise. Good help desks draw that line: an agent chooses which notices of new work to get, but who
is told of a breach is decided by the policy of the deadline (Zendesk, Freshdesk), and whoever is on
call keeps at least one way to be reached (PagerDuty). So whoever answers, and their deputy, may
refuse what comes before the due instant and nothing after it; community managers and the chief, who
are told beside them, may refuse both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.core.policy import anyone, is_signed_in, permission

if TYPE_CHECKING:
    from app.accounts.models import Person

permission("notify.follow", [is_signed_in])
permission("notify.choose_letters", [is_signed_in])
permission("notify.unsubscribe", [anyone])
permission("notify.read_feed", [anyone])


@dataclass(frozen=True)
class Sort:
    """`choice`: what a person refuses it by, None for letters about their own account.

    `by_topic`: one click in the letter ends letters about that topic, not all of this choice.
    """

    choice: str | None
    by_topic: bool = True


ACCOUNT = Sort(None, by_topic=False)
DUTY = Sort("duties", by_topic=False)
BREACH = Sort(None, by_topic=False)

LETTERS = {
    "receipt": Sort("answers"),
    "answer": Sort("answers"),
    "comment": Sort("comments"),
    "asked_back": Sort("answers"),
    "news_promised": Sort("answers"),
    "retracted": Sort("answers"),
    "hour_moved": Sort("answers"),
    "idea": Sort("states"),
    "followed_solved": Sort("states"),
    "followed_reopened": Sort("states"),
    "moderated": Sort("states"),
    "post_hidden": Sort("states"),
    "report_decided": Sort("states", by_topic=False),
    "text_returned": ACCOUNT,
    "text_published": Sort("states"),
    "appeal_decided": ACCOUNT,
    "restrained": ACCOUNT,
    "released": ACCOUNT,
    "appeal_made": DUTY,
    "texts_wait": DUTY,
    "question": DUTY,
    "handed_over": DUTY,
    "solved": DUTY,
    "reopened": DUTY,
    "asked_again": DUTY,
    "reminder": DUTY,
    "overdue": BREACH,
    "escalated": DUTY,
    "digest": DUTY,
    "confirm": ACCOUNT,
    "known": ACCOUNT,
    "reset": ACCOUNT,
    "invite": ACCOUNT,
    "absent": ACCOUNT,
    "change": ACCOUNT,
    "address_changed": ACCOUNT,
    "password_changed": ACCOUNT,
    "rename_asked": ACCOUNT,
    "record_broken": ACCOUNT,
    "export_ready": ACCOUNT,
    "erasure_asked": ACCOUNT,
    "link": ACCOUNT,
    "no_link": ACCOUNT,
    "publish": ACCOUNT,
    "no_publish": ACCOUNT,
    "second_factor": ACCOUNT,
}


def may_be_written_to(person: Person) -> bool:
    """Whether there is a proved address and somebody who still uses it."""
    return bool(person.email) and person.confirmed_at is not None and person.disabled_at is None


def wants(person: Person, kind: str) -> bool:
    """Whether this person has not refused letters of this kind."""
    choice = LETTERS[kind].choice
    return choice is None or person.wants(choice)


def asked_for_comments(person: Person) -> bool:
    """Comments on topics one only follows are sent to those who asked for them."""
    return person.letters.get("comments") is True
