"""Asking from the bank's own pages: at once for whom the bank knows, else by a link in a letter.

From which page it was asked is kept from the moment of sending, as an enquiry, and tied to what
becomes of it: a topic, or a text that is read first.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from app.accounts import consents
from app.accounts import queries as people
from app.accounts import service as accounts
from app.core import allowed, clock
from app.core.bankdata import mask
from app.core.db import session
from app.core.events import record
from app.core.policy import PUBLIC
from app.topics import drafting, gate
from app.topics import queries as topics
from app.topics.models import KINDS
from app.topics.service import SENT_TWICE, Words
from app.widget import queries
from app.widget.events import AskedFromSite
from app.widget.models import Enquiry
from app.widget.service import identities, uses

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.accounts.models import LegalText, Person, Ticket
    from app.topics.gate import Held
    from app.topics.models import Category, Draft, Topic
    from app.widget.bearers import Bearer
    from app.widget.models import Site

LONGEST_PAGE: Final = 500
LONGEST_TITLE: Final = 200
MOST: Final = 10
LONGEST_NAME, LONGEST_SAID = 40, 200
# As short as what a host page calls its products; no sentences, no markup.
_NAME: Final = re.compile(rf"[\w .-]{{1,{LONGEST_NAME}}}")
# Who takes a text over to our own pages goes on with it soon, or begins another.
SOON: Final = timedelta(days=1)


@dataclass(frozen=True)
class From:
    """The page something is asked from, as it may be kept."""

    page: str = ""
    title: str = ""
    context: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Joining:
    """Somebody for whom the bank vouches, what they shall be called, and to what they agreed."""

    bearer: Bearer
    name: str
    texts: Sequence[LegalText]
    address: str | None


@dataclass(frozen=True)
class Mailed:
    """What a letter's link would publish. `person`: whose address it is, if they have an account.

    `category` is None when the chosen one is closed by now and the words tell of no other.
    """

    ticket: Ticket
    draft: Draft
    category: Category | None
    person: Person | None

    @property
    def fields(self) -> dict[str, Any]:
        """Kind, title and text as they were sent."""
        return {name: str(self.draft.fields.get(name) or "") for name in drafting.FIELDS}

    @property
    def texts(self) -> list[LegalText]:
        """What they have still to agree to."""
        known = self.person is not None and self.person.confirmed_at is not None
        return consents.missing(self.person) if known and self.person else consents.current()

    @property
    def needs_name(self) -> bool:
        """Whether everybody has yet to hear what to call them."""
        return self.person is None or self.person.confirmed_at is None

    def words(self, category: Category) -> Words:
        """The text as it will be published."""
        said = self.fields
        return Words(said["kind"], said["title"], said["body"], category, [])


def taken(site: Site, page: str, title: str, context: Mapping[str, object]) -> From:
    """Of what a host page says of itself, what may be kept.

    Only an address on the site itself, without its query and hash, where tokens and searches stand.
    """
    said = {n: _line(v, LONGEST_SAID) for n, v in context.items() if _is_said(n, v)}
    kept = [(name, value) for name, value in said.items() if value][:MOST]
    return From(_address(site, page), _line(title, LONGEST_TITLE), dict(kept))


def ask(
    site: Site, asker: Person, words: Words, asked_from: From, *, typed_in: float | None = None
) -> Topic | Held:
    """Publish it, or have it read first; raises gate.RefusedError."""
    done = gate.ask(asker, words, typed_in=typed_in)
    enquiry = _enquiry(site, asked_from)
    enquiry.person_id = asker.id
    _tie(enquiry, done)
    return done


def join_and_ask(
    site: Site, joining: Joining, words: Words, asked_from: From, *, typed_in: float | None = None
) -> tuple[Person, Topic | Held]:
    """Likewise of a customer of the bank's who writes here for the first time.

    Raises gate.RefusedError and identities.AccountKnownError, and then nothing has happened.
    """
    with session.begin_nested():
        person = identities.join(
            joining.bearer, joining.name, joining.texts, address=joining.address
        )
        return person, ask(site, person, words, asked_from, typed_in=typed_in)


def send_link(
    site: Site, email: str, fields: Mapping[str, str], asked_from: From, locale: str
) -> None:
    """Keep the text, and mail its writer the link that publishes it. Sent twice, mailed once.

    Who may not publish with this address is told so by mail; nothing of theirs is kept.
    """
    email = email.strip().lower()
    if _was_mailed(email, fields):
        return
    guest = secrets.token_hex(32)
    ticket = accounts.ask_to_publish(email, locale, guest)
    if ticket.purpose != "publish":
        return
    drafting.keep(PUBLIC, guest, "new", dict(fields))
    enquiry = _enquiry(site, asked_from)
    enquiry.guest = guest
    session.add(enquiry)
    session.flush()


def mailed(ticket: Ticket | None) -> Mailed | None:
    """What a ticket would publish; None when there is nothing any more."""
    draft = topics.draft("new", person_id=None, guest=ticket.guest) if ticket else None
    if ticket is None or draft is None or draft.fields.get("kind") not in KINDS:
        return None
    open_ones = {str(c.id): c for c in topics.categories()}
    category = open_ones.get(str(draft.fields.get("category_id")))
    if category is None:
        said = f"{draft.fields.get('title')} {draft.fields.get('body')}"
        category = topics.category_for(said, open_ones.values())
    return Mailed(ticket, draft, category, accounts.owner_of(ticket))


def arrive(asked: Mailed, name: str, address: str | None) -> Person:
    """The address is proved: open its account, or find it, and write down what was agreed to."""
    texts = asked.texts
    person = accounts.open_account(asked.ticket, name)
    consents.agree(person, texts, "question", address)
    return person


def publish(
    asked: Mailed, category: Category, name: str, address: str | None
) -> tuple[Person, Topic | Held]:
    """Publish what was mailed, in the name of whoever proved their address.

    Raises gate.RefusedError, and then nothing has happened: the link is as good as before.
    """
    with session.begin_nested():
        person = arrive(asked, name, address)
        done = gate.ask(person, asked.words(category))
        enquiry = queries.enquiry_of_guest(asked.ticket.guest)
        if enquiry is not None:
            enquiry.guest, enquiry.person_id = None, person.id
            _tie(enquiry, done)
        session.delete(asked.draft)
        session.flush()
    return person, done


def take_over(asked: Mailed, name: str, address: str | None) -> Person:
    """Let them go on with it on our own pages, where it is their draft now."""
    person = arrive(asked, name, address)
    # What they are about to change is the newest of what they have begun.
    asked.draft.changed_at = clock.now()
    session.flush()
    drafting.adopt(person.id, asked.ticket.guest)
    enquiry = queries.enquiry_of_guest(asked.ticket.guest)
    if enquiry is not None:
        enquiry.guest, enquiry.person_id, enquiry.at = None, person.id, clock.now()
        session.flush()
    return person


def enquiry_of(topic: Topic) -> Enquiry | None:
    """From which page a topic was asked."""
    return queries.enquiry_of(topic.id)


def follow_the_text(submission_id: int, topic_id: int) -> None:
    """What waited to be read is a topic now."""
    enquiry = queries.enquiry_of_text(submission_id)
    if enquiry is not None and enquiry.topic_id is None:
        _tied(enquiry, topic_id)


def follow_who_went_on(
    asker_id: int, *, topic_id: int | None = None, submission_id: int | None = None
) -> None:
    """Somebody who took a text over to our own pages has sent it there."""
    enquiry = queries.enquiry_begun(asker_id, clock.now() - SOON)
    if enquiry is None or topics.draft("new", person_id=asker_id, guest=None) is None:
        return
    _count(enquiry)
    if topic_id is not None:
        _tied(enquiry, topic_id)
    else:
        enquiry.submission_id = submission_id
        session.flush()


def _enquiry(site: Site, asked_from: From) -> Enquiry:
    return Enquiry(
        site=site,
        page=asked_from.page,
        page_title=asked_from.title,
        context=dict(asked_from.context or {}),
        at=clock.now(),
    )


def _tie(enquiry: Enquiry, done: Topic | Held) -> None:
    """Once: the same form sent twice is one topic, asked from one page."""
    if isinstance(done, gate.Held):
        known = queries.enquiry_of_text(done.number)
    else:
        known = queries.enquiry_of(done.id)
    if known is not None:
        if enquiry.id is not None:
            session.delete(enquiry)
            session.flush()
        return
    session.add(enquiry)
    _count(enquiry)
    if isinstance(done, gate.Held):
        enquiry.submission_id = done.number
        session.flush()
    else:
        session.flush()
        _tied(enquiry, done.id)


def _tied(enquiry: Enquiry, topic_id: int) -> None:
    enquiry.topic_id = topic_id
    session.flush()
    record(AskedFromSite(topic_id, enquiry.id), by=enquiry.person_id)


def _count(enquiry: Enquiry) -> None:
    if enquiry.site is not None:
        uses.count(enquiry.site, enquiry.page, asked=1)


def _was_mailed(email: str, fields: Mapping[str, str]) -> bool:
    """Whether this is the same form sent twice."""
    for ticket in people.tickets_to(email, "publish", clock.now() - SENT_TWICE):
        draft = topics.draft("new", person_id=None, guest=ticket.guest)
        if draft is not None and all(
            str(draft.fields.get(name) or "") == value for name, value in fields.items()
        ):
            return True
    return False


def _is_said(name: object, value: object) -> bool:
    return isinstance(name, str) and isinstance(value, str) and bool(_NAME.fullmatch(name))


def _address(site: Site, page: str) -> str:
    try:
        parts = urlsplit(page.strip())
        origin = f"{parts.scheme}://{parts.netloc}".lower()
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"} or origin not in {o.origin for o in site.origins}:
        return ""
    return _line(parts._replace(query="", fragment="").geturl(), LONGEST_PAGE)


def _line(text: object, longest: int) -> str:
    """One line, cut, without bank data: what was escaped when it was sent is plain by now."""
    plain = "".join(c if c.isprintable() else " " for c in str(text))
    return mask(" ".join(plain.split()), allowed.fresh()).text[:longest]
