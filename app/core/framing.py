"""What stands in other sites' pages: the widget's frame, and the files that bring it there.

What is asked for there comes without a cookie, whatever the browser sent: it is taken away before
anything of ours sees the request, so nobody signed in here can be made to act by a page that frames
us, and no answer gives one. Who asks is said by a word the frame itself sends (`widget.bearers`).

    framing.allow(["https://bank.example"])    # in the view of what may be framed, and by whom

Everything else, an error in its place too, refuses to be framed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from flask import g, has_request_context, request

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from flask import Flask, Response

FRAME, LOADER = "/embed/", "/widget/"
# A page of ours like any other, where somebody may be signed in.
SELF_TEST: Final = "check"

_MARK: Final = "otklik.without_cookies"
# As browsers write an origin: nothing of it could end the directive and begin another.
_ORIGIN: Final = re.compile(r"https?://(?:[a-z0-9_.-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?")


def is_without_cookies(path: str) -> bool:
    """Whether this path is the frame's or the loader's."""
    if path.startswith(LOADER):
        return path.removeprefix(LOADER).partition("/")[0] != SELF_TEST
    return path.startswith(FRAME)


def init(app: Flask) -> None:
    """Stand before the application. What `headers` says, it asks here for each response."""
    app.wsgi_app = _WithoutCookies(app.wsgi_app)  # type: ignore[method-assign]


def is_at_hand() -> bool:
    """Whether this request is one of those."""
    return has_request_context() and _MARK in request.environ


def language() -> str:
    """The language the page around the frame is written in, as it says; "" elsewhere."""
    if not is_at_hand():
        return ""
    return request.headers.get("X-Language") or request.args.get("lang", "")


def allow(origins: Iterable[str]) -> None:
    """Let pages of these origins show this response in a frame."""
    g.framed_by = [origin for origin in origins if _ORIGIN.fullmatch(origin)]


def show_own_frames() -> None:
    """Let this page of ours show the widget's frame, as the bank's pages do: to try it out."""
    g.shows_own_frames = True


def shown() -> list[str]:
    """The directive for what this page may show in frames; none, which is nothing, elsewhere."""
    return ["frame-src 'self'"] if g.get("shows_own_frames") else []


def ancestors(response: Response) -> str:
    """The sources of `frame-ancestors`: what was allowed, for what was asked for and found."""
    allowed: list[str] = g.get("framed_by", [])
    is_the_frame = is_at_hand() and response.status_code == 200  # noqa: PLR2004
    return " ".join(allowed) if allowed and is_the_frame else "'none'"


def add_headers(response: Response) -> None:
    """Let what is for other sites' pages be taken there."""
    if not is_at_hand():
        return
    headers = response.headers
    headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    if request.path.startswith(LOADER):
        headers["Access-Control-Allow-Origin"] = "*"
        return
    headers["Cross-Origin-Embedder-Policy"] = "require-corp"
    headers["Cache-Control"] = "no-store"
    if ancestors(response) != "'none'":
        # It knows no list; browsers that read it and not `frame-ancestors` are long gone.
        headers.remove("X-Frame-Options")


class _WithoutCookies:
    """Takes the cookies away, on the way in and on the way out."""

    def __init__(self, inner: WSGIApplication) -> None:
        self.inner = inner

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not is_without_cookies(environ.get("PATH_INFO", "")):
            return self.inner(environ, start_response)
        environ.pop("HTTP_COOKIE", None)
        environ[_MARK] = True

        def start(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Any:
            kept = [each for each in headers if each[0].lower() != "set-cookie"]
            return start_response(status, kept, *exc_info)

        return self.inner(environ, start)
