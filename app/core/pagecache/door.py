"""The page cache's place in the row: behind the proxy's word for who asks, before Flask."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urlsplit

from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException
from werkzeug.http import parse_date, parse_etags

from app.core import i18n, metrics
from app.core.db import db, reads_only
from app.core.pagecache import asking, making, packing, pieces
from app.core.pagecache.counting import Hit, tell
from app.core.pagecache.kept import Headers, Kept, Key, Shelf
from app.core.pagecache.replica import Replica
from app.core.pagecache.shared import Shared
from app.core.pagecache.versions import Clock, watch
from app.core.web import current_actor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

    from flask import Flask, Response
    from sqlalchemy import Engine

    from app.core.pagecache.asking import Offered

log = logging.getLogger(__name__)

MEGABYTE: Final = 1 << 20
READING: Final = ("GET", "HEAD")
# How long one waits for another who makes the same page, and how often one begins anew.
PATIENCE: Final = 10.0
TURNS: Final = 3
# What a page may differ by: all of it stands in its key, or sends a request past here.
_VARY: Final = "Accept-Encoding, Accept-Language, Cookie"
_VARIES: Final = frozenset({"accept-encoding", "accept-language", "cookie"})


def init(app: Flask, offered: Callable[[], Offered]) -> None:
    """Move the version with every commit; keep pages, where any memory is given for them.

    `offered`, called in the application's context, tells the languages of this bank's pages.
    """
    with app.app_context():
        engine = db.engine
    watch(engine)
    most = 0 if app.config["DEVELOPMENT"] else app.config["PAGE_CACHE_MB"] * MEGABYTE
    pieces.init(app, most)
    if most <= 0:
        return
    app.after_request(_look_closer)
    app.wsgi_app = app.extensions["otklik.pagecache"] = PageCache(app, engine, offered, most)  # type: ignore[method-assign]


def _look_closer(response: Response) -> Response:
    """Of nobody, and in the language it is filed under: never otherwise, and never kept then."""
    page = making.at_hand.get()
    if page is not None and (current_actor().id is not None or i18n.locale_code() != page.language):
        page.is_for_one = True
    return response


@dataclass(frozen=True)
class _Route:
    """A page of ours that may be kept."""

    rule: str
    endpoint: str
    args: dict[str, Any]


class _Asked(NamedTuple):
    environ: WSGIEnvironment
    start_response: StartResponse
    began: float


@dataclass
class _Flight:
    """Somebody makes a page; `is_barren`: it is none that could be given to others."""

    landed: threading.Event = field(default_factory=threading.Event)
    is_barren: bool = True


@dataclass
class _Rendered:
    """What Flask answered."""

    status: str
    headers: Headers
    body: bytes
    page: making.Making


class PageCache:
    """Gives what is kept, has made what is not, and lets by whatever is for one reader."""

    def __init__(
        self, app: Flask, engine: Engine, offered: Callable[[], Offered], most: int
    ) -> None:
        self.app, self.inner = app, app.wsgi_app
        self.shelf = Shelf(most)
        self.clock = Clock(engine, self.shelf.turn_to)
        self.shared = Shared(app.config) if app.config.get("REDIS_URL") else None
        replica = app.config["DATABASE_REPLICA_URL"]
        self.replica = app.extensions["otklik.replica"] = Replica(replica) if replica else None
        self.hosts = {
            urlsplit(app.config["PUBLIC_URL"]).netloc,
            *(app.config["TRUSTED_HOSTS"] or ()),
        }
        self.urls = app.url_map.bind("localhost")
        self._ask_offered = offered
        self._offered: tuple[int, Offered] | None = None
        self._flights: dict[tuple[int, Key], _Flight] = {}
        self._lock = threading.Lock()
        metrics.watch(
            "page_cache_bytes", "Memory of pages ready to be given.", lambda: self.shelf.size
        )
        metrics.watch("page_cache_pages", "Pages ready to be given.", lambda: len(self.shelf))

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer, or let the application answer."""
        began = time.perf_counter()
        if environ["REQUEST_METHOD"] in READING and asking.is_for_everybody(environ):
            answer = self._answer(environ, start_response, began)
            if answer is not None:
                return answer
        return self.inner(environ, start_response)

    def _answer(
        self, environ: WSGIEnvironment, start_response: StartResponse, began: float
    ) -> Iterable[bytes] | None:
        """The page; None when it is not ours to give."""
        version = self.clock.now() if environ.get("HTTP_HOST", "") in self.hosts else None
        spoken = self._spoken(environ, version) if version is not None else None
        if version is None or spoken is None:
            return None
        key = Key(
            environ["wsgi.url_scheme"],
            environ["HTTP_HOST"],
            environ["PATH_INFO"],
            environ.get("QUERY_STRING", ""),
            spoken,
        )
        page = self.shelf.get(version, key)
        if page is not None:
            return _given(page, "hit", environ, start_response, began)
        route = self._route(key)
        if route is None:
            return None
        return self._once(_Asked(environ, start_response, began), version, key, route)

    def _once(
        self, asked: _Asked, version: int | None, key: Key, route: _Route
    ) -> Iterable[bytes] | None:
        """Make it, or wait for who makes it already: a page in demand is made once a process."""
        for _ in range(TURNS):
            if version is None:
                return None
            flight, is_mine = self._board(version, key)
            page = None
            if is_mine:
                try:
                    # It may have landed just now.
                    page = self.shelf.get(version, key)
                    if page is None:
                        return self._made(asked, version, key, route, flight)
                    flight.is_barren = False
                finally:
                    self._land(version, key, flight)
            elif not flight.landed.wait(PATIENCE) or flight.is_barren:
                return None
            else:
                # Somebody may have written meanwhile: then it is made again.
                version = self.clock.now()
                page = self.shelf.get(version, key) if version is not None else None
            if page is not None:
                return _given(page, "joined", *asked)
        return None

    def _made(
        self, asked: _Asked, version: int, key: Key, route: _Route, flight: _Flight
    ) -> Iterable[bytes]:
        """The page as another process has made it, or as Flask makes it now."""
        environ, start_response, _ = asked
        page = self.shared.get(version, key) if self.shared else None
        if page is not None:
            flight.is_barren = not self.shelf.put(version, key, page)
            return _given(page, "shared", *asked)
        rendered = self._rendered(environ, key.language, version)
        page = _kept(rendered, route)
        if page is None:
            metrics.count_page("not kept")
            start_response(rendered.status, rendered.headers)
            return [] if environ["REQUEST_METHOD"] == "HEAD" else [rendered.body]
        flight.is_barren = not self.shelf.put(version, key, page)
        if self.shared:
            self.shared.put(version, key, page)
        metrics.count_page("made")
        return _sent(page, environ, start_response)[0]

    def _rendered(self, environ: WSGIEnvironment, spoken: str, version: int) -> _Rendered:
        """Made from the replica, if it is there and as far as that; else from the primary."""
        if self.replica is not None:
            with self.replica.reading(version) as reading:
                rendered = self._by_flask(environ, spoken) if reading else None
            if rendered is not None and reading is not None and not reading.failed:
                return rendered
        return self._by_flask(environ, spoken)

    def _by_flask(self, environ: WSGIEnvironment, spoken: str) -> _Rendered:
        page, written = making.begun(spoken), list[bytes]()
        answered: list[tuple[str, Headers]] = []

        def start(status: str, headers: Headers, _exc_info: Any = None) -> Callable[[bytes], None]:
            answered.append((status, headers))
            return written.append

        token = making.at_hand.set(page)
        try:
            parts = self.inner(asking.of_nobody(environ, spoken), start)
            try:
                written.extend(parts)
            finally:
                close = getattr(parts, "close", None)
                if close is not None:
                    close()
        finally:
            making.at_hand.reset(token)
        status, headers = answered[-1]
        return _Rendered(status, headers, b"".join(written), page)

    def _spoken(self, environ: WSGIEnvironment, version: int) -> str | None:
        known = self._offered
        if known is None or known[0] != version:
            token = reads_only.set(True)
            try:
                with self.app.app_context():
                    known = self._offered = version, self._ask_offered()
            except SQLAlchemyError:
                return None
            finally:
                reads_only.reset(token)
        return asking.language(environ, known[1], secure=self.app.config["SECURE"])

    def _route(self, key: Key) -> _Route | None:
        """The page of this address, if it may be kept and knows all of the query."""
        path = key.path.encode("latin-1").decode(errors="replace")
        try:
            rule, args = self.urls.match(path, method="GET", return_rule=True)
        except HTTPException:
            return None
        keeps = getattr(self.app.view_functions.get(rule.endpoint), "keeps", None)
        if keeps is None or not asking.knows(key.query, keeps):
            return None
        return _Route(rule.rule, rule.endpoint, dict(args))

    def _board(self, version: int, key: Key) -> tuple[_Flight, bool]:
        with self._lock:
            flight = self._flights.get((version, key))
            if flight is not None:
                return flight, False
            mine = self._flights[version, key] = _Flight()
            return mine, True

    def _land(self, version: int, key: Key, flight: _Flight) -> None:
        with self._lock:
            self._flights.pop((version, key), None)
        flight.landed.set()


