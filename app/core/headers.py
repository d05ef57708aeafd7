"""What every response says to the browser, and what every page may ask about static files."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from flask import current_app, g, request, url_for
from flask import session as browser

from app.core import framing, pagecache

if TYPE_CHECKING:
    from flask import Flask, Response
    from markupsafe import Markup

# A year: addresses of static files carry a hash of their content.
FOREVER = "public, max-age=31536000, immutable"


def init(app: Flask) -> None:
    """Send the security headers with every response, errors and files too."""
    app.after_request(_add_headers)
    app.jinja_env.globals.update(asset=asset, has_endpoint=has_endpoint)
    app.jinja_env.filters["inline_script"] = inline_script


def inline_script(text: Markup) -> Markup:
    """What stands between `<script>` and its end, let in by its hash: our own import map.

    Its text must be ours alone. A hash: the nonce of a page that is kept would be no secret.
    """
    g.setdefault("inline_scripts", []).append(_source_of(str(text)))
    return text


@lru_cache(maxsize=64)
def _source_of(text: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def asset(path: str) -> str:
    """The address of a static file, with a hash of its content so that it may be kept forever."""
    known = _addresses.get(path)
    if known is None or current_app.config["DEVELOPMENT"]:
        known = _addresses[path] = url_for("static", filename=path, v=_hash(path))
    return known


def has_endpoint(name: str) -> bool:
    """Whether a slice with this page is part of the house."""
    return name in current_app.view_functions


_hashes: dict[str, tuple[float, str]] = {}
_addresses: dict[str, str] = {}


def _hash(path: str) -> str:
    file = Path(current_app.static_folder or "") / path
    changed = file.stat().st_mtime if current_app.config["DEVELOPMENT"] else 0
    known = _hashes.get(path)
    if known is None or known[0] != changed:
        known = changed, hashlib.sha256(file.read_bytes()).hexdigest()[:10]
        _hashes[path] = known
    return known[1]


def _is_opened_by_its_address() -> bool:
    """Whether whoever knows this address gets what it opens: a mailed link, a provider's code."""
    return "token" in (request.view_args or ()) or "code" in request.args


def _referrer() -> str:
    """What others learn of the page somebody comes from; of one a mailed link opens, nothing.

    Not `no-referrer`: with that, a form's Origin is "null", and older browsers say nothing else.
    """
    return "same-origin" if _is_opened_by_its_address() else "strict-origin-when-cross-origin"


def _add_headers(response: Response) -> Response:
    policy = [
        "default-src 'none'",
        " ".join(["script-src 'self'", *g.get("inline_scripts", [])]),
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        f"frame-ancestors {framing.ancestors(response)}",
        "object-src 'none'",
        *framing.shown(),
    ]
    headers = response.headers
    headers.setdefault("Content-Security-Policy", "; ".join(policy))
    # For browsers that do not read frame-ancestors.
    headers.setdefault("X-Frame-Options", "DENY")
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = _referrer()
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()"
    if current_app.config["SECURE"]:
        headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    if request.endpoint == "static" and "v" in request.args:
        headers["Cache-Control"] = FOREVER
    if "Cache-Control" not in headers:
        # A page differs with who reads it. A guest's may be kept if asked after; a person's not.
        guests = pagecache.control(response.status_code)
        is_theirs = "_user_id" in browser or _is_opened_by_its_address()
        headers["Cache-Control"] = "no-store" if is_theirs else guests
    framing.add_headers(response)
    if not response.cache_control.public:
        response.vary.update(("Cookie", "Accept-Language"))
    return response
