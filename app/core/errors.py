"""Pages for when something is wrong: each with a sentence that helps and a way on."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from flask import g, render_template
from jinja2 import TemplateNotFound
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import (
    HTTPException,
    InternalServerError,
    SecurityError,
    ServiceUnavailable,
)

from app.core import logs, reach, transactions
from app.core.db import session
from app.core.files import OutOfReachError

if TYPE_CHECKING:
    from flask import Flask
    from flask.typing import ResponseReturnValue

log = logging.getLogger(__name__)


def init(app: Flask) -> None:
    """Answer every error with a page in the reader's language."""
    app.register_error_handler(HTTPException, _known)
    app.register_error_handler(SQLAlchemyError, _of_the_database)
    app.register_error_handler(OutOfReachError, _out_of_reach)
    app.register_error_handler(Exception, _unknown)


def _known(error: HTTPException) -> ResponseReturnValue:
    code = error.code or 500
    # A redirect of werkzeug's routing is an HTTPException too.
    if code < 400:  # noqa: PLR2004
        return error.get_response()
    transactions.rollback()
    if isinstance(error, SecurityError):
        # A host that is not ours: a page full of links would name it.
        return "Unknown host.", code, {"Content-Type": "text/plain; charset=utf-8"}
    headers = [(k, v) for k, v in error.get_headers() if k in {"Allow", "Retry-After"}]
    try:
        return render_template(f"errors/{code}.html", code=code), code, headers
    except TemplateNotFound:
        family = "404" if code < 500 else "500"  # noqa: PLR2004
        return render_template(f"errors/{family}.html", code=code), code, headers


def _of_the_database(error: SQLAlchemyError) -> ResponseReturnValue:
    if not reach.is_away(error):
        return _unknown(error)
    # Whoever gets the page that says so is not asked for: that is known by the database alone. What
    # was read already, the brand and perhaps who reads, is kept from being read once more.
    g.database_is_away = True
    session.expunge_all()
    log.error("the database is out of reach: %s", reach.why(error))
    return _come_again()


def _out_of_reach(error: OutOfReachError) -> ResponseReturnValue:
    log.error("out of reach: %s", type(error).__name__, exc_info=error)
    return _come_again()


def _come_again() -> ResponseReturnValue:
    """Something is away or busy: not our caller's fault, and soon over."""
    with suppress(SQLAlchemyError):
        transactions.rollback()
    code, later = ServiceUnavailable.code, {"Retry-After": "60"}
    try:
        return render_template("errors/503.html", code=code), code, later
    except Exception:
        log.exception("the page that says so failed too")
        plain = {"Content-Type": "text/plain; charset=utf-8"}
        return "We are back in a few minutes.", code, later | plain


def _unknown(error: Exception) -> ResponseReturnValue:
    incident = logs.request_id()
    log.error("incident %s", incident, exc_info=error)
    code = InternalServerError.code
    try:
        transactions.rollback()
        return render_template("errors/500.html", code=code, incident=incident), code
    except Exception:
        # Whatever broke the page may break this one too; what is said then needs nothing.
        log.exception("incident %s: its page failed too", incident)
        plain = {"Content-Type": "text/plain; charset=utf-8"}
        return f"Something broke on our side. Name this number: {incident}", code, plain