def _kept(rendered: _Rendered, route: _Route) -> Kept | None:
    """What was made, if it is for everybody; None for whatever could be for one reader."""
    said: dict[str, str] = {}
    for name, value in rendered.headers:
        before = said.get(name.lower())
        said[name.lower()] = value if before is None else f"{before}, {value}"
    control = said.get("cache-control", "")
    rules = {each.strip().partition("=")[0].lower() for each in control.split(",")}
    varies = {each.strip().lower() for each in said.get("vary", "").split(",") if each.strip()}
    page = rendered.page
    is_for_all = (
        rendered.status.startswith("200")
        and not page.is_for_one
        and "public" in rules
        and rules.isdisjoint({"private", "no-store"})
        and "set-cookie" not in said
        and "content-encoding" not in said
        and varies <= _VARIES
        and page.ends > time.time()
    )
    if not is_for_all:
        return None
    # Whoever says "public" themselves means one thing for all languages.
    vary = _VARY if control == making.SHARED else ", ".join(sorted({"Accept-Encoding"} | varies))
    return Kept(
        headers=rendered.headers,
        body=rendered.body,
        ends=page.ends,
        rule=route.rule,
        endpoint=route.endpoint,
        args=route.args,
        language=page.language,
        note=page.note,
        rests_on=page.rests_on,
        vary=vary,
    )


