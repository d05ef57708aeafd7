"""Changing the brand."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

from app.brand.colours import hexed, palette
from app.brand.events import BrandChanged
from app.brand.queries import brand
from app.core import clock
from app.core.db import session
from app.core.events import record

if TYPE_CHECKING:
    from app.brand.models import Brand
    from app.media.models import Image


@dataclass(frozen=True)
class Face:
    """Everything the administrator sets, as it is to be kept."""

    name: str
    tagline: str
    logo: Image | None
    colour: str
    welcome: dict[str, str]
    footer_links: list[dict[str, str]]
    languages: list[str]
    locale: str
    timezone: str
    mail_name: str
    mail_address: str
    reserved_names: list[str] = field(default_factory=list)
    outside_hosts: list[str] = field(default_factory=list)
    own_numbers: list[str] = field(default_factory=list)


class NoLanguageError(ValueError):
    """No language is offered, or the default one is not."""


def change(administrator_id: int, face: Face) -> Brand:
    """Take on a new face. The colour kept is the one that can be read, whatever was asked."""
    if face.locale not in face.languages:
        raise NoLanguageError(face.locale)
    kept = brand()
    before = {f.name: getattr(kept, f.name) for f in fields(face)}
    put_on(kept, face)
    changed = [name for name, value in before.items() if getattr(kept, name) != value]
    if changed:
        kept.changed_at = clock.now()
        session.add(kept)
        session.flush()
        record(BrandChanged(changed), by=administrator_id)
    return kept


def put_on(brand: Brand, face: Face) -> None:
    """Give `brand` this face: the kept one, or one that is only tried on."""
    for each in fields(face):
        setattr(brand, each.name, getattr(face, each.name))
    brand.colour = palette(face.colour).colour


def shown_colour(text: str) -> str | None:
    """A colour somebody typed, as "#rrggbb"; None when it is none."""
    try:
        return hexed(text)
    except ValueError:
        return None
