"""People, their sessions, and the tickets mailed to prove an address."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core import clock
from app.core.db import Model, intpk
from app.core.i18n import _
from app.media.models import Image

ROLES = ("customer", "executive", "manager", "administrator")


class Person(Model):
    """Anybody with a name here: customer, executive, manager, administrator.

    A person without `password_hash` and `email` is unclaimed: an author brought in from elsewhere,
    known by `origin`.
    """

    __tablename__ = "people"

    id: Mapped[intpk]
    given_name: Mapped[str] = mapped_column("name", String(80))
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
    # Who they were is destroyed at their request; perhaps their words too.
    erased_at: Mapped[datetime | None]
    words_erased_at: Mapped[datetime | None]

    portrait: Mapped[Image | None] = relationship(lazy="joined")

    @hybrid_property
    def name(self) -> str:
        """What they are called; of somebody erased, words that say so in the reader's language."""
        return _("Deleted at the author's request") if self.erased_at else self.given_name

    @name.inplace.setter
    def _rename(self, value: str) -> None:
        self.given_name = value

    @name.inplace.expression
    @classmethod
    def _name_column(cls) -> ColumnElement[str]:
        return cls.given_name.expression

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
        return self.is_open and not self.is_suspended

    @property
    def is_open(self) -> bool:
        """Whether there is an account to come back to, though they may be kept out for a while."""
        return self.disabled_at is None and self.confirmed_at is not None

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
        words = [w for w in self.given_name.split() if w[:1].isalnum()]
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


class Passkey(Model):
    """A key on somebody's device; of it we hold the public half, which opens nothing.

    `sign_count` only grows, where a device counts at all: a copy of the key gives itself away.
    """

    __tablename__ = "passkeys"

    id: Mapped[intpk]
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(60))
    # Both in base64url; a device may name a key with up to 1023 bytes.
    credential_id: Mapped[str] = mapped_column(String(1400), unique=True)
    public_key: Mapped[str]
    sign_count: Mapped[int] = mapped_column(BigInteger, default=0)
    transports: Mapped[list[Any]] = mapped_column(default=list)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    used_at: Mapped[datetime | None]

    person: Mapped[Person] = relationship(lazy="joined")


class CodeApp(Model):
    """The secret shared with somebody's app for one-time codes, sealed.

    `last_step` is the time step of the last code that was taken: none is taken twice.
    """

    __tablename__ = "code_apps"

    person_id: Mapped[int] = mapped_column(
        ForeignKey("people.id", ondelete="CASCADE"), primary_key=True
    )
    secret: Mapped[str] = mapped_column(String(200))
    last_step: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    used_at: Mapped[datetime | None]


class RecoveryCode(Model):
    """One of ten codes kept on paper, each good once. Only its keyed hash is here."""

    __tablename__ = "recovery_codes"

    id: Mapped[intpk]
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    code_hash: Mapped[str] = mapped_column(String(64))
    used_at: Mapped[datetime | None]


class Guesses(Model):
    """Wrong codes somebody gave in a row, and until when no further one is heard."""

    __tablename__ = "guesses"

    person_id: Mapped[int] = mapped_column(
        ForeignKey("people.id", ondelete="CASCADE"), primary_key=True
    )
    wrong: Mapped[int] = mapped_column(default=0)
    until: Mapped[datetime | None]


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
    """Somebody as a provider of identities knows them; `issuer` and `subject` together say who.

    What the bank's own site was given for them before `ended_at` is worth nothing: they, or an
    administrator, ended their sessions.
    """

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
    ended_at: Mapped[datetime | None]

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
    password), "link" (sign in once), "no_link" (that was asked for an address that may not),
    "publish" (what `guest` wrote on the bank's site), "no_publish" (likewise).
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


# What the bank says about personal data: how it treats them, and the rules of this place.
LEGAL_KINDS = ("privacy", "terms")


class LegalText(Model):
    """A version of what people agree to. Never changed: another one takes its place.

    `texts` maps a language to Markdown. `asks`: whoever agreed to an earlier one is asked again.
    """

    __tablename__ = "legal_texts"
    __table_args__ = (UniqueConstraint("kind", "version"),)

    id: Mapped[intpk]
    kind: Mapped[str] = mapped_column(String(10))
    version: Mapped[int]
    texts: Mapped[dict[str, Any]]
    asks: Mapped[bool] = mapped_column(default=True)
    published_at: Mapped[datetime] = mapped_column(default=clock.now)
    published_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("people.id", ondelete="SET NULL")
    )


class Consent(Model):
    """Somebody agreed to a version. `address_hash`: where from, keyed, so that none can be guessed.

    `how`: "sign_up", "sign_in", or "question" (asked from the bank's site).
    """

    __tablename__ = "consents"
    __table_args__ = (UniqueConstraint("person_id", "text_id"),)

    id: Mapped[intpk]
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"))
    text_id: Mapped[int] = mapped_column(ForeignKey("legal_texts.id"))
    at: Mapped[datetime] = mapped_column(default=clock.now)
    how: Mapped[str] = mapped_column(String(10))
    address_hash: Mapped[str] = mapped_column(String(40), default="")

    text: Mapped[LegalText] = relationship(lazy="joined")
