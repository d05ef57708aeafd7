"""Sessions in a table: the cookie holds a random key, the row its hash, and sign-out kills the row.

A reader who never signs in, writes or sees a message gets no cookie and no row.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from flask import request
from flask import session as current_session
from flask.sessions import SessionInterface, SessionMixin
from flask_login import LoginManager, login_user, logout_user
from sqlalchemy import delete, select, update
from sqlalchemy.exc import OperationalError
from werkzeug.datastructures import CallbackDict

from app.accounts.models import Person
from app.accounts.models import Session as Row
from app.core import clock, transactions
from app.core.db import reads_only, session

if TYPE_CHECKING:
    from flask import Flask, Request, Response

COOKIE, SECURE_COOKIE = "sid", "__Host-sid"
# How often "last seen" is written: a page must not cost a write.
SEEN = timedelta(minutes=10)


class Guest:
    """Somebody who has not signed in."""

    id: int | None = None
    role: str | None = None
    name = ""
    is_authenticated = False
    is_active = False
    is_anonymous = True
    is_staff = False
    locale: str | None = None
    timezone: str | None = None

    def __bool__(self) -> bool:
        """Nobody: templates say `{% if actor %}`."""
        return False

    def get_id(self) -> None:
        """Nothing to remember (Flask-Login asks)."""


class BrowserSession(CallbackDict[str, Any], SessionMixin):
    """Flask's session, kept in one row. `key` is None until it is first saved."""

    def __init__(self, data: dict[str, Any] | None = None, key: str | None = None) -> None:
        def changed(_: Any) -> None:
            self.modified = True

        super().__init__(data or {}, changed)
        self.key = key
        self.modified = False
        self.renew = False
        self.stale = False

    @property
    def key_hash(self) -> str | None:
        """How the row knows this session."""
        return digest(self.key) if self.key else None


def digest(key: str) -> str:
    """SHA-256 in hex; keys are 256 random bits, so no salt is needed."""
    return hashlib.sha256(key.encode()).hexdigest()


class TableSessions(SessionInterface):
    """Reads and writes `sessions`."""

    def open_session(self, app: Flask, request: Request) -> BrowserSession:
        """The session of the request's cookie; an empty one when there is none or it has ended."""
        key = request.cookies.get(_cookie(app))
        if not key:
            return BrowserSession()
        try:
            row = session.scalar(select(Row).where(Row.key_hash == digest(key)))
        except OperationalError:
            # The page that says so needs no session; failing here would leave no page at all.
            return BrowserSession()
        idle = timedelta(days=app.config["SESSION_DAYS"])
        if row is None or row.seen_at < clock.now() - idle:
            return BrowserSession()
        found = BrowserSession(dict(row.data), key)
        found.stale = row.seen_at < clock.now() - SEEN
        return found

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Write what changed; an empty session leaves no row and no cookie."""
        if not isinstance(session, BrowserSession):
            raise TypeError(session)
        # What anybody may keep and hand on must not carry somebody's key; "seen" can wait.
        if not session.modified and (response.cache_control.public or not session.stale):
            return
        if session.modified:
            response.headers["Cache-Control"] = "no-store"
        response.vary.add("Cookie")
        name = _cookie(app)
        # The page is made; whatever the request's own transaction was, this one writes.
        token = reads_only.set(False)
        try:
            transactions.rollback()
            if not session:
                _forget(session)
                response.delete_cookie(name, secure=app.config["SECURE"], httponly=True)
            else:
                key = _keep(session)
                response.set_cookie(
                    name,
                    key,
                    max_age=timedelta(days=app.config["SESSION_DAYS"]),
                    secure=app.config["SECURE"],
                    httponly=True,
                    samesite="Lax",
                )
            transactions.commit()
        finally:
            reads_only.reset(token)


def _cookie(app: Flask) -> str:
    return SECURE_COOKIE if app.config["SECURE"] else COOKIE


def _forget(browser: BrowserSession) -> None:
    if browser.key_hash:
        session.execute(delete(Row).where(Row.key_hash == browser.key_hash))


def _keep(browser: BrowserSession) -> str:
    person_id = browser.get("_user_id")
    data = dict(browser)
    if browser.key is None or browser.renew:
        _forget(browser)
        browser.key = secrets.token_urlsafe(32)
        row = Row(
            key_hash=digest(browser.key),
            data=data,
            person_id=int(person_id) if person_id else None,
            browser=(request.user_agent.string or "")[:200],
        )
        session.add(row)
        return browser.key
    # Only what is still there: a session ended elsewhere meanwhile must not rise again.
    session.execute(
        update(Row).where(Row.key_hash == browser.key_hash).values(data=data, seen_at=clock.now())
    )
    return browser.key


def begin(person: Person) -> None:
    """Sign `person` in on this browser, under a new key."""
    browser = current_session
    if isinstance(browser._get_current_object(), BrowserSession):  # type: ignore[attr-defined]  # noqa: SLF001
        browser.renew = True  # type: ignore[attr-defined]
    login_user(person)


def current_key_hash() -> str | None:
    """How the table knows this browser's session."""
    return getattr(current_session, "key_hash", None)


def end() -> None:
    """Sign out: the row goes, so a kept cookie is worth nothing."""
    logout_user()
    current_session.clear()


def init(app: Flask) -> None:
    """Keep sessions in the table and tell Flask-Login who is who."""
    app.session_interface = TableSessions()
    login = LoginManager(app)
    # Our own table binds the session; Flask-Login's fingerprint of address and browser would
    # sign people out when their phone changes networks.
    login.session_protection = None
    login.anonymous_user = Guest

    login.user_loader(_signed_in)


def _signed_in(person_id: str) -> Person | None:
    person = session.get(Person, int(person_id))
    return person if person is not None and person.is_active else None
