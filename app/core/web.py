"""The web's door: every route names its permission, every request is one transaction.

    door = Door("topics", __name__)

    @door.post("/topics/<int:topic_id>/answers", may="topics.answer", on=queries.topic_in_sight)
    def publish_answer(topic: Topic) -> ResponseReturnValue: ...

`fresh=True` asks for more than a session: the person has just proved that it is them (again). With
`fresh="post"` only the form that is sent asks for it, not the page that shows it.

`keeps=("view", "cursor")` lets the page be kept for everybody who is not signed in, see
`core.pagecache`; it names the query parameters the page knows.

`on` loads the thing through the actor (None: 404) and takes the ids out of the address; the view
gets the thing first. Unsafe requests must come from our own pages: the browser says so in
`Sec-Fetch-Site` and `Origin`, which needs no token and no cookie for somebody who only reads.
"""

from __future__ import annotations

import inspect
import logging
from datetime import timedelta
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import SplitResult, urlencode, urlsplit

from flask import Blueprint, abort, current_app, g, make_response, redirect, request, url_for
from flask_login import current_user
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import NotFound, Unauthorized
from werkzeug.routing import IntegerConverter

from app.core import cookies, framing, reach, telling, transactions
from app.core.db import reads_only
from app.core.places import mask_address
from app.core.policy import Actor, RefusedError, is_for_people, permissions, require
from app.core.written import Asked, hidden

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from flask import Flask, Response
    from flask.typing import ResponseReturnValue

    View = Callable[..., ResponseReturnValue]

log = logging.getLogger(__name__)

V = TypeVar("V", bound="View")

SAFE = {"GET", "HEAD", "OPTIONS"}


def current_actor() -> Any:
    """The signed-in person, or the guest."""
    # Where Flask-Login keeps who reads; asked for some fifty times a page.
    reader = g.get("_login_user")
    return current_user._get_current_object() if reader is None else reader  # noqa: SLF001


def see_other(endpoint: str, **values: Any) -> Response:
    """After an act, show a page: 303, so that reloading repeats nothing."""
    return cast("Response", redirect(url_for(endpoint, **values), code=303))


def go_back(otherwise: str) -> Response:
    """303 to the address named by `next` when it is one of ours, else to `otherwise`."""
    return cast("Response", redirect(inside(request.values.get("next")) or otherwise, code=303))


def inside(address: str | None) -> str | None:
    """`address` if it is a path on this site; None for anything that could lead elsewhere."""
    if not address or not address.startswith("/") or address.startswith(("//", "/\\")):
        return None
    if any(c in address for c in "\\\r\n\t\x00") or urlsplit(address).netloc:
        return None
    return address


def remember_locale(response: Response, code: str) -> None:
    """Let this browser be spoken to in the language that was chosen here."""
    cookies.give(response, "lang", code, timedelta(days=365))


def wants_fragment() -> bool:
    """Whether htmx or one of our modules asks for a piece of a page."""
    return "HX-Request" in request.headers or request.headers.get("X-Fragment") == "1"


class Door(Blueprint):
    """A blueprint whose routes must each say who may enter."""

    def get(  # type: ignore[override]
        self, rule: str, *, may: str, on: Any = None, **options: Any
    ) -> Callable[[V], V]:
        """Declare a page."""
        return self._declare(rule, ["GET"], may, on, options)

    def post(  # type: ignore[override]
        self, rule: str, *, may: str, on: Any = None, **options: Any
    ) -> Callable[[V], V]:
        """Declare an act. `cross_site=True` admits requests from elsewhere (signed links)."""
        return self._declare(rule, ["POST"], may, on, options)

    def form(self, rule: str, *, may: str, on: Any = None, **options: Any) -> Callable[[V], V]:
        """Declare a page with a form that is sent back to the same address."""
        return self._declare(rule, ["GET", "POST"], may, on, options)

    def _declare(
        self, rule: str, methods: list[str], may: str, on: Any, options: dict[str, Any]
    ) -> Callable[[V], V]:
        cross_site = options.pop("cross_site", False)
        fresh = options.pop("fresh", False)
        keeps = options.pop("keeps", None)

        def decorate(view: V) -> V:
            guarded = _guard(view, may, on, fresh=fresh)
            guarded.may = may  # type: ignore[attr-defined]
            guarded.on = on  # type: ignore[attr-defined]
            guarded.cross_site = cross_site  # type: ignore[attr-defined]
            guarded.fresh = fresh  # type: ignore[attr-defined]
            guarded.keeps = keeps  # type: ignore[attr-defined]
            endpoint = options.pop("endpoint", view.__name__)
            self.add_url_rule(rule, endpoint, guarded, methods=methods, **options)
            return view

        return decorate


