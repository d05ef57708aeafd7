"""Who runs: each web process and worker says every few seconds that it is there, with which code.

So `flask database contract` knows whether somebody still needs what it would take away. With each
beat a process also looks whether the database (still) fits its code. Where it does not, requests
are answered with 503 and a word, and a worker stops: better than an error at every second row.

A web process is there from its first request on, which is soon a probe's: by then whatever serves
it has forked, and what only runs a command never comes so far.
"""

from __future__ import annotations

import logging
import os
import secrets
import signal
import socket
import threading
import time
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from multiprocessing.util import Finalize
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from sqlalchemy import String, delete, insert, inspect, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock, jobs, schema
from app.core.db import Model, db, word

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from flask import Flask
    from sqlalchemy import Connection, Table

    Around = Callable[[], AbstractContextManager[object]]

log = logging.getLogger(__name__)

EVERY: Final = 10.0
# A process that was killed is believed to run for so long.
GONE: Final = timedelta(seconds=60)
FORGOTTEN: Final = timedelta(days=1)
# While the database does not fit, it is looked at again with requests, at most so often.
AGAIN: Final = 1.0
PROBES: Final = ("/healthz", "/readyz")
SORRY: Final = b"We are back in a few minutes.\n"


class Process(Model):
    """A process that runs Otklik; `revision` is the last migration its code knows."""

    __tablename__ = "processes"

    key: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[word]
    host: Mapped[word]
    pid: Mapped[int]
    revision: Mapped[word]
    since: Mapped[datetime]
    at: Mapped[datetime]


_table = cast("Table", Process.__table__)


@dataclass(frozen=True)
class Seen:
    """A process as others see it."""

    kind: str
    host: str
    pid: int
    revision: str
    at: datetime


def here() -> str:
    """The name of this machine."""
    return socket.gethostname()[:40]


def seen() -> list[Seen]:
    """Who has been there lately."""
    with schema.looking() as connection:
        if not inspect(connection).has_table(_table.name):
            return []
        c = _table.c
        query = select(c.kind, c.host, c.pid, c.revision, c.at).where(c.at > clock.now() - GONE)
        return [Seen(*row) for row in connection.execute(query.order_by(c.host, c.kind, c.pid))]


def without(revision: str) -> list[Seen]:
    """Those whose code does not know a migration that ours knows. What we don't know is newer."""
    known = [step.revision for step in schema.steps()]
    older = known[: known.index(revision)]
    return [each for each in seen() if each.revision in older]


class Presence:
    """This process among the others; `complaint` says why it cannot work with the database."""

    def __init__(self, kind: str) -> None:
        self.kind, self.key = kind, secrets.token_hex(16)
        self.since = clock.now()
        self.complaint = ""
        self.looked_at = 0.0

    def beat(self) -> None:
        """Say that we are there, then look whether we still can be.

        In this order: of a process and a contraction that begin at once, one sees the other.
        """
        with suppress(SQLAlchemyError), db.engine.begin() as connection:
            self._say(connection)
        self.look()

    def look(self) -> None:
        """See whether the database fits. One that is away is another matter, and no answer."""
        self.looked_at = time.monotonic()
        try:
            with schema.looking() as connection:
                found = schema.standing(connection)
                # One that was made without migrations, for a test or a look, is as it should be.
                fits = found.fits or _was_made(connection)
        except SQLAlchemyError:
            return
        complaint = "" if fits else f"{found.words}. {found.advice}"
        if complaint and complaint != self.complaint:
            log.error("The database does not fit this code: %s", complaint)
        elif self.complaint and not complaint:
            log.warning("The database fits this code now: %s.", found.words)
        self.complaint = complaint

    def leave(self) -> None:
        """Take our row away, at the end."""
        with suppress(SQLAlchemyError), db.engine.begin() as connection:
            connection.execute(delete(_table).where(_table.c.key == self.key))

    def _say(self, connection: Connection) -> None:
        at = clock.now()
        mine = update(_table).where(_table.c.key == self.key).values(at=at)
        if connection.execute(mine).rowcount:
            return
        connection.execute(delete(_table).where(_table.c.at < at - FORGOTTEN))
        about = {"kind": self.kind, "host": here(), "pid": os.getpid()}
        told = {"key": self.key, "revision": schema.newest(), "since": self.since, "at": at}
        connection.execute(insert(_table).values(**about, **told))


