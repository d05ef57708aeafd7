"""What two people, or two tabs of one, do in the same instant: on real databases, in threads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from app.accounts import service as accounts
from app.accounts.models import Person, Ticket
from app.core.db import Base, session
from app.moderation import service as moderation
from app.notify import service as notify
from app.notify.models import Follow
from app.topics import drafting, queries, service
from app.topics.models import Category, Draft, Post, Tag, Topic

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.builders import Builders

    Act = Callable[[], object]


@pytest.fixture
def house(committed: Builders) -> Builders:
    """What is built here, everybody sees."""
    return committed


def count(model: type[Base]) -> int:
    return session.scalar(select(func.count()).select_from(model)) or 0


def test_every_voice_counts_once(house: Builders, at_once: Callable[..., list[object]]) -> None:
    topic_id = house.question().id
    people = [house.customer().id for _ in range(10)]

    def press(person_id: int) -> Act:
        return lambda: service.vote(session.get_one(Person, person_id), queries.topic(topic_id))

    assert set(at_once(*(press(p) for p in people for _ in range(2)))) == {None}
    assert session.get_one(Topic, topic_id).votes_count == 10


def test_replies_are_numbered_one_after_another(
    house: Builders, at_once: Callable[..., list[object]]
) -> None:
    topic_id = house.question().id
    people = [house.customer().id for _ in range(6)]

    def say(person_id: int) -> Act:
        return lambda: service.comment(
            session.get_one(Person, person_id), queries.topic(topic_id), f"И у меня, {person_id}."
        )

    assert set(at_once(*map(say, people))) == {None}
    seqs = session.scalars(select(Post.seq).order_by(Post.seq)).all()
    assert list(seqs) == [1, 2, 3, 4, 5, 6]
    assert session.get_one(Topic, topic_id).comments_count == 6


def test_an_address_gets_one_account(house: Builders, at_once: Callable[..., list[object]]) -> None:
    def begin(name: str) -> Act:
        return lambda: accounts.sign_up(
            name=name, email="vera@example.org", password="длинный пароль", locale="ru"
        )

    assert at_once(begin("Вера"), begin("Вера К")) == [None, None]
    assert count(Person) == 1
    live = select(func.count()).select_from(Ticket).where(Ticket.used_at.is_(None))
    assert session.scalar(live) == 1


def _ask(asker_id: int, category_id: int, tags: list[str]) -> Act:
    def act() -> None:
        category = session.get_one(Category, category_id)
        words = service.Words("question", "Почему так долго?", "Жду неделю.", category, tags)
        service.ask(session.get_one(Person, asker_id), words)

    return act


def test_a_question_sent_twice_at_once_is_published_once(
    house: Builders, at_once: Callable[..., list[object]]
) -> None:
    asker_id, category_id = house.customer().id, house.category().id
    again = [_ask(asker_id, category_id, ["карты"]) for _ in range(3)]

    assert at_once(*again) == [None, None, None]
    assert count(Topic) == 1
    assert session.get_one(Category, category_id).topics_count == 1


def test_a_new_tag_is_made_once_and_counted_each_time(
    house: Builders, at_once: Callable[..., list[object]]
) -> None:
    category_id = house.category().id
    # Six people: what one person asks goes in turn anyway.
    asker_ids = [house.customer().id for _ in range(6)]
    tags = ["карты", "метро", "лимиты"]
    acts = [
        _ask(asker_id, category_id, tags[:: 1 if n % 2 else -1])
        for n, asker_id in enumerate(asker_ids)
    ]

    assert set(at_once(*acts)) == {None}
    assert dict(
        session.execute(select(Tag.name, Tag.topics_count)).tuples().all()
    ) == dict.fromkeys(tags, 6)
    assert session.get_one(Category, category_id).topics_count == 6


def test_two_tabs_keep_one_draft_and_follow_once(
    house: Builders, at_once: Callable[..., list[object]]
) -> None:
    person_id, topic_id = house.customer().id, house.question().id

    def keep() -> None:
        person = session.get_one(Person, person_id)
        drafting.keep(person, None, "new", {"title": "Где мои деньги?"})
        notify.follow(person, queries.topic(topic_id))

    assert at_once(keep, keep, keep) == [None, None, None]
    assert count(Draft) == 1
    mine = select(func.count()).select_from(Follow).where(Follow.person_id == person_id)
    assert session.scalar(mine) == 1


def test_an_address_of_a_category_is_given_once(
    house: Builders, at_once: Callable[..., list[object]]
) -> None:
    owner_id, manager_id = house.executive().id, house.manager().id

    def create() -> None:
        owner = session.get_one(Person, owner_id)
        words = service.CategoryWords("Карты", "", "", owner, None)
        service.create_category(session.get_one(Person, manager_id), "cards", words)

    raised = at_once(create, create)
    assert sorted(type(e) for e in raised if e) == [service.SlugTakenError]
    assert count(Category) == 1


def test_a_reply_hidden_twice_is_missed_once(
    house: Builders, at_once: Callable[..., list[object]]
) -> None:
    topic = house.question()
    house.comment(topic)
    topic_id, post_id, manager_id = topic.id, house.comment(topic).id, house.manager().id

    def hide() -> None:
        manager = session.get_one(Person, manager_id)
        post = queries.post(post_id)
        moderation.hide_post(manager, queries.topic(topic_id), post, "Телефон клиента")

    raised = at_once(hide, hide)
    assert [type(e) for e in raised if e] == [moderation.AlreadySoError]
    assert session.get_one(Topic, topic_id).comments_count == 1


def test_two_editors_lose_no_words(house: Builders, at_once: Callable[..., list[object]]) -> None:
    topic = house.question()
    post = house.comment(topic, "Первое.")
    topic_id, post_id, author_id = topic.id, post.id, post.author_id

    def change(body: str) -> Act:
        return lambda: service.edit_post(
            session.get_one(Person, author_id), queries.post(post_id), body
        )

    assert at_once(change("Второе."), change("Третье.")) == [None, None]
    said = [r.body for r in queries.revisions(queries.topic(topic_id))]
    assert {*said, queries.post(post_id).body} == {"Первое.", "Второе.", "Третье."}
