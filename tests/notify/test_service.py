"""Following, and letters that are not sent after all."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine
from sqlalchemy import select

from app.core import clock, deliveries, mail
from app.core.db import session
from app.core.events import Fact, reacting_to
from app.moderation import service as moderation
from app.notify import queries, reactions, service
from app.notify.events import LetterWritten
from app.notify.models import Letter
from app.topics import service as topics
from app.topics.events import AnswerPublished

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.builders import Builders
    from tests.notify.conftest import Mailbag

    Sent = Callable[[], Mailbag]


def write_but_do_not_post(topic_id: int) -> Letter:
    """Run the reaction that writes the answer's letters, and leave them lying."""
    fact = session.scalars(
        select(Fact).where(Fact.name == "AnswerPublished").order_by(Fact.id.desc())
    ).first()
    assert fact is not None
    with reacting_to(fact):
        reactions.tell_of_the_answer(AnswerPublished(**fact.data))
    return session.scalars(select(Letter).where(Letter.fact_id == fact.id)).one()


def test_who_asks_and_who_comments_follows(house: Builders) -> None:
    topic = house.question()
    post = house.comment(topic)

    assert queries.is_following(topic.asker, topic)
    assert queries.is_following(post.author, topic)
    assert not queries.is_following(house.customer(), topic)


def test_who_declined_is_not_made_to_follow_by_a_comment(house: Builders) -> None:
    topic, person = house.question(), house.customer()
    service.follow(person, topic)
    service.unfollow(person, topic)

    house.comment(topic, author=person)

    assert not queries.is_following(person, topic)
    service.follow(person, topic)
    assert queries.is_following(person, topic)


def test_an_asker_who_declined_gets_no_answer(house: Builders, sent: Sent) -> None:
    topic = house.question()
    service.unfollow(topic.asker, topic)
    house.answer(topic)

    assert sent().letters(topic.asker.email) == []


def test_a_reaction_run_again_writes_nothing_new(house: Builders) -> None:
    topic = house.question()
    house.answer(topic)

    first = write_but_do_not_post(topic.id)
    again = write_but_do_not_post(topic.id)

    assert first.id == again.id


def test_a_letter_posted_again_is_sent_once(house: Builders, sent: Sent) -> None:
    topic = house.question()
    bag = sent()
    before = len(bag.letters())

    for letter in session.scalars(select(Letter)).all():
        assert letter.posted_at is not None
        reactions.post_the_letter(LetterWritten(letter.id))
        letter.posted_at = None
        session.flush()
        reactions.post_the_letter(LetterWritten(letter.id))

    assert len(bag.letters()) == before
    assert topic.id


@pytest.mark.parametrize("why", ["unsubscribed", "declined", "hidden", "post hidden", "gone"])
def test_what_changed_between_writing_and_posting_counts(
    house: Builders, mailbag: Mailbag, why: str
) -> None:
    topic = house.question()
    post = house.answer(topic)
    letter = write_but_do_not_post(topic.id)
    if why == "unsubscribed":
        service.choose_letters(topic.asker, {"answers": False})
    elif why == "declined":
        service.unfollow(topic.asker, topic)
    elif why == "hidden":
        moderation.hide(house.manager(), topic, "Личные данные")
    elif why == "post hidden":
        moderation.hide_post(house.manager(), topic, post, "Ошибка")
    else:
        topic.asker.disabled_at = clock.now()

    reactions.post_the_letter(LetterWritten(letter.id))

    reasons = {"declined": "unsubscribed", "post hidden": "hidden"}
    assert letter.skipped == reasons.get(why, why)
    assert letter.posted_at is None
    assert mailbag.letters() == []


def test_a_question_back_that_was_replied_to_is_stale(house: Builders, sent: Sent) -> None:
    topic = house.question()
    asked = topics.ask_back(topic.category.owner, topic, "Какая станция?")
    house.comment(topic, "Лубянка.", author=topic.asker)

    bag = sent()

    letter = session.scalars(select(Letter).where(Letter.kind == "asked_back")).one()
    assert (letter.post_id, letter.skipped) == (asked.id, "stale")
    assert "asked_back" not in bag.kinds(topic.asker.email)


def test_a_failure_to_send_is_tried_again_later(
    house: Builders, work: Callable[[], None], mailbag: Mailbag, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = house.question()
    blocked = mailbag.folder.with_name("blocked")
    blocked.write_text("a file where a folder should be")
    with monkeypatch.context() as broken:
        broken.setattr(mail, "_transport", mail._Transport("", blocked))
        work()
    blocked.unlink()
    assert mailbag.letters() == []
    assert deliveries.count("pending") == 1

    with time_machine.travel(clock.now() + timedelta(minutes=1)):
        work()

    assert mailbag.kinds(topic.asker.email) == ["receipt"]
