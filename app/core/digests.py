"""The only door to canonical JSON (RFC 8785): the number, the name and the hash of an entry.

What is hashed here is checked for as long as the record lives: nothing in this file may ever come
to say another thing about an entry that is written.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC
from typing import TYPE_CHECKING, Any
from uuid import UUID

import rfc8785

if TYPE_CHECKING:
    from datetime import datetime

# What the first entry follows.
NOTHING = "0" * 64
_ENTRY = b"\x01"


def canonical(document: Any) -> bytes:
    """The one way to write `document`; floats are refused, for they have several."""
    _refuse_floats(document)
    return rfc8785.dumps(document)


def digest(previous: str, document: dict[str, Any]) -> str:
    """SHA-256 of an entry and of the hash before it, in hex."""
    return hashlib.sha256(_ENTRY + bytes.fromhex(previous) + canonical(document)).hexdigest()


def instant(at: datetime) -> str:
    """An instant as it is hashed: UTC, microseconds always."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def uuid7(at: datetime) -> str:
    """A name nobody else gives, beginning with the millisecond it was given at (RFC 9562)."""
    milliseconds = int(at.timestamp() * 1000) & (2**48 - 1)
    chance = secrets.randbits(74)
    high, low = chance >> 62, chance & (2**62 - 1)
    return str(UUID(int=milliseconds << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low))


def _refuse_floats(value: Any) -> None:
    if isinstance(value, float):
        raise TypeError(value)
    if isinstance(value, dict):
        for each in value.values():
            _refuse_floats(each)
    elif isinstance(value, list | tuple):
        for each in value:
            _refuse_floats(each)