def _given(
    page: Kept,
    outcome: str,
    environ: WSGIEnvironment,
    start_response: StartResponse,
    began: float,
) -> Iterable[bytes]:
    """Give what Flask knows nothing of, and do for it what is done after each request."""
    body, status = _sent(page, environ, start_response)
    method = environ["REQUEST_METHOD"]
    if method == "GET":
        tell(Hit(environ, page.endpoint, page.args, page.language, page.media_type, page.note))
    metrics.count_given(outcome, method, page.rule, status, time.perf_counter() - began)
    log.debug("given: %s, %s", page.endpoint, status)
    return body


def _sent(
    page: Kept, environ: WSGIEnvironment, start_response: StartResponse
) -> tuple[Iterable[bytes], int]:
    encoding = packing.chosen(environ.get("HTTP_ACCEPT_ENCODING", ""))
    body, headers, short = page.variant(encoding)
    if _is_known(page, environ):
        start_response("304 NOT MODIFIED", list(short))
        return [], 304
    start_response("200 OK", list(headers))
    return ([] if environ["REQUEST_METHOD"] == "HEAD" else [body]), 200


def _is_known(page: Kept, environ: WSGIEnvironment) -> bool:
    """Whether who asks has it already."""
    tags = environ.get("HTTP_IF_NONE_MATCH")
    if tags is not None:
        return tags == page.etag or parse_etags(tags).contains_weak(page.etag[3:-1])
    if "HTTP_IF_MODIFIED_SINCE" not in environ or not page.last_modified:
        return False
    since, changed = parse_date(environ["HTTP_IF_MODIFIED_SINCE"]), parse_date(page.last_modified)
    return since is not None and changed is not None and since >= changed
