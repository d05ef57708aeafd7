"""What happens to promises."""

from dataclasses import dataclass

from app.core.events import Event


@dataclass(frozen=True)
class PromiseMade(Event):
    """Somebody named will answer by a named hour."""

    topic_id: int
    promise_id: int


@dataclass(frozen=True)
class PromiseKept(Event):
    """The answer came; `late` when after the due instant."""

    topic_id: int
    promise_id: int
    late: bool = False


@dataclass(frozen=True)
class PromiseBroken(Event):
    """The due instant passed without an answer."""

    topic_id: int
    promise_id: int


@dataclass(frozen=True)
class BreachExplained(Event):
    """The manager wrote down why a promise was broken; `code` as in `BreachReason`."""

    topic_id: int
    promise_id: int
    code: str


@dataclass(frozen=True)
class HourMoved(Event):
    """Working hours changed, and with them the hour of a promise that is open; `later` if so."""

    topic_id: int
    later: bool


@dataclass(frozen=True)
class CalendarVersionMade(Event):
    """A calendar says something else: open promises are to be counted by that.

    `after`: those of topics up to this one are.
    """

    calendar_id: int
    after: int = 0


@dataclass(frozen=True)
class PolicyVersionMade(Event):
    """Somebody wrote other promise rules; `approval` as in `PolicyVersion`."""

    version_id: int
    approval: str


@dataclass(frozen=True)
class PolicyVersionDecided(Event):
    """Somebody agreed to rules that promise less, or refused them: "approved", "declined"."""

    version_id: int
    verdict: str


@dataclass(frozen=True)
class RemindersDue(Event):
    """It is time to write to one person about promises: all that fell together, in one letter.

    `reminders`: [promise id, arm, rung] of each.
    """

    person_id: int
    reminders: list[list[int | str]]


@dataclass(frozen=True)
class NamingGoesOn(Event):
    """The topics of a category after this one are to be given its new people, as of an instant."""

    category_id: int
    since: str
    after: int


@dataclass(frozen=True)
class LookingGoesOn(Event):
    """What runs in these categories, on topics after this one, is to be looked at."""

    category_ids: list[int]
    after: int
