"""A category's page, and tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.core import clock
from app.core.db import session
from app.insight import service as insight

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.builders import Builders
    from tests.conftest import Browser

ENGLISH = {"Accept-Language": "en"}


def test_it_says_who_answers_and_who_stands_in(house: Builders, browser: Browser) -> None:
    deputy = house.executive(name="Олег Заместитель")
    category = house.category(
        house.executive(name="Анна Бережная", post="Директор по картам"),
        name="Карты",
        slug="cards",
        description="Дебетовые и кредитные",
        deputy=deputy,
    )
    topic = house.question(category=category)

    page = browser.get("/categories/cards", headers=ENGLISH).text

    for words in ("Анна Бережная", "Директор по картам", "Олег Заместитель", category.description):
        assert words in page
    assert topic.title in page
    assert "/ask?category=cards" in page


def test_it_shows_only_its_own_topics(house: Builders, browser: Browser) -> None:
    cards, loans = house.category(), house.category()
    house.question(category=cards, title="Вопрос о карте и метро")
    house.question(category=loans, title="Вопрос о кредите и ставке")

    page = browser.get(f"/categories/{cards.slug}").text

    assert "Вопрос о карте и метро" in page
    assert "Вопрос о кредите и ставке" not in page


def test_figures_come_with_their_counts(house: Builders, browser: Browser) -> None:
    category = house.category()
    for _ in range(5):
        house.answer(house.question(category=category))
    house.question(category=category)
    insight.count()

    page = browser.get(f"/categories/{category.slug}", headers=ENGLISH).text

    # The sixth is not yet due: it stands apart.
    assert "5 of 5 topics answered" in page
    assert "5 of 5 promises kept" in page
    assert "1 not yet due" in page


def test_a_few_answers_are_too_few_to_tell(house: Builders, browser: Browser) -> None:
    category = house.category()
    house.answer(house.question(category=category))
    insight.count()

    page = browser.get(f"/categories/{category.slug}", headers=ENGLISH).text

    assert "too little data" in page
    assert "1 answer so far" in page


def test_an_archived_category_stays_readable_and_takes_nothing(
    house: Builders, browser: Browser
) -> None:
    category = house.category(archived_at=clock.now())

    page = browser.get(f"/categories/{category.slug}", headers=ENGLISH)

    assert page.status_code == 200
    assert f"/ask?category={category.slug}" not in page.text


def test_no_such_category_is_404(house: Builders, browser: Browser) -> None:
    assert browser.get("/categories/nothing").status_code == 404
    assert browser.get("/tags/nothing").status_code == 404


def test_it_costs_the_same_with_three_and_sixty_topics(
    house: Builders, browser: Browser, count_sql: Callable[[], Any]
) -> None:
    category = house.category()
    path = f"/categories/{category.slug}"

    def ask(topics: int) -> None:
        for number in range(topics):
            topic = house.question(category=category, tags=[f"слово{number}"])
            if number % 2:
                house.answer(topic)
        session.commit()
        session.expunge_all()

    ask(3)
    with count_sql() as few:
        browser.get(path)
    category = session.merge(category)
    ask(57)
    with count_sql() as many:
        page = browser.get(path).text
    link = page.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    with count_sql() as deep:
        assert browser.get(link).status_code == 200

    assert len(few) == len(many) == len(deep)
    assert len(few) <= 9


def test_tags_lead_to_their_topics(house: Builders, browser: Browser) -> None:
    house.question(title="Про кэшбэк в аптеке", tags=["кэшбэк"])
    house.question(title="Про другое", tags=["вклад"])

    assert "/tags/%D0%B2%D0%BA%D0%BB%D0%B0%D0%B4" in browser.get("/tags").text
    page = browser.get("/tags/кэшбэк").text
    assert "Про кэшбэк в аптеке" in page
    assert "Про другое" not in page
