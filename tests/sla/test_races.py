"""Schedulers killed in the middle of everything, and an answer that races the breach."""

from __future__ import annotations

import time
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from app.core import clock, deliveries
from app.core.db import session
from app.core.events import Fact
from app.notify.models import Letter
from app.sla.models import PolicyVersion, Promise, RungSent
from app.sla.service import ticking
from app.topics import queries, service
from app.topics.models import Post
from tests.conftest import DATABASES
from tests.programs import databases, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.builders import Builders

    Act = Callable[[], object]

ROOT = Path(__file__).parents[2]
ORDER = ("open", "r50", "r80", "due", "esc1", "esc2", "esc3")
MORNINGS = ("day1", "day2")
# How many of the recipients are told of a rung: who answers, the deputy, the manager.
READERS = {"open": 1, "r50": 1, "r80": 2}


# ------------------------------------------------------------------------- killed at any instant


class Aftermath:
    """What was left when one scheduler had survived."""

    def __init__(self, found: dict[str, Any]) -> None:
        self.found = found
        self.rungs: list[dict[str, Any]] = found["rungs_sent"]
        self.promises: list[dict[str, Any]] = found["promises"]
        self.letters: list[dict[str, Any]] = found["letters"]
        self.reminders = [f for f in found["facts"] if f["name"] == "RemindersDue"]

    def facts(self, name: str) -> list[dict[str, Any]]:
        return [fact for fact in self.found["facts"] if fact["name"] == name]


@pytest.fixture(scope="module", params=DATABASES)
def aftermath(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Aftermath]:
    """All the killing, once for each database."""
    instance = tmp_path_factory.mktemp(f"killed-{request.param}")
    for settings in databases("otklik_rounds", request.param, instance, tmp_path_factory):
        yield Aftermath(run("tests.sla.killed", settings=settings, within=180))


@pytest.mark.slow
def test_enough_of_them_died(aftermath: Aftermath) -> None:
    assert aftermath.found["deaths"] >= 5
    assert len(aftermath.facts("AnswerPublished")) == len(aftermath.found["answered"])


@pytest.mark.slow
def test_every_rung_is_recorded_once_for_everybody_it_concerns(aftermath: Aftermath) -> None:
    recorded = Counter((r["promise_id"], r["arm_no"], r["rung"]) for r in aftermath.rungs)
    answered = set(aftermath.found["answered"])

    for promise in aftermath.promises:
        mine = {rung: n for (p, arm, rung), n in recorded.items() if p == promise["id"]}
        if promise["topic_id"] in answered:
            assert not set(mine) & set(MORNINGS)
            continue
        assert mine == {rung: READERS.get(rung, 3) for rung in (*ORDER, *MORNINGS)}
        assert promise["state"] == "breached"


@pytest.mark.slow
def test_every_rung_that_was_sent_is_in_one_letter_to_its_person(aftermath: Aftermath) -> None:
    told = Counter(
        (promise_id, arm, rung, fact["data"]["person_id"])
        for fact in aftermath.reminders
        for promise_id, arm, rung in fact["data"]["reminders"]
    )
    sent = [r for r in aftermath.rungs if r["fate"] in {"sent", "stale"}]
    letters = Counter(letter["fact_id"] for letter in aftermath.letters)
    person_of = {fact["id"]: fact["data"]["person_id"] for fact in aftermath.reminders}

    assert set(told.values()) == {1}
    assert set(told) == {(r["promise_id"], r["arm_no"], r["rung"], r["person_id"]) for r in sent}
    assert all(person_of[r["fact_id"]] == r["person_id"] for r in sent)
    assert all(letters[fact["id"]] <= 1 for fact in aftermath.reminders)
    for letter in aftermath.letters:
        if letter["fact_id"] in person_of:
            assert letter["person_id"] == person_of[letter["fact_id"]]
            assert letter["posted_at"] or letter["skipped"] == "stale"
    assert Counter(aftermath.found["ids"]).most_common(1)[0][1] == 1
    assert {d["state"] for d in aftermath.found["deliveries"]} == {"done"}


