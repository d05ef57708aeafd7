"""Giving a file out: from this machine's disk as it is, from elsewhere piece by piece."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response, request, send_file

if TYPE_CHECKING:
    from app.core.files import File


def send(file: File, media_type: str, *, size: int, etag: str, name: str | None = None) -> Response:
    """The file, to be saved as `name` if that is given; raises FileNotFoundError."""
    if file.path is not None:
        if not file.exists():
            raise FileNotFoundError(file.name)
        return send_file(
            file.path,
            media_type,
            as_attachment=name is not None,
            download_name=name,
            etag=etag,
            max_age=None,
        )
    is_known = request.if_none_match.contains_weak(etag)
    response = Response(None if is_known else file.pieces(), 304 if is_known else 200)
    response.content_type = media_type
    response.set_etag(etag)
    if not is_known:
        response.content_length = size
    if name is not None:
        response.headers.set("Content-Disposition", "attachment", filename=name)
    return response
