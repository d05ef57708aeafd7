"""What a site's tokens are signed with: at most two live keys, so that one can follow another."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select

from app.core import clock, sealing
from app.core.db import session
from app.core.events import record
from app.widget.events import WidgetKeyAdded, WidgetKeyRetired
from app.widget.models import SigningKey, Site

if TYPE_CHECKING:
    from app.accounts.models import Person

LIVE: Final = 2
# As long as what HS256 makes of it.
SECRET_BYTES: Final = 32
SEALED_FOR: Final = "widget key"


class TooManyKeysError(Exception):
    """Two live keys are there; one must retire first."""


def add_secret(by: Person, site: Site) -> tuple[SigningKey, str]:
    """A key both sides know (HS256), and what it is: said now and never again."""
    key = _next(site, "HS256")
    secret = secrets.token_urlsafe(SECRET_BYTES)
    key.secret = sealing.seal(SEALED_FOR, f"{site.id}:{key.name}", secret)
    return _added(by, key), secret


def add_public(by: Person, site: Site, pem: str) -> SigningKey:
    """A key of which the bank keeps the private half (EdDSA); `pem` was looked at."""
    key = _next(site, "EdDSA")
    key.public_key = pem
    return _added(by, key)


def retire(by: Person, key: SigningKey) -> None:
    """Take no more tokens that are signed with it. It does not come back."""
    if key.retired_at is None:
        key.retired_at, key.secret = clock.now(), ""
        record(WidgetKeyRetired(key.site_id, key.id), by=by.id)


def _next(site: Site, algorithm: str) -> SigningKey:
    # Whoever adds one at the same time waits here, and counts again.
    session.get_one(Site, site.id, with_for_update=True)
    live, made = session.execute(
        select(func.count().filter(SigningKey.retired_at.is_(None)), func.count()).where(
            SigningKey.site_id == site.id
        )
    ).one()
    if live >= LIVE:
        raise TooManyKeysError
    return SigningKey(site_id=site.id, name=f"k{made + 1}", algorithm=algorithm)


def _added(by: Person, key: SigningKey) -> SigningKey:
    session.add(key)
    session.flush()
    record(WidgetKeyAdded(key.site_id, key.id), by=by.id)
    return key
