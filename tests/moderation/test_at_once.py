"""Two moderators, a moderator and an author, two tabs of one: what they do in the same instant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from app.accounts.models import Person
from app.core.db import Base, session
from app.moderation import queries, service
from app.moderation.models import Act, Appeal, Restraint, Submission, Trust
from app.topics import gate
from app.topics import queries as topics_queries
from app.topics import service as topics
from app.topics.models import Category, Post, Topic

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.builders import Builders

    Act_ = Callable[[], object]
    AtOnce = Callable[..., list[BaseException | None]]


@pytest.fixture
def house(committed: Builders) -> Builders:
    """What is built here, everybody sees."""
    return committed


@pytest.fixture
def cards(house: Builders) -> Category:
    return house.category(gate="everybody")


def person(person_id: int) -> Person:
    return session.get_one(Person, person_id)


def text(number: int) -> Submission:
    return session.get_one(Submission, number)


def count(model: type[Base]) -> int:
    return session.scalar(select(func.count()).select_from(model)) or 0


def sent(author: Person, category: Category) -> int:
    done = gate.ask(author, topics.Words("question", "Почему так долго?", "Жду неделю.", category))
    assert isinstance(done, gate.Held)
    return done.number


def errors(raised: list[BaseException | None]) -> list[str]:
    return sorted(type(each).__name__ for each in raised if each is not None)


def test_the_same_words_sent_at_once_wait_once(
    house: Builders, cards: Category, at_once: AtOnce
) -> None:
    author_id, category_id = house.customer().id, cards.id

    def send() -> None:
        sent(person(author_id), session.get_one(Category, category_id))

    assert at_once(*[send] * 8) == [None] * 8
    assert (count(Submission), count(Topic)) == (1, 0)


def test_what_two_approve_at_once_is_published_once(
    house: Builders, cards: Category, at_once: AtOnce
) -> None:
    number, author_id = sent(author := house.customer(), cards), author.id
    moderators = [house.manager().id for _ in range(6)]

    def approve(moderator_id: int) -> Act_:
        return lambda: service.approve(person(moderator_id), text(number))

    assert errors(at_once(*map(approve, moderators))) == ["HandledError"] * 5
    assert (count(Topic), count(Act)) == (1, 1)
    assert session.get_one(Trust, author_id).published == 1


def test_approved_returned_or_withdrawn_only_one_happens(
    house: Builders, cards: Category, at_once: AtOnce
) -> None:
    number, author_id = sent(author := house.customer(), cards), author.id
    one, other = house.manager().id, house.manager().id

    raised = at_once(
        lambda: service.approve(person(one), text(number)),
        lambda: service.give_back(person(other), text(number), "rude"),
        lambda: service.take_back(person(author_id), text(number)),
    )

    state = text(number).state
    published, acts = count(Topic), count(Act)
    # A returned text may still be taken back; nothing else comes after anything.
    assert errors(raised) in (["HandledError"] * 2, ["HandledError"])
    assert published == int(state == "published")
    assert acts == int(raised[0] is None) + int(raised[1] is None)


def test_a_change_that_comes_with_the_approval_is_neither_lost_nor_published_unread(
    house: Builders, cards: Category, at_once: AtOnce
) -> None:
    author = house.customer()
    topic = house.question(category=cards, asker=author)
    post = house.comment(topic, "Первое слово.", author=author)
    for_the_first = gate.edit_post(author, post, "Второе, совсем другое.")
    assert isinstance(for_the_first, gate.Held)
    number, author_id, post_id = for_the_first.number, author.id, post.id
    manager_id, read = house.manager().id, text(number).seal

    raised = at_once(
        lambda: service.approve(person(manager_id), text(number), seal=read),
        lambda: gate.edit_post(
            person(author_id), topics_queries.post(post_id), "Третье, о котором никто не знает."
        ),
    )

    assert errors(raised) in ([], ["ChangedError"])
    # It took the place of what waited, or came after the approval: either way it waits unread.
    assert [each.body for each in queries.waiting()] == ["Третье, о котором никто не знает."]
    read_first = "Первое слово." if raised[0] else "Второе, совсем другое."
    assert session.get_one(Post, post_id).body == read_first


def test_an_appeal_is_made_and_decided_once(
    house: Builders, cards: Category, at_once: AtOnce
) -> None:
    number, author_id = sent(author := house.customer(), cards), author.id
    service.give_back(house.manager(), text(number), "rude")
    others = [house.manager().id for _ in range(3)]
    words = "Здесь нет ни одного грубого слова."

    def appeal() -> None:
        service.appeal_text(person(author_id), text(number), words)

    assert errors(at_once(appeal, appeal, appeal)) == ["AppealedError"] * 2
    appeal_id = session.scalars(select(Appeal.id)).one()

    def decide(moderator_id: int) -> Act_:
        return lambda: service.decide(
            person(moderator_id), session.get_one(Appeal, appeal_id), "Верно.", grant=True
        )

    assert errors(at_once(*map(decide, others))) == ["AppealedError"] * 2
    assert count(Topic) == 1


def test_two_who_silence_the_same_person_do_it_once(house: Builders, at_once: AtOnce) -> None:
    customer_id = house.customer().id
    moderators = [house.manager().id for _ in range(3)]

    def silence(moderator_id: int) -> Act_:
        return lambda: service.restrain(
            person(moderator_id), person(customer_id), "silence", "Грубит.", None
        )

    assert errors(at_once(*map(silence, moderators))) == ["AlreadySoError"] * 2
    assert (count(Restraint), count(Act)) == (1, 1)


def test_trust_counts_what_is_published_at_once(house: Builders, at_once: AtOnce) -> None:
    author_id = house.customer().id
    topics_ = [house.question().id for _ in range(6)]

    def say(topic_id: int) -> Act_:
        return lambda: gate.comment(person(author_id), topics_queries.topic(topic_id), "И у меня.")

    assert at_once(*map(say, topics_)) == [None] * 6
    assert session.get_one(Trust, author_id).published == 6
