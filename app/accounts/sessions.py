"""Sessions in a table: the cookie holds a random key, the row its hash, and sign-out kills the row.

A reader who never signs in, writes or sees a message gets no cookie and no row.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from flask import current_app, g, request
from flask import session as current_session
from flask.sessions import SessionInterface, SessionMixin
from flask_login import LoginManager, login_user, logout_user
from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.datastructures import CallbackDict

from app.accounts.models import Person
from app.accounts.models import Session as Row
from app.core import clock, framing, reach, transactions
from app.core.db import reads_only, session

if TYPE_CHECKING:
    from flask import Flask, Request, Response

log = logging.getLogger(__name__)

COOKIE, SECURE_COOKIE = "sid", "__Host-sid"
# How often "last seen" is written: a page must not cost a write.
SEEN = timedelta(minutes=10)
# How long a first proof waits for the second, and a question to a passkey for its answer.
HALFWAY = timedelta(minutes=10)


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


_BY_KEY = (
    select(Row, Person)
    .outerjoin(Person, Person.id == Row.person_id)
    .where(Row.key_hash == bindparam("key_hash"))
)


class BrowserSession(CallbackDict[str, Any], SessionMixin):
    """Flask's session, kept in one row. `key` is None until it is first saved."""

    def __init__(self, data: dict[str, Any] | None = None, key: str | None = None) -> None:
        def changed(_: Any) -> None:
            self.modified = True

        super().__init__(data or {}, changed)
        self.key = key
        self.modified = False
        self.renew = False
        # Renewed only if it still stands: what was ended elsewhere must not rise under a new key.
        self.must_stand = False
        self.stale = False
        # Read with it, and held: the session forgets what nobody holds.
        self.person: Person | None = None
        # Why nobody knows whose browser this is.
        self.away: SQLAlchemyError | None = None

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
            kept = session.execute(_BY_KEY, {"key_hash": digest(key)}).first()
        except SQLAlchemyError as error:
            if not reach.is_away(error):
                raise
            # Failing here would leave no page at all; see `_say_that_it_is_away`.
            with suppress(SQLAlchemyError):
                session.rollback()
            unread = BrowserSession()
            unread.away = error
            return unread
        row, person = kept or (None, None)
        idle = timedelta(days=app.config["SESSION_DAYS"])
        longest = timedelta(days=app.config["SESSION_LONGEST_DAYS"])
        if row is None or row.seen_at < clock.now() - idle:
            return BrowserSession()
        if row.created_at < clock.now() - longest:
            return BrowserSession()
        found = BrowserSession(dict(row.data), key)
        found.person = person
        found.stale = row.seen_at < clock.now() - SEEN
        return found

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Write what changed; an empty session leaves no row and no cookie."""
        if not isinstance(session, BrowserSession):
            raise TypeError(session)
        if framing.is_at_hand():  # nothing would lead back to it
            return
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
            key = _keep(session) if session else _forget(session)
            if not isinstance(key, str):
                response.delete_cookie(name, secure=app.config["SECURE"], httponly=True)
            else:
                response.set_cookie(
                    name,
                    key,
                    max_age=timedelta(days=app.config["SESSION_DAYS"]),
                    secure=app.config["SECURE"],
                    httponly=True,
                    samesite="Lax",
                )
            transactions.commit()
        except SQLAlchemyError as error:
            # The page is made and what was sent is done; "seen" or a message is not worth either.
            if session.renew or not reach.is_away(error):
                raise
            log.warning("a session could not be kept: %s", type(error).__name__)
        finally:
            reads_only.reset(token)


def _cookie(app: Flask) -> str:
    return SECURE_COOKIE if app.config["SECURE"] else COOKIE


def _forget(browser: BrowserSession) -> bool:
    """End it; whether it still stood."""
    if not browser.key_hash:
        return False
    ended = delete(Row).where(Row.key_hash == browser.key_hash).returning(Row.id)
    return bool(session.execute(ended).all())


def _keep(browser: BrowserSession) -> str | None:
    person_id = browser.get("_user_id")
    data = dict(browser)
    if browser.key is None or browser.renew:
        stood = _forget(browser)
        if browser.must_stand and not stood:
            return None
        browser.key = secrets.token_urlsafe(32)
        row = Row(
            key_hash=digest(browser.key),
            data=data,
            person_id=int(person_id) if person_id else None,
            browser=(request.user_agent.string or "")[:200],
        )
        if "since" in data:
            row.created_at = _instant(data["since"])
        session.add(row)
        return browser.key
    # Only what is still there: a session ended elsewhere meanwhile must not rise again.
    session.execute(
        update(Row).where(Row.key_hash == browser.key_hash).values(data=data, seen_at=clock.now())
    )
    return browser.key


def begin(person: Person, second: str = "") -> None:
    """Sign `person` in on this browser, under a new key; nothing but messages is carried over."""
    messages = current_session.get("_flashes")
    current_session.clear()
    if messages:
        current_session["_flashes"] = messages
    current_session["since"] = clock.now().timestamp()
    current_session["second"] = second
    _prove_now()
    _renew()
    login_user(person)


def prove_again(second: str = "") -> None:
    """They have shown again that it is them: a new key, and a while in which nobody asks."""
    row = session.scalar(select(Row).where(Row.key_hash == current_key_hash()))
    if "since" not in current_session and row is not None:
        current_session["since"] = row.created_at.timestamp()
    current_session["second"] = second or current_session.get("second", "")
    _prove_now()
    _renew(must_stand=True)


def is_fresh(minutes: float = 15) -> bool:
    """Whether whoever is signed in proved within these minutes that it is them."""
    proved = current_session.get("proved")
    if proved is None or "_user_id" not in current_session:
        return False
    return clock.now() - _instant(proved) < timedelta(minutes=minutes)


def lacks_second_factor(person: Any) -> bool:
    """Whether this is staff that came in with one proof only, where two are asked for."""
    if not asks_for_second_factor(person):
        return False
    return not current_session.get("second")


def asks_for_second_factor(person: Any) -> bool:
    """Whether this person may not do without a second factor."""
    return bool(person.is_staff and current_app.config["STAFF_SECOND_FACTOR"])


def wait_for_second(person: Person, method: str, next_page: str | None) -> None:
    """Remember who gave the first proof, under a new key; nobody is signed in yet."""
    messages = current_session.get("_flashes")
    current_session.clear()
    if messages:
        current_session["_flashes"] = messages
    current_session["halfway"] = [person.id, method, next_page, clock.now().timestamp()]
    _renew()


def halfway() -> tuple[Person, str, str | None] | None:
    """Who gave the first proof a moment ago, by which method, and where they want to go."""
    waiting = current_session.get("halfway")
    if waiting is None or clock.now() - _instant(waiting[3]) > HALFWAY:
        return None
    person = session.get(Person, waiting[0])
    if person is None or not person.is_active:
        return None
    return person, waiting[1], waiting[2]


def ask(purpose: str, challenge: str) -> None:
    """Keep what a passkey is asked to sign for `purpose`."""
    current_session["asked"] = [purpose, challenge, clock.now().timestamp()]


def asked(purpose: str) -> str:
    """What was asked for `purpose`, given out once; "" when nothing was, or long ago."""
    kept = current_session.pop("asked", None)
    if kept is None or kept[0] != purpose or clock.now() - _instant(kept[2]) > HALFWAY:
        return ""
    return str(kept[1])


def _prove_now() -> None:
    current_session["proved"] = clock.now().timestamp()


def _renew(*, must_stand: bool = False) -> None:
    browser: Any = current_session._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001
    if isinstance(browser, BrowserSession):
        browser.renew, browser.must_stand = True, must_stand


def _instant(timestamp: float) -> datetime:
    return datetime.fromtimestamp(timestamp, UTC)


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
    app.before_request(_say_that_it_is_away)


def _say_that_it_is_away() -> None:
    """Nobody is taken for a guest, and led to sign in, because the database is away."""
    away: SQLAlchemyError | None = getattr(current_session, "away", None)
    if away is not None and request.endpoint != "static":
        raise away


def _signed_in(person_id: str) -> Person | None:
    if g.get("database_is_away"):
        return None
    person = session.get(Person, int(person_id))
    return person if person is not None and person.is_active else None
