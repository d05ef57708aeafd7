"""Two who plan at the same instant: nobody ends up away twice, or standing in for themselves."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from app.accounts import absences
from app.accounts.models import Absence, Person
from app.core import clock
from app.core.db import session

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.builders import Builders

    Act = Callable[[], object]

DAY = timedelta(days=1)


def plan(person_id: int, substitute_id: int | None = None) -> Act:
    first = clock.now() + DAY

    def go() -> object:
        person = session.get_one(Person, person_id)
        instead = session.get_one(Person, substitute_id) if substitute_id else None
        return absences.go_away(person, person, absences.Leave(first, first + 7 * DAY, instead))

    return go


def test_of_two_overlapping_absences_one_stays(
    committed: Builders, at_once: Callable[..., list[object]]
) -> None:
    anna = committed.executive().id
    outcomes = at_once(*(plan(anna) for _ in range(6)))
    assert outcomes.count(None) == 1
    assert sum(isinstance(each, absences.OverlapError) for each in outcomes) == 5
    assert len(session.scalars(select(Absence)).unique().all()) == 1


def test_two_who_name_each_other_are_not_both_believed(
    committed: Builders, at_once: Callable[..., list[object]]
) -> None:
    anna, oleg = committed.executive().id, committed.executive().id
    outcomes = at_once(plan(anna, oleg), plan(oleg, anna))
    assert outcomes.count(None) == 1
    assert sum(isinstance(each, absences.RingError) for each in outcomes) == 1
