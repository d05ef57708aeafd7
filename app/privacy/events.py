"""What happens to personal data. Numbers and listed words only: the record outlives the person."""

from dataclasses import dataclass

from app.core.events import Event


@dataclass(frozen=True)
class ExportAsked(Event):
    """A person asked for everything that is held of them."""

    person_id: int
    export_id: int


@dataclass(frozen=True)
class ExportMade(Event):
    """It can be downloaded for a day."""

    person_id: int
    export_id: int


@dataclass(frozen=True)
class ExportTaken(Event):
    """They downloaded it."""

    person_id: int
    export_id: int


@dataclass(frozen=True)
class ErasureAsked(Event):
    """Somebody is to be erased, with what they wrote (`words`) or without."""

    person_id: int
    erasure_id: int
    basis: str
    words: bool


@dataclass(frozen=True)
class ErasureCancelled(Event):
    """They thought better of it."""

    person_id: int
    erasure_id: int


@dataclass(frozen=True)
class PersonErased(Event):
    """Who they were is destroyed."""

    person_id: int
    erasure_id: int
    words: bool


@dataclass(frozen=True)
class AuthorErased(Event):
    """A topic reads otherwise: an author in it has no name any more, or no words."""

    topic_id: int


@dataclass(frozen=True)
class HoldPlaced(Event):
    """Nothing of a person may be deleted."""

    person_id: int
    hold_id: int


@dataclass(frozen=True)
class HoldLifted(Event):
    """It may be again."""

    person_id: int
    hold_id: int


@dataclass(frozen=True)
class PeriodsChosen(Event):
    """The administrator changed for how long something is kept."""

    names: list[str]
