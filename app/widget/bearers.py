"""Who asks in the frame: a sealed word it got for the bank's token and sends with every request.

    Authorization: Bearer <bearer>

It lies in the frame's memory and nowhere else, opens nothing but the widget of one site, and is
worth nothing once its two hours are over, the key is retired that signed the token, or the person
ended their sessions. A cookie could be sent by any page that frames us; this only by the frame.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from flask import g, request

from app.core import clock
from app.core.sealing import BrokenSealError, seal, unseal

if TYPE_CHECKING:
    from flask import Response

LIFETIME: Final = timedelta(hours=2)
HEADER: Final = "X-Bearer"
# What the header says to a frame whose bearer counts no more.
REFUSED: Final = "refused"
_PURPOSE: Final = "widget bearer"


@dataclass(frozen=True)
class Bearer:
    """Whom a site has identified. `email` was proved by the bank; "" when it did not say so.

    `person_id` is None for somebody who had no account here when it was given.
    """

    site_key: str
    key_id: int
    issuer: str
    subject: str
    name: str
    email: str
    person_id: int | None
    issued_at: datetime


def sealed(bearer: Bearer) -> str:
    """As the frame keeps it; only the widget of its own site opens it."""
    said = asdict(bearer) | {"issued_at": bearer.issued_at.isoformat()}
    return seal(_PURPOSE, bearer.site_key, json.dumps(said, ensure_ascii=False))


def read(site_key: str, text: str) -> Bearer | None:
    """What we sealed for this site, while it is young; None for anything else."""
    try:
        said: dict[str, Any] = json.loads(unseal(_PURPOSE, site_key, text))
        bearer = Bearer(**said | {"issued_at": datetime.fromisoformat(said["issued_at"])})
    except (BrokenSealError, KeyError, TypeError):  # another's, or of a version before this one
        return None
    return bearer if clock.now() < bearer.issued_at + LIFETIME else None


def sent() -> str:
    """What this request carries; "" when nothing."""
    given = request.authorization
    return (given.token or "") if given is not None and given.type == "bearer" else ""


def current() -> Bearer | None:
    """Whom the site has identified to the frame that asks now, with an account here or without."""
    found: Bearer | None = g.get("bearer")
    return found


def remember(bearer: Bearer | None) -> None:
    """This request is theirs; None: what it carried counts no more."""
    g.bearer = bearer


def tell(response: Response) -> Response:
    """Let the frame know that what it sends counts no more."""
    if sent() and current() is None:
        response.headers[HEADER] = REFUSED
    return response
