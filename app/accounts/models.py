"""People, their sessions, and the tickets mailed to prove an address."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core import clock
from app.core.db import Model, intpk
from app.media.models import Image

ROLES = ("customer", "executive", "manager", "administrator")


class Person(Model):
    """Anybody with a name here: customer, executive, manager, administrator.

    A person without `password_hash` and `email` is unclaimed: an author brought in from elsewhere,
    known by `origin`.
    """

    __tablename__ = "people"

    id: Mapped[intpk]
    name: Mapped[str] = mapped_column(String(80))
    # The name with look-alike letters folded, to find a customer who imitates the bank.
    skeleton: Mapped[str] = mapped_column(String(200), index=True, default="")
    email: Mapped[str | None] = mapped_column(String(254), unique=True)
    confirmed_at: Mapped[datetime | None]
    password_hash: Mapped[str | None] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(20), default="customer", index=True)
    post: Mapped[str] = mapped_column(String(120), default="")
    about: Mapped[str] = mapped_column(String(600), default="")
    portrait_id: Mapped[int | None] = mapped_column(ForeignKey("images.id", ondelete="SET NULL"))
    locale: Mapped[str | None] = mapped_column(String(5))
    timezone: Mapped[str | None] = mapped_column(String(60))
    # {"answers": true, "follows": true, …}; a missing key means yes.
    letters: Mapped[dict[str, Any]] = mapped_column(default=dict)
    origin: Mapped[str | None] = mapped_column(String(120), unique=True)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    disabled_at: Mapped[datetime | None]
    # Until when they may read and not write, or not sign in; why is the knowledge of moderation.
    silenced_until: Mapped[datetime | None]
    suspended_until: Mapped[datetime | None]

    portrait: Mapped[Image | None] = relationship(lazy="joined")

    @property
    def portrait_url(self) -> str | None:
        """The portrait's address, when there is one."""
        return self.portrait.url if self.portrait else None

    @property
    def is_staff(self) -> bool:
        """Whether they speak or work for the bank here."""
        return self.role != "customer"

    # Flask-Login asks the next four.
    is_authenticated = True
    is_anonymous = False

    def get_id(self) -> str:
        """How the session names them."""
        return str(self.id)

    @property
    def is_active(self) -> bool:
        """Whether they may be signed in."""
        may_enter = self.disabled_at is None and not self.is_suspended
        return may_enter and self.confirmed_at is not None

    @property
    def is_suspended(self) -> bool:
        """Whether they may not sign in for now."""
        return self.suspended_until is not None and self.suspended_until > clock.now()

    @property
    def is_silenced(self) -> bool:
        """Whether they may not write for now."""
        return self.silenced_until is not None and self.silenced_until > clock.now()

    @property
    def initials(self) -> str:
        """One or two letters, for where a portrait would be."""
        words = [w for w in self.name.split() if w[:1].isalnum()]
        return "".join(w[0] for w in words[:2]).upper() or "?"

    def wants(self, letter: str) -> bool:
        """Whether letters of this kind ("answers", "follows", "duties", "states") may be sent."""
        return bool(self.letters.get(letter, True))


# Words of a User-Agent, the telling before the general: every browser claims to be Safari.
BROWSERS = {
    "Edg": "Edge",
    "OPR": "Opera",
    "YaBrowser": "Yandex Browser",
    "SamsungBrowser": "Samsung Internet",
    "Firefox": "Firefox",
    "FxiOS": "Firefox",
    "CriOS": "Chrome",
    "Chrome": "Chrome",
    "Safari": "Safari",
}
SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "Mac OS": "Mac",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}


class Session(Model):
    """A browser that is known to us. Its cookie holds the key, this row its SHA-256 only."""

    __tablename__ = "sessions"

    id: Mapped[intpk]
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    person_id: Mapped[int | None] = mapped_column(
        ForeignKey("people.id", ondelete="CASCADE"), index=True
    )
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)
    browser: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    seen_at: Mapped[datetime] = mapped_column(default=clock.now, index=True)

    @property
    def device(self) -> str:
        """The browser and its system, as people call them; what it said when we know neither."""
        found = [
            next((name for word, name in known.items() if word in self.browser), "")
            for known in (BROWSERS, SYSTEMS)
        ]
        return ", ".join(filter(None, found)) or self.browser[:80]


class Absence(Model):
    """Somebody is away in `[starts_at, ends_at)`; their substitute, when named, answers meanwhile.

    `note` is for colleagues. Nobody is away twice at once; one who is back early has it shortened.
    """

    __tablename__ = "absences"
    __table_args__ = (Index("ix_absences_person", "person_id", "ends_at"),)

    id: Mapped[intpk]
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    substitute_id: Mapped[int | None] = mapped_column(ForeignKey("people.id", ondelete="SET NULL"))
    note: Mapped[str] = mapped_column(String(200), default="")
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id", ondelete="SET NULL"))
    made_at: Mapped[datetime] = mapped_column(default=clock.now)

    person: Mapped[Person] = relationship(foreign_keys=[person_id], lazy="joined")
    substitute: Mapped[Person | None] = relationship(foreign_keys=[substitute_id], lazy="joined")


class OutsideIdentity(Model):
    """Somebody as a provider of identities knows them; `issuer` and `subject` together say who."""

    __tablename__ = "outside_identities"
    __table_args__ = (
        UniqueConstraint("issuer", "subject", name="uq_outside_identities_issuer_subject"),
        UniqueConstraint("person_id", "issuer", name="uq_outside_identities_person_issuer"),
    )

    id: Mapped[intpk]
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"))
    issuer: Mapped[str] = mapped_column(String(255))
    subject: Mapped[str] = mapped_column(String(255))
    linked_at: Mapped[datetime] = mapped_column(default=clock.now)
    used_at: Mapped[datetime] = mapped_column(default=clock.now)

    person: Mapped[Person] = relationship(lazy="joined")


class NameRequest(Model):
    """A customer was asked to choose another name; the row goes when they have."""

    __tablename__ = "name_requests"

    person_id: Mapped[int] = mapped_column(
        ForeignKey("people.id", ondelete="CASCADE"), primary_key=True
    )
    by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id", ondelete="SET NULL"))
    at: Mapped[datetime] = mapped_column(default=clock.now)


class Ticket(Model):
    """A right mailed to an address: confirm it, set a new password, move to it.

    The link's token is derived from the row and the secret (`core.signing`), so none is stored.
    `purpose`: "confirm", "known" (somebody signed up with an address that has an account), "reset",
    "absent" (a reset was asked for an address without one), "change", "invite" (a colleague's first
    password).
    """

    __tablename__ = "tickets"

    id: Mapped[intpk]
    purpose: Mapped[str] = mapped_column(String(20))
    person_id: Mapped[int | None] = mapped_column(
        ForeignKey("people.id", ondelete="CASCADE"), index=True
    )
    email: Mapped[str] = mapped_column(String(254))
    locale: Mapped[str] = mapped_column(String(5))
    # Whose draft waits for this sign-in, and the page to return to.
    guest: Mapped[str | None] = mapped_column(String(64))
    next: Mapped[str | None] = mapped_column(String(500))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]

    person: Mapped[Person | None] = relationship(lazy="joined")
