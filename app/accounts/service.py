"""Signing up, in and out, proving an address, changing who one is.

Nothing here tells whether an address has an account: every path issues a ticket, hashes a password
once, and answers the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, or_, select, update
from sqlalchemy.exc import IntegrityError

from app.accounts import passwords, queries
from app.accounts.events import (
    AddressChanged,
    AddressConfirmed,
    PasswordChanged,
    PersonChanged,
    PersonLetIn,
    PersonShutOut,
    ProvedAgain,
    RoleGiven,
    SessionsEnded,
    SignedIn,
    SignInFailed,
    TicketIssued,
)
from app.accounts.models import NameRequest, OutsideIdentity, Person, Session, Ticket
from app.brand.queries import brand
from app.core import clock, names, signing
from app.core.db import add_once, row_id, session
from app.core.events import record
from app.media import images

LIFETIMES = {
    "confirm": timedelta(days=2),
    "known": timedelta(days=2),
    "reset": timedelta(hours=1),
    # It may find somebody on leave.
    "invite": timedelta(days=7),
    "absent": timedelta(hours=1),
    "change": timedelta(days=1),
    "link": timedelta(minutes=15),
    "no_link": timedelta(minutes=15),
    # A question written on the bank's site waits so long for its asker's address to be proved.
    "publish": timedelta(days=7),
    "no_publish": timedelta(days=7),
}


# Characters of the address to go on to: as many as its column holds.
LONGEST_NEXT = 500


class NameTakenError(ValueError):
    """The name looks like one of the bank's people or the bank itself."""


class NameFaultError(NameTakenError):
    """Nobody may have a name drawn like this; `fault` is one of `names.fault`."""

    def __init__(self, fault: str) -> None:
        super().__init__(fault)
        self.fault = fault


class WrongPasswordError(ValueError):
    """The password is not this person's."""


class LastAdministratorError(ValueError):
    """Nobody would be left to keep the accounts."""


class StillNeededError(ValueError):
    """Customers would wait for nobody; `names` says where this person has to be replaced first.

    Raised by whoever knows what a person answers for, when they are about to go.
    """

    def __init__(self, names: list[str]) -> None:
        super().__init__(", ".join(names))
        self.names = names


class SuspendedError(ValueError):
    """It is them, and they may not sign in for now."""

    def __init__(self, person: Person) -> None:
        super().__init__(person.id)
        self.person = person


class OneselfError(ValueError):
    """Nobody shuts themselves out."""


class AddressTakenError(ValueError):
    """The new address got an account since the letter was sent."""


def sign_up(
    *,
    name: str,
    email: str,
    password: str,
    locale: str,
    timezone: str | None = None,
    guest: str | None = None,
    next_page: str | None = None,
) -> Ticket:
    """Open an unconfirmed account and mail a link; a known address gets another letter instead.

    The name must have passed `check_name`.
    """
    email = email.strip().lower()
    password_hash = passwords.hashed(password)
    known = queries.by_email(email)
    if known is not None and known.confirmed_at is not None:
        return issue("known", known, email, locale, guest=guest, next_page=next_page)

    def begin(person: Person) -> Person:
        rename(person, name)
        person.password_hash = password_hash
        person.locale, person.timezone = locale, timezone
        return person

    # A new one goes in whole: the fewer statements, the less an unknown address differs.
    new = begin(Person(email=email, name="")) if known is None else None
    if new is not None and add_once(new):
        return issue("confirm", new, email, locale, guest=guest, next_page=next_page)
    person = begin(known or queries.by_address(email))
    # The letter of an earlier try would open the account with the password of this one.
    _end_tickets(person, "confirm")
    return issue("confirm", person, email, locale, guest=guest, next_page=next_page)


def _begun(email: str) -> Person:
    """A new account that nobody has proved yet; the same one to two who begin it at once."""
    person = Person(email=email, name="")
    return person if add_once(person) else queries.by_address(email)


def _end_tickets(person: Person, *purposes: str) -> None:
    """The person's links of these purposes (of any, when none is named) open nothing any more."""
    ending = update(Ticket).where(Ticket.person_id == person.id, Ticket.used_at.is_(None))
    if purposes:
        ending = ending.where(Ticket.purpose.in_(purposes))
    session.execute(ending.values(used_at=clock.now()))


