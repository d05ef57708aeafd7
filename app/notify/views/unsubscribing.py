"""The link in every letter: one page that says what it ends, one button, one way back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import make_response, render_template, request

from app.core.web import see_other
from app.notify import service
from app.notify.views import door

if TYPE_CHECKING:
    from flask import Response
    from flask.typing import ResponseReturnValue

    from app.notify.service import Subscription

ONE_CLICK = "One-Click"


@door.get("/unsubscribe/<token>", may="notify.unsubscribe", on=service.subscription)
def unsubscribe(subscription: Subscription) -> ResponseReturnValue:
    """Opening it changes nothing: mail programs open links unasked."""
    return _page(subscription)


@door.post(
    "/unsubscribe/<token>",
    may="notify.unsubscribe",
    on=service.subscription,
    endpoint="end_letters",
    cross_site=True,
)
def end_letters(subscription: Subscription) -> ResponseReturnValue:
    """End these letters. A mail provider (RFC 8058) must not be redirected, a reader should be."""
    service.end(subscription)
    if request.form.get("List-Unsubscribe") == ONE_CLICK:
        return _page(subscription)
    return see_other("notify.unsubscribe", token=subscription.token)


@door.post("/unsubscribe/<token>/undo", may="notify.unsubscribe", on=service.subscription)
def resume_letters(subscription: Subscription) -> ResponseReturnValue:
    """They come again."""
    service.resume(subscription)
    return see_other("notify.unsubscribe", token=subscription.token)


def _page(subscription: Subscription) -> Response:
    page = make_response(render_template("notify/unsubscribe.html", subscription=subscription))
    page.headers["Cache-Control"] = "no-store"
    page.headers["X-Robots-Tag"] = "noindex"
    return page