def _guard(view: View, may: str, on: Any, *, fresh: bool | str = False) -> View:
    ids = list(inspect.signature(on).parameters)[1:] if on else []

    @wraps(view)
    def enter(**kwargs: Any) -> ResponseReturnValue:
        actor = current_actor()
        things = []
        if on is not None:
            things = [on(actor, **{name: kwargs.pop(name) for name in ids if name in kwargs})]
            if things == [None]:
                # Where only people come in, a guest learns nothing of what there is inside.
                if actor.id is None and is_for_people(may):
                    raise RefusedError(may)
                raise NotFound
        require(actor, may, *things)
        # Only who may is asked to prove again who they are.
        answer = _ask_again(fresh=fresh) or view(*things, **kwargs)
        response = make_response(answer)
        if request.method not in SAFE:
            telling.tell(response, actor.id)
            transactions.commit()
        return response

    return enter


def _ask_again(*, fresh: bool | str) -> ResponseReturnValue | None:
    """The page that asks, or None: not demanded here, or proved just now."""
    if not fresh or (fresh == "post" and request.method in SAFE):
        return None
    ask: Callable[[], ResponseReturnValue | None] = current_app.extensions["otklik.ask_again"]
    return ask()


class Id(IntegerConverter):
    """A row's number in an address: what no database can count to is nowhere (404)."""

    regex = r"\d{1,9}"


def init(app: Flask) -> None:
    """Guard every request: same-site, declared, in one transaction."""
    app.request_class = Asked
    app.url_map.converters["int"] = Id
    app.wsgi_app = _Reading(app.wsgi_app)  # type: ignore[method-assign]
    app.before_request(_refuse_undeclared)
    app.before_request(_refuse_other_sites)
    app.before_request(_leave_out_of_the_address)
    app.teardown_request(_close_transaction)
    app.register_error_handler(RefusedError, _refused)


class _Reading:
    """Tells the database, before anything is asked of it, whether this request only reads."""

    def __init__(self, inner: WSGIApplication) -> None:
        self.inner = inner

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        token = reads_only.set(environ["REQUEST_METHOD"] in SAFE)
        try:
            return self.inner(environ, start_response)
        finally:
            reads_only.reset(token)


def _close_transaction(_error: BaseException | None) -> None:
    try:
        transactions.rollback()
    except SQLAlchemyError as error:
        # The answer is made. A transaction whose database is gone is undone without being told.
        if not reach.is_away(error):
            raise
        log.warning("a transaction ended with its database: %s", type(error).__name__)


def _refuse_undeclared() -> None:
    if "\x00" in request.path:  # no page of ours, and PostgreSQL refuses to be asked
        abort(404)
    view = current_app.view_functions.get(request.endpoint or "")
    if view is None or request.endpoint == "static":
        return
    if getattr(view, "may", None) not in permissions:
        message = f"{request.endpoint} declares no permission"
        raise RuntimeError(message)


def _refuse_other_sites() -> None:
    view = current_app.view_functions.get(request.endpoint or "")
    if getattr(view, "cross_site", False):
        return
    if _is_read_by_another_site() if request.method in SAFE else not _is_from_here():
        abort(403)


def _leave_out_of_the_address() -> ResponseReturnValue | None:
    """What was hidden must not stay in the address either: in histories, in what pages link to."""
    goes = request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"
    if request.method != "GET" or not goes or wants_fragment() or not request.endpoint:
        return None
    if not request.args or not hidden():
        return None
    words = urlencode(list(request.args.items(multi=True)))
    here = url_for(request.endpoint, **(request.view_args or {}))
    return redirect(f"{here}?{words}", code=303)


def _is_read_by_another_site() -> bool:
    """Whether another site's page, not its reader, asks in somebody's name.

    It is shown nothing, but how long an answer takes would tell of whoever it is.
    """
    asks = request.headers.get("Sec-Fetch-Site") in {"cross-site", "same-site"}
    goes = request.headers.get("Sec-Fetch-Mode") == "navigate"
    return asks and not goes and bool(request.cookies)


def _is_from_here() -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("Origin") or request.headers.get("Referer")
    return origin is not None and _split(origin).netloc == request.host


def _split(address: str) -> SplitResult:
    """The parts of an address a browser sent; of one that is none, nothing."""
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")


def _refused(error: RefusedError) -> ResponseReturnValue:
    """A guest may be somebody who may: ask them in. Anyone else learns nothing."""
    actor: Actor = current_actor()
    if actor.id is not None:
        log.warning("refused: person %s, %s", actor.id, error)
    if actor.id is None and framing.is_at_hand():  # the page to sign in on is not for a frame
        return current_app.handle_user_exception(Unauthorized())
    if actor.id is None and "accounts.sign_in" in current_app.view_functions:
        here = request.full_path.rstrip("?") if request.method in SAFE else None
        back = here or inside(mask_address(_split(request.referrer or "").path))
        return see_other("accounts.sign_in", next=back)
    # Raised in here it would pass every error handler by and end as a 500.
    return current_app.handle_user_exception(NotFound())
