"""Cookies of ours beside the session's: named and flagged in one place.

Over https each is called `__Host-…`: browsers take such a one only from this very host, for all of
it and only encrypted, so that neither a neighbouring subdomain nor a plain connection can put a key
of its own into somebody's browser.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import current_app, request

if TYPE_CHECKING:
    from datetime import timedelta

    from flask import Response


def given(name: str) -> str:
    """What this browser keeps under `name`; "" when nothing."""
    return request.cookies.get(_called(name), "")


def give(response: Response, name: str, value: str, lifetime: timedelta) -> None:
    """Have this browser keep `value`, out of every script's reach."""
    response.set_cookie(
        _called(name),
        value,
        max_age=lifetime,
        secure=current_app.config["SECURE"],
        httponly=True,
        samesite="Lax",
    )


def _called(name: str) -> str:
    return f"__Host-{name}" if current_app.config["SECURE"] else name