def _was_made(connection: Connection) -> bool:
    return schema.current(connection) is None and inspect(connection).has_table(_table.name)


# ---------------------------------------------------------------------------------- web processes


class Doorkeeper:
    """Stands before everything: notes that this process serves, and says sorry when it cannot."""

    def __init__(self, inner: WSGIApplication, around: Around, sorry: Path) -> None:
        self.inner, self.around, self.sorry = inner, around, sorry
        self._begin_anew()
        os.register_at_fork(after_in_child=self._begin_anew)

    def _begin_anew(self) -> None:
        self.presence: Presence | None = None
        self._arriving = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        presence = self.presence or self._arrive()
        if not presence.complaint or environ.get("PATH_INFO") in PROBES:
            return self.inner(environ, start_response)
        if time.monotonic() > presence.looked_at + AGAIN:
            with self.around():
                presence.look()
            if not presence.complaint:
                return self.inner(environ, start_response)
        return self._say_sorry(start_response)

    def _arrive(self) -> Presence:
        with self._arriving:
            if self.presence is not None:
                return self.presence
            presence = Presence("web")
            with self.around():
                presence.look()
            beating = threading.Thread(
                target=self._beat, args=(presence,), name="presence", daemon=True
            )
            beating.start()
            # Runs at the end of a web server's child too: see core/tallies.
            Finalize(None, self._leave, args=(presence,), exitpriority=1)
            self.presence = presence
            return presence

    def _beat(self, presence: Presence) -> None:
        while True:
            try:
                with self.around():
                    presence.beat()
            except Exception:
                log.exception("This process could not say that it is there.")
            time.sleep(EVERY)

    def _leave(self, presence: Presence) -> None:
        with self.around():
            presence.leave()

    def _say_sorry(self, start_response: StartResponse) -> Iterable[bytes]:
        kind, body = "text/plain", SORRY
        with suppress(OSError):
            kind, body = "text/html", self.sorry.read_bytes()
        start_response(
            "503 Service Unavailable",
            [
                ("Content-Type", f"{kind}; charset=utf-8"),
                ("Content-Length", str(len(body))),
                ("Cache-Control", "no-store"),
                ("Retry-After", "30"),
                ("X-Content-Type-Options", "nosniff"),
            ],
        )
        return [body]


def init(app: Flask) -> None:
    """Stand before the application's door; not in tests, which write by hand."""
    if app.testing:
        return
    sorry = Path(str(app.static_folder)) / "away.html"
    app.wsgi_app = Doorkeeper(app.wsgi_app, app.app_context, sorry)  # type: ignore[method-assign]


# ---------------------------------------------------------------------------------------- workers


class _Worker:
    """The worker of this process."""

    presence: Presence | None = None


def complaint_of_worker() -> str:
    """Why a worker may not begin, or had to stop; "" when nothing is wrong."""
    if _Worker.presence is None:
        _Worker.presence = Presence("worker")
        _Worker.presence.look()
    return _Worker.presence.complaint


@jobs.every(EVERY, "core.presence")
def be_there() -> None:
    """Say that this worker runs; stop it when the database has outgrown its code."""
    if _Worker.presence is None:
        _Worker.presence = Presence("worker")
    _Worker.presence.beat()
    if _Worker.presence.complaint:
        os.kill(os.getpid(), signal.SIGTERM)


@jobs.on_stop
def leave() -> None:
    """The worker ends."""
    if _Worker.presence is not None:
        _Worker.presence.leave()