@pytest.mark.slow
def test_a_breach_is_noticed_once(aftermath: Aftermath) -> None:
    broken = Counter(f["data"]["promise_id"] for f in aftermath.facts("PromiseBroken"))
    late = {p["id"] for p in aftermath.promises if p["breached_at"]}
    open_still = {p["id"] for p in aftermath.promises if p["state"] == "breached"}

    assert set(broken.values()) == {1}
    assert open_still <= set(broken) <= late


# --------------------------------------------------------------------- the answer and the breach


@pytest.fixture
def by_day(committed: Builders) -> Builders:
    """No quiet hours, so that what is due is sent."""
    made_at = clock.now() - timedelta(days=9)
    session.add(PolicyVersion(scope="all", version=1, spec={"quiet": None}, made_at=made_at))
    session.flush()
    return committed


def _go_rounds(until: datetime) -> Act:
    def act() -> None:
        while clock.now() < until:
            ticking.tick()
            session.commit()
            time.sleep(0.005)

    return act


def test_an_answer_that_races_the_breach_is_what_its_instant_says(
    by_day: Builders, at_once: Callable[..., list[BaseException | None]]
) -> None:
    """Twelve answers around the due instant, while three schedulers wait for it."""
    by_day.manager()
    category = by_day.category()
    due = clock.now() + timedelta(seconds=1.5)
    topics = [by_day.question(category=category, at=due - timedelta(days=1)) for _ in range(12)]
    ids = [topic.id for topic in topics]
    while ticking.tick():
        session.commit()

    def answer(topic_id: int, offset: float) -> Act:
        def act() -> None:
            time.sleep(max(0.0, (due - clock.now()).total_seconds() + offset))
            topic = queries.topic(topic_id)
            service.answer(topic.category.owner, topic, "Починили, проверьте.")

        return act

    offsets = [(n - 5) * 0.012 for n in range(len(ids))]
    answers = [answer(topic_id, offset) for topic_id, offset in zip(ids, offsets, strict=True)]
    rounds = [_go_rounds(due + timedelta(seconds=1)) for _ in range(3)]

    assert set(at_once(*answers, *rounds)) == {None}

    promises = session.scalars(select(Promise).where(Promise.topic_id.in_(ids))).all()
    broken = Counter(
        fact.data["promise_id"]
        for fact in session.scalars(select(Fact).where(Fact.name == "PromiseBroken"))
    )
    assert len(promises) == len(ids)
    for promise in promises:
        assert promise.answer_id is not None
        published = session.get_one(Post, promise.answer_id).published_at
        assert promise.fulfilled_at == published
        in_time = published <= due
        assert promise.state == ("met" if in_time else "met_late")
        assert promise.breached_at == (None if in_time else due)
        assert broken[promise.id] == (0 if in_time else 1)

    # A letter about a breach that was queued is not sent after the answer.
    while deliveries.run_due():
        pass
    session.expire_all()
    late = select(Letter).where(Letter.kind.in_(("overdue", "escalated", "digest")))
    assert [letter.id for letter in session.scalars(late) if letter.posted_at] == []
    fates = select(RungSent.fate).where(RungSent.rung == "due")
    assert set(session.scalars(fates)) <= {"stale"}


def test_schedulers_at_once_remind_once(
    by_day: Builders, at_once: Callable[..., list[BaseException | None]]
) -> None:
    category = by_day.category(deputy=by_day.executive())
    by_day.manager()
    for _ in range(10):
        by_day.question(category=category, at=clock.now() - timedelta(hours=25))

    def rounds() -> None:
        while ticking.tick(limit=3):
            session.commit()

    assert set(at_once(*[rounds] * 4)) == {None}

    told = Counter(
        (promise_id, rung, fact.data["person_id"])
        for fact in session.scalars(select(Fact).where(Fact.name == "RemindersDue"))
        for promise_id, _arm, rung in fact.data["reminders"]
    )
    assert len(told) == 30
    assert set(told.values()) == {1}
