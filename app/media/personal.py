"""What media hold of a person: the pictures they uploaded, as rows and as files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import or_, select

from app.core.db import session
from app.core.i18n import _l
from app.core.personal import ERASED, NOBODY, Erasing, Section, Subject, holds
from app.media import queries
from app.media.models import Image
from app.media.service import file_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def collect(of: Subject) -> Iterator[Section]:
    """Each picture as a file."""
    pictures = [(image, file_of(image.key)) for image in _theirs(of)]
    yield Section(
        "pictures",
        _l("Pictures you uploaded"),
        {"file": _l("File"), "at": _l("When"), "width": _l("Width"), "height": _l("Height")},
        [
            {
                "file": f"pictures/{image.key}.webp",
                "at": image.created_at,
                "width": image.width,
                "height": image.height,
            }
            for image, _file in pictures
        ],
        {f"pictures/{image.key}.webp": file for image, file in pictures},
    )


def forget(erasing: Erasing) -> None:
    """Delete what they uploaded; as long as their words stay, so do the pictures in them.

    Comes after texts, drafts and the portrait are let go. What something else of ours points at,
    a logo, is the bank's by now.
    """
    theirs = _theirs(erasing.subject)
    going = queries.pointed_at_by_nothing(theirs) if erasing.words else queries.unused(theirs)
    for image in going:
        erasing.files.append(file_of(image.key))
        session.delete(image)
        erasing.count(Image)
    for image in theirs:
        if image not in going:
            image.owner_id = image.guest = None
            erasing.count(Image)
    session.flush()


def _theirs(of: Subject) -> Sequence[Image]:
    whose = [Image.owner_id == of.person_id]
    if of.guests:
        whose.append(Image.guest.in_(of.guests))
    return session.scalars(select(Image).where(or_(*whose)).order_by(Image.id)).all()


holds(
    "media",
    {
        "images.owner_id": ERASED,
        "images.guest": ERASED,
        "images.media_type": NOBODY,
        "images.key": ERASED,
        "images.looks": ERASED,
    },
    collect=collect,
    forget=forget,
    order=95,
)