def issue(
    purpose: str,
    person: Person | None,
    email: str,
    locale: str,
    *,
    guest: str | None = None,
    next_page: str | None = None,
    by: Person | None = None,
) -> Ticket:
    """Write a ticket and the fact that it is to be mailed."""
    at = clock.now()
    ticket = Ticket(
        purpose=purpose,
        person_id=person.id if person else None,
        email=email,
        locale=locale,
        guest=guest,
        # A page too far away to be remembered is not worth losing an account for.
        next=next_page if next_page and len(next_page) <= LONGEST_NEXT else None,
        created_at=at,
        expires_at=at + LIFETIMES[purpose],
    )
    session.add(ticket)
    session.flush()
    # Whoever types an address in need not be the one it belongs to; and naming the one who has it
    # would take longer than naming nobody. Only who is signed in asks for another address.
    doer = by or (person if purpose == "change" else None)
    record(TicketIssued(ticket.id), by=doer.id if doer else None)
    return ticket


def token(ticket: Ticket) -> str:
    """What the mailed link carries."""
    return f"{ticket.id}.{_signature(ticket)}"


def ticket_for(text: str, *purposes: str) -> Ticket | None:
    """The live ticket a link's token stands for; None when forged, used, expired or another's."""
    number, _, signature = text.partition(".")
    ticket = queries.ticket(row_id(number))
    if ticket is None or ticket.purpose not in purposes:
        return None
    if ticket.used_at is not None or ticket.expires_at <= clock.now():
        return None
    return ticket if signing.is_signed(signature, "ticket", *_about(ticket)) else None


def _signature(ticket: Ticket) -> str:
    return signing.sign("ticket", *_about(ticket))


def _about(ticket: Ticket) -> tuple[object, ...]:
    # The password's hash is part of it: the link dies with the password it would replace.
    replaces = ticket.purpose in {"reset", "invite"}
    known = ticket.person.password_hash if ticket.person and replaces else ""
    return ticket.id, ticket.purpose, ticket.email, int(ticket.created_at.timestamp()), known


def confirm(ticket: Ticket) -> Person:
    """The address is proved: open the account for signing in."""
    person = ticket.person
    if person is None:
        raise ValueError(ticket.id)
    ticket.used_at = clock.now()
    if person.confirmed_at is None:
        person.confirmed_at = clock.now()
    session.flush()
    record(AddressConfirmed(person.id, ticket.guest), by=person.id)
    return person


def authenticate(email: str, password: str) -> Person | None:
    """The person with this address and password, if they may sign in; always one hash of work.

    Raises SuspendedError for somebody who may not for now: they are told so, and why.
    """
    person = queries.by_email(email)
    fits = passwords.fits(person.password_hash if person else None, password)
    if person is not None and fits and person.is_suspended and person.disabled_at is None:
        raise SuspendedError(person)
    if person is None or not fits or not person.is_active:
        record(SignInFailed(person.id if person else None, "password"))
        return None
    if passwords.is_outdated(person.password_hash or ""):
        person.password_hash = passwords.hashed(password)
    return person


def note_sign_in(
    person: Person, guest: str | None, method: str = "password", second: str = ""
) -> None:
    """Record a sign-in; what the guest had begun becomes theirs."""
    record(SignedIn(person.id, guest, method, second), by=person.id)


def note_proof(person: Person, method: str) -> None:
    """Record that somebody signed in proved again who they are."""
    record(ProvedAgain(person.id, method), by=person.id)


def note_failure(person: Person, method: str) -> None:
    """Record that somebody could not."""
    record(SignInFailed(person.id, method))


def ask_link(email: str, locale: str, *, next_page: str | None = None) -> Ticket:
    """Mail a link that signs in once; whoever may not come in that way is told so by mail only.

    Staff may not: who reads a colleague's mail would answer in the bank's name.
    """
    email = email.strip().lower()
    person = queries.by_email(email)
    if person is None or not person.is_open or person.is_staff:
        known = person if person is not None and person.is_open else None
        return issue("no_link", known, email, locale)
    return issue("link", person, email, person.locale or locale, next_page=next_page)


def use_link(ticket: Ticket) -> Person | None:
    """Whose link it is, once; None when they may not come in that way any more."""
    ticket.used_at = clock.now()
    person = ticket.person
    if person is None or not person.is_open or person.is_staff:
        record(SignInFailed(person.id if person else None, "link"))
        return None
    return person


def ask_to_publish(email: str, locale: str, guest: str) -> Ticket:
    """Mail a link that publishes the draft of `guest`; who may not is told so by mail only.

    Staff may not, as with `ask_link`; nor does anybody whose account is shut for now or for good.
    """
    email = email.strip().lower()
    person = queries.by_email(email)
    if person is not None and _is_barred(person):
        known = person if person.disabled_at is None else None
        return issue("no_publish", known, email, locale)
    locale = (person.locale if person else None) or locale
    return issue("publish", person, email, locale, guest=guest)


def take_question(ticket: Ticket) -> Ticket | None:
    """The ticket, ours until commit; None when somebody was first, or its person is barred now."""
    query = select(Ticket).where(Ticket.id == ticket.id, Ticket.used_at.is_(None))
    query = query.with_for_update(of=Ticket).execution_options(populate_existing=True)
    held = session.scalars(query).unique().first()
    if held is None:
        return None
    person = owner_of(held)
    return None if person is not None and _is_barred(person) else held


