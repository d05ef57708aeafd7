"""What accounts hold of a person: who they are, how they sign in, what they agreed to."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select

from app.accounts.models import (
    Absence,
    CodeApp,
    Consent,
    Guesses,
    NameRequest,
    OutsideIdentity,
    Passkey,
    Person,
    RecoveryCode,
    Session,
    Ticket,
)
from app.core import retention
from app.core.db import session
from app.core.events import Fact
from app.core.i18n import _l
from app.core.personal import (
    BANK,
    ERASED,
    NUMBER,
    Erasing,
    Section,
    Subject,
    holds,
    rows_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy import ColumnElement

SIGN_INS = ("SignedIn", "AddressConfirmed")
# A cookie dies after SESSION_DAYS at most; its row has no use after that.
UNUSED_SESSIONS, OLD_TICKETS, OLD_GUESSES = 90, 30, 30


def subject(person: Person) -> Subject:
    """Everything that names this person, wherever it may stand."""
    tickets = session.execute(
        select(Ticket.email, Ticket.guest).where(Ticket.person_id == person.id)
    ).all()
    signed_in = select(Fact.data).where(Fact.actor_id == person.id, Fact.name.in_(SIGN_INS))
    guests = {data.get("guest") for data in session.scalars(signed_in)}
    return Subject(
        person_id=person.id,
        name=person.given_name,
        addresses=frozenset(filter(None, [person.email, *(row.email for row in tickets)])),
        guests=frozenset(filter(None, [*guests, *(row.guest for row in tickets)])),
    )


def collect(of: Subject) -> Iterator[Section]:
    """The profile, and everything they sign in with."""
    person = session.get_one(Person, of.person_id)
    yield Section("profile", _l("Your profile"), PROFILE, [_profile(person)])
    yield Section(
        "consents",
        _l("What you agreed to"),
        {"document": _l("Document"), "version": _l("Version"), "at": _l("When")},
        [
            {"document": c.text.kind, "version": c.text.version, "at": c.at}
            for c in rows_of(Consent, Consent.person_id == person.id)
        ],
    )
    yield Section(
        "sessions",
        _l("Where you are signed in"),
        {"browser": _l("Browser"), "since": _l("Since"), "seen": _l("Last seen")},
        [
            {"browser": s.browser, "since": s.created_at, "seen": s.seen_at}
            for s in rows_of(Session, Session.person_id == person.id)
        ],
    )
    yield Section(
        "sign_in_means",
        _l("What you sign in with"),
        {"kind": _l("Kind"), "name": _l("Name"), "since": _l("Since")},
        _means(person),
    )
    yield Section(
        "mailed_links",
        _l("Links that were mailed to you"),
        {"purpose": _l("Purpose"), "address": _l("Address"), "at": _l("When")},
        [
            {"purpose": t.purpose, "address": t.email, "at": t.created_at}
            for t in rows_of(Ticket, Ticket.person_id == person.id)
        ],
    )
    yield Section(
        "absences",
        _l("When you were away"),
        {"from": _l("From"), "until": _l("Until"), "note": _l("Note")},
        [
            {"from": a.starts_at, "until": a.ends_at, "note": a.note}
            for a in rows_of(Absence, Absence.person_id == person.id)
        ],
    )
    yield Section(
        "events",
        _l("What you did here"),
        {"number": _l("Number"), "event": _l("Event"), "about": _l("About"), "at": _l("When")},
        [
            {"number": f.id, "event": f.name, "about": f.stream, "at": f.at}
            for f in rows_of(Fact, Fact.actor_id == person.id)
        ],
    )


def forget(erasing: Erasing) -> None:
    """Take everything from the row but its number, and with it every way in."""
    of = erasing.subject
    for model in (
        Session,
        Passkey,
        CodeApp,
        RecoveryCode,
        Guesses,
        OutsideIdentity,
        NameRequest,
        Absence,
    ):
        erasing.delete(model, model.person_id == of.person_id)
    mailed = [Ticket.person_id == of.person_id]
    if of.addresses:
        mailed.append(func.lower(Ticket.email).in_([a.lower() for a in of.addresses]))
    if of.guests:
        mailed.append(Ticket.guest.in_(of.guests))
    erasing.delete(Ticket, or_(*mailed))
    # That they agreed, and to what, is what a bank must be able to show; not where from.
    erasing.empty(
        Consent, {"address_hash": ""}, Consent.person_id == of.person_id, Consent.address_hash != ""
    )
    person = session.get_one(Person, of.person_id)
    for column, nothing in NOTHING.items():
        setattr(person, column, nothing)
    person.disabled_at = person.disabled_at or erasing.at
    person.erased_at = person.erased_at or erasing.at
    if erasing.words:
        person.words_erased_at = person.words_erased_at or erasing.at
    session.flush()
    erasing.count(Person)


NOTHING: dict[str, Any] = {
    "given_name": "",
    "skeleton": "",
    "email": None,
    "confirmed_at": None,
    "password_hash": None,
    "post": "",
    "about": "",
    "portrait": None,
    "locale": None,
    "timezone": None,
    "letters": {},
    "origin": None,
}
PROFILE = {
    "number": _l("Number"),
    "name": _l("Name"),
    "email": _l("E-mail"),
    "confirmed_at": _l("Address confirmed"),
    "role": _l("Role"),
    "post": _l("Post at the bank"),
    "about": _l("About you"),
    "language": _l("Language"),
    "timezone": _l("Time zone"),
    "letters": _l("Letters you chose"),
    "origin": _l("Brought in from"),
    "created_at": _l("Here since"),
}


def _profile(person: Person) -> dict[str, Any]:
    return {
        "number": person.id,
        "name": person.given_name,
        "email": person.email,
        "confirmed_at": person.confirmed_at,
        "role": person.role,
        "post": person.post,
        "about": person.about,
        "language": person.locale,
        "timezone": person.timezone,
        "letters": person.letters,
        "origin": person.origin,
        "created_at": person.created_at,
    }


def _means(person: Person) -> Iterator[dict[str, Any]]:
    if person.password_hash:
        yield {"kind": "password", "name": "", "since": None}
    for key in rows_of(Passkey, Passkey.person_id == person.id):
        yield {"kind": "passkey", "name": key.name, "since": key.created_at}
    for code_app in rows_of(CodeApp, CodeApp.person_id == person.id):
        yield {"kind": "code_app", "name": "", "since": code_app.created_at}
    for known in rows_of(OutsideIdentity, OutsideIdentity.person_id == person.id):
        yield {"kind": known.issuer, "name": known.subject, "since": known.linked_at}


def _unused(until: datetime) -> ColumnElement[bool]:
    return Session.seen_at < until


retention.keep(
    "sessions",
    UNUSED_SESSIONS,
    _l("Signed-in browsers nobody has used"),
    retention.Rows(Session, _unused, Session.person_id),
)
retention.keep(
    "tickets",
    OLD_TICKETS,
    _l("Links that were mailed: to confirm an address, to choose a password"),
    retention.Rows(
        Ticket,
        # An hour more than the longest of them lives.
        lambda until: (Ticket.created_at < until) & (Ticket.expires_at < until + timedelta(days=7)),
        Ticket.person_id,
    ),
)
retention.keep(
    "guesses",
    OLD_GUESSES,
    _l("Counts of wrong codes at signing in"),
    retention.Rows(Guesses, lambda until: Guesses.until < until, Guesses.person_id),
)

holds(
    "accounts",
    {
        "people.name": ERASED,
        "people.skeleton": ERASED,
        "people.email": ERASED,
        "people.password_hash": ERASED,
        "people.post": ERASED,
        "people.about": ERASED,
        "people.timezone": ERASED,
        "people.letters": ERASED,
        "people.origin": ERASED,
        "sessions.key_hash": ERASED,
        "sessions.person_id": ERASED,
        "sessions.data": ERASED,
        "sessions.browser": ERASED,
        "passkeys.person_id": ERASED,
        "passkeys.name": ERASED,
        "passkeys.credential_id": ERASED,
        "passkeys.public_key": ERASED,
        "passkeys.transports": ERASED,
        "code_apps.person_id": ERASED,
        "code_apps.secret": ERASED,
        "recovery_codes.person_id": ERASED,
        "recovery_codes.code_hash": ERASED,
        "guesses.person_id": ERASED,
        "absences.person_id": ERASED,
        "absences.substitute_id": NUMBER,
        "absences.note": ERASED,
        "absences.made_by_id": NUMBER,
        "outside_identities.person_id": ERASED,
        "outside_identities.issuer": ERASED,
        "outside_identities.subject": ERASED,
        "name_requests.person_id": ERASED,
        "name_requests.by_id": NUMBER,
        "tickets.person_id": ERASED,
        "tickets.email": ERASED,
        "tickets.guest": ERASED,
        "tickets.next": ERASED,
        "legal_texts.texts": BANK,
        "legal_texts.published_by_id": NUMBER,
        "consents.person_id": NUMBER,
        "consents.address_hash": ERASED,
    },
    collect=collect,
    forget=forget,
    order=90,
)
