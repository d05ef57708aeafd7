"""Fifty press at the same instant, through the web's door: it counts once, nothing breaks."""

from __future__ import annotations

from collections import Counter
from contextvars import Context
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, inspect, select

from app.accounts.models import Person
from app.core import clock
from app.core.db import session
from app.core.events import Fact
from app.topics.models import Topic, Vote
from tests.conftest import BASE_URL, Browser
from tests.written import forms_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.builders import Builders

    AtOnce = Callable[..., list[BaseException | None]]

MANY = 50
# Done, done already, or refused in words; never broken.
WELL = {200, 303, 404, 409, 422, 429}


@pytest.fixture
def house(committed: Builders) -> Builders:
    """What is built here, everybody sees."""
    committed.brand()
    return committed


class Crowd:
    """Browsers that all press the same button."""

    def __init__(self, app: Flask, at_once: AtOnce) -> None:
        self.app, self.at_once = app, at_once

    def browser(self, person: Person | None = None) -> Browser:
        """Somebody's, ready to press; nothing of the test's own holds SQLite's only lock."""
        made = Browser(self.app.test_client())
        if person is None:
            return made
        state = inspect(person)
        session.commit()
        number = state.identity[0]

        def enter() -> None:
            with made.client.session_transaction(base_url=BASE_URL) as data:
                data |= {"_user_id": str(number), "_fresh": True}
                data["proved"] = clock.now().timestamp()

        Context().run(enter)
        return made

    def press(self, browsers: list[Browser], path: str, fields: dict[str, Any]) -> Counter[int]:
        statuses: list[int] = []

        def act(browser: Browser) -> Callable[[], None]:
            def post() -> None:
                answer = browser.client.post(
                    path, data=fields, base_url=BASE_URL, headers={"Origin": BASE_URL}
                )
                statuses.append(answer.status_code)

            return post

        session.rollback()
        raised = self.at_once(*map(act, browsers))
        assert [each for each in raised if each is not None] == []
        assert len(statuses) == len(browsers)
        assert set(statuses) <= WELL, Counter(statuses)
        session.expire_all()
        return Counter(statuses)


@pytest.fixture
def crowd(app: Flask, at_once: AtOnce) -> Crowd:
    return Crowd(app, at_once)


def count(query: Any) -> int:
    return session.scalar(select(func.count()).select_from(query.subquery())) or 0


def facts(name: str) -> int:
    return count(select(Fact.id).where(Fact.name.like(f"%{name}%")))


def test_votes(house: Builders, crowd: Crowd) -> None:
    topic_id = house.idea().id
    session.commit()
    twice = [crowd.browser(person) for person in [house.customer() for _ in range(MANY // 2)] * 2]
    assert crowd.press(twice, f"/topics/{topic_id}/vote", {}) == {303: MANY}
    votes = count(select(Vote.person_id).where(Vote.topic_id == topic_id))
    assert votes == session.get_one(Topic, topic_id).votes_count == MANY // 2


def test_accepts(house: Builders, crowd: Crowd) -> None:
    topic = house.question()
    house.answer(topic)
    topic_id, asker = topic.id, topic.asker
    browsers = [crowd.browser(asker) for _ in range(MANY)]
    answered = crowd.press(browsers, f"/topics/{topic_id}/acceptance", {})
    assert answered[303] >= 1
    assert session.get_one(Topic, topic_id).state == "solved"
    assert facts("TopicSolved") == 1


def test_merges(house: Builders, crowd: Crowd, app: Flask) -> None:
    category = house.category()
    topic, into = house.question(category=category), house.question(category=category)
    house_vote = [house.customer() for _ in range(3)]
    topic_id, into_id, manager = topic.id, into.id, house.manager()
    voters = [crowd.browser(person) for person in house_vote]
    crowd.press(voters, f"/topics/{topic_id}/vote", {})
    path = f"/topics/{topic_id}/moderation/merge"
    page = crowd.browser(manager).get(f"{path}?into={into_id}")
    session.rollback()
    [form] = [f for f in forms_of(app, page.text, path) if f.endpoint == "moderation.merge"]
    fields = dict(form.filled(reason="Об одном и том же."))
    browsers = [crowd.browser(manager) for _ in range(MANY)]
    assert crowd.press(browsers, path, fields)[303] >= 1
    assert session.get_one(Topic, topic_id).merged_into_id == into_id
    assert facts("TopicMerged") == 1
    votes = count(select(Vote.person_id).where(Vote.topic_id == into_id))
    assert session.get_one(Topic, into_id).votes_count == votes


def test_sign_ups_with_one_address(house: Builders, crowd: Crowd) -> None:
    session.commit()
    fields = {"name": "Вера", "email": "vera@example.org", "password": "лазурный дирижабль 7"}
    crowd.press([crowd.browser() for _ in range(MANY)], "/sign-up", {**fields, "agreed": "y"})
    assert count(select(Person.id).where(Person.email == "vera@example.org")) == 1
