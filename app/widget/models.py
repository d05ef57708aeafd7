"""Sites of the bank that carry the widget, what they sign with, and what was asked from them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core import clock
from app.core.db import Model, intpk

# How the bank may sign whom it knows; anything else a token claims is refused.
ALGORITHMS = ("HS256", "EdDSA")


class Site(Model):
    """A site that may show the widget. `key` is public: it stands in the page's source.

    `issuer` is what `iss` of the bank's tokens must be; "" when the site identifies nobody.
    """

    __tablename__ = "widget_sites"

    id: Mapped[intpk]
    key: Mapped[str] = mapped_column(String(22), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    issuer: Mapped[str] = mapped_column(String(255), default="")
    # Where questions from it go when neither its pages nor the words say.
    category_id: Mapped[int | None] = mapped_column(ForeignKey("categories.id"))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    disabled_at: Mapped[datetime | None]

    origins: Mapped[list[Origin]] = relationship(
        order_by="Origin.id", cascade="all, delete-orphan", lazy="selectin"
    )
    places: Mapped[list[Place]] = relationship(
        order_by="Place.prefix", cascade="all, delete-orphan", lazy="selectin"
    )


class Origin(Model):
    """An origin that may frame us: scheme, host and port as a browser writes them."""

    __tablename__ = "widget_origins"
    __table_args__ = (UniqueConstraint("site_id", "origin"),)

    id: Mapped[intpk]
    site_id: Mapped[int] = mapped_column(ForeignKey("widget_sites.id", ondelete="CASCADE"))
    origin: Mapped[str] = mapped_column(String(255))


class Place(Model):
    """Pages of a site whose path begins with `prefix` are about this category."""

    __tablename__ = "widget_places"
    __table_args__ = (UniqueConstraint("site_id", "prefix"),)

    id: Mapped[intpk]
    site_id: Mapped[int] = mapped_column(ForeignKey("widget_sites.id", ondelete="CASCADE"))
    prefix: Mapped[str] = mapped_column(String(200))
    category_id: Mapped[int] = mapped_column(ForeignKey("categories.id"))


class SigningKey(Model):
    """What a site's tokens are signed with; at most two are live, so that one can follow another.

    `secret` (HS256) lies sealed, `public_key` (EdDSA) is in PEM. `name` is the token's `kid`.
    """

    __tablename__ = "widget_keys"
    __table_args__ = (UniqueConstraint("site_id", "name"),)

    id: Mapped[intpk]
    site_id: Mapped[int] = mapped_column(ForeignKey("widget_sites.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(40))
    algorithm: Mapped[str] = mapped_column(String(8))
    secret: Mapped[str] = mapped_column(String(300), default="")
    public_key: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    used_at: Mapped[datetime | None]
    retired_at: Mapped[datetime | None]


class UsedToken(Model):
    """A token that was taken; it is not taken again. Only a hash of its `jti` is here."""

    __tablename__ = "widget_used_tokens"
    __table_args__ = (UniqueConstraint("site_id", "digest"),)

    id: Mapped[intpk]
    site_id: Mapped[int] = mapped_column(ForeignKey("widget_sites.id", ondelete="CASCADE"))
    digest: Mapped[str] = mapped_column(String(64))
    expires_at: Mapped[datetime] = mapped_column(index=True)


class Enquiry(Model):
    """From which page something was asked: context for who answers, shown to staff only.

    `guest` ties it to the draft of somebody who has yet to prove their address; `topic_id` and
    `submission_id` say what came of it. `context` is what the host page said: short texts by name.
    """

    __tablename__ = "widget_enquiries"

    id: Mapped[intpk]
    site_id: Mapped[int | None] = mapped_column(ForeignKey("widget_sites.id", ondelete="SET NULL"))
    guest: Mapped[str | None] = mapped_column(String(64), unique=True)
    person_id: Mapped[int | None] = mapped_column(
        ForeignKey("people.id", ondelete="CASCADE"), index=True
    )
    topic_id: Mapped[int | None] = mapped_column(
        ForeignKey("topics.id", ondelete="CASCADE"), unique=True
    )
    submission_id: Mapped[int | None] = mapped_column(
        ForeignKey("submissions.id", ondelete="CASCADE"), unique=True
    )
    page: Mapped[str] = mapped_column(String(500), default="")
    page_title: Mapped[str] = mapped_column(String(200), default="")
    context: Mapped[dict[str, Any]] = mapped_column(default=dict)
    at: Mapped[datetime] = mapped_column(default=clock.now)

    site: Mapped[Site | None] = relationship(lazy="joined")


class Seen(Model):
    """Up to when somebody has read what was answered to them, in the widget."""

    __tablename__ = "widget_seen"

    person_id: Mapped[int] = mapped_column(
        ForeignKey("people.id", ondelete="CASCADE"), primary_key=True
    )
    topic_id: Mapped[int] = mapped_column(
        ForeignKey("topics.id", ondelete="CASCADE"), primary_key=True
    )
    at: Mapped[datetime] = mapped_column(default=clock.now)


class Use(Model):
    """How often the widget was used on a page that day, and for what; nobody's traces."""

    __tablename__ = "widget_uses"

    site_id: Mapped[int] = mapped_column(
        ForeignKey("widget_sites.id", ondelete="CASCADE"), primary_key=True
    )
    day: Mapped[date] = mapped_column(primary_key=True)
    page: Mapped[str] = mapped_column(String(200), primary_key=True)
    opened: Mapped[int] = mapped_column(default=0)
    searched: Mapped[int] = mapped_column(default=0)
    helped: Mapped[int] = mapped_column(default=0)
    asked: Mapped[int] = mapped_column(default=0)
