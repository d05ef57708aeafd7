"""What happens to accounts."""

from dataclasses import dataclass

from app.core.events import Event


@dataclass(frozen=True)
class TicketIssued(Event):
    """A link is to be mailed."""

    ticket_id: int


@dataclass(frozen=True)
class AddressConfirmed(Event):
    """A person proved their address; `guest` is the hash of the browser that signed up."""

    person_id: int
    guest: str | None = None


@dataclass(frozen=True)
class SignedIn(Event):
    """A person signed in; `guest` is the hash of the browser's guest key, when it had one.

    `method`: "password", "passkey", "link" (mailed), "reset", "confirm", or "outside" (the bank's
    own identity provider). `second`: "", "passkey", "app", "recovery" or "outside".
    """

    person_id: int
    guest: str | None = None
    method: str = "password"
    second: str = ""


@dataclass(frozen=True)
class AddressChanged(Event):
    """A person moved to a new address; the old one is told (`ticket_id` holds the new)."""

    person_id: int
    ticket_id: int


@dataclass(frozen=True)
class PasswordChanged(Event):
    """A person set a new password; their other sessions have ended."""

    person_id: int


@dataclass(frozen=True)
class PersonChanged(Event):
    """A person's public face (name, portrait, post, words) changed."""

    person_id: int


@dataclass(frozen=True)
class RoleGiven(Event):
    """A person has another role from now on."""

    person_id: int
    role: str


@dataclass(frozen=True)
class PersonShutOut(Event):
    """An administrator disabled an account; its sessions have ended."""

    person_id: int


@dataclass(frozen=True)
class PersonLetIn(Event):
    """An administrator opened a disabled account again."""

    person_id: int


@dataclass(frozen=True)
class AbsenceChanged(Event):
    """When somebody is away, or who stands in for them, is another from now on."""

    person_id: int


@dataclass(frozen=True)
class SignInFailed(Event):
    """Somebody could not prove who they are. Whom they claimed to be is known, or nobody here.

    `method`: "password", "passkey", "code", "link", or "outside".
    """

    person_id: int | None
    method: str


@dataclass(frozen=True)
class ProvedAgain(Event):
    """Somebody signed in proved again who they are, for something that matters."""

    person_id: int
    method: str


@dataclass(frozen=True)
class SessionsEnded(Event):
    """Sessions of a person were ended: "one", the "others", or "all"."""

    person_id: int
    which: str


@dataclass(frozen=True)
class PasskeyAdded(Event):
    """A person may come in with one more passkey."""

    person_id: int
    passkey_id: int


@dataclass(frozen=True)
class PasskeyRemoved(Event):
    """A passkey opens nothing any more."""

    person_id: int
    passkey_id: int


@dataclass(frozen=True)
class CodeAppAdded(Event):
    """An app shows codes for a person's sign-ins."""

    person_id: int


@dataclass(frozen=True)
class CodeAppRemoved(Event):
    """The app's codes open nothing any more."""

    person_id: int


@dataclass(frozen=True)
class RecoveryCodesMade(Event):
    """A person has ten new codes on paper, the former are dead; `first`: there were none."""

    person_id: int
    first: bool


@dataclass(frozen=True)
class RecoveryCodeUsed(Event):
    """Somebody came in with a code from paper; so many are left."""

    person_id: int
    left: int


@dataclass(frozen=True)
class CodesGuessed(Event):
    """Too many wrong codes in a row: whoever gives them knows the password."""

    person_id: int


@dataclass(frozen=True)
class SecondFactorsReset(Event):
    """An administrator took all second factors of a person away, and ended their sessions.

    `reason`: "lost", "stolen", "broken" or "replaced".
    """

    person_id: int
    reason: str


@dataclass(frozen=True)
class IdentityLinked(Event):
    """A provider of identities may vouch for a person from now on."""

    person_id: int
    identity_id: int


@dataclass(frozen=True)
class IdentityUnlinked(Event):
    """A provider may vouch for a person no more."""

    person_id: int
    identity_id: int


@dataclass(frozen=True)
class RenameAsked(Event):
    """A customer's name looks like the bank's: they are asked to choose another."""

    person_id: int


@dataclass(frozen=True)
class LegalTextPublished(Event):
    """The bank says anew what it does with personal data, or what the rules are."""

    text_id: int
    kind: str
    version: int


@dataclass(frozen=True)
class ConsentGiven(Event):
    """A person agreed to a version."""

    person_id: int
    text_id: int
