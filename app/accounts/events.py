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
    """A person signed in; `guest` is the hash of the browser's guest key, when it had one."""

    person_id: int
    guest: str | None = None


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
