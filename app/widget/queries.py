"""Reading what stands about the sites that carry the widget."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from app.core.db import session
from app.widget.models import Site

if TYPE_CHECKING:
    from app.core.policy import Actor


def site_by_key(_actor: Actor, key: str) -> Site | None:
    """The open site whose pages carry this key, which is no secret."""
    return session.scalar(select(Site).where(Site.key == key, Site.disabled_at.is_(None)))


def site(_actor: Actor, site_id: int) -> Site | None:
    """A registered site, shut ones too: for those who manage them."""
    return session.get(Site, site_id)


def sites() -> list[Site]:
    """All that are registered, by name."""
    return list(session.scalars(select(Site).order_by(Site.name, Site.id)))
