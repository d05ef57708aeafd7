"""Stored counters say what would be counted, whatever was done; and are put right when they lie."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from app.core import clock, counters, personal
from app.core.db import session
from app.insight.models import TopicViews, TopicVisits
from app.moderation import service as moderation
from app.moderation.service.acting import AlreadySoError, OthersWaitHereError, SecondPersonError
from app.topics import queries
from app.topics import service as topics
from app.topics.models import Category, Post, Tag, Topic

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.builders import Builders

REFUSED = (AlreadySoError, OthersWaitHereError, SecondPersonError, moderation.CannotMergeError)
WHY = "Так надо."
# A counter declared by a slice, and a wrong number for it.
BROKEN = {
    "topics.votes_count": 7,
    "topics.answers_count": 7,
    "topics.comments_count": 7,
    "topics.answer_id": None,
    "topics.last_seq": 0,
    "categories.topics_count": 7,
    "tags.topics_count": 7,
    "topic_views.views": 1,
}


def wrong() -> list[counters.Wrong]:
    session.flush()
    return [
        each
        for counter in counters.declared()
        for batch in counters.verify(counter, size=7)
        for each in batch.wrong
    ]


@pytest.fixture
def talk(house: Builders) -> Topic:
    """A topic of which everything is counted."""
    topic = house.question(tags=["карта", "метро"])
    house.answer(topic)
    house.comment(topic)
    topics.vote(house.customer(), topic)
    session.add(TopicViews(topic_id=topic.id, views=3))
    session.add(TopicVisits(day=func.current_date(), topic_id=topic.id, views=2, visitors=1))
    session.commit()
    return topic


def break_it(counter: counters.Counter, value: Any) -> None:
    changed = update(counter.column.class_).values({counter.column.key: value})
    session.execute(changed.execution_options(synchronize_session=False))
    session.commit()
    session.expire_all()


def run(app: Flask, *words: str) -> Any:
    return app.test_cli_runner().invoke(args=["counters", *words])


def test_every_counter_here_is_tried() -> None:
    assert {counter.name for counter in counters.declared()} == set(BROKEN)


def test_what_is_right_is_called_right(app: Flask, talk: Topic) -> None:
    assert wrong() == []
    answer = run(app, "verify")
    assert answer.exit_code == 0, answer.output


@pytest.mark.parametrize("name", BROKEN)
def test_a_counter_that_lies_is_named_and_repaired(app: Flask, talk: Topic, name: str) -> None:
    counter = counters.named(name)
    before = session.scalars(select(counter.column).order_by(counter.key)).all()
    break_it(counter, BROKEN[name])

    answer = run(app, "verify")
    assert answer.exit_code == 1
    assert name in answer.output
    assert {each.name for each in wrong()} == {name}

    assert run(app, "repair").exit_code == 0
    session.expire_all()
    assert wrong() == []
    after = session.scalars(select(counter.column).order_by(counter.key)).all()
    # What may say more than the days that are known is set to these.
    assert after == ([2] if name == "topic_views.views" else before)
    assert run(app, "verify").exit_code == 0


def test_one_counter_may_be_asked_for(app: Flask, talk: Topic) -> None:
    break_it(counters.named("tags.topics_count"), 9)
    assert run(app, "verify", "--only", "categories.topics_count").exit_code == 0
    assert run(app, "verify", "--only", "tags.topics_count").exit_code == 1
    unknown = run(app, "verify", "--only", "tags.name")
    assert unknown.exit_code == 1
    assert "topics.votes_count" in unknown.output


def test_much_that_is_wrong_is_told_in_few_lines(app: Flask, house: Builders) -> None:
    category = house.category()
    for _ in range(30):
        house.question(category=category)
    session.commit()
    break_it(counters.named("topics.votes_count"), 5)
    answer = run(app, "verify")
    assert "and 10 more" in answer.output
    assert answer.output.count("topics.votes_count") == 22


def test_voices_from_elsewhere_are_no_error(house: Builders) -> None:
    topic = house.question()
    topic.votes_count = topic.outside_votes = 40
    topics.vote(house.customer(), topic)
    assert wrong() == []
    assert topic.votes_count == 41


def test_the_voice_of_somebody_erased_stays_a_number(house: Builders) -> None:
    topic, person = house.question(), house.customer()
    topics.vote(person, topic)
    subject = personal.Subject(person.id, person.name)
    personal.forget(personal.Erasing(subject, words=False, at=clock.now(), in_words=str))
    session.expire_all()
    assert wrong() == []
    assert topic.votes_count == 1


def test_batches_leave_no_row_out(house: Builders) -> None:
    category = house.category()
    ids = [house.question(category=category).id for _ in range(20)]
    session.flush()
    counter = counters.named("topics.comments_count")
    break_it(counter, 3)
    found = [w.key for b in counters.verify(counter, size=3) for w in b.wrong]
    assert found == ids
    assert sum(b.numbers for b in counters.verify(counter, size=3)) == counters.numbers(counter)
    assert [w.key for b in counters.repair(counter, size=3) for w in b.wrong] == ids
    assert wrong() == []


# ——— whatever is done


class Life:
    """People doing whatever they may, in an order that a number decides."""

    def __init__(self, house: Builders, seed: int) -> None:
        self.house, self.chance = house, random.Random(seed)
        self.manager = house.manager()
        self.people = [house.customer() for _ in range(4)]
        self.categories = [house.category() for _ in range(3)]
        self.done: Counter[str] = Counter()
        self.acts: list[Callable[[], object]] = [
            *(self.ask, self.ask, self.answer, self.comment, self.comment, self.ask_back),
            *(self.retract, self.hide, self.restore, self.spam, self.unspam, self.hide_post),
            *(self.restore_post, self.move, self.merge, self.merge, self.unmerge, self.split),
            *(self.vote, self.vote, self.withdraw_vote, self.retag, self.verdict),
        ]

    def live(self, times: int) -> None:
        for _ in range(3):
            self.ask()
        for _ in range(times):
            act = self.chance.choice(self.acts)
            try:
                with session.begin_nested():
                    act()
                    session.flush()
            except REFUSED:
                session.expire_all()
                continue
            self.done[act.__name__] += 1

    def topic(self) -> Topic:
        return self.chance.choice(session.scalars(select(Topic).order_by(Topic.id)).unique().all())

    def post(self, *those: Any) -> Post:
        found = session.scalars(select(Post).where(*those).order_by(Post.id)).unique().all()
        if not found:
            raise AlreadySoError
        return self.chance.choice(found)

    def ask(self) -> None:
        kind = self.chance.choice(("question", "question", "idea", "problem", "praise"))
        tags = self.chance.sample(["карта", "метро", "вклад", "лимит"], k=self.chance.randint(0, 3))
        self.house.topic(
            kind,
            asker=self.chance.choice(self.people),
            category=self.chance.choice(self.categories),
            tags=tags,
        )

    def answer(self) -> None:
        topic = self.topic()
        if topic.closed_at is None and topic.kind != "praise":
            body = f"Ответ {self.chance.random()}"
            topics.answer(topic.category.owner, topic, body)

    def comment(self) -> None:
        topic = self.topic()
        topics.comment(self.chance.choice(self.people), topic, f"Слово {self.chance.random()}")

    def ask_back(self) -> None:
        topic = self.topic()
        if topic.closed_at is None and topic.is_awaiting:
            topics.ask_back(topic.category.owner, topic, f"Когда? {self.chance.random()}")

    def retract(self) -> None:
        post = self.post(Post.kind == "answer", Post.hidden_at.is_(None))
        topics.retract(post.author, post, WHY)

    def hide(self) -> None:
        moderation.hide(self.manager, self.topic(), WHY)

    def restore(self) -> None:
        moderation.restore(self.manager, self.topic(), WHY)

    def spam(self) -> None:
        moderation.mark_spam(self.manager, self.topic(), WHY)

    def unspam(self) -> None:
        moderation.unmark_spam(self.manager, self.topic(), WHY)

    def hide_post(self) -> None:
        post = self.post(Post.hidden_at.is_(None))
        moderation.hide_post(self.manager, queries.topic(post.topic_id), post, WHY)

    def restore_post(self) -> None:
        post = self.post(Post.hidden_at.is_not(None))
        moderation.restore_post(self.manager, queries.topic(post.topic_id), post, WHY)

    def move(self) -> None:
        moderation.move(self.manager, self.topic(), self.chance.choice(self.categories), WHY)

    def merge(self) -> None:
        topic, into = self.topic(), self.topic()
        person = topic.category.owner if moderation.needs_answer(topic, into) else self.manager
        moderation.merge(person, topic, into, WHY, answer="Ответили там.")

    def unmerge(self) -> None:
        merged = select(Topic).where(Topic.merged_into_id.is_not(None)).order_by(Topic.id)
        found = session.scalars(merged).unique().all()
        if not found:
            raise AlreadySoError
        moderation.unmerge(self.manager, self.chance.choice(found), WHY)

    def split(self) -> None:
        post = self.post(Post.kind == "comment", Post.hidden_at.is_(None))
        later = select(Post.id).where(Post.topic_id == post.topic_id, Post.kind == "comment")
        moderation.split(
            self.manager,
            post,
            kind="question",
            title=f"А как быть с этим, {self.chance.randint(1, 9)}?",
            category=self.chance.choice(self.categories),
            reason=WHY,
            along=session.scalars(later).all(),
        )

    def vote(self) -> None:
        topic, person = self.topic(), self.chance.choice(self.people)
        if topic.asker_id != person.id and topic.kind != "praise":
            topics.vote(person, topic)

    def withdraw_vote(self) -> None:
        topics.withdraw_vote(self.chance.choice(self.people), self.topic())

    def retag(self) -> None:
        topics.retag(self.topic(), self.chance.sample(["карта", "вклад", "касса"], k=2))

    def verdict(self) -> None:
        topic = self.topic()
        (topics.accept if self.chance.random() < 0.6 else topics.dispute)(topic.asker, topic)


@pytest.mark.parametrize("seed", range(2))
def test_whatever_is_done_every_counter_stays_true(house: Builders, seed: int) -> None:
    life = Life(house, seed)
    for _ in range(3):
        life.live(20)
        assert wrong() == [], life.done
    assert session.scalar(select(func.count()).select_from(Tag))
    assert len(life.done) > 8, life.done
    assert sum(c.topics_count for c in session.scalars(select(Category)).unique()) > 0
