"""Whose account it is that a provider vouches for, and in what role they come in.

An account is known by issuer and subject together, which nobody can choose. An e-mail address never
opens an account that is there: its owner signs in as before, and links the provider themselves.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from sqlalchemy import update

from app.accounts import factors, queries, service
from app.accounts.events import IdentityLinked, IdentityUnlinked
from app.accounts.models import OutsideIdentity, Person, Ticket
from app.accounts.outside import providers
from app.core import clock, names
from app.core.db import add_once, session
from app.core.events import record

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from app.accounts.outside.protocol import Vouched
    from app.accounts.outside.providers import Provider

log = logging.getLogger(__name__)

LONGEST_NAME, LONGEST_POST, LONGEST_EMAIL = 60, 120, 254


class RefusedEntryError(Exception):
    """The provider vouches for them, and they may not come in all the same."""


class NoRoleError(RefusedEntryError):
    """Nothing the provider for staff says of them makes them staff."""


class ShutOutError(RefusedEntryError):
    """An administrator has shut the account."""


class NotThisWayError(RefusedEntryError):
    """Staff come in through their own provider, customers through theirs."""


class AccountKnownError(RefusedEntryError):
    """There is an account with this e-mail: whoever has it links it, after signing in."""


class IdentityTakenError(RefusedEntryError):
    """Another account is linked with it, or this account with another one there."""


def enter(provider: Provider, vouched: Vouched, locale: str) -> Person | None:
    """Who comes in; None for a customer nobody knows yet, who has to choose a name."""
    known = queries.identity(vouched.issuer, vouched.subject)
    if provider.is_for_staff:
        return _colleague(provider, vouched, known, locale)
    if known is None:
        email = _proved_email(provider, vouched.claims)
        if email and _owner(email) is not None:
            raise AccountKnownError
        return None
    if known.person.is_staff:
        raise NotThisWayError
    return _let_in(known)


def join(provider: Provider, vouched: Vouched, name: str, locale: str) -> Person:
    """Open a customer's account; the name must have passed `check_name`."""
    if provider.is_for_staff:
        raise NotThisWayError
    email = _proved_email(provider, vouched.claims)
    return admit(vouched.issuer, vouched.subject, email, name, locale)


def admit(issuer: str, subject: str, email: str, name: str, locale: str) -> Person:
    """Open a customer's account for whom the bank vouches; `email`, when any, is proved there."""
    known = queries.identity(issuer, subject)
    if known is not None and known.person.is_staff:
        raise NotThisWayError
    if known is not None:  # they sent the form twice
        return _let_in(known)
    return _linked(_new(email, name, locale), issuer, subject)


def link(provider: Provider, vouched: Vouched, person: Person) -> None:
    """Let somebody who is signed in come in through the provider from now on."""
    known = queries.identity(vouched.issuer, vouched.subject)
    if known is not None and known.person_id == person.id:
        return
    if known is not None:
        raise IdentityTakenError
    if provider.is_for_staff != person.is_staff:
        raise NotThisWayError
    if provider.is_for_staff and role_in(provider, vouched.claims) is None:
        raise NoRoleError
    if any(i.issuer == vouched.issuer for i in queries.identities_of(person)):
        raise IdentityTakenError
    _linked(person, vouched.issuer, vouched.subject)
    if provider.is_for_staff:
        _take_role(provider, vouched, person)


def unlink(person: Person, identity: OutsideIdentity) -> None:
    """Forget that a provider knows them; another way in must remain."""
    if not may_unlink(person):
        raise NotThisWayError
    session.delete(identity)
    session.flush()
    record(IdentityUnlinked(person.id, identity.id), by=person.id)


def may_unlink(person: Person) -> bool:
    """Whether one provider less would still leave a way in."""
    other = person.password_hash is not None or bool(factors.of(person).passkeys)
    return other or len(queries.identities_of(person)) > 1


def role_in(provider: Provider, claims: Mapping[str, Any]) -> str | None:
    """The role that what the provider for staff says brings; of several the highest."""
    said = read(claims, provider.roles_claim) if provider.is_for_staff else None
    values = said if isinstance(said, list) else [said]
    held = {value for value in values if isinstance(value, str)}
    return next((r for r in providers.ROLES if held & provider.roles.get(r, frozenset())), None)


def is_strong(provider: Provider, claims: Mapping[str, Any]) -> bool:
    """Whether the provider asked for more than a password, as the operator reads its words."""
    amr = claims.get("amr")
    ways = {way for way in amr if isinstance(way, str)} if isinstance(amr, list) else set()
    return bool(ways & provider.strong_amr) or claims.get("acr") in provider.strong_acr


def was_asked(claims: Mapping[str, Any], since: datetime) -> bool:
    """Whether the provider asked them for a proof since then."""
    at = claims.get("auth_time")
    return isinstance(at, int | float) and not isinstance(at, bool) and at >= since.timestamp()


