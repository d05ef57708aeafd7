"""Signed words: what a link carries so that it cannot be made up.

A token is derived from the secret and from what it is about, so nothing secret is stored: a copy of
the database lets nobody confirm an address or sign in.
"""

from __future__ import annotations

import hashlib
import hmac

_key = b""


def init(secret: str) -> None:
    """Take the application's secret key."""
    global _key  # noqa: PLW0603 (one secret a process, set at start)
    _key = hashlib.sha256(b"otklik.signing:" + secret.encode()).digest()


def sign(purpose: str, *parts: object) -> str:
    """A 160-bit signature of `parts` for `purpose`, in hex."""
    message = "\x1f".join([purpose, *map(str, parts)])
    return hmac.new(_key, message.encode(), hashlib.sha256).hexdigest()[:40]


def is_signed(signature: str, purpose: str, *parts: object) -> bool:
    """Whether `signature` is `sign(purpose, *parts)`, compared in constant time."""
    return hmac.compare_digest(signature.encode(), sign(purpose, *parts).encode())
