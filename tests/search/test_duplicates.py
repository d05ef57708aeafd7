"""Likely duplicates on a topic's page: for those who may merge, and for nobody else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from app.core import clock
from app.core.db import session
from app.search.service import keeping

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.topics.models import Topic
    from tests.builders import Builders
    from tests.conftest import Browser

ENGLISH = {"Accept-Language": "en"}
TITLE = "Почему карта не работает в метро?"

pytestmark = pytest.mark.usefixtures("shelf")


def shown(browser: Browser, topic: Topic) -> list[int]:
    """Into which topics the page proposes to merge."""
    html = browser.get(f"/topics/{topic.id}", headers=ENGLISH).text
    return [
        int(n) for n in re.findall(rf'href="/topics/{topic.id}/moderation/merge\?into=(\d+)"', html)
    ]


@pytest.fixture
def bank(house: Builders) -> dict[str, Any]:
    house.brand()
    category = house.category()
    topic = house.question(title=TITLE, category=category, body="Турникет мигает красным.")
    twins = [
        house.question(
            title=f"Карта не работает в метро {where}", body=f"Случай {n}.", category=category
        )
        for n, where in enumerate(("утром", "вечером", "на кольце", "у вокзала"))
    ]
    house.answer(twins[0])
    other = house.question(title="Как открыть вклад ребёнку?", body="Ему семь.", category=category)
    session.commit()
    keeping.rebuild()
    return {"topic": topic, "twins": twins, "other": other, "category": category}


def test_a_manager_sees_at_most_three_each_one_click_from_the_merge(
    bank: dict[str, Any], house: Builders, browser: Browser
) -> None:
    browser.sign_in(house.manager(locale="en"))
    found = shown(browser, bank["topic"])
    assert len(found) == 3
    assert set(found) <= {t.id for t in bank["twins"]}
    answer = browser.get(
        f"/topics/{bank['topic'].id}/moderation/merge?into={found[0]}", headers=ENGLISH
    )
    assert answer.status_code == 200
    assert "into this one" in answer.text
    assert f'href="/topics/{found[0]}"' in answer.text


def test_nobody_else_sees_anything(
    bank: dict[str, Any], house: Builders, new_browser: Callable[[], Browser]
) -> None:
    address = f"/topics/{bank['topic'].id}"
    people = [
        None,
        house.customer(),
        house.executive(),
        bank["category"].owner,
        bank["topic"].asker,
    ]
    for person in people:
        browser = new_browser()
        if person is not None:
            browser.sign_in(person)
        html = browser.get(address).text
        assert "twins" not in html
        assert "moderation/merge" not in html


def test_a_topic_like_no_other_has_none(
    bank: dict[str, Any], house: Builders, browser: Browser
) -> None:
    browser.sign_in(house.manager())
    html = browser.get(f"/topics/{bank['other'].id}").text
    assert "twins" not in html


def test_what_nobody_can_merge_into_is_not_proposed(
    bank: dict[str, Any], house: Builders, browser: Browser
) -> None:
    first, second, third, fourth = bank["twins"]
    first.hidden_at = second.closed_at = clock.now()
    third.merged_into_id = fourth.id
    browser.sign_in(house.manager())
    assert shown(browser, bank["topic"]) == [fourth.id]
    assert shown(browser, third) == []


def test_an_idea_is_no_duplicate_of_a_question(
    bank: dict[str, Any], house: Builders, browser: Browser
) -> None:
    idea = house.idea(title="Пусть карта работает в метро утром", category=bank["category"])
    session.commit()
    keeping.rebuild()
    browser.sign_in(house.manager())
    assert shown(browser, idea) == []
    assert idea.id not in shown(browser, bank["topic"])


def test_without_an_index_the_page_stands(house: Builders, browser: Browser) -> None:
    house.brand()
    topic = house.question(title=TITLE)
    browser.sign_in(house.manager())
    assert browser.get(f"/topics/{topic.id}").status_code == 200