def read(claims: Mapping[str, Any], path: str) -> Any:
    """A claim by its name, or by a path into objects: `realm_access.roles`."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for step in path.split("."):
        found = found.get(step) if isinstance(found, dict) else None
    return found


def suggested_name(provider: Provider, claims: Mapping[str, Any]) -> str:
    """What somebody may be called, as the provider says; they choose for themselves."""
    return _text(claims, provider.name_claim)[:LONGEST_NAME]


def needed(provider: Provider, claims: Mapping[str, Any]) -> dict[str, Any]:
    """What of the claims is kept while a customer thinks of a name: no more than is shown."""
    kept = {"email_verified": claims.get("email_verified")}
    for path in (provider.name_claim, provider.email_claim):
        kept[path] = _text(claims, path)
    return kept


def _let_in(identity: OutsideIdentity) -> Person:
    if not identity.person.is_open:
        raise ShutOutError
    identity.used_at = clock.now()
    return identity.person


def _colleague(
    provider: Provider, vouched: Vouched, known: OutsideIdentity | None, locale: str
) -> Person:
    role = role_in(provider, vouched.claims)
    if role is None:
        if known is not None and known.person.is_staff:
            _out_of_staff(known.person)
        raise NoRoleError
    if known is None:
        return _hired(provider, vouched, role, locale)
    person = _let_in(known)
    _take_role(provider, vouched, person)
    return person


def _hired(provider: Provider, vouched: Vouched, role: str, locale: str) -> Person:
    email = _staff_email(provider, vouched.claims)
    if email and _owner(email) is not None:
        raise AccountKnownError
    name = suggested_name(provider, vouched.claims) or email.partition("@")[0]
    if names.fault(name) is not None:
        log.warning("%s: a colleague's name cannot be shown as it is written there", provider.key)
        raise NoRoleError
    person = _new(email, name, locale)
    # Staff before it is linked: who sees the one must see the other.
    service.hire(person, role, _text(vouched.claims, provider.post_claim)[:LONGEST_POST])
    return _linked(person, vouched.issuer, vouched.subject)


def _take_role(provider: Provider, vouched: Vouched, person: Person) -> None:
    """The role there becomes the role here, unless the house would be left without somebody."""
    role = role_in(provider, vouched.claims) or person.role
    post = _text(vouched.claims, provider.post_claim)[:LONGEST_POST] or person.post
    if (role, post) == (person.role, person.post):
        return
    try:
        service.appoint(None, person, role, post)
    except (service.LastAdministratorError, service.StillNeededError) as error:
        log.warning("person %s stays %s: %s", person.id, person.role, type(error).__name__)


def _out_of_staff(person: Person) -> None:
    """They hold no role there any more: they are out at once, whatever they answer for."""
    service.sign_out_everywhere(person)
    try:
        service.appoint(None, person, "customer", "")
    except service.LastAdministratorError:
        log.warning("person %s is the last administrator and stays so, signed out", person.id)
    except service.StillNeededError as error:
        # Categories still name them: the account is shut, and deputies and managers answer.
        log.warning("person %s is shut out, categories name them: %s", person.id, error)
        service.disable(person)


def _linked(person: Person, issuer: str, subject: str) -> Person:
    identity = OutsideIdentity(person_id=person.id, issuer=issuer, subject=subject)
    if not add_once(identity):
        raise IdentityTakenError
    record(IdentityLinked(person.id, identity.id), by=person.id)
    return person


def _new(email: str, name: str, locale: str) -> Person:
    """An account that nobody had; one that was begun and never proved is begun anew."""
    if email and _owner(email) is not None:
        raise AccountKnownError
    person = queries.by_email(email) if email else None
    if person is None:
        person = Person(email=email or None, name="")
        if not add_once(person):
            raise AccountKnownError
    # Whoever began it did not prove the address: their password and links count no more.
    person.password_hash, person.locale, person.confirmed_at = None, locale, clock.now()
    ending = update(Ticket).where(Ticket.person_id == person.id, Ticket.used_at.is_(None))
    session.execute(ending.values(used_at=clock.now()))
    service.rename(person, name)
    session.flush()
    return person


def _owner(email: str) -> Person | None:
    """Who has proved this address, or was invited at it by an administrator."""
    found = queries.by_email(email)
    proved = found is not None and (found.confirmed_at is not None or found.is_staff)
    return found if proved else None


def _proved_email(provider: Provider, claims: Mapping[str, Any]) -> str:
    """The address, when the provider says that it was proved."""
    return _email(provider, claims) if claims.get("email_verified") is True else ""


def _staff_email(provider: Provider, claims: Mapping[str, Any]) -> str:
    """A bank's own directory gives the addresses out, and mostly says nothing of proof."""
    return _email(provider, claims) if claims.get("email_verified", True) is True else ""


def _email(provider: Provider, claims: Mapping[str, Any]) -> str:
    return address(_text(claims, provider.email_claim))


def address(said: str) -> str:
    """An e-mail address as accounts have it; "" for what could be none."""
    said = said.lower()
    return said if "@" in said and " " not in said and len(said) <= LONGEST_EMAIL else ""


def _text(claims: Mapping[str, Any], path: str) -> str:
    said = read(claims, path) if path else None
    return " ".join(said.split()) if isinstance(said, str) else ""
