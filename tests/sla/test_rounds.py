"""Nothing blocks the rounds, and no change of people blocks anybody, however many topics wait."""

from __future__ import annotations

import logging
import socket
import time
from contextvars import Context
from datetime import UTC, datetime, timedelta
from threading import Event as Signal
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from app.accounts import absences
from app.accounts import service as accounts
from app.accounts.models import Person
from app.core import clock
from app.core.db import db, session
from app.core.events import Delivery, Fact
from app.insight.health import examine
from app.moderation import service as moderation
from app.sla import reactions
from app.sla.engine.pacing import Pacemaker
from app.sla.models import ClockEvent, PolicyVersion, Promise, RungSent, Tick
from app.sla.queries import promises
from app.sla.service import promises as projecting
from app.sla.service import ticking, verifying, waking
from app.topics import queries, service
from app.topics.models import Category, Topic

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result
    from flask import Flask

    from tests.builders import Builders

    Work = Callable[[], None]

# A Monday, eleven in the morning in Moscow.
MONDAY = datetime(2026, 11, 16, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def verify(app: Flask) -> Callable[..., Result]:
    """`flask sla verify …`, in a process of its own as it were."""

    def run(*words: str) -> Result:
        session.commit()
        try:
            return Context().run(
                lambda: app.test_cli_runner().invoke(args=["sla", "verify", *words])
            )
        finally:
            session.expire_all()

    return run


@pytest.fixture
def monday() -> Any:
    with time_machine.travel(MONDAY, tick=False) as traveller:
        yield traveller


@pytest.fixture
def cards(house: Builders) -> Category:
    house.manager(name="Мария")
    return house.category(deputy=house.executive())


def manager() -> Person:
    return session.scalars(select(Person).where(Person.role == "manager")).unique().one()


def change(category: Category, owner: Person, deputy: Person | None = None, name: str = "") -> None:
    words = service.CategoryWords(name or category.name, "", "", owner, deputy)
    service.change_category(manager(), category, words)


def events_of(topic: Topic, kind: str = "owner_changed") -> list[ClockEvent]:
    query = select(ClockEvent).where(ClockEvent.topic_id == topic.id, ClockEvent.type == kind)
    return list(session.scalars(query.order_by(ClockEvent.id)))


def promise_of(topic: Topic) -> Promise:
    query = select(Promise).where(Promise.topic_id == topic.id)
    return session.scalars(query.execution_options(populate_existing=True)).one()


def sent(person: Person) -> list[str]:
    query = select(RungSent.rung).where(RungSent.person_id == person.id, RungSent.fate == "sent")
    return list(session.scalars(query.order_by(RungSent.at)))


def asleep(*topics: Topic) -> None:
    """Nobody is to look at these for a week."""
    ids = [t.id for t in topics]
    later = clock.now() + timedelta(days=7)
    session.execute(update(Promise).where(Promise.topic_id.in_(ids)).values(next_action_at=later))
    session.flush()


def is_awake(topic: Topic) -> bool:
    at = promise_of(topic).next_action_at
    return at is not None and at <= clock.now()


# ------------------------------------------------------------------------------- the new people


def test_a_new_name_of_a_category_touches_none_of_its_topics(
    house: Builders, cards: Category, work: Work, count_sql: Callable[[], Any]
) -> None:
    topics = [house.question(category=cards) for _ in range(3)]
    with count_sql() as few:
        change(cards, cards.owner, cards.deputy, name="Карты и счета")
    work()
    assert [events_of(t) for t in topics] == [[], [], []]
    assert not [s for s in few if "topics " in s or "clock_events" in s]

    with count_sql() as statements:
        waking.name_the_new(cards.id, clock.now(), None)
    assert len(statements) <= 2


def test_new_people_are_named_batch_by_batch_and_once(
    house: Builders, cards: Category, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waking, "NAMED_AT_ONCE", 2)
    topics = [house.question(category=cards) for _ in range(5)]
    elsewhere = house.question()
    answered = house.question(category=cards)
    house.answer(answered)
    owner = house.executive()

    change(cards, owner)
    assert [t.responsible_id for t in topics].count(owner.id) == 0, "not in the web's transaction"
    work()

    assert [t.responsible_id for t in topics] == [owner.id] * 5
    assert [len(events_of(t)) for t in topics] == [1] * 5
    [event] = events_of(topics[0])
    assert (event.data["owner"], event.by_id) == (owner.id, manager().id)
    assert events_of(elsewhere) == events_of(answered) == []
    [first, *_] = session.scalars(select(Fact).where(Fact.name == "CategoryChanged"))
    waking.name_the_new(cards.id, first.at, None)
    assert [len(events_of(t)) for t in topics] == [1] * 5


def test_only_the_deputy_changed_is_a_change(house: Builders, cards: Category, work: Work) -> None:
    topic, deputy = house.question(category=cards), house.executive()
    for named in (deputy, None):
        change(cards, cards.owner, named)
        work()
    assert [e.data.get("deputy") for e in events_of(topic)] == [deputy.id, None]


@pytest.mark.usefixtures("monday")
def test_new_people_are_so_from_the_instant_they_were_named(
    house: Builders, cards: Category, work: Work
) -> None:
    """One broke meanwhile and was noticed: it is not unnoticed. Of one more was said meanwhile."""
    quiet = house.question(category=cards, at=MONDAY - 23.5 * HOUR)
    lively = house.question(category=cards)
    owner = house.executive()
    change(cards, owner)
    session.commit()
    with time_machine.travel(MONDAY + HOUR, tick=False):
        while ticking.tick():
            session.commit()
        service.ask_back(cards.owner, lively, "Какая карта?")
    with time_machine.travel(MONDAY + 2 * HOUR, tick=False):
        work()
        assert events_of(quiet)[0].at == MONDAY
        assert events_of(lively)[0].at == MONDAY + 2 * HOUR
    broken = select(Fact).where(Fact.name == "PromiseBroken")
    assert len(session.scalars(broken).all()) == 1
    assert promise_of(quiet).breached_at == MONDAY + HOUR / 2
    assert promise_of(quiet).accountable_id == owner.id


def test_a_topic_that_cannot_be_read_keeps_no_other_from_its_new_owner(
    house: Builders, cards: Category, work: Work
) -> None:
    bad, good = house.question(category=cards), house.question(category=cards)
    session.add(ClockEvent(topic_id=bad.id, type="nonsense", at=clock.now(), data={}))
    owner = house.executive()
    change(cards, owner)
    work()
    assert good.responsible_id == owner.id


def test_whoever_hides_a_topic_and_whoever_changes_its_category_wait_in_one_order(
    committed: Builders, at_once: Callable[..., list[BaseException | None]]
) -> None:
    """One holds the topic and wants its category's count; the other has changed the category."""
    boss, category = committed.manager(), committed.category()
    owner, topic = committed.executive(), committed.question(category=category)
    boss_id, category_id, owner_id, topic_id = boss.id, category.id, owner.id, topic.id
    postgres = db.engine.dialect.name == "postgresql"
    held, changed = Signal(), Signal()

    def hide() -> None:
        mine = queries.held(topic_id)
        held.set()
        if postgres:  # on SQLite writers go in turn anyway
            changed.wait(5)
        moderation.hide(session.get_one(Person, boss_id), mine, "Личные данные")

    def rename() -> None:
        if postgres:
            held.wait(5)
        theirs = session.get_one(Category, category_id)
        theirs.name = "Другое"
        session.flush()
        changed.set()
        words = service.CategoryWords("Другое", "", "", session.get_one(Person, owner_id), None)
        service.change_category(session.get_one(Person, boss_id), theirs, words)

    assert at_once(hide, rename) == [None, None]


# ---------------------------------------------------------------------------- who comes and goes


def test_only_what_they_answer_for_is_looked_at_again(
    house: Builders, cards: Category, work: Work
) -> None:
    loans = house.category()
    substitute, deep = house.executive(), house.executive()
    mine, other = house.question(category=cards), house.question(category=loans)
    week = (clock.now(), clock.now() + timedelta(days=7))
    work()

    for person, leave in (
        (cards.owner, absences.Leave(*week, substitute)),
        (substitute, absences.Leave(*week, deep)),
        (deep, absences.Leave(*week)),
        (cards.deputy, absences.Leave(*week)),
    ):
        asleep(mine, other)
        assert person is not None
        absences.go_away(person, person, leave)
        work()
        assert (is_awake(mine), is_awake(other)) == (True, False), person.id

    # Nobody of theirs is there: it falls to the manager, who goes too.
    asleep(mine, other)
    boss = manager()
    absences.go_away(boss, boss, absences.Leave(*week))
    work()
    assert (is_awake(mine), is_awake(other)) == (True, False)


def test_what_is_paused_or_was_answered_is_not_woken(
    house: Builders, cards: Category, work: Work
) -> None:
    paused, answered = house.question(category=cards), house.question(category=cards)
    service.ask_back(cards.owner, paused, "Какая карта?")
    house.answer(answered)
    while ticking.tick():
        pass
    leave = absences.Leave(clock.now(), clock.now() + timedelta(days=7))
    absences.go_away(cards.owner, cards.owner, leave)
    work()
    assert not is_awake(paused)
    assert not is_awake(answered)


@pytest.mark.usefixtures("monday")
def test_shut_out_let_in_and_given_a_role_find_who_answers_now(
    house: Builders, cards: Category, work: Work
) -> None:
    boss, deputy = house.administrator(), cards.deputy
    house.administrator()
    topic = house.question(category=cards)
    assert deputy is not None
    work()
    while ticking.tick():
        pass
    assert sent(cards.owner) == ["open"]
    assert sent(deputy) == []

    accounts.shut_out(boss, cards.owner)
    work()
    while ticking.tick():
        pass
    assert sent(deputy) == ["open"], "they answer now, and hear of it now"

    asleep(topic)
    accounts.let_in(boss, cards.owner)
    work()
    assert is_awake(topic)

    leave = absences.Leave(clock.now(), clock.now() + timedelta(days=3))
    for person in (cards.owner, deputy, manager()):
        absences.go_away(person, person, leave)
    work()
    asleep(topic)
    newcomer = house.executive()
    accounts.appoint(boss, newcomer, "manager", "Дежурный")
    work()
    assert is_awake(topic), "with everybody away it falls to whoever manages now"


def test_waking_many_goes_in_batches_and_waits_for_a_busy_scheduler(
    house: Builders, cards: Category, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waking, "WOKEN_AT_ONCE", 2)
    monkeypatch.setattr(waking, "BUSY", 4)
    topics = [house.question(category=cards) for _ in range(7)]
    work()
    asleep(*topics)
    leave = absences.Leave(clock.now(), clock.now() + timedelta(days=7))
    absences.go_away(cards.owner, cards.owner, leave)

    work()
    assert [is_awake(t) for t in topics] == [True] * 4 + [False] * 3
    [waits] = session.scalars(select(Delivery).where(Delivery.state == "pending")).all()
    assert waits.not_before > clock.now() + waking.A_WHILE / 2

    while ticking.tick():
        session.commit()
    with time_machine.travel(clock.now() + waking.A_WHILE, tick=True):
        work()
        assert [is_awake(t) for t in topics] == [False] * 4 + [True] * 3


def test_a_round_that_runs_does_not_oversleep_what_was_woken(
    committed: Builders, at_once: Callable[..., list[BaseException | None]]
) -> None:
    """A round has read who answers; before it ends, somebody goes away."""
    committed.manager()
    category = committed.category(deputy=committed.executive())
    topics = [committed.question(category=category) for _ in range(3)]
    ids, category_id = [t.id for t in topics], category.id
    postgres = db.engine.dialect.name == "postgresql"
    looked, woken = Signal(), Signal()

    def go_a_round() -> None:
        assert ticking.tick() == 3
        looked.set()
        if postgres:
            assert not woken.wait(0.7), "it waits until the round has ended"

    def wake() -> None:
        looked.wait(5)
        waking.look_again_in([category_id])
        woken.set()

    assert at_once(go_a_round, wake) == [None, None]
    session.expire_all()
    rows = session.scalars(select(Promise).where(Promise.topic_id.in_(ids))).all()
    assert all(p.next_action_at is not None and p.next_action_at <= clock.now() for p in rows)


# ------------------------------------------------------------------------------------ the rounds


def test_a_clock_that_jumps_between_two_batches_sends_nothing_more(
    house: Builders, cards: Category, monday: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ticking.begin_round, "__defaults__", (Pacemaker(),))
    monkeypatch.setattr(time, "monotonic", lambda: 1000.0)
    for _ in range(3):
        house.question(category=cards)
    tick, batches = ticking.tick, []

    def one_at_a_time(now: datetime) -> int:
        batches.append(now)
        found = tick(now, limit=1)
        monday.shift(timedelta(hours=12))
        return found

    monkeypatch.setattr(ticking, "tick", one_at_a_time)
    reactions.watch_the_clock()

    assert batches == [MONDAY]
    assert promises.letters_are_held()


def test_a_long_backlog_is_no_sleep(
    house: Builders, cards: Category, monday: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    steady = [1000.0]
    monkeypatch.setattr(ticking.begin_round, "__defaults__", (Pacemaker(),))
    monkeypatch.setattr(time, "monotonic", lambda: steady[0])
    for _ in range(4):
        house.question(category=cards)
    tick = ticking.tick

    def slowly(now: datetime) -> int:
        last = promises.last_tick()
        assert last is not None
        assert last.at == clock.now()
        found = tick(now, limit=1)
        monday.shift(timedelta(seconds=100))
        steady[0] += 100
        return found

    monkeypatch.setattr(ticking, "tick", slowly)
    reactions.watch_the_clock()
    last = promises.last_tick()
    assert last is not None
    assert last.at == MONDAY + timedelta(seconds=400)
    assert not last.held


@pytest.mark.usefixtures("house")
def test_clocks_of_two_hosts_are_never_compared(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = clock.now()

    def on(host: str, ahead: float, pacemaker: Pacemaker) -> bool:
        monkeypatch.setattr(socket, "gethostname", lambda: host)
        return ticking.begin_round(now + timedelta(seconds=ahead), None, pacemaker)

    def scheduler() -> tuple[bool, str]:
        return next((f.ok, f.words) for c, f in examine(app.config) if c.name == "scheduler")

    assert on("one", 0, Pacemaker())
    assert on("two", -60, Pacemaker()), "a minute behind the other is no jump"
    assert on("x" * 200, 0, Pacemaker())
    last = promises.last_tick()
    assert last is not None
    assert last.at == now
    assert not on("two", -63, Pacemaker()), "it is before its own last round"
    assert scheduler()[0], "the other hosts still send"
    for host in ("one", "x" * 200):
        on(host, -3600, Pacemaker())
    session.execute(update(Tick).values(at=now))
    assert not scheduler()[0]
    assert "jumped" in scheduler()[1]

    session.execute(update(Tick).where(Tick.name == "tick:one").values(at=now - 8 * 24 * HOUR))
    assert on("three", 0, Pacemaker())
    assert promises.tick_of("one") is None, "whose container is gone is forgotten"


def test_one_that_the_database_refuses_keeps_nobody_else_waiting(
    house: Builders, monday: Any, cards: Category, caplog: pytest.LogCaptureFixture
) -> None:
    """Its events name an owner who does not exist."""
    broken, sound = house.question(category=cards), house.question(category=cards)
    session.add(
        ClockEvent(
            topic_id=broken.id, type="owner_changed", at=clock.now(), data={"owner": 987_654}
        )
    )
    session.execute(
        update(Promise)
        .where(Promise.topic_id == broken.id)
        .values(next_action_at=clock.now() - 12 * HOUR)
    )
    session.commit()

    before = clock.now()
    with caplog.at_level(logging.ERROR):
        rounds = 0
        while ticking.tick():
            session.commit()
            rounds += 1

    assert rounds == 1
    assert f"topic {broken.id} could not be looked at" in caplog.text
    put_off = promise_of(broken).next_action_at
    assert put_off is not None
    assert put_off >= before + timedelta(minutes=4)
    logged = session.scalars(select(RungSent.promise_id)).all()
    assert set(logged) == {promise_of(sound).id}
    [told] = session.scalars(select(Fact).where(Fact.name == "RemindersDue"))
    assert len(told.data["reminders"]) == 1


def test_a_database_that_is_away_is_no_topics_fault(
    house: Builders, cards: Category, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.question(category=cards)

    def lost(*_: object) -> None:
        raise OperationalError("select 1", {}, Exception("the server closed the connection"))

    monkeypatch.setattr(ticking, "_look_at", lost)
    with pytest.raises(OperationalError):
        ticking.tick()


# ------------------------------------------------------------------------------------- replaying


def forge(*topics: Topic) -> None:
    ids = [t.id for t in topics]
    forged = update(Promise).where(Promise.topic_id.in_(ids))
    session.execute(forged.values(state="met", breached_at=None, due_at=clock.now()))
    session.commit()


def test_repairing_writes_to_nobody_about_what_broke_long_ago(
    house: Builders, verify: Callable[..., Result], work: Work
) -> None:
    topic = house.question(at=clock.now() - 40 * HOUR)
    house.answer(topic)
    work()
    forge(topic)

    done = verify("--repair")

    assert done.exit_code == 0, done.output
    assert promise_of(topic).state == "met_late"
    facts = select(Fact.id).where(Fact.name.in_(("PromiseBroken", "PromiseKept")))
    last = max(session.scalars(facts))
    assert session.scalars(select(Delivery).where(Delivery.fact_id >= last)).all() == []
    assert verify().exit_code == 0


def test_repairing_is_kept_batch_by_batch(
    house: Builders, verify: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifying, "BATCH", 2)
    topics = [house.question(at=clock.now() - 40 * HOUR) for _ in range(5)]
    forge(*topics)
    ids = [t.id for t in topics]

    def dies(topic: Topic, *args: Any) -> Any:
        assert topic.id != ids[4], "killed"
        return projecting.project(topic, *args)

    monkeypatch.setattr(verifying, "project", dies)
    assert verify("--repair").exit_code == 1
    session.rollback()
    states = [promise_of(queries.topic(i)).state for i in ids]
    assert states == ["breached"] * 4 + ["met"]


def test_what_is_answered_while_it_is_replayed_is_no_difference(
    house: Builders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Events were read, then an answer came, then its promise was read."""
    topic = house.question()
    session.commit()
    read = promises.promises_on

    def late(ids: list[int]) -> Any:
        monkeypatch.setattr(promises, "promises_on", read)
        house.answer(queries.topic(topic.id))
        return read(ids)

    monkeypatch.setattr(promises, "promises_on", late)
    assert [found for batch in verifying.replay() for _id, found in batch if found] == []


def test_replaying_many_reads_terms_once(house: Builders, count_sql: Callable[[], Any]) -> None:
    session.add(PolicyVersion(scope="all", version=1, spec={}, made_at=MONDAY))
    session.flush()
    costs = []
    for _ in range(2):
        for _each in range(4):
            house.question()
        session.commit()
        session.expunge_all()
        with count_sql() as statements:
            assert list(verifying.replay())
        costs.append(len(statements))
    assert costs[0] == costs[1]


def test_one_worker_replays_and_the_others_leave_it(
    committed: Builders, at_once: Callable[..., list[BaseException | None]]
) -> None:
    committed.question()
    ours: list[bool] = []
    assert at_once(*[lambda: ours.append(verifying.claim())] * 3) == [None] * 3
    assert sorted(ours) == [False, False, True]

    session.execute(update(Tick).values(at=clock.now() - 2 * verifying.LEASE))
    assert verifying.claim(), "whoever claimed it has died"
    assert not verifying.claim()
    session.commit()
    assert list(verifying.replay_what_runs())
    session.commit()
    assert not verifying.claim(), "it was done today"
    session.execute(update(Tick).values(at=clock.now() - verifying.ONCE_IN))
    assert verifying.claim()


def test_the_sweep_replays_once(house: Builders, monkeypatch: pytest.MonkeyPatch) -> None:
    house.question()
    times: list[int] = []
    replay = verifying.replay_what_runs

    def counted() -> Any:
        times.append(1)
        return replay()

    monkeypatch.setattr(verifying, "replay_what_runs", counted)
    assert verifying.claim()
    reactions.verify_what_runs()
    assert times == [], "another is at it"
    session.execute(update(Tick).values(at=clock.now() - 2 * verifying.LEASE))
    reactions.verify_what_runs()
    reactions.verify_what_runs()
    assert times == [1]
    check = promises.last_check()
    assert check is not None
    assert not check.held
