"""Taking pictures in: checked and re-encoded by `images`, kept where `core.files` keeps them."""

from __future__ import annotations

import secrets
from datetime import timedelta

from app.core import clock, files, transactions
from app.core.db import reads_only, session
from app.core.i18n import _
from app.media import images, queries
from app.media.images import Broken, NotAPicture, PictureError, TooLarge, TooManyPixels
from app.media.models import Image

A_DAY = 60
A_DAY_FOR_GUESTS = 20
# As long as somebody may take over a text that is saved nowhere but on their own device.
UNUSED_FOR = timedelta(hours=48)
SWEPT_AT_ONCE = 500

# The last picture this worker has looked at; after a restart it begins anew.
_swept = 0


class TooManyPictures(PictureError):
    """As many pictures as one person, or one guest's browser, may upload in a day."""


class NotKept(PictureError):
    """The place where pictures lie is out of reach."""


def portrait(data: bytes) -> images.Processed:
    """An uploaded portrait, cropped square. Raises PictureError."""
    return images.square(data)


def store(
    picture: images.Processed, *, owner_id: int | None = None, guest: str | None = None
) -> Image:
    """Keep a processed picture; its file is whole before its row exists. Raises NotKept."""
    key = secrets.token_urlsafe(16)
    try:
        file_of(key).write(picture.bytes)
    except files.OutOfReachError as error:
        raise NotKept from error
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


def take(data: bytes, *, owner_id: int | None = None, guest: str | None = None) -> Image:
    """Keep a picture for a text. Raises PictureError, or TooManyPictures for today."""
    since = clock.now() - timedelta(days=1)
    limit = A_DAY if owner_id is not None else A_DAY_FOR_GUESTS
    if queries.uploaded_since(since, owner_id=owner_id, guest=guest) >= limit:
        raise TooManyPictures
    return store(images.process(data), owner_id=owner_id, guest=guest)


def read(image: Image) -> bytes | None:
    """A picture's bytes; None when its file is gone. Raises files.OutOfReachError."""
    try:
        return file_of(image.key).read_bytes()
    except FileNotFoundError:
        return None


def sweep(size: int = SWEPT_AT_ONCE) -> int:
    """Drop those of the next `size` pictures that nothing has used for long; how many."""
    global _swept  # noqa: PLW0603 (where this worker goes on in an hour)
    reading = reads_only.set(True)  # looking through the texts must not keep writers waiting
    try:
        pictures = queries.uploaded_before(clock.now() - UNUSED_FOR, after_id=_swept, limit=size)
        _swept = pictures[-1].id if len(pictures) == size else 0
        unused = queries.unused(pictures)
    finally:
        transactions.rollback()
        reads_only.reset(reading)
    if not unused:
        return 0
    unused = queries.unused(unused)  # again, now that nobody else writes
    for image in unused:
        # The file first: a row without a file is found again, a file without a row is not.
        file_of(image.key).unlink()
        session.delete(image)
    transactions.commit()
    return len(unused)


def file_of(key: str) -> files.File:
    """Where the picture's bytes lie; two characters of the key spread the files over folders."""
    return files.file("media", key[:2], f"{key}.webp")


def words_for(error: PictureError) -> str:
    """One sentence that says what to do."""
    words = {
        TooManyPictures: _(
            "That is enough pictures for one day. Your text is safe; go on without."
        ),
        NotKept: _("Pictures cannot be kept right now. Try again in a minute, or go on without."),
        TooLarge: _("The picture is larger than 10 MB. Please choose a smaller one."),
        TooManyPixels: _(
            "The picture has more than 40 million pixels. Please choose a smaller one."
        ),
        Broken: _("The picture is damaged. Please save it again, or choose another."),
        NotAPicture: _("This is not a PNG, JPEG, WebP or HEIC picture."),
    }
    otherwise = _("This picture could not be taken. Please choose another.")
    return words.get(type(error), otherwise)
