"""Deciding on ideas in public."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from app.core.db import session
from app.ideas import queries, service
from app.ideas.models import IdeaChange

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.accounts.models import Person
    from app.topics.models import Topic
    from tests.builders import Builders
    from tests.conftest import Browser

NOTE = "Сделаем к осени: макеты готовы, осталась проверка на старых телефонах."


def decisions() -> int:
    return session.scalar(select(func.count()).select_from(IdeaChange)) or 0


@pytest.fixture
def idea(house: Builders) -> Topic:
    house.brand()
    return house.idea(category=house.category(deputy=house.executive(name="Мира Заместитель")))


def whoever(house: Builders, idea: Topic, who: str) -> Person:
    people: dict[str, Callable[[], Any]] = {
        "customer": house.customer,
        "asker": lambda: idea.asker,
        "another executive": lambda: house.category().owner,
        "owner": lambda: idea.category.owner,
        "deputy": lambda: idea.category.deputy,
        "manager": house.manager,
        "administrator": house.administrator,
    }
    return people[who]()


@pytest.mark.parametrize(
    ("who", "may"),
    [
        ("customer", False),
        ("asker", False),
        ("another executive", False),
        ("owner", True),
        ("deputy", True),
        ("manager", True),
        ("administrator", True),
    ],
)
def test_who_decides(house: Builders, browser: Browser, idea: Topic, who: str, may: bool) -> None:
    browser.sign_in(whoever(house, idea, who))
    path = f"/topics/{idea.id}/decision"
    assert (path in browser.get(f"/topics/{idea.id}").text) is may
    assert browser.get(path).status_code == (200 if may else 404)
    answer = browser.post(path, {"state": "planned", "note": NOTE})
    assert answer.status_code == (303 if may else 404)
    assert decisions() == int(may)


def test_a_guest_is_asked_to_sign_in(browser: Browser, idea: Topic) -> None:
    answer = browser.post(f"/topics/{idea.id}/decision", {"state": "planned", "note": NOTE})
    assert answer.location.startswith("/sign-in")
    assert decisions() == 0


def test_a_decision_stands_in_public_signed_and_explained(
    browser: Browser, new_browser: Callable[[], Browser], idea: Topic
) -> None:
    owner = idea.category.owner
    owner.name = "Вера Решительная"
    browser.sign_in(owner).post(f"/topics/{idea.id}/decision", {"state": "planned", "note": NOTE})
    assert idea.state == "planned"

    page = new_browser().get(f"/topics/{idea.id}", headers={"Accept-Language": "en"}).text
    statement = page.split('class="decision"', 1)[1].split("</article>", 1)[0]
    for part in (NOTE, "Вера Решительная", owner.post, "badge--brand", "<time"):
        assert part in statement
    change = queries.changes(idea)[0]
    line = page.split('class="timeline"', 1)[1].split("</ol>", 1)[0]
    assert f'href="#decision-{change.id}"' in line
    assert "Вера Решительная" in line


def test_the_latest_decision_stands_first_and_earlier_ones_stay(
    browser: Browser, idea: Topic
) -> None:
    owner = idea.category.owner
    service.decide(owner, idea, "under_consideration", "Смотрим, сколько это стоит.")
    service.decide(owner, idea, "declined", "Не сделаем: закон не позволяет.")
    page = browser.get(f"/topics/{idea.id}").text
    assert page.index("закон не позволяет") < page.index("сколько это стоит")


@pytest.mark.parametrize(
    "fields",
    [
        {"state": "planned", "note": ""},
        {"state": "planned", "note": "Скоро."},
        {"state": "planned", "note": "а" * 2001},
        {"state": "new", "note": NOTE},
        {"state": "sold", "note": NOTE},
        {"note": NOTE},
    ],
)
def test_a_decision_needs_a_state_and_an_explanation(
    browser: Browser, idea: Topic, fields: dict[str, str]
) -> None:
    browser.sign_in(idea.category.owner)
    answer = browser.post(f"/topics/{idea.id}/decision", fields)
    assert answer.status_code == 422
    assert "summary__title" in answer.text
    assert fields["note"][:60] in answer.text
    assert idea.state == "new"
    assert decisions() == 0


def test_an_idea_can_go_back_to_new(browser: Browser, idea: Topic) -> None:
    service.decide(idea.category.owner, idea, "planned", NOTE)
    browser.sign_in(idea.category.owner)
    browser.post(f"/topics/{idea.id}/decision", {"state": "new", "note": "Начнём разговор заново."})
    assert idea.state == "new"


def test_the_explanation_is_safe_html(browser: Browser, idea: Topic) -> None:
    service.decide(idea.category.owner, idea, "done", "<script>alert(1)</script> **готово**")
    page = browser.get(f"/topics/{idea.id}").text
    assert "<script>alert" not in page
    assert "<strong>готово</strong>" in page


def test_only_open_ideas_are_decided_on(house: Builders, browser: Browser, idea: Topic) -> None:
    question = house.question(category=idea.category)
    browser.sign_in(idea.category.owner)
    assert browser.get(f"/topics/{question.id}/decision").status_code == 404
    assert "decision-title" not in browser.get(f"/topics/{question.id}").text
    idea.closed_at = idea.opened_at
    assert browser.get(f"/topics/{idea.id}/decision").status_code == 404


def test_ideas_by_state_with_counts(house: Builders, browser: Browser, idea: Topic) -> None:
    planned = [house.idea(category=idea.category, title=f"Мысль номер {n}") for n in range(23)]
    for each in planned:
        service.decide(idea.category.owner, each, "planned", NOTE)
    planned[0].hidden_at = idea.opened_at
    first = browser.get("/ideas").text
    assert '<span class="tabs__count num">22</span>' in first
    assert first.count('class="line"') == 20
    older = first.split('rel="next" href="', 1)[1].split('"', 1)[0].replace("&amp;", "&")
    assert browser.get(older).text.count('class="line"') == 2
    assert idea.title not in first
    assert idea.title in browser.get("/ideas?state=new").text
    assert browser.get("/ideas?state=done").status_code == 200
    assert browser.get("/ideas?state=nonsense").status_code == 200
    assert 'href="/ideas"' in browser.get("/").text
    assert browser.get("/?view=ideas").text.count('href="/ideas"') == 2


def test_the_list_costs_the_same_whatever_its_length(
    house: Builders, browser: Browser, idea: Topic, count_sql: Callable[[], Any]
) -> None:
    def cost() -> int:
        with count_sql() as statements:
            assert browser.get("/ideas?state=new").status_code == 200
        return len(statements)

    few = cost()
    for _ in range(8):
        house.idea(category=house.category())
    assert cost() == few
