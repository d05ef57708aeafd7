"""Public keys as somebody pasted them: the widget's only door to the cipher's library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.core.lazily import lazily

if TYPE_CHECKING:
    from cryptography import exceptions
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ed25519 as curve
else:
    exceptions = lazily("cryptography.exceptions")
    serialization = lazily("cryptography.hazmat.primitives.serialization")
    curve = lazily("cryptography.hazmat.primitives.asymmetric.ed25519")

_BEGIN: Final = "-----BEGIN PUBLIC KEY-----"
_LONGEST: Final = 4_000


class NoPublicKeyError(ValueError):
    """`why`: "private", "pem" or "kind"."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def ed25519(text: str) -> str:
    """The Ed25519 public key in `text`, as PEM is written; raises NoPublicKeyError."""
    if "PRIVATE KEY" in text:
        raise NoPublicKeyError("private")
    if _BEGIN not in text or len(text) > _LONGEST:
        raise NoPublicKeyError("pem")
    try:
        key = serialization.load_pem_public_key(text.strip().encode())
    except (ValueError, TypeError, exceptions.UnsupportedAlgorithm):
        raise NoPublicKeyError("pem") from None
    if not isinstance(key, curve.Ed25519PublicKey):
        raise NoPublicKeyError("kind")
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()