def owner_of(ticket: Ticket) -> Person | None:
    """Whose address a ticket proves, though their account be younger than the ticket."""
    return ticket.person or queries.by_email(ticket.email)


def open_account(ticket: Ticket, name: str) -> Person:
    """The proved address' account, made now when there is none; the ticket has done its work.

    One that was begun and never proved is begun anew: whoever began it proved nothing, so their
    password and links count no more. The name must have passed `check_name`.
    """
    person = owner_of(ticket) or _begun(ticket.email)
    ticket.used_at, ticket.person_id = clock.now(), person.id
    if person.confirmed_at is None:
        person.password_hash, person.locale = None, ticket.locale
        _end_tickets(person, *(LIFETIMES.keys() - {"publish"}))
        rename(person, name)
        person.confirmed_at = clock.now()
        session.flush()
        record(AddressConfirmed(person.id, None), by=person.id)
    session.flush()
    return person


def _is_barred(person: Person) -> bool:
    return person.is_staff or person.disabled_at is not None or person.is_suspended


def ask_reset(email: str, locale: str) -> Ticket:
    """Mail a link for a new password; an address without an account is told so by mail only."""
    email = email.strip().lower()
    person = queries.by_email(email)
    if person is None or person.disabled_at is not None:
        return issue("absent", None, email, locale)
    return issue("reset", person, email, person.locale or locale)


def reset(ticket: Ticket, password: str) -> Person:
    """Set a new password by a mailed link. Proves the address, ends every session."""
    person = ticket.person
    if person is None:
        raise ValueError(ticket.id)
    ticket.used_at = clock.now()
    person.confirmed_at = person.confirmed_at or clock.now()
    _set_password(person, password)
    return person


def change_password(person: Person, old: str, new: str, *, keep: str | None = None) -> None:
    """Set a new password; `keep` is the key hash of the session that stays."""
    check_password(person, old)
    _set_password(person, new, keep=keep)


def check_password(person: Person, password: str) -> None:
    """Raise WrongPasswordError unless it is theirs."""
    if not passwords.fits(person.password_hash, password):
        raise WrongPasswordError


def _set_password(person: Person, password: str, *, keep: str | None = None) -> None:
    person.password_hash = passwords.hashed(password)
    session.flush()
    sign_out_everywhere(person, keep=keep)
    # Whoever knew the old one may have asked for links, to an address of theirs perhaps.
    _end_tickets(person)
    record(PasswordChanged(person.id), by=person.id)


def set_password(person: Person, password: str) -> None:
    """Give a person made by a command or a colleague their first password."""
    person.password_hash = passwords.hashed(password)


def ask_change_of_address(person: Person, email: str, password: str, locale: str) -> Ticket:
    """Mail a link to the new address; nothing changes until it is used."""
    if person.password_hash is not None:
        check_password(person, password)
    email = email.strip().lower()
    if queries.by_email(email) is not None:
        return issue("known", queries.by_email(email), email, locale)
    return issue("change", person, email, locale)


def change_address(ticket: Ticket) -> Person:
    """Move to the proved address; raises AddressTakenError when it got an account meanwhile."""
    person = ticket.person
    if person is None:
        raise ValueError(ticket.id)
    if queries.by_email(ticket.email) is not None:
        raise AddressTakenError
    ticket.used_at = clock.now()
    old, new = person.email or "", ticket.email
    try:
        with session.begin_nested():
            person.email = new
    except IntegrityError:
        raise AddressTakenError from None
    # From here on the ticket remembers the address that was left, so that it can be told.
    ticket.email = old
    # What was mailed to the old address is no longer theirs to use.
    _end_tickets(person)
    record(AddressChanged(person.id, ticket.id), by=person.id)
    return person


def sign_out_everywhere(person: Person, *, keep: str | None = None) -> None:
    """End the person's sessions, except the one whose key hash is `keep`."""
    ending = delete(Session).where(Session.person_id == person.id)
    if keep is not None:
        ending = ending.where(Session.key_hash != keep)
    session.execute(ending)
    # On the bank's own site there is no session to end, only what was given there before now.
    known = update(OutsideIdentity).where(OutsideIdentity.person_id == person.id)
    session.execute(known.values(ended_at=clock.now()))


def sign_out_of(person: Person, session_id: int) -> None:
    """End one of the person's sessions."""
    session.execute(delete(Session).where(Session.id == session_id, Session.person_id == person.id))
    record(SessionsEnded(person.id, "one"), by=person.id)


def sign_out_others(person: Person, keep: str | None) -> None:
    """End all of the person's sessions but the one whose key hash is `keep`."""
    sign_out_everywhere(person, keep=keep)
    record(SessionsEnded(person.id, "others"), by=person.id)


