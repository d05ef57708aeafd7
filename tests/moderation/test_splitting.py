"""A comment that becomes a topic: what it is asked as, what goes along, where its address leads."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from app.core import clock
from app.core.db import session
from app.moderation import service
from app.moderation.models import Act
from app.notify.models import Letter
from app.sla.models import Promise
from app.topics import service as topics
from app.topics.models import Moved, Revision, Topic

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.accounts.models import Person
    from app.topics.models import Category, Post
    from tests.builders import Builders
    from tests.conftest import Browser

SENT = {"title": "А как отключить страховку?", "kind": "problem", "reason": "Другой вопрос."}
HOUR = timedelta(hours=1)


@pytest.fixture
def cards(house: Builders) -> Category:
    house.brand()
    return house.category(name="Карты", owner=house.executive(name="Ольга Карпова"))


@pytest.fixture
def loans(house: Builders) -> Category:
    return house.category(name="Кредиты", owner=house.executive(name="Денис Кредитов"))


@pytest.fixture
def person(house: Builders) -> Person:
    return house.manager(name="Нина Порядок")


@pytest.fixture
def topic(house: Builders, cards: Category) -> Topic:
    return house.question(category=cards, at=clock.now() - 5 * HOUR)


@pytest.fixture
def comment(house: Builders, topic: Topic) -> Post:
    body = "А как отключить страховку?\n\nОтдел обещал перезвонить."
    return house.comment(topic, body, at=clock.now() - 3 * HOUR)


def form_of(post: Post) -> str:
    return f"/posts/{post.id}/moderation/split"


def split(person: Person, post: Post, category: Category, **more: Any) -> Topic:
    made = {k: SENT[k] for k in ("title", "kind", "reason")}
    return service.split(person, post, category=category, **{**made, **more})


def test_managers_find_the_way_beside_a_customer_s_comment_only(
    house: Builders, topic: Topic, comment: Post, new_browser: Callable[[], Browser], person: Person
) -> None:
    said = house.comment(topic, "Сейчас посмотрю.", author=topic.category.owner)
    answer = house.answer(topic)
    page = new_browser().sign_in(person).get(f"/topics/{topic.id}").text
    assert form_of(comment) in page
    assert form_of(said) not in page
    assert form_of(answer) not in page
    for other in (comment.author, topic.category.owner):
        browser = new_browser().sign_in(other)
        assert form_of(comment) not in browser.get(f"/topics/{topic.id}").text
        assert browser.get(form_of(comment)).status_code == 404


def test_it_is_asked_anew_in_its_author_s_name_from_when_it_was_written(
    topic: Topic, comment: Post, loans: Category, person: Person, browser: Browser
) -> None:
    browser.sign_in(person)
    offered = browser.get(form_of(comment)).text
    assert 'value="А как отключить страховку?' in offered
    sent = browser.post(form_of(comment), {**SENT, "category_id": str(loans.id)})

    made = session.scalars(select(Topic).order_by(Topic.id.desc())).first()
    assert made is not None
    assert sent.location == f"/topics/{made.id}"
    assert (made.title, made.kind, made.category_id) == (SENT["title"], "problem", loans.id)
    assert (made.asker_id, made.body) == (comment.author_id, comment.body)
    assert made.opened_at == comment.published_at
    promise = session.scalars(select(Promise).where(Promise.topic_id == made.id)).one()
    assert promise.started_at == comment.published_at
    assert (topic.comments_count, loans.topics_count) == (0, 1)
    assert "страховку" not in browser.get(f"/topics/{made.id - 1}").text.split("<h1")[0]


def test_the_story_says_so_and_leads_there(
    topic: Topic, comment: Post, loans: Category, person: Person, new_browser: Callable[[], Browser]
) -> None:
    made = split(person, comment, loans)
    page = new_browser().get(f"/topics/{topic.id}").text
    assert "Отдел обещал перезвонить" not in page
    assert f'href="/topics/{made.id}"' in page
    assert SENT["reason"] in page
    assert "Нина Порядок" in page
    act = session.scalars(select(Act).where(Act.name == "split")).one()
    assert (act.topic_id, act.post_id, act.after_id) == (topic.id, comment.id, made.id)


def test_comments_go_along_with_their_history_and_keep_their_addresses(
    house: Builders, topic: Topic, comment: Post, loans: Category, person: Person, browser: Browser
) -> None:
    stays = house.comment(topic, "Про карту: у меня так же.")
    goes = house.comment(topic, "И мне навязали.")
    topics.edit_post(goes.author, goes, "И мне навязали страховку.")
    was = {post.id: post.seq for post in (comment, stays, goes)}

    made = split(person, comment, loans, along=[goes.id, stays.id + 10_000])

    assert (goes.topic_id, stays.topic_id) == (made.id, topic.id)
    assert (topic.comments_count, made.comments_count) == (1, 1)
    revision = session.scalars(select(Revision).where(Revision.post_id == goes.id)).one()
    assert revision.topic_id == made.id
    assert "И мне навязали страховку" in browser.get(f"/topics/{made.id}").text
    addresses = {
        comment.id: f"/topics/{made.id}",
        goes.id: f"/topics/{made.id}#post-{goes.seq}",
        stays.id: f"/topics/{topic.id}#post-{stays.seq}",
    }
    for post_id, seq in was.items():
        assert browser.get(f"/topics/{topic.id}/posts/{seq}").location == addresses[post_id]
    assert house.comment(topic).seq == max(was.values()) + 1, "no number is given twice"


def test_what_went_twice_is_found_from_both_places(
    house: Builders, topic: Topic, comment: Post, loans: Category, person: Person, browser: Browser
) -> None:
    second = house.comment(topic, "А вклад можно так же закрыть?")
    third = house.comment(topic, "И мне про вклад интересно.")
    first_seq = third.seq
    made = split(person, comment, loans, along=[second.id, third.id])
    second_seq = third.seq
    last = split(person, second, loans, title="Как закрыть вклад?", along=[third.id])
    there = f"/topics/{last.id}#post-{third.seq}"
    assert browser.get(f"/topics/{topic.id}/posts/{first_seq}").location == there
    assert browser.get(f"/topics/{made.id}/posts/{second_seq}").location == there


def test_the_asker_s_own_words_are_promised_an_answer_there_and_no_more_here(
    house: Builders, topic: Topic, loans: Category, person: Person
) -> None:
    house.answer(topic, at=clock.now() - 4 * HOUR)
    asked = house.comment(topic, "И ещё одно.", author=topic.asker, at=clock.now() - 2 * HOUR)
    assert topic.is_awaiting
    made = split(person, asked, loans)
    assert not topic.is_awaiting
    assert made.is_awaiting


def test_its_author_is_told_and_follows(
    topic: Topic, comment: Post, loans: Category, person: Person, work: Callable[[], None]
) -> None:
    work()
    made = split(person, comment, loans)
    work()
    letters = session.scalars(select(Letter).where(Letter.topic_id == made.id)).all()
    assert [(each.kind, each.person_id) for each in letters] == [("receipt", comment.author_id)]


def test_only_once_and_not_what_is_hidden_official_or_merged(
    house: Builders, topic: Topic, comment: Post, loans: Category, person: Person, browser: Browser
) -> None:
    split(person, comment, loans)
    hidden = house.comment(topic, "Ругань.")
    service.hide_post(person, topic, hidden, "Ругань.")
    for post in (comment, hidden, house.answer(topic)):
        with pytest.raises(service.AlreadySoError):
            split(person, post, loans)
    with pytest.raises(service.AlreadySoError):
        service.restore_post(person, topic, comment, "Назад")
    browser.sign_in(person)
    assert browser.get(form_of(comment)).status_code == 404
    assert f"/posts/{comment.id}/moderation/restore" not in browser.get(f"/topics/{topic.id}").text
    assert session.get(Moved, (topic.id, comment.seq)) is not None


def test_what_is_missing_is_said_beside_it_and_nothing_is_lost(
    topic: Topic, comment: Post, loans: Category, person: Person, browser: Browser
) -> None:
    browser.sign_in(person)
    sent = {**SENT, "title": "", "category_id": str(loans.id), "reason": "Другой вопрос."}
    answer = browser.post(form_of(comment), sent)
    assert answer.status_code == 422
    assert 'id="title-error"' in answer.text
    assert 'value="Другой вопрос."' in answer.text
    assert comment.hidden_at is None
