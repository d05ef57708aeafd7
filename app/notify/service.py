"""Following topics, choosing letters, and writing letters as rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.accounts import queries as accounts
from app.brand.queries import brand
from app.core import clock, signing
from app.core.db import add_once, session
from app.core.events import Event, fact_at_hand, record
from app.core.i18n import is_locale
from app.moderation import queries as moderation
from app.moderation.events import AppealDecided, AppealMade, TextApproved, TextReturned
from app.notify import policy, queries, reminders
from app.notify.events import LetterWritten
from app.notify.models import CHOICES, Follow, Letter
from app.sla.events import RemindersDue
from app.topics import turns

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from app.accounts.models import Person, Ticket
    from app.core.policy import Actor
    from app.sla.queries.reminders import Reminder
    from app.topics.models import Topic

# Otherwise nobody is told what they did themselves.
ABOUT_ONES_OWN_ACT = {
    "receipt",
    "export_ready",
    "erasure_asked",
    "password_changed",
    "second_factor",
}


@dataclass(frozen=True)
class Subscription:
    """What the link in a letter ends: letters about `topic`, or all letters of `choice`."""

    person: Person
    token: str
    topic: Topic | None = None
    choice: str | None = None

    @property
    def stands(self) -> bool:
        """Whether these letters may still come."""
        if self.topic is not None:
            return not queries.has_declined(self.person, self.topic.id)
        return self.person.wants(self.choice or "")


def follow(person: Person, topic: Topic) -> None:
    """Tell this person from now on what happens to the topic."""
    said = _said(person.id, topic.id)
    if said.ended_at is not None:
        said.at, said.ended_at = clock.now(), None
    session.flush()


def unfollow(person: Person, topic: Topic) -> None:
    """No more letters about the topic, until this person follows it again."""
    said = _said(person.id, topic.id)
    said.ended_at = said.ended_at or clock.now()
    session.flush()


def follow_unless_declined(person_id: int, topic_id: int) -> None:
    """Whoever takes part follows, except somebody who said no."""
    _said(person_id, topic_id)


def follow_along(topic: Topic, into: Topic, at: datetime) -> None:
    """Everybody who follows `topic` follows `into` from `at` on, unless they said no."""
    for person in queries.followers(topic):
        _said(person.id, into.id, at)


def follow_no_longer(topic: Topic, into: Topic, at: datetime) -> None:
    """Take back what `follow_along` brought at that instant, and nothing that was chosen since."""
    for person in queries.followers(topic):
        said = queries.follow(into.id, person.id)
        if said is not None and said.at == at and said.ended_at is None:
            session.delete(said)
    session.flush()


def _said(person_id: int, topic_id: int, at: datetime | None = None) -> Follow:
    """What a person said about following a topic; who said nothing follows from now on."""
    said = queries.follow(topic_id, person_id)
    if said is not None:
        return said
    said = Follow(topic_id=topic_id, person_id=person_id, at=at or clock.now())
    return said if add_once(said) else _said(person_id, topic_id, at)


def choose_letters(person: Person, chosen: Mapping[str, bool]) -> None:
    """Keep what a person wants to be written about; what is not named stays as it was."""
    known = {name: bool(yes) for name, yes in chosen.items() if name in CHOICES}
    person.letters = {**person.letters, **known}
    session.flush()


def unsubscribe_token(person: Person, kind: str, topic_id: int | None) -> str | None:
    """What the link in a letter carries; None for letters that can't be refused."""
    sort = policy.LETTERS[kind]
    if sort.choice is None:
        return None
    scope = f"topic-{topic_id}" if sort.by_topic and topic_id is not None else sort.choice
    return f"{person.id}.{scope}.{signing.sign('unsubscribe', person.id, scope)}"


def subscription(_actor: Actor, token: str) -> Subscription | None:
    """What a letter's link stands for; None when it was made up, or the person or topic is gone."""
    number, _, rest = token.partition(".")
    scope, _, signature = rest.partition(".")
    if not signing.is_signed(signature, "unsubscribe", number, scope):
        return None
    person = accounts.person(int(number))
    if person is None:
        return None
    if scope in CHOICES:
        return Subscription(person, token, choice=scope)
    topic = queries.topic(int(scope.removeprefix("topic-")))
    return Subscription(person, token, topic=topic) if topic is not None else None


def end(subscription: Subscription) -> None:
    """No more of these letters, from this moment on."""
    if subscription.topic is not None:
        unfollow(subscription.person, subscription.topic)
    elif subscription.choice is not None:
        choose_letters(subscription.person, {subscription.choice: False})


