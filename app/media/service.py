"""Taking pictures in: checked and re-encoded by `images`, written to the media folder."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.core.db import session
from app.media import images
from app.media.models import Image

if TYPE_CHECKING:
    from collections.abc import Mapping

_folder = Path("media")


def init(config: Mapping[str, Any]) -> None:
    """Take the media folder from the application's settings."""
    global _folder  # noqa: PLW0603 (one folder a process, set at start)
    _folder = config["MEDIA_PATH"]


def portrait(data: bytes) -> images.Processed:
    """An uploaded portrait, cropped square. Raises PictureError."""
    return images.square(data)


def store(
    picture: images.Processed, *, owner_id: int | None = None, guest: str | None = None
) -> Image:
    """Keep a processed picture; its file is whole before its row exists."""
    key = secrets.token_urlsafe(16)
    path = path_of(key)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.part")
    part.write_bytes(picture.bytes)
    part.replace(path)
    made = Image(
        key=key,
        media_type=picture.media_type,
        width=picture.width,
        height=picture.height,
        size=len(picture.bytes),
        looks=f"{picture.average_hash:016x}",
        owner_id=owner_id,
        guest=guest,
    )
    session.add(made)
    session.flush()
    return made


def path_of(key: str) -> Path:
    """Where the picture's bytes lie; two characters of the key spread the files over folders."""
    return _folder / key[:2] / f"{key}.webp"
