"""Passing on: who answers gives a topic to those whom it concerns, twice at most."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from app.core import clock
from app.moderation import service

if TYPE_CHECKING:
    from app.topics.models import Category, Topic
    from tests.builders import Builders
    from tests.conftest import Browser

HOUR = timedelta(hours=1)


@pytest.fixture
def loans(house: Builders) -> Category:
    return house.category(house.executive(name="Лев Кредитов"), name="Кредиты")


@pytest.fixture
def topic(house: Builders, loans: Category) -> Topic:
    house.brand()
    cards = house.category(name="Карты")
    return house.question(category=cards, at=clock.now() - 5 * HOUR)


@pytest.fixture
def owner(topic: Topic, browser: Browser) -> Browser:
    browser.client.set_cookie("lang", "en", domain="otklik.test")
    return browser.sign_in(topic.category.owner)


@pytest.mark.parametrize("page", ["/desk", "topic", "passing"])
def test_who_will_answer_and_by_when_stands_there_before(
    topic: Topic, loans: Category, owner: Browser, page: str
) -> None:
    paths = {"topic": f"/topics/{topic.id}", "passing": f"/topics/{topic.id}/passing"}
    text = owner.get(paths.get(page, page)).text
    form = text[text.index("The people of the other category answer") :]
    assert f'<option value="{loans.id}">Кредиты · Лев Кредитов</option>' in form
    assert topic.due_at is not None
    assert "The promised hour stands" in form
    assert f'datetime="{topic.due_at.isoformat()}"' in form


def test_it_goes_to_the_others_with_its_hour(
    topic: Topic, loans: Category, owner: Browser, new_browser: Callable[[], Browser]
) -> None:
    due = topic.due_at
    sent = owner.post(
        f"/topics/{topic.id}/passing",
        {"category_id": str(loans.id), "reason": "Это о кредите.", "next": "/desk"},
    )
    assert sent.location == "/desk"
    assert (topic.category, topic.due_at) == (loans, due)
    assert topic.title not in owner.get("/desk").text.partition("flash")[0]
    assert owner.get(f"/topics/{topic.id}/passing").status_code == 404  # theirs no more
    assert "Это о кредите." in new_browser().get(f"/topics/{topic.id}").text
    assert topic.title in new_browser().sign_in(loans.owner).get("/desk").text


def test_a_reason_and_an_open_category_are_needed(
    house: Builders, topic: Topic, loans: Category, owner: Browser
) -> None:
    path = f"/topics/{topic.id}/passing"
    closed = house.category(archived_at=clock.now())
    home = topic.category
    for sent in (
        {"category_id": str(loans.id), "reason": " "},
        {"category_id": str(closed.id), "reason": "Это о другом."},
        {"category_id": str(home.id), "reason": "Это о другом."},
        {"category_id": "x", "reason": "Это о другом."},
    ):
        back = owner.post(path, sent)
        assert back.status_code == 422
        assert "field__error" in back.text
    assert topic.category == home


def test_the_third_time_a_manager_decides(
    house: Builders, topic: Topic, loans: Category, owner: Browser
) -> None:
    cards = topic.category
    service.move(cards.owner, topic, loans, "Это о кредите.")
    service.move(loans.owner, topic, cards, "Нет, о карте.")
    path = f"/topics/{topic.id}/passing"

    page = owner.get(f"/topics/{topic.id}").text
    sent = owner.post(path, {"category_id": str(loans.id), "reason": "О кредите же."})

    assert "decides the community manager" in page
    assert f'action="{path}"' not in page
    assert sent.status_code == 422
    assert "decides the community manager" in sent.text
    assert topic.category == cards
    manager = owner.sign_in(house.manager())
    moved = manager.post(
        f"/topics/{topic.id}/moderation/move",
        {"category_id": str(loans.id), "reason": "Решено: о кредите."},
    )
    assert moved.status_code == 303
    assert topic.category == loans
