"""The demo bank, played into a real database: whole, in its own time, and without a letter."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.accounts.models import Person
from app.accounts.service import authenticate
from app.brand.queries import brand
from app.commands.demo import PASSWORD, accounts, fill
from app.core.db import session
from app.core.events import Delivery, Fact
from app.notify.models import Follow, Letter
from app.search.service import keeping as search
from app.sla.models import Promise
from app.sla.service import ticking
from app.topics import queries
from app.topics.models import Category, Post, Tag, Topic, Vote
from app.topics.promise import standing
from tests.conftest import rolled_back


def count(what: type) -> int:
    return session.scalar(select(func.count()).select_from(what)) or 0


@pytest.fixture(scope="module")
def filled(app: Flask) -> Iterator[datetime]:
    """Played once; the tests only look."""
    with rolled_back(app):
        fill()
        yield datetime.now(UTC)


def test_the_demo_bank_is_whole(filled: datetime) -> None:
    assert brand().name == "Полдень"
    assert brand().logo_url
    assert count(Topic) >= 66
    assert count(Category) == 9
    executives = session.scalars(select(Person).where(Person.role == "executive")).unique().all()
    assert sum(p.portrait_url is not None for p in executives) == 8
    states = set(session.scalars(select(Topic.state).where(Topic.kind == "idea")))
    assert states == {"new", "under_consideration", "planned", "done", "declined"}
    linked = [t for t in session.scalars(select(Post.body)) if "(topic:" in t]
    assert linked == []
    # Everybody may sign in with the printed password, and only the four are printed.
    known = accounts()
    assert [a.who for a in known][1:] == ["Executive, cards", "Community manager", "Administrator"]
    person = authenticate(known[1].email, known[1].password)
    assert person is not None
    assert person.post == "Директор по картам"
    assert authenticate("investor@demo.example", PASSWORD) is None


def test_nothing_is_left_to_be_sent(filled: datetime) -> None:
    assert count(Delivery) == 0
    assert count(Letter) == 0


def test_five_wait_and_one_is_overdue(filled: datetime) -> None:
    waiting = session.scalars(select(Topic).where(Topic.is_awaiting)).unique().all()
    stands = sorted(standing(t, filled).state for t in waiting)
    # Six for an answer, and one that has its answer for the news that was promised.
    assert len(waiting) == 7
    assert stands.count("overdue") == 1
    assert sum(t.paused_for == "customer" for t in session.scalars(select(Topic)).unique()) == 1
    # The worker notices the broken promise when it first looks, by the instant it broke.
    while ticking.tick():
        pass
    broken = session.scalars(select(Promise).where(Promise.state == "breached")).one()
    assert broken.breached_at == broken.due_at
    assert filled - timedelta(hours=5, minutes=1) < broken.due_at < filled - timedelta(hours=4)
    assert session.scalar(select(func.count()).where(Promise.state == "met_late")) in {1, 2}


def test_it_happened_when_the_story_says(filled: datetime) -> None:
    newest = [
        session.scalar(select(func.max(column)))
        for column in (Topic.opened_at, Post.published_at, Vote.at, Follow.at)
    ]
    # The tests above let the scheduler go its round, and tried to sign in.
    after = ("RemindersDue", "LetterWritten", "SignInFailed")
    told = select(func.max(Fact.at)).where(Fact.name.not_in(after))
    newest.append(session.scalar(told))
    assert all(at is not None and at <= filled for at in newest)
    topics = session.scalars(select(Topic).order_by(Topic.id)).unique().all()
    assert [t.opened_at for t in topics] == sorted(t.opened_at for t in topics)
    assert topics[0].opened_at < filled - timedelta(days=100)
    assert all(t.opened_at <= t.active_at <= filled for t in topics)
    assert all(t.asker.created_at < t.opened_at for t in topics)
    early = select(func.count()).select_from(Vote).join(Topic).where(Vote.at <= Topic.opened_at)
    assert session.scalar(early) == 0
    asks = select(Follow.at, Topic.opened_at).join(Topic).where(Follow.person_id == Topic.asker_id)
    since = session.execute(asks).all()
    assert len(since) == len(topics)
    assert all(followed == opened for followed, opened in since)


def test_its_counters_are_true(filled: datetime) -> None:
    cast = session.execute(select(Vote.topic_id, func.count()).group_by(Vote.topic_id))
    votes: dict[int, int] = {row[0]: row[1] for row in cast}
    posts = session.execute(
        select(Post.topic_id, Post.kind, func.count()).group_by(Post.topic_id, Post.kind)
    )
    said = {(topic_id, kind): number for topic_id, kind, number in posts}
    for topic in session.scalars(select(Topic)).unique():
        assert topic.votes_count == votes.get(topic.id, 0)
        assert topic.answers_count == said.get((topic.id, "answer"), 0)
        asides = ("comment", "clarification", "holding")
        assert topic.comments_count == sum(said.get((topic.id, kind), 0) for kind in asides)
    here = select(Topic.category_id, func.count()).where(Topic.hidden_at.is_(None))
    counted = session.execute(here.group_by(Topic.category_id))
    topics: dict[int, int] = {row[0]: row[1] for row in counted}
    for category in queries.categories():
        assert category.topics_count == topics.get(category.id, 0)
        assert category.is_answered_by(category.owner_id)
    assert (session.scalar(select(func.min(Tag.topics_count))) or 0) >= 1


def test_its_topics_are_found(filled: datetime) -> None:
    assert search.count() == session.scalar(select(func.count()).where(Topic.hidden_at.is_(None)))
