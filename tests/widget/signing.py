"""The bank's side, written anew: tokens as a bank's server makes them, or as a forger would."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from itertools import count
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from app.core import clock
from app.core.db import session
from app.widget.models import Origin, Site
from app.widget.service import keys

if TYPE_CHECKING:
    from app.accounts.models import Person
    from app.widget.models import SigningKey

ORIGIN = "https://bank.example"
ISSUER = "https://bank.example/identity"
AUDIENCE = "http://otklik.test"

_numbers = count(1)


def b64(data: bytes | str) -> str:
    """Base64url without its tail."""
    raw = data.encode() if isinstance(data, str) else data
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def site(name: str = "Сайт банка", *, origins: tuple[str, ...] = (ORIGIN,), **fields: Any) -> Site:
    """A registered site."""
    number = next(_numbers)
    made = Site(
        **{"key": f"site-{number:017}", "name": name, "issuer": ISSUER, **fields},
        origins=[Origin(origin=each) for each in origins],
    )
    session.add(made)
    session.flush()
    return made


class Secret:
    """A key that both sides know."""

    algorithm = "HS256"

    def __init__(self, by: Person, of: Site) -> None:
        self.row, self.secret = keys.add_secret(by, of)

    def sign(self, message: bytes) -> bytes:
        return hmac.new(self.secret.encode(), message, hashlib.sha256).digest()


class Pair:
    """A key of which we know the public half."""

    algorithm = "EdDSA"

    def __init__(self, by: Person, of: Site) -> None:
        self.private = Ed25519PrivateKey.generate()
        public = self.private.public_key()
        self.pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        self.row: SigningKey = keys.add_public(by, of, self.pem)

    def sign(self, message: bytes) -> bytes:
        return self.private.sign(message)


def claims(**fields: Any) -> dict[str, Any]:
    """What a bank says of a customer, now; a field that is `...` is left out."""
    at = int(clock.now().timestamp())
    said = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "customer-7",
        "iat": at,
        "exp": at + 300,
        "jti": f"token-{next(_numbers)}",
        "origin": ORIGIN,
        **fields,
    }
    return {name: value for name, value in said.items() if value is not ...}


def token(
    key: Secret | Pair, said: Any = None, header: dict[str, Any] | None = None, **fields: Any
) -> str:
    """Signed by `key`; `header` and `fields` say what is other than usual."""
    head = {"typ": "JWT", "alg": key.algorithm, "kid": key.row.name, **(header or {})}
    head = {name: value for name, value in head.items() if value is not ...}
    body = claims(**fields) if said is None else said
    message = f"{b64(json.dumps(head))}.{b64(json.dumps(body))}"
    return f"{message}.{b64(key.sign(message.encode()))}"
