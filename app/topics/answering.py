"""Who answers in a category today, whoever works it out.

The owner is a fact and lives here; who stands in for them is the knowledge of an upper slice, which
registers it once:

    @answering.resolver
    def acting_in(categories: Iterable[Category]) -> dict[int, ActingPerson]: ...

Nothing of it is stored: it is asked for whenever a page is shown, a letter sent or a right checked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from app.accounts.models import Person
    from app.topics.models import Category, Topic

    Resolver = Callable[[Iterable[Category]], dict[int, "ActingPerson"]]

R = TypeVar("R", bound="Resolver")


@dataclass(frozen=True)
class ActingPerson:
    """Who answers, and as what: owner, substitute, deputy or manager.

    `instead_of` is the owner who is away; `until` the instant from which somebody else answers,
    None when no end is known. `role` "nobody": everybody is away; `person` is the owner all the
    same, so that a page has a name to be accountable.
    """

    person: Person
    role: str = "owner"
    instead_of: Person | None = None
    until: datetime | None = None

    @property
    def is_there(self) -> bool:
        """Whether a question asked now would find somebody."""
        return self.role != "nobody"


def _as_named(categories: Iterable[Category]) -> dict[int, ActingPerson]:
    """The owners; the deputy of one whose account is closed."""
    found = {}
    for each in categories:
        found[each.id] = ActingPerson(each.owner)
        if each.owner.disabled_at is not None and each.deputy is not None:
            found[each.id] = ActingPerson(each.deputy, "deputy", each.owner)
    return found


_resolvers: list[Resolver] = [_as_named]


def resolver(resolve: R) -> R:
    """Let `resolve` say who answers from now on."""
    _resolvers.append(resolve)
    return resolve


def answers_in(categories: Iterable[Category]) -> dict[int, ActingPerson]:
    """Who answers today in each of these categories, by its id."""
    return _resolvers[-1](categories)


def answers_today(category: Category) -> ActingPerson:
    """Who answers today in this category."""
    return answers_in([category])[category.id]


def face_of(topic: Topic) -> Person:
    """Whose face a topic wears: who answers today until it is answered, then who answered."""
    if topic.is_awaiting or topic.paused_for:
        return answers_today(topic.category).person
    if topic.answer is not None:
        return topic.answer.author
    return topic.responsible or topic.category.owner
