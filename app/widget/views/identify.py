"""The bank's site says who reads its page; from then on the frame says it with every request."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from flask import g, request

from app.accounts.sessions import Guest
from app.core import framing, limits, metrics
from app.core.limits import Pace
from app.widget import bearers, queries, tokens
from app.widget.service import identities, reading
from app.widget.views import door

if TYPE_CHECKING:
    from flask import Response
    from flask.typing import ResponseReturnValue

    from app.widget.models import Site

log = logging.getLogger(__name__)

# A page of the bank's asks once; many of its customers share a network.
PACE = Pace("widget-identify", times=60, seconds=60)


@door.before_request
def know_who_asks() -> None:
    """In the frame somebody is who their bearer says, and a guest without one."""
    if not framing.is_at_hand():
        return
    bearer = bearers.read((request.view_args or {}).get("key", ""), bearers.sent())
    person = None
    if bearer is not None:
        try:
            person = identities.whose(bearer)
        except identities.GoneError:
            bearer = None
    bearers.remember(bearer)
    g._login_user = person or Guest()  # noqa: SLF001 (where Flask-Login looks first)


@door.after_request
def tell_the_frame(response: Response) -> Response:
    """It may ask the page around it for another token."""
    return bearers.tell(response)


@door.post("/embed/<key>/identify", may="widget.use", on=queries.site_by_key)
def identify(site: Site) -> ResponseReturnValue:
    """A token that the bank's site has signed, for a bearer. Why one is refused stays with us."""
    if (pause := limits.spend((PACE,), site.key, limits.neighbourhood())) > 0:
        return {"error": "later"}, 429, {"Retry-After": str(pause)}
    token, origin = request.form.get("token", ""), request.form.get("origin", "")
    try:
        bearer, person = identities.identify(site, tokens.verify(site, token, origin))
    except tokens.RefusedTokenError as error:
        log.warning("site %s: a token was refused: %s", site.id, error.reason)
        metrics.count("widget_token", error.reason)
        return {"error": "refused"}, 422
    metrics.count("widget_token", "taken")
    name = person.name if person is not None else bearer.name
    unread = reading.unread(person) if person is not None else 0
    return {"bearer": bearers.sealed(bearer), "name": name, "unread": unread}
