"""Taking pictures in, and showing them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import flash, jsonify, make_response, request
from werkzeug.exceptions import NotFound

from app.core import limits
from app.core.guests import make_guest
from app.core.headers import FOREVER
from app.core.i18n import _, duration
from app.core.limits import Limit
from app.core.policy import is_not_silenced
from app.core.sending import send
from app.core.web import Door, current_actor, go_back
from app.media import policy, queries, service  # noqa: F401 (it declares the permissions)
from app.media.images import PictureError, TooLarge

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

door = Door("media", __name__)

PACE = Limit("upload", guests=20, people=20, seconds=3600)
ALONE = "default-src 'none'; sandbox; frame-ancestors 'none'"


@door.post("/media", may="media.upload")
def upload() -> ResponseReturnValue:
    """Keep one picture (`file`): JSON for scripts, the way back for a plain form."""
    actor, file = current_actor(), request.files.get("file")
    if file is None or not file.filename:
        return _refused(_("Choose a picture first."), 422)
    if not is_not_silenced(actor, None):
        return _refused(_("You cannot write here for now. Your profile says why."), 403)
    guest = make_guest() if actor.id is None else None
    if pause := limits.wait(PACE):
        answer = make_response(
            _refused(
                _(
                    "That were many pictures at once. Possible again in: %(time)s",
                    time=duration(pause + 59),
                ),
                429,
            )
        )
        answer.headers["Retry-After"] = str(pause)
        return answer
    try:
        image = service.take(file.stream.read(), owner_id=actor.id, guest=guest)
    except PictureError as error:
        codes = {TooLarge: 413, service.TooManyPictures: 429, service.NotKept: 503}
        return _refused(service.words_for(error), codes.get(type(error), 422))
    if _wants_json():
        return jsonify(url=image.url), 201
    flash(_("The picture is kept. Put this into your text: %(text)s", text=f"![]({image.url})"))
    return go_back("/")


def _wants_json() -> bool:
    best = request.accept_mimetypes.best_match(["application/json", "text/html"])
    return best == "application/json"


def _refused(words: str, code: int) -> ResponseReturnValue:
    if _wants_json():
        return jsonify(error=words), code
    flash(words, "broken")
    return go_back("/")


@door.get("/media/<key>.webp", may="media.see")
def image(key: str) -> ResponseReturnValue:
    """A picture's bytes. A key names one content forever, so the browser may keep it."""
    found = queries.image(key)
    if found is None:
        raise NotFound
    try:
        file = service.file_of(found.key)
        response = send(file, found.media_type, size=found.size, etag=found.key)
    except FileNotFoundError:
        raise NotFound from None
    response.headers["Cache-Control"] = FOREVER
    # Even opened on its own it can do nothing.
    response.headers["Content-Security-Policy"] = ALONE
    response.headers["Content-Disposition"] = "inline"
    return response
