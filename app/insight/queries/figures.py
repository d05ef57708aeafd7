"""The figures as they are shown: one small table, read by everything that shows any."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from app.accounts.models import Person
from app.brand.queries import brand
from app.core import clock
from app.core.db import session
from app.insight import measures
from app.insight.models import Figures
from app.topics import queries as topics
from app.topics.models import Category

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from app.core.policy import Actor
    from app.insight.measures import Measures, Period


@dataclass(frozen=True)
class Scope:
    """Whose figures: the whole bank's, a category's or a person's."""

    key: str
    category: Category | None = None
    person: Person | None = None

    @property
    def address(self) -> str:
        """How an address names it: "all", "category-3", "person-5"."""
        return self.key.replace(":", "-")


THE_WHOLE = Scope(measures.WHOLE)


def of_category(category: Category) -> Scope:
    """A category's figures."""
    return Scope(f"category:{category.id}", category=category)


def of_person(person: Person) -> Scope:
    """The figures of what was promised in somebody's name."""
    return Scope(f"person:{person.id}", person=person)


def scope_in_sight(_actor: Actor, scope: str) -> Scope | None:
    """The scope that an address names, if there is one with figures to show."""
    if scope == measures.WHOLE:
        return THE_WHOLE
    kind, _, number = scope.partition("-")
    if not (number.isascii() and number.isdigit() and len(number) < 10):  # noqa: PLR2004
        return None
    if kind == "category":
        category = topics.category(int(number))
        return of_category(category) if category else None
    if kind == "person":
        person = session.get(Person, int(number))
        return of_person(person) if person is not None and person.is_staff else None
    return None


def periods() -> dict[str, Period]:
    """The periods as they lie now, in the bank's calendar."""
    return measures.periods(clock.now(), brand().timezone)


def figures(period: str) -> dict[str, Measures]:
    """The figures of a period by scope: the one place that all pages and commands read.

    One row a category and person; none of a month that has passed since they were counted.
    """
    rows = session.scalars(select(Figures).where(Figures.period == period)).all()
    if period in {"month", "last-month"}:
        begins = periods()[period].begins
        rows = [row for row in rows if row.begins == begins]
    return {row.scope: measures.from_json(row.counted) for row in rows}


def last_counted() -> Figures | None:
    """The last count of the whole, to tell how old the figures are."""
    return session.get(Figures, (measures.WHOLE, measures.WHOLE))


def people_with(figures: Iterable[str], owners: Iterable[Person]) -> Sequence[Person]:
    """The executives of the scoreboard by name: who owns a category, or has been promising."""
    ids = {int(s.removeprefix("person:")) for s in figures if s.startswith("person:")}
    ids |= {person.id for person in owners}
    query = select(Person).where(Person.id.in_(ids)).order_by(Person.name, Person.id)
    return session.scalars(query).unique().all() if ids else []
