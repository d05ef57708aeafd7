"""Whom the bank's site has identified: whose account here that is, and how somebody gets one.

A customer is known by issuer and subject together, as everybody is for whom somebody vouches; an
e-mail address never opens an account that is there. Staff never come in this way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.accounts import consents
from app.accounts import queries as accounts
from app.accounts.outside import entering, providers
from app.accounts.outside.entering import AccountKnownError
from app.core import clock
from app.core.i18n import locale_code
from app.privacy import queries as privacy
from app.widget import queries, tokens
from app.widget.bearers import Bearer
from app.widget.tokens import Reason, RefusedTokenError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.accounts.models import LegalText, OutsideIdentity, Person
    from app.widget.models import Site
    from app.widget.tokens import Claims

__all__ = ["AccountKnownError", "GoneError", "identify", "join", "whose"]

# How often it is written down that somebody was there.
SELDOM: Final = tokens.SELDOM


class GoneError(Exception):
    """What the frame was given counts no more."""


def identify(site: Site, claims: Claims) -> tuple[Bearer, Person | None]:
    """What the frame shall carry, and whose account that is, if any's.

    Raises RefusedTokenError for whom may not come in this way. Nobody gets an account here before
    they write: until then the bank's customers leave nothing with us by reading.
    """
    provider = providers.of_issuer(claims.issuer)
    if provider is not None and provider.is_for_staff:
        raise RefusedTokenError(Reason.STAFF)
    known = accounts.identity(claims.issuer, claims.subject)
    if known is not None:
        _let_in(known)
    person = known.person if known is not None else None
    bearer = Bearer(
        site_key=site.key,
        key_id=claims.key_id,
        issuer=claims.issuer,
        subject=claims.subject,
        name=claims.name[: entering.LONGEST_NAME],
        email=entering.address(claims.email),
        person_id=person.id if person is not None else None,
        issued_at=clock.now(),
    )
    return bearer, person


def whose(bearer: Bearer) -> Person | None:
    """Their account; None for whom has none yet. Raises GoneError when the bearer is worth nothing.

    That is so when its site is shut or another's, the key is retired that brought it, the identity
    was unlinked, or the person is shut out, works for the bank, or has ended their sessions since.
    """
    if not queries.still_vouches(bearer.site_key, bearer.key_id, bearer.issuer):
        raise GoneError
    known = accounts.identity(bearer.issuer, bearer.subject)
    if known is None:
        if bearer.person_id is not None:
            raise GoneError
        return None
    person = known.person
    if bearer.person_id not in {None, person.id} or person.is_staff or not person.is_active:
        raise GoneError
    if known.ended_at is not None and bearer.issued_at <= known.ended_at:
        raise GoneError
    return person


def join(
    bearer: Bearer, name: str, texts: Sequence[LegalText], *, address: str | None = None
) -> Person:
    """Open their account, for they write now; the name must have passed `check_name`.

    `texts` is what they agreed to, from `address`. Raises AccountKnownError when the e-mail has an
    account: whoever has that proves the address as every guest does. Twice is once.
    """
    email, locale = bearer.email, locale_code()
    person = entering.admit(bearer.issuer, bearer.subject, email, name, locale)
    consents.agree(person, texts, "sign_up", address)
    return person


def _let_in(known: OutsideIdentity) -> None:
    if known.person.is_staff:
        raise RefusedTokenError(Reason.STAFF)
    # Somebody who asked to be erased says first, on a page of ours, whether they stay.
    if not known.person.is_active or privacy.waiting_erasure(known.person_id) is not None:
        raise RefusedTokenError(Reason.SHUT_OUT)
    at = clock.now()
    if known.used_at < at - SELDOM:
        known.used_at = at
