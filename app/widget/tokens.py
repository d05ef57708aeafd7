"""What the bank's site says of who reads its page: a token it signed, checked claim by claim.

Nothing a token says of itself decides how it is checked. Which keys there are, and what each signs
with, stands in our own tables; its header may only name one of this site's keys, and a header with
anything else in it (an address to fetch a key from, a key, a "critical" wish) is refused unread.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from app.core import addresses, clock
from app.core.db import add_once
from app.core.lazily import lazily
from app.core.sealing import BrokenSealError, unseal
from app.widget import queries
from app.widget.models import UsedToken
from app.widget.service.keys import SEALED_FOR

if TYPE_CHECKING:
    from collections.abc import Mapping

    from joserfc import errors, jwk, jws, jwt

    from app.widget.models import SigningKey, Site
else:
    jws, jwt, jwk = (lazily(f"joserfc.{name}") for name in ("jws", "jwt", "jwk"))
    errors = lazily("joserfc.errors")

LONGEST: Final = 4096
LONGEST_TEXT: Final = 255
# In seconds: how long a token may live, and how far the bank's clock and ours may be apart.
LIFETIME, LEEWAY = 300, 30
# Bytes of a secret, as many as HS256 makes of it.
SHORTEST_SECRET: Final = 32
# How often it is written down that a key is in use.
SELDOM: Final = timedelta(minutes=10)
HEADER: Final = {"alg", "kid", "typ"}
CURVE: Final = "Ed25519"


class Reason(StrEnum):
    """Why somebody is not known by a token: for the log and the figures, never for who sent it."""

    MALFORMED = "malformed"
    HEADER = "header"
    KEY = "key"
    ALGORITHM = "algorithm"
    SIGNATURE = "signature"
    CLAIMS = "claims"
    ISSUER = "issuer"
    AUDIENCE = "audience"
    LIFETIME = "lifetime"
    EARLY = "early"
    EXPIRED = "expired"
    ORIGIN = "origin"
    REPLAYED = "replayed"
    # The token is good, and whom it names may not come in this way.
    STAFF = "staff"
    SHUT_OUT = "shut_out"


class RefusedTokenError(Exception):
    """Nobody is known by this token."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True)
class Claims:
    """What a token says, checked; `email` only when the bank has proved it."""

    issuer: str
    subject: str
    name: str
    email: str
    key_id: int


def verify(site: Site, token: str, origin: str) -> Claims:
    """Whom the site vouches for, on a page of `origin`; raises RefusedTokenError.

    Whoever comes second with the same token is refused: it is used up, and the caller commits.
    """
    header = _header(token)
    key = _key(site, header)
    said = _signed(key, token)
    _check(site, said, origin)
    _spend(site, said)
    _note_use(key)
    proved = said.get("email_verified") is True
    return Claims(
        issuer=said["iss"],
        subject=said["sub"],
        name=_text(said, "name"),
        email=_text(said, "email") if proved else "",
        key_id=key.id,
    )


def _of_one(algorithm: str) -> jws.JWSRegistry:
    """Knows what this key signs with, and nothing else."""
    registry = jws.JWSRegistry(algorithms=[algorithm])

    def get_alg(name: str) -> Any:
        # Not its own way, which warns of the name that every library still writes.
        _require(name == algorithm, Reason.ALGORITHM)
        return registry.algorithms[name]

    registry.get_alg = get_alg  # type: ignore[method-assign]
    return registry


def _header(token: str) -> Mapping[str, Any]:
    _require(len(token) <= LONGEST and token.isascii(), Reason.MALFORMED)
    _require(token.count(".") == 2, Reason.MALFORMED)  # noqa: PLR2004 (a sealed token has four)
    try:
        header = jws.extract_compact(token.encode()).headers()
    except (errors.JoseError, ValueError, TypeError, RecursionError):
        raise RefusedTokenError(Reason.MALFORMED) from None
    _require(header.keys() <= HEADER, Reason.HEADER)
    _require(str(header.get("typ", "JWT")).upper() == "JWT", Reason.HEADER)
    return header


def _key(site: Site, header: Mapping[str, Any]) -> SigningKey:
    """The live key of this site that the header names; its algorithm must be the header's."""
    named = header.get("kid")
    live = (key for key in queries.keys_of(site) if key.retired_at is None)
    key = next((key for key in live if key.name == named), None)
    if key is None:
        raise RefusedTokenError(Reason.KEY)
    _require(header.get("alg") == key.algorithm, Reason.ALGORITHM)
    return key


def _signed(key: SigningKey, token: str) -> dict[str, Any]:
    registry = _of_one(key.algorithm)
    try:
        found = jwt.decode(token, _opened(key), registry=registry)
    except (errors.JoseError, ValueError, TypeError, RecursionError):
        raise RefusedTokenError(Reason.SIGNATURE) from None
    return found.claims


def _opened(key: SigningKey) -> jwk.Key:
    if key.algorithm == "EdDSA":
        public = jwk.OKPKey.import_key(key.public_key)
        _require(public.curve_name == CURVE and not public.is_private, Reason.KEY)
        return public
    try:
        secret = unseal(SEALED_FOR, f"{key.site_id}:{key.name}", key.secret).encode()
    except BrokenSealError:
        raise RefusedTokenError(Reason.KEY) from None
    _require(len(secret) >= SHORTEST_SECRET, Reason.KEY)
    return jwk.OctKey.import_key(secret)


def _check(site: Site, said: Mapping[str, Any], origin: str) -> None:
    for name in ("iss", "sub", "jti", "origin"):
        _require(_is_text(said.get(name)), Reason.CLAIMS)
    for name in ("iat", "exp"):
        _require(type(said.get(name)) is int, Reason.CLAIMS)
    _require(type(said.get("nbf", 0)) is int, Reason.CLAIMS)
    _require(said["iss"] == site.issuer, Reason.ISSUER)
    ours = addresses.at("")
    _require(said.get("aud") in (ours, [ours]), Reason.AUDIENCE)
    _require(0 < said["exp"] - said["iat"] <= LIFETIME, Reason.LIFETIME)
    now = clock.now().timestamp()
    _require(max(said["iat"], said.get("nbf", 0)) <= now + LEEWAY, Reason.EARLY)
    _require(said["exp"] > now - LEEWAY, Reason.EXPIRED)
    listed = {each.origin for each in site.origins}
    _require(said["origin"] == origin and origin in listed, Reason.ORIGIN)


def _spend(site: Site, said: Mapping[str, Any]) -> None:
    """Kept for as long as the token could be shown again."""
    used = UsedToken(
        site_id=site.id,
        digest=hashlib.sha256(said["jti"].encode()).hexdigest(),
        expires_at=datetime.fromtimestamp(said["exp"] + LEEWAY, UTC),
    )
    _require(add_once(used), Reason.REPLAYED)


def _note_use(key: SigningKey) -> None:
    """Not to the minute: everybody who opens a page of the bank's would wait for one row."""
    at = clock.now()
    if key.used_at is None or key.used_at < at - SELDOM:
        key.used_at = at


def _is_text(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_TEXT and value.isprintable()


def _text(said: Mapping[str, Any], name: str) -> str:
    value = said.get(name)
    words = " ".join(value.split()) if isinstance(value, str) else ""
    return words if _is_text(words) else ""


def _require(holds: bool, reason: Reason) -> None:  # noqa: FBT001 (what holds or does not)
    if not holds:
        raise RefusedTokenError(reason)
