"""The one file that brings the widget into the bank's pages.

Its evergreen address follows us; a version's bytes never change, and its hash is public, so that a
page can hold us to it (Subresource Integrity).
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from flask import jsonify, make_response, request
from werkzeug.exceptions import NotFound

from app.core.headers import FOREVER
from app.widget import snippets
from app.widget.views import door

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Response
    from flask.typing import ResponseReturnValue

FOLDER: Final = snippets.RELEASES.parent
A_WHILE: Final = timedelta(minutes=5)
# While we are down, what a browser has goes on; the button then takes itself away.
SHORTLY: Final = f"public, max-age={A_WHILE.seconds}, stale-if-error=86400"


@door.get("/widget/v1.js", may="widget.load")
def loader() -> ResponseReturnValue:
    """The newest loader, asked after every few minutes."""
    return _script(FOLDER / "loader.js", SHORTLY)


@door.get("/widget/<version>/loader.js", may="widget.load")
def release(version: str) -> ResponseReturnValue:
    """A version as it was published, for as long as a page may hold it."""
    if version not in {each.version for each in snippets.releases()}:
        raise NotFound
    return _script(FOLDER / "releases" / f"{version}.js", FOREVER)


@door.get("/widget/hashes.json", may="widget.load")
def hashes() -> ResponseReturnValue:
    """Every version with its address and hash, the newest first."""
    rows = [
        {"version": each.version, "url": snippets.source(each), "integrity": each.integrity}
        for each in snippets.releases()
    ]
    answer = jsonify(releases=rows)
    answer.headers["Cache-Control"] = SHORTLY
    return _asked_after(answer)


def _script(file: Path, kept: str) -> Response:
    answer = make_response(file.read_bytes())
    answer.content_type = "text/javascript; charset=utf-8"
    answer.headers["Cache-Control"] = kept
    return _asked_after(answer)


def _asked_after(answer: Response) -> Response:
    """304 for whoever has it."""
    answer.set_etag(hashlib.sha256(answer.get_data()).hexdigest()[:16])
    answer.make_conditional(request)
    return answer
