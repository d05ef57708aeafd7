"""The guest's key: how a browser that nobody signed in to keeps what was begun there.

Made at the first thing worth keeping, never for somebody who only reads. The cookie holds 128
random bits; the database only ever sees their SHA-256.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from flask import after_this_request, g

from app.core import cookies, pagecache

if TYPE_CHECKING:
    from flask import Response

COOKIE = "guest"
LIFETIME = timedelta(days=30)
# 128 bits, as `secrets.token_urlsafe(16)` writes them.
_KEY = re.compile(r"[A-Za-z0-9_-]{22}")


def guest_hash() -> str | None:
    """How the database knows this browser; None when it holds no key."""
    key = g.get("guest_key") or cookies.given(COOKIE)
    return hashlib.sha256(key.encode()).hexdigest() if _KEY.fullmatch(key) else None


def make_guest() -> str:
    """This browser's hash; gives it a key first when it has none."""
    pagecache.never()
    known = guest_hash()
    if known is not None:
        return known
    g.guest_key = secrets.token_urlsafe(16)
    after_this_request(_give_key)
    made = guest_hash()
    if made is None:
        raise RuntimeError("a fresh guest key is not recognised")
    return made


def _give_key(response: Response) -> Response:
    cookies.give(response, COOKIE, g.guest_key, LIFETIME)
    return response
