"""Those who answer, and everybody's public page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from app.core import clock
from app.core.db import session
from app.insight import service as insight

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.builders import Builders
    from tests.conftest import Browser

ENGLISH = {"Accept-Language": "en"}


def test_executives_show_their_faces_fields_and_figures(house: Builders, browser: Browser) -> None:
    anna = house.executive(name="Анна Бережная")
    cards = house.category(anna, name="Карты")
    house.category(anna, name="Вклады")
    house.answer(house.question(category=cards))
    insight.count()

    page = browser.get("/executives", headers=ENGLISH).text

    assert page.count("Анна Бережная") == 1
    assert "Карты" in page
    assert "Вклады" in page
    assert "1 of 1 promises kept" in page


def test_executives_cost_the_same_however_many(
    house: Builders, browser: Browser, count_sql: Callable[[], Any]
) -> None:
    def hire(number: int) -> None:
        for _ in range(number):
            house.question(category=house.category())
        insight.count()
        session.commit()
        session.expunge_all()

    hire(3)
    with count_sql() as few:
        browser.get("/executives")
    hire(20)
    with count_sql() as many:
        assert browser.get("/executives").status_code == 200

    assert len(few) == len(many) <= 6


def test_an_executive_s_page_makes_one_feel_that_somebody_is_there(
    house: Builders, browser: Browser
) -> None:
    anna = house.executive(name="Анна Бережная", about="Карта лежит в кармане **каждый день**.")
    cards = house.category(anna, name="Карты")
    house.answer(house.question(category=cards, title="Когда приедет карта"), "В четверг.")

    page = browser.get(f"/people/{anna.id}", headers=ENGLISH).text

    for words in ("Анна Бережная", "<strong>каждый день</strong>", "Карты", "В четверг."):
        assert words in page
    assert "ring--xl" in page


def test_a_customer_s_page_shows_only_what_is_public(house: Builders, browser: Browser) -> None:
    ira = house.customer(name="Ира Котова", email="ira@private.example", about="Я банк")
    house.question(asker=ira, title="Вопрос от Иры про метро")

    page = browser.get(f"/people/{ira.id}", headers=ENGLISH).text

    assert "Вопрос от Иры про метро" in page
    assert "Here since" in page
    assert "ira@private.example" not in page
    assert "Я банк" not in page
    assert "Speaks for the bank" not in page
    assert "ring--xl" not in page


def test_an_unclaimed_author_is_said_to_be_brought_from_elsewhere(
    house: Builders, browser: Browser
) -> None:
    author = house.customer(
        name="Old Hand", email=None, confirmed_at=None, origin="stackexchange:coffee:u1"
    )

    page = browser.get(f"/people/{author.id}", headers=ENGLISH).text

    assert "Brought from an older forum" in page
    assert "Here since" not in page


@pytest.mark.parametrize(
    "hidden", [{"confirmed_at": None}, {"disabled_at": clock.now()}], ids=["unproved", "disabled"]
)
def test_who_is_not_in_public_is_404(
    house: Builders, browser: Browser, hidden: dict[str, Any]
) -> None:
    person = house.customer(**hidden)

    assert browser.get(f"/people/{person.id}").status_code == 404
    assert browser.get("/people/999999").status_code == 404
