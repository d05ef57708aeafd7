"""Passkeys: what a browser is asked, and whether its answer holds. The only door to WebAuthn.

Which site a passkey is for, and from which pages it may be used, follows from PUBLIC_URL alone;
what a request claims about its host counts for nothing.
"""

from __future__ import annotations

import ipaddress
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from app.core import addresses, signing
from app.core.lazily import lazily

if TYPE_CHECKING:
    from collections.abc import Sequence

    import webauthn
    from webauthn import helpers
    from webauthn.helpers import structs

    from app.accounts.models import Passkey, Person

    Options = structs.PublicKeyCredentialCreationOptions | structs.PublicKeyCredentialRequestOptions
else:
    webauthn = lazily("webauthn")
    helpers, structs = lazily("webauthn.helpers"), lazily("webauthn.helpers.structs")

# Longer than any browser's answer with a name of 1023 bytes in it.
LONGEST_ANSWER = 20_000


class RefusedKeyError(ValueError):
    """The browser's answer does not hold: another key, challenge, site, or no answer at all."""


@dataclass(frozen=True)
class Question:
    """What the browser is asked; `challenge` stays here and must come back signed."""

    challenge: str
    options: str


@dataclass(frozen=True)
class Key:
    """The public half of a new passkey."""

    credential_id: str
    public_key: str
    sign_count: int
    transports: list[str]


def are_possible() -> bool:
    """Whether browsers offer passkeys where we are: at a name, over HTTPS or on this machine."""
    parts = urlsplit(addresses.front())
    host = parts.hostname or ""
    if host == "localhost":
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return parts.scheme == "https"
    return False


def to_add(person: Person, known: Sequence[Passkey], bank: str) -> Question:
    """Ask the device for a new key of this person's, other than those we know."""
    options = webauthn.generate_registration_options(
        rp_id=addresses.host(),
        rp_name=bank or addresses.host(),
        user_id=handle(person).encode(),
        user_name=person.email or person.name,
        user_display_name=person.name,
        exclude_credentials=_described(known),
        authenticator_selection=structs.AuthenticatorSelectionCriteria(
            resident_key=structs.ResidentKeyRequirement.REQUIRED,
            user_verification=structs.UserVerificationRequirement.REQUIRED,
        ),
    )
    return _question(options)


def added(answer: str, challenge: str) -> Key:
    """The key the device made; raises RefusedKeyError."""
    try:
        found = webauthn.verify_registration_response(
            credential=_read(answer),
            expected_challenge=webauthn.base64url_to_bytes(challenge),
            expected_rp_id=addresses.host(),
            expected_origin=_origin(),
            require_user_verification=True,
        )
    except Exception as error:  # a hostile answer fails in as many ways as CBOR and ASN.1 know
        raise RefusedKeyError from error
    said = _read(answer).get("response", {}).get("transports") or []
    return Key(
        helpers.bytes_to_base64url(found.credential_id),
        helpers.bytes_to_base64url(found.credential_public_key),
        found.sign_count,
        [t for t in said if t in _transports()],
    )


def to_prove(known: Sequence[Passkey] = ()) -> Question:
    """Ask for one of these keys; without any, for whichever the device holds for this site."""
    options = webauthn.generate_authentication_options(
        rp_id=addresses.host(),
        allow_credentials=_described(known),
        user_verification=structs.UserVerificationRequirement.REQUIRED,
    )
    return _question(options)


def _question(options: Options) -> Question:
    challenge = helpers.bytes_to_base64url(options.challenge)
    return Question(challenge, webauthn.options_to_json(options))


def named_in(answer: str) -> str:
    """Which key an answer claims to be of; raises RefusedKeyError."""
    name = _read(answer).get("id")
    if not isinstance(name, str):
        raise RefusedKeyError
    return name


def proved(answer: str, challenge: str, passkey: Passkey) -> int:
    """The key's count after this use; raises RefusedKeyError."""
    said = _read(answer)
    whose = (said.get("response") or {}).get("userHandle")
    if whose and whose != helpers.bytes_to_base64url(handle(passkey.person).encode()):
        raise RefusedKeyError
    try:
        found = webauthn.verify_authentication_response(
            credential=said,
            expected_challenge=webauthn.base64url_to_bytes(challenge),
            expected_rp_id=addresses.host(),
            expected_origin=_origin(),
            credential_public_key=webauthn.base64url_to_bytes(passkey.public_key),
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=True,
        )
    except Exception as error:  # likewise
        raise RefusedKeyError from error
    return found.new_sign_count


def handle(person: Person) -> str:
    """How a device knows a person: nothing that could be read back from it."""
    return signing.sign("passkey", person.id)


def _origin() -> str:
    parts = urlsplit(addresses.front())
    return f"{parts.scheme}://{parts.netloc}"


def _described(keys: Sequence[Passkey]) -> list[structs.PublicKeyCredentialDescriptor]:
    known = _transports()
    return [
        structs.PublicKeyCredentialDescriptor(
            id=webauthn.base64url_to_bytes(key.credential_id),
            transports=[known[t] for t in key.transports if t in known] or None,
        )
        for key in keys
    ]


def _transports() -> dict[str, structs.AuthenticatorTransport]:
    return {transport.value: transport for transport in structs.AuthenticatorTransport}


def _read(answer: str) -> dict[str, Any]:
    try:
        said = json.loads(answer[:LONGEST_ANSWER])
    except (ValueError, RecursionError):
        raise RefusedKeyError from None
    response = said.get("response") if isinstance(said, dict) else None
    if not isinstance(response, dict):
        raise RefusedKeyError
    return dict(said)
