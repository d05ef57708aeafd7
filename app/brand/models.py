"""The brand: one row, made by the first start and edited by the administrator."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core import clock
from app.core.db import Model, intpk
from app.media.models import Image


class Brand(Model):
    """What the public sees of the bank. `welcome` maps a language to a text in Markdown."""

    __tablename__ = "brands"

    id: Mapped[intpk]
    name: Mapped[str] = mapped_column(String(80))
    tagline: Mapped[str] = mapped_column(String(200), default="")
    welcome: Mapped[dict[str, Any]] = mapped_column(default=dict)
    colour: Mapped[str] = mapped_column(String(7), default="#1f5f5b")
    logo_id: Mapped[int | None] = mapped_column(ForeignKey("images.id", ondelete="SET NULL"))
    # [{"label": …, "url": …}], in order.
    footer_links: Mapped[list[Any]] = mapped_column(default=list)
    languages: Mapped[list[Any]] = mapped_column(default=lambda: ["ru", "uk", "en"])
    locale: Mapped[str] = mapped_column(String(5), default="ru")
    timezone: Mapped[str] = mapped_column(String(60), default="Europe/Moscow")
    mail_name: Mapped[str] = mapped_column(String(80), default="")
    mail_address: Mapped[str] = mapped_column(String(254), default="otklik@localhost")
    # Names nobody may take here besides those that are never anybody's; see core/names.py.
    reserved_names: Mapped[list[Any]] = mapped_column(default=list)
    # Hosts that links lead to without a page that warns; a host brings those below it.
    outside_hosts: Mapped[list[Any]] = mapped_column(default=list)
    # The bank's own phones, addresses and requisites: they are public, and are not hidden.
    own_numbers: Mapped[list[Any]] = mapped_column(default=list)
    changed_at: Mapped[datetime] = mapped_column(default=clock.now)

    logo: Mapped[Image | None] = relationship(lazy="joined")

    @property
    def logo_is_a_sign(self) -> bool:
        """Whether the logo is a sign without words, so that the name must stand beside it."""
        return self.logo is not None and self.logo.width < 1.6 * self.logo.height

    @property
    def logo_url(self) -> str | None:
        """The logo's address, when there is one."""
        return self.logo.url if self.logo else None