def end_sessions(administrator: Person, person: Person) -> None:
    """Sign somebody out of every browser; they may sign in again."""
    sign_out_everywhere(person)
    record(SessionsEnded(person.id, "all"), by=administrator.id)


def check_name(name: str, bank: str, *, person: Person | None = None) -> None:
    """Raise NameFaultError for a name nobody may have, NameTakenError for one that is another's.

    Only a customer's name could be taken for the bank's; how a name is drawn binds everybody.
    """
    fault = names.fault(name)
    if fault is not None:
        raise NameFaultError(fault)
    if person is not None and person.is_staff:
        return
    if could_be_taken(name, bank):
        raise NameTakenError


def could_be_taken(name: str, bank: str) -> bool:
    """Whether a customer of this name could be taken for the bank, or for one of its people."""
    if names.is_reserved(name, brand().reserved_names) or names.is_the_banks(name, bank):
        return True
    return any(names.takes(name, theirs) for theirs in queries.staff_names())


def looks_like_staff(looks: int) -> bool:
    """Whether a picture (by its perceptual hash) is the portrait of one of the bank's people."""
    return any(images.alike(looks, int(known, 16)) for known in queries.staff_looks())


def rename(person: Person, name: str) -> None:
    """Give a person a name and its skeleton; who was asked for another name has given one."""
    person.name = " ".join(name.split())
    person.skeleton = names.skeleton(person.name)
    if person.id is not None:
        session.execute(delete(NameRequest).where(NameRequest.person_id == person.id))


def fold_names_anew() -> None:
    """Fold the names again whose skeletons were drawn by earlier rules; after an upgrade."""
    old = [Person.skeleton.contains(drawn) for drawn in ("l", "з", "ı", "һ")]
    seen = [Person.name.contains(drawn) for drawn in ("5", "6", "|")]
    for person in session.scalars(select(Person).where(or_(*old, *seen))):
        person.skeleton = names.skeleton(person.name)
    session.flush()


def note_change(person: Person, by: Person | None = None) -> None:
    """Record that a person's public face changed."""
    session.flush()
    record(PersonChanged(person.id), by=(by or person).id)


def hire(person: Person, role: str, post: str, *, by: Person | None = None) -> None:
    """Give a person a role at the bank and a post; ends a customer's look-alikes on next rename."""
    if person.role != role:
        person.role = role
        session.flush()
        record(RoleGiven(person.id, role), by=by.id if by else None)
    person.post = post
    note_change(person, by)


def appoint(administrator: Person | None, person: Person, role: str, post: str) -> None:
    """Change somebody's role and post; raises LastAdministratorError and StillNeededError.

    `administrator` is None when the bank's own directory says so.
    """
    if role != "administrator":
        _keep_an_administrator(person)
    with session.begin_nested():
        # A customer has no post at the bank.
        hire(person, role, "" if role == "customer" else post, by=administrator)


@dataclass(frozen=True)
class Invitation:
    """Whom the administrator asks in, and as what."""

    name: str
    email: str
    role: str
    post: str
    locale: str


def invite(administrator: Person, invitation: Invitation) -> Ticket:
    """Open an account for a member of staff, who sets their password by a mailed link.

    Raises AddressTakenError when somebody proved that address already.
    """
    email = invitation.email.strip().lower()
    known = queries.by_email(email)
    if known is not None and known.confirmed_at is not None:
        raise AddressTakenError
    person = known or _begun(email)
    rename(person, invitation.name)
    # Whoever began an account with this address did not prove it: their password counts no more.
    person.password_hash, person.locale = None, invitation.locale
    session.flush()
    hire(person, invitation.role, invitation.post, by=administrator)
    return issue("invite", person, email, invitation.locale, by=administrator)


def shut_out(administrator: Person, person: Person) -> None:
    """Disable an account; raises LastAdministratorError, OneselfError and StillNeededError."""
    if administrator.id == person.id:
        raise OneselfError
    _keep_an_administrator(person)
    with session.begin_nested():
        disable(person)
        record(PersonShutOut(person.id), by=administrator.id)


def let_in(administrator: Person, person: Person) -> None:
    """Open a disabled account again; its sessions and links stay dead."""
    if person.disabled_at is None:
        return
    person.disabled_at = None
    session.flush()
    record(PersonLetIn(person.id), by=administrator.id)


def _keep_an_administrator(person: Person) -> None:
    if person.role == "administrator" and not queries.other_administrators(person):
        raise LastAdministratorError


def disable(person: Person) -> None:
    """Shut a person out at once, on every browser."""
    person.disabled_at = clock.now()
    sign_out_everywhere(person)
    _end_tickets(person)
