"""Moving, hiding, closing, pinning: who may, with what reason, and what the public sees."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from app.core import clock
from app.core.db import session
from app.moderation import service
from app.moderation.models import Act

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.topics.models import Topic
    from tests.builders import Builders
    from tests.conftest import Browser

REASON = "Вопрос о переводах, а не о картах."
ACTS = ("move", "close", "pin", "hide")


@pytest.fixture
def topic(house: Builders) -> Topic:
    house.brand()
    return house.question(category=house.category(name="Карты"), title="Где мой перевод?")


@pytest.fixture
def manager(house: Builders, browser: Browser) -> Browser:
    return browser.sign_in(house.manager(name="Нина Порядок"))


def acts() -> int:
    return session.scalar(select(func.count()).select_from(Act)) or 0


def path(topic: Topic, act: str) -> str:
    return f"/topics/{topic.id}/moderation/{act}"


@pytest.mark.parametrize("role", ["customer", "executive", "owner"])
def test_only_managers_moderate(house: Builders, browser: Browser, topic: Topic, role: str) -> None:
    person = topic.category.owner if role == "owner" else house.person(role)
    post = house.comment(topic)
    browser.sign_in(person)
    page = browser.get(f"/topics/{topic.id}").text
    assert "/moderation/" not in page
    for act in ACTS:
        assert browser.get(path(topic, act)).status_code == 404
        assert browser.post(path(topic, act), {"reason": REASON}).status_code == 404
    hide = f"/posts/{post.id}/moderation/hide"
    assert browser.post(hide, {"reason": REASON}).status_code == 404
    assert acts() == 0


def test_guests_are_asked_to_sign_in(browser: Browser, topic: Topic) -> None:
    assert browser.post(path(topic, "hide"), {"reason": REASON}).location.startswith("/sign-in")
    assert acts() == 0


@pytest.mark.parametrize("role", ["manager", "administrator"])
def test_the_tools_stand_on_the_topic_s_page(
    house: Builders, browser: Browser, topic: Topic, role: str
) -> None:
    page = browser.sign_in(house.person(role)).get(f"/topics/{topic.id}").text
    for act in ACTS:
        assert f'action="{path(topic, act)}"' in page
        assert browser.get(path(topic, act)).status_code == 200
    assert path(topic, "unpin") not in page


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("reason", ["", "да", "а" * 301])
def test_every_act_needs_a_reason(
    house: Builders, manager: Browser, topic: Topic, act: str, reason: str
) -> None:
    other = house.category()
    answer = manager.post(path(topic, act), {"reason": reason, "category_id": other.id})
    assert answer.status_code == 422
    assert f"reason-{act}-error" in answer.text
    assert acts() == 0


def test_a_move_keeps_the_hour_and_changes_who_answers(
    house: Builders, manager: Browser, new_browser: Callable[[], Browser], topic: Topic
) -> None:
    to = house.category(name="Переводы", owner=house.executive(name="Пётр Переводов"))
    due = topic.due_at
    manager.post(path(topic, "move"), {"reason": REASON, "category_id": to.id})
    assert (topic.category_id, topic.due_at) == (to.id, due)
    assert topic.responsible.name == "Пётр Переводов"
    page = new_browser().get(f"/topics/{topic.id}", headers={"Accept-Language": "en"}).text
    line = page.split('class="timeline"', 1)[1].split("</ol>", 1)[0]
    for part in ("Переводы", REASON, "Нина Порядок, Комьюнити-менеджер"):
        assert part in line
    assert to.topics_count == 1


def test_a_move_needs_another_open_category(
    house: Builders, manager: Browser, topic: Topic
) -> None:
    closed = house.category(archived_at=clock.now())
    for category_id in (topic.category_id, closed.id, 10**6, "x", ""):
        fields = {"reason": REASON, "category_id": category_id}
        assert manager.post(path(topic, "move"), fields).status_code == 422
    assert acts() == 0


def test_a_hidden_topic_is_gone_for_everybody_but_managers(
    house: Builders, manager: Browser, new_browser: Callable[[], Browser], topic: Topic
) -> None:
    manager.post(path(topic, "hide"), {"reason": REASON})
    where = f"/topics/{topic.id}"
    others = (None, topic.asker, topic.category.owner, house.executive())
    for person in others:
        browser = new_browser()
        if person is not None:
            browser.sign_in(person)
        answer = browser.get(where)
        assert answer.status_code == 404 or answer.location.startswith("/sign-in")
        for listing in ("/", f"/categories/{topic.category.slug}", f"/people/{topic.asker_id}"):
            assert topic.title not in browser.get(listing).text
    page = manager.get(where).text
    assert "notice--risk" in page
    assert REASON in page
    assert path(topic, "restore") in page
    assert path(topic, "move") not in page


def test_hiding_releases_the_promise_and_restoring_resumes_it(
    manager: Browser, new_browser: Callable[[], Browser], topic: Topic
) -> None:
    due = topic.due_at
    assert due is not None
    manager.post(path(topic, "hide"), {"reason": REASON})
    assert not topic.is_awaiting
    manager.post(path(topic, "restore"), {"reason": "Скрыто по ошибке."})
    assert topic.is_awaiting
    # The clock stood still meanwhile.
    assert topic.due_at is not None
    assert due < topic.due_at < due + timedelta(minutes=1)
    assert new_browser().get(f"/topics/{topic.id}").status_code == 200


def test_why_something_was_hidden_is_told_to_staff_only(
    manager: Browser, new_browser: Callable[[], Browser], topic: Topic
) -> None:
    manager.post(path(topic, "hide"), {"reason": "Номер карты в тексте."})
    manager.post(path(topic, "restore"), {"reason": "Номер убран."})
    for person in (None, topic.asker):
        browser = new_browser()
        if person is not None:
            browser.sign_in(person)
        assert "Номер" not in browser.get(f"/topics/{topic.id}").text
    staff = new_browser().sign_in(topic.category.owner).get(f"/topics/{topic.id}").text
    assert "Номер карты в тексте." in staff
    assert "Номер убран." in staff


@pytest.mark.parametrize(("do", "undo"), [("close", "unlock"), ("pin", "unpin")])
def test_what_is_done_can_be_undone_and_both_stand_in_public(
    manager: Browser, new_browser: Callable[[], Browser], topic: Topic, do: str, undo: str
) -> None:
    manager.post(path(topic, do), {"reason": "Причина первая."})
    assert (topic.closed_at is not None, bool(topic.pinned)) == (do == "close", do == "pin")
    assert path(topic, undo) in manager.get(f"/topics/{topic.id}").text
    manager.post(path(topic, undo), {"reason": "Причина вторая."})
    assert (topic.closed_at, topic.pinned) == (None, 0)
    page = new_browser().get(f"/topics/{topic.id}").text
    assert "Причина первая." in page
    assert "Причина вторая." in page


def test_a_closed_topic_takes_no_replies(house: Builders, manager: Browser, topic: Topic) -> None:
    manager.post(path(topic, "close"), {"reason": REASON})
    manager.post(f"/topics/{topic.id}/comments", {"body": "И всё же."})
    assert topic.comments_count == 0


def test_what_is_so_already_is_said_and_nothing_is_written(manager: Browser, topic: Topic) -> None:
    manager.post(path(topic, "pin"), {"reason": REASON})
    answer = manager.post(path(topic, "pin"), {"reason": REASON})
    assert answer.status_code == 422
    assert acts() == 1


def test_a_reply_is_hidden_and_restored(
    house: Builders, manager: Browser, new_browser: Callable[[], Browser], topic: Topic
) -> None:
    post = house.comment(topic, "Вот мой телефон, звоните.")
    where = f"/posts/{post.id}/moderation"
    assert f"{where}/hide" in manager.get(f"/topics/{topic.id}").text
    assert manager.post(f"{where}/hide", {"reason": ""}).status_code == 422
    assert manager.post(f"{where}/hide", {"reason": "Личные данные."}).status_code == 303
    assert topic.comments_count == 0
    page = new_browser().get(f"/topics/{topic.id}").text
    assert "Вот мой телефон" not in page
    assert "Личные данные" not in page
    assert f"{where}/restore" in manager.get(f"/topics/{topic.id}").text
    manager.post(f"{where}/restore", {"reason": "Телефон вымышлен."})
    assert topic.comments_count == 1
    assert "Вот мой телефон" in new_browser().get(f"/topics/{topic.id}").text


def test_a_hidden_answer_answers_nobody(house: Builders, manager: Browser, topic: Topic) -> None:
    answer = house.answer(topic)
    assert not topic.is_awaiting
    manager.post(f"/posts/{answer.id}/moderation/hide", {"reason": "Не о том."})
    assert topic.is_awaiting
    assert (topic.answer_id, topic.state) == (None, "waiting")
    manager.post(f"/posts/{answer.id}/moderation/restore", {"reason": "О том."})
    assert not topic.is_awaiting
    assert (topic.answer_id, topic.state) == (answer.id, "answered")


def test_after_an_act_one_is_back_where_one_came_from(manager: Browser, topic: Topic) -> None:
    fields = {"reason": REASON, "next": "/manage/board?lane=overdue"}
    assert manager.post(path(topic, "pin"), fields).location == "/manage/board?lane=overdue"
    fields["next"] = "https://evil.example/"
    assert manager.post(path(topic, "unpin"), fields).location == f"/topics/{topic.id}"


def test_the_log_tells_everything_with_its_reason(
    house: Builders, manager: Browser, topic: Topic
) -> None:
    another = house.manager(name="Лев Другой")
    for n in range(12):
        service.pin(another, topic, f"Наверх, раз {n}.")
        service.unpin(another, topic, f"Вниз, раз {n}.")
    manager.post(path(topic, "hide"), {"reason": REASON})
    first = manager.get("/manage/acts").text
    assert first.count('class="acts__one"') == 20
    assert REASON in first
    older = first.split('rel="next" href="', 1)[1].split('"', 1)[0].replace("&amp;", "&")
    assert manager.get(older).text.count('class="acts__one"') == 5
    mine = manager.get(f"/manage/acts?person={another.id}").text
    assert REASON not in mine
    assert manager.get("/manage/acts?person=999999").status_code == 200


def test_the_log_costs_the_same_whatever_its_length(
    house: Builders, manager: Browser, topic: Topic, count_sql: Callable[[], Any]
) -> None:
    def cost() -> int:
        session.commit()
        with count_sql() as statements:
            assert manager.get("/manage/acts").status_code == 200
        return len(statements)

    service.pin(house.manager(), topic, REASON)
    few = cost()
    for _ in range(5):
        each = house.question(at=clock.now() - timedelta(hours=2))
        service.close(house.manager(), each, REASON)
        service.hide_post(house.manager(), each, house.comment(topic), REASON)
    assert cost() == few