def resume(subscription: Subscription) -> None:
    """They changed their mind."""
    if subscription.topic is not None:
        follow(subscription.person, subscription.topic)
    elif subscription.choice is not None:
        choose_letters(subscription.person, {subscription.choice: True})


def write(
    kind: str, people: Iterable[Person], *, topic: Topic | None = None, post_id: int | None = None
) -> None:
    """Write one letter about the fact at hand to each of `people` who wants it."""
    fact, sort = fact_at_hand(), policy.LETTERS[kind]
    declined = queries.declined_ids(topic) if topic is not None and sort.by_topic else set()
    if kind not in ABOUT_ONES_OWN_ACT:
        declined.add(fact.actor_id)
    _write(
        Letter(
            kind=kind,
            person_id=person.id,
            address=person.email,
            locale=person.locale,
            topic_id=topic.id if topic else None,
            post_id=post_id,
        )
        for person in people
        if person.id not in declined
        and policy.may_be_written_to(person)
        and (kind == "digest" or policy.wants(person, kind))
    )


def write_for_ticket(kind: str, ticket: Ticket) -> None:
    """Write to the address a ticket names, whether or not it has an account."""
    _write(
        [
            Letter(
                kind=kind,
                person_id=ticket.person_id,
                address=ticket.email,
                locale=ticket.locale,
                ticket_id=ticket.id,
            )
        ]
    )


def look_again(letter: Letter) -> tuple[str | None, list[Reminder]]:
    """Right before it goes: why it should not after all, and the reminders it still tells of."""
    event, person = letter.fact.event, letter.person
    reason = _reason_to_skip(letter)
    if reason is not None or person is None or not isinstance(event, RemindersDue):
        return reason, []
    holding = reminders.settle(event)
    left = reminders.wanted(holding, person)
    if left:
        return None, left
    return "unsubscribed" if holding else "stale", []


def _reason_to_skip(letter: Letter) -> str | None:
    if letter.ticket is not None:
        return _reason_to_skip_ticket(letter.kind, letter.ticket)
    person, event = letter.person, letter.fact.event
    if person is None or not policy.may_be_written_to(person) or _is_forgotten(event):
        return "gone"
    if isinstance(event, RemindersDue):
        return None
    if _is_unwanted(letter, person):
        return "unsubscribed"
    if letter.topic is not None and _is_out_of_sight(letter, letter.topic):
        return "hidden"
    return "stale" if letter.kind == "asked_back" and _is_replied_to(letter) else None


def _is_forgotten(event: Event) -> bool:
    """Whether the text, or the appeal, that a letter is about is kept no longer."""
    if isinstance(event, (TextReturned, TextApproved)):
        return moderation.text(event.submission_id) is None
    if isinstance(event, (AppealMade, AppealDecided)):
        return moderation.appeal_made(event.appeal_id) is None
    return False


def mark_posted(letter_id: int) -> None:
    """It went out."""
    letter = queries.letter(letter_id)
    if letter is not None:
        letter.posted_at = clock.now()
        session.flush()


def _write(letters: Iterable[Letter]) -> None:
    """Save those whose address is not written to about this fact yet, and have them posted."""
    fact = fact_at_hand()
    taken = queries.addresses_written_to(fact.id)
    new = []
    for letter in letters:
        if letter.address not in taken:
            taken.add(letter.address)
            letter.fact_id = fact.id
            letter.locale = letter.locale if is_locale(letter.locale) else brand().locale
            new.append(letter)
    session.add_all(new)
    session.flush()
    for letter in new:
        record(LetterWritten(letter.id))


def _reason_to_skip_ticket(kind: str, ticket: Ticket) -> str | None:
    if kind == "address_changed":
        return None
    if ticket.used_at is not None or ticket.expires_at <= clock.now():
        return "stale"
    if ticket.person is not None and ticket.person.disabled_at is not None:
        return "gone"
    return None


def _is_unwanted(letter: Letter, person: Person) -> bool:
    if not policy.wants(person, letter.kind):
        return True
    by_topic = policy.LETTERS[letter.kind].by_topic and letter.topic_id is not None
    return by_topic and queries.has_declined(person, letter.topic_id or 0)


def _is_replied_to(letter: Letter) -> bool:
    asked = turns.question_back(letter.topic) if letter.topic is not None else None
    return asked is None or asked.id != letter.post_id


def _is_out_of_sight(letter: Letter, topic: Topic) -> bool:
    if letter.kind in {"moderated", "post_hidden", "report_decided"}:
        return False
    post = letter.post
    return topic.hidden_at is not None or (post is not None and post.hidden_at is not None)
