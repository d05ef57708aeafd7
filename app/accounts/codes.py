"""One-time codes, of an app (TOTP, RFC 6238) and on paper: the only door to both libraries."""

from __future__ import annotations

import secrets
from hmac import compare_digest
from typing import TYPE_CHECKING

from app.core.lazily import lazily

if TYPE_CHECKING:
    from datetime import datetime

    import pyotp
    import segno
else:
    pyotp, segno = lazily("pyotp"), lazily("segno")

STEP = 30
# How many steps a phone's clock may be off.
DRIFT = 1
RECOVERY_CODES = 10
GROUPS, GROUP = 3, 4
# No letter or digit that looks like another.
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"


def new_secret() -> str:
    """160 random bits, as apps read them."""
    return pyotp.random_base32(32)


def address(secret: str, who: str, bank: str) -> str:
    """What the app is given: the secret and what to call it."""
    return pyotp.TOTP(secret).provisioning_uri(name=who, issuer_name=bank)


def picture(text: str) -> str:
    """`text` as a QR code, a `data:` address of an SVG."""
    drawn = segno.make(text, micro=False, error="m")
    return str(drawn.svg_data_uri(scale=4, border=4, dark="#000", light="#fff"))


def step_of(secret: str, code: str, at: datetime) -> int | None:
    """The time step whose code this is, of those near `at`; None for a wrong code."""
    said = "".join(c for c in code if c.isascii() and c.isdigit())
    now = int(at.timestamp()) // STEP
    app = pyotp.TOTP(secret, interval=STEP)
    found = None
    for step in range(now - DRIFT, now + DRIFT + 1):
        if compare_digest(app.generate_otp(step), said):
            found = step
    return found


def looks_like_an_apps(code: str) -> bool:
    """Six digits, perhaps with a space in the middle."""
    return code.replace(" ", "").isdigit()


def new_recovery_codes() -> list[str]:
    """Ten codes for paper, 59 random bits each: "k7qm-9xtr-2hbw"."""
    return ["-".join(_group() for _ in range(GROUPS)) for _ in range(RECOVERY_CODES)]


def folded(code: str) -> str:
    """A recovery code however it was typed: capitals, spaces or dashes."""
    return "".join(c for c in code.casefold() if c in _ALPHABET)


def _group() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(GROUP))
