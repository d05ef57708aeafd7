"""Many guesses in one instant are as many as one after another: in threads, on real databases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from app.accounts import factors
from app.accounts.models import Guesses, Person
from app.core.db import session

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.builders import Builders


def guess(person_id: int, code: str) -> Callable[[], str]:
    """As the page does: what is refused is counted and kept."""

    def act() -> str:
        try:
            return factors.use_code(session.get_one(Person, person_id), code)
        except factors.WrongCodeError:
            session.commit()
            raise

    return act


def test_wrong_codes_at_once_are_five(
    committed: Builders, at_once: Callable[..., list[BaseException | None]]
) -> None:
    person_id = committed.customer().id
    raised = at_once(*(guess(person_id, "000000") for _ in range(12)))
    kinds = [type(error) for error in raised]
    assert kinds.count(factors.WrongCodeError) == 5
    assert kinds.count(factors.TooManyCodesError) == 7
    assert session.scalars(select(Guesses.wrong)).one() == 5


def test_one_recovery_code_lets_in_one_of_many(
    committed: Builders, at_once: Callable[..., list[BaseException | None]]
) -> None:
    person = committed.customer()
    person_id, made = person.id, factors.new_recovery_codes(person)
    raised = at_once(*(guess(person_id, made[0]) for _ in range(5)))
    assert raised.count(None) == 1
    assert session.get_one(Guesses, person_id).wrong <= 4
