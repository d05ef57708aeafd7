"""Words that must be read again and yet lie sealed: the only door to the cipher.

    sealed = seal("totp", 7, secret)
    secret = unseal("totp", 7, sealed)

The key comes from the application's secret, so a copy of the database opens nothing. What was
sealed for one thing opens for no other: a row's seal moved into another row is broken.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from typing import TYPE_CHECKING

from app.core.lazily import lazily

if TYPE_CHECKING:
    from cryptography import exceptions
    from cryptography.hazmat.primitives.ciphers import aead
else:
    exceptions = lazily("cryptography.exceptions")
    aead = lazily("cryptography.hazmat.primitives.ciphers.aead")

NONCE = 12
_key = b""


class BrokenSealError(ValueError):
    """Sealed for something else, with another secret, or not by us."""


def init(secret: str) -> None:
    """Take the application's secret key."""
    global _key  # noqa: PLW0603 (one secret a process, set at start)
    _key = hashlib.sha256(b"otklik.sealing:" + secret.encode()).digest()


def seal(purpose: str, about: object, words: str) -> str:
    """`words` as only `unseal` with the same `purpose` and `about` reads them."""
    nonce = os.urandom(NONCE)
    closed = aead.AESGCM(_key).encrypt(nonce, words.encode(), f"{purpose}:{about}".encode())
    return base64.urlsafe_b64encode(nonce + closed).decode()


def unseal(purpose: str, about: object, sealed: str) -> str:
    """What `seal` was given; raises BrokenSealError."""
    try:
        raw = base64.urlsafe_b64decode(sealed)
        opened = aead.AESGCM(_key).decrypt(raw[:NONCE], raw[NONCE:], f"{purpose}:{about}".encode())
    except (exceptions.InvalidTag, ValueError, binascii.Error):
        raise BrokenSealError from None
    return opened.decode()
