"""The scheduler's rounds: who is reminded of what, and when; what it must never do."""

from __future__ import annotations

import itertools
import logging
import random
import time
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from sqlalchemy import select

from app.accounts import absences
from app.accounts.models import Person
from app.core import clock
from app.core.db import session
from app.core.events import Fact
from app.moderation import service as moderation
from app.sla import reactions
from app.sla.engine.pacing import Pacemaker
from app.sla.models import ClockEvent, PolicyVersion, Promise, RungSent
from app.sla.queries import promises
from app.sla.service import ticking
from app.topics import service

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from app.topics.models import Category, Topic
    from tests.builders import Builders

# A Monday, eleven in the morning in Moscow, where these people live.
MONDAY = datetime(2026, 11, 16, 8, 0, tzinfo=UTC)
LADDER = [
    ["r50", "pct", 50],
    ["r80", "pct", 80],
    ["due", "off", 0],
    ["esc1", "off", 20 * 60],
    ["esc2", "off", 40 * 60],
    ["esc3", "off", 60 * 60],
]
SOON = {"first_answer_s": 3600, "next_answer_s": 3600, "ladder": LADDER, "quiet": None}


@pytest.fixture(autouse=True)
def on_monday() -> Iterator[None]:
    """The time stands still unless a test lets it go on."""
    with time_machine.travel(MONDAY, tick=False):
        yield


def rules(**spec: Any) -> None:
    """What holds everywhere from the beginning."""
    session.add(
        PolicyVersion(scope="all", version=1, spec=spec, made_at=MONDAY - timedelta(days=9))
    )
    session.flush()


def hours(n: float) -> datetime:
    return MONDAY + timedelta(hours=n)


def go(*instants: datetime) -> None:
    """Go a round at each of these instants."""
    for instant in instants:
        with time_machine.travel(instant, tick=False):
            while ticking.tick():
                pass


def every(step: timedelta, first: datetime, last: datetime) -> Iterator[datetime]:
    """The instants from `first` to `last`."""
    while first <= last:
        yield first
        first += step


def sent(person: Person, fate: str = "sent") -> list[str]:
    """The rungs that this person was sent (or spared), in their order."""
    query = select(RungSent.rung).where(RungSent.person_id == person.id, RungSent.fate == fate)
    return list(session.scalars(query.order_by(RungSent.at, RungSent.promise_id)))


def sent_at(person: Person) -> dict[str, datetime]:
    query = select(RungSent).where(RungSent.person_id == person.id, RungSent.fate == "sent")
    return {row.rung: row.at for row in session.scalars(query)}


def facts(name: str) -> list[Fact]:
    return list(session.scalars(select(Fact).where(Fact.name == name).order_by(Fact.id)))


def promise_of(topic: Topic) -> Promise:
    return session.scalars(select(Promise).where(Promise.topic_id == topic.id)).one()


@pytest.fixture
def cards(house: Builders) -> Category:
    """A category with an owner and a deputy, in a house with a community manager."""
    house.manager(name="Мария")
    return house.category(deputy=house.executive())


def manager() -> Person:
    return session.scalars(select(Person).where(Person.role == "manager")).unique().one()


# ------------------------------------------------------------------------------------ the ladder


def test_every_rung_reaches_those_it_names_and_everybody_before_them(
    house: Builders, cards: Category
) -> None:
    chief = house.administrator()
    rules(**SOON, chief_id=chief.id)
    assert cards.deputy is not None
    house.question(category=cards)

    go(*every(timedelta(minutes=1), MONDAY, hours(2)))

    late = ["due", "esc1", "esc2", "esc3"]
    assert sent(cards.owner) == ["open", "r50", "r80", *late]
    assert sent(cards.deputy) == ["r80", *late]
    assert sent(manager()) == late
    assert sent(chief) == ["esc3"]
    minutes = {rung: (at - MONDAY) / timedelta(minutes=1) for rung, at in sent_at(chief).items()}
    assert minutes == {"esc3": 120}


def test_the_next_look_is_always_the_earliest_next_thing(house: Builders, cards: Category) -> None:
    rules(**SOON)
    promise = promise_of(house.question(category=cards))
    assert promise.next_action_at == MONDAY

    looks = []
    while promise.next_action_at is not None and len(looks) < 30:
        looks.append(promise.next_action_at)
        go(promise.next_action_at)

    moment = timedelta(microseconds=1)
    minutes = [0, 30, 48, 60, 80, 100, 120]
    expected = [MONDAY + timedelta(minutes=m) for m in minutes]
    expected.insert(4, MONDAY + timedelta(hours=1) + moment)  # from then on it is broken
    mornings = [datetime(2026, 11, 17 + n, 6, 0, tzinfo=UTC) for n in range(14)]
    assert looks == [*expected, *mornings]


def test_after_the_last_rung_one_letter_each_morning_for_two_weeks(
    house: Builders, cards: Category
) -> None:
    rules(**SOON)
    topics = [house.question(category=cards), house.question(category=cards)]

    go(*every(timedelta(hours=1), MONDAY, MONDAY + timedelta(days=20)))

    days = [f"day{n}" for n in range(1, 15)]
    assert [r for r in sent(cards.owner) if r.startswith("day")] == sorted(
        days * 2, key=lambda day: int(day[3:])
    )
    told = [f for f in facts("RemindersDue") if f.data["person_id"] == cards.owner_id]
    assert [len(f.data["reminders"]) for f in told[-14:]] == [2] * 14
    assert promise_of(topics[0]).next_action_at is None


def test_minute_by_minute_and_with_missed_rounds_the_same_is_recorded(house: Builders) -> None:
    """However often and however late somebody looks, the same rungs are behind everybody."""
    rules(**SOON)
    house.manager()
    first, second = house.category(deputy=house.executive()), house.category()
    walked, dozed = house.question(category=first), house.question(category=first)
    again = house.question(category=second)
    minutes = list(every(timedelta(minutes=1), MONDAY, hours(4)))
    days = list(every(timedelta(hours=6), hours(4), MONDAY + timedelta(days=16)))
    chance = random.Random(16)
    some = sorted(chance.sample(minutes, 6) + chance.sample(days, 9) + days[-1:])
    _only(walked, lambda: go(*minutes, *days))
    _only(dozed, lambda: go(*some))
    _only(again, lambda: go(*minutes[::7], *days[::3], days[-1]))

    recorded = {t.id: _recorded(t) for t in (walked, dozed, again)}
    people = {p for _, p in recorded[walked.id]}
    assert recorded[walked.id] == recorded[dozed.id]
    assert {r for r, p in recorded[again.id]} == {r for r, p in recorded[walked.id]}
    assert len(people) == 3
    # Each person's last word is the same, and was really sent.
    for topic in (walked, dozed):
        last = select(RungSent).where(RungSent.promise_id == promise_of(topic).id)
        assert {
            row.person_id
            for row in session.scalars(last)
            if row.rung == "day14" and row.fate == "sent"
        } == people


def _only(topic: Topic, rounds: Callable[[], None]) -> None:
    """Let the rounds see nothing but this topic."""
    asleep = session.scalars(select(Promise).where(Promise.topic_id != topic.id)).all()
    kept = {p.id: p.next_action_at for p in asleep}
    for promise in asleep:
        promise.next_action_at = None
    session.flush()
    rounds()
    for promise in asleep:
        promise.next_action_at = kept[promise.id]
    session.flush()


def _recorded(topic: Topic) -> set[tuple[str, int]]:
    query = select(RungSent).where(RungSent.promise_id == promise_of(topic).id)
    rows = session.scalars(query).all()
    return {(row.rung, row.person_id) for row in rows}


# ------------------------------------------------------------------------------------ quiet hours


def test_by_night_nobody_is_written_to_and_what_fell_together_is_one(
    house: Builders, cards: Category
) -> None:
    """N01: half the time is over at 23:00, four fifths at 06:12."""
    topic = house.question(category=cards)

    go(*every(timedelta(minutes=6), MONDAY, hours(24)))

    assert sent_at(cards.owner) == {
        "open": MONDAY,
        "r80": datetime(2026, 11, 17, 5, 0, tzinfo=UTC),
        "due": hours(24),
    }
    assert sent(cards.owner, "coalesced") == ["r50"]
    assert topic.due_at == hours(24)


def test_what_must_come_before_the_breach_comes_before_the_night(
    house: Builders, cards: Category
) -> None:
    """N02: due at 03:00, four fifths at 22:12."""
    night = datetime(2026, 11, 16, 0, 0, tzinfo=UTC)
    house.question(category=cards, at=night)

    go(*every(timedelta(minutes=6), night, night + timedelta(hours=30)))

    told = sent_at(cards.owner)
    assert told["r80"] == datetime(2026, 11, 16, 18, 0, tzinfo=UTC)
    # Due at 03:00 and four hours on at 07:00: one letter at eight.
    assert "due" not in told
    assert told["esc1"] == datetime(2026, 11, 17, 5, 0, tzinfo=UTC)
    assert sent(cards.owner, "coalesced") == ["due"]


def test_a_question_by_night_waits_for_the_morning_unless_it_is_due_before(
    house: Builders, cards: Category
) -> None:
    late = datetime(2026, 11, 16, 20, 0, tzinfo=UTC)  # 23:00
    house.question(category=cards, at=late)
    go(*every(timedelta(minutes=30), late, late + timedelta(hours=9)))
    assert sent_at(cards.owner) == {"open": datetime(2026, 11, 17, 5, 0, tzinfo=UTC)}

    # Somebody's card is stolen: two hours. That is worth waking somebody for.
    fraud = house.category()
    session.add(
        PolicyVersion(
            scope=f"category:{fraud.id}",
            version=1,
            spec={"first_answer_s": 7200},
            made_at=MONDAY - timedelta(days=9),
        )
    )
    session.flush()
    house.question(category=fraud, at=late)
    go(late)
    assert sent(fraud.owner) == ["r80"]


def test_everybody_has_their_own_night(house: Builders) -> None:
    owner = house.executive(timezone="Europe/Moscow")
    deputy = house.executive(timezone="Asia/Vladivostok")  # seven hours on
    house.question(category=house.category(owner, deputy=deputy), at=hours(-1))

    go(*every(timedelta(minutes=6), hours(-1), hours(40)))

    # Due on Tuesday at ten in Moscow, which is 17:00 in Vladivostok.
    assert sent_at(owner)["due"] == sent_at(deputy)["due"] == hours(23)
    # Four hours later it is night there: only the owner is written to.
    assert sent_at(owner)["esc1"] == hours(27)
    assert sent_at(deputy)["esc1"] == datetime(2026, 11, 17, 22, 0, tzinfo=UTC)


def test_weekends_are_quiet_where_the_bank_says_so(house: Builders, cards: Category) -> None:
    rules(quiet={"from": "21:00", "to": "08:00", "weekends": True})
    friday = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
    topic = house.question(category=cards, at=friday)

    go(*every(timedelta(minutes=30), friday, friday + timedelta(days=4)))

    monday = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
    told = sent_at(cards.owner)
    # Half of the time is over at midnight, and it is due on Saturday: on Friday, then.
    assert told["r80"] == datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
    assert told["esc2"] == monday
    assert topic.due_at == friday + timedelta(days=1)
    assert promise_of(topic).breached_at == topic.due_at


# --------------------------------------------------------------------------- people come and go


def test_who_stands_in_is_told_when_they_begin_and_nobody_else_before(
    house: Builders, cards: Category
) -> None:
    rules(**{**SOON, "first_answer_s": 86400, "quiet": None})
    substitute = house.executive()
    leave = absences.Leave(hours(3), hours(9), substitute)
    absences.go_away(cards.owner, cards.owner, leave)
    house.question(category=cards)

    go(*every(timedelta(minutes=10), MONDAY, hours(13)))

    assert sent_at(cards.owner) == {"open": MONDAY, "r50": hours(12)}
    assert sent_at(substitute) == {"open": hours(3)}


def test_an_absence_that_begins_now_finds_who_answers_now(
    house: Builders, cards: Category, work: Callable[[], None]
) -> None:
    substitute = house.executive()
    house.question(category=cards)
    go(MONDAY)
    assert sent(substitute) == []

    with time_machine.travel(hours(1), tick=False):
        absences.go_away(cards.owner, cards.owner, absences.Leave(hours(1), hours(50), substitute))
        work()
        ticking.tick()

    assert sent_at(substitute) == {"open": hours(1)}


def test_a_new_owner_is_told_at_once(
    house: Builders, cards: Category, work: Callable[[], None]
) -> None:
    house.question(category=cards)
    go(MONDAY)
    owner = house.executive()

    with time_machine.travel(hours(1), tick=False):
        words = service.CategoryWords(cards.name, "", "", owner, None)
        service.change_category(manager(), cards, words)
        work()
        ticking.tick()

    assert sent_at(owner) == {"open": hours(1)}


def test_handed_over_the_ladder_begins_anew_for_whoever_has_it_now(
    house: Builders, cards: Category
) -> None:
    rules(**{**SOON, "first_answer_s": 86400})
    topic, loans = house.question(category=cards), house.category()
    before = cards.owner
    go(MONDAY)

    with time_machine.travel(hours(14), tick=False):
        moderation.move(manager(), topic, loans, "Это про кредиты")
        ticking.tick()
    go(*every(timedelta(minutes=10), hours(14), hours(24)))

    assert sent(before) == ["open"]
    # Halfway from the transfer to the hour that was shown, not from the question.
    told = sent_at(loans.owner)
    assert (told["open"], told["r50"], told["r80"]) == (hours(14), hours(19), hours(22))
    assert {r.arm_no for r in session.scalars(select(RungSent)) if r.person_id != before.id} == {2}


def test_who_begins_it_is_not_told_of_that(house: Builders, cards: Category) -> None:
    rules(**SOON)
    house.question(category=cards, asker=cards.owner)

    go(*every(timedelta(minutes=5), MONDAY, hours(0.5)))

    assert sent(cards.owner) == ["r50"]


# ----------------------------------------------------------------------------------- "I take it"


def test_whoever_takes_it_keeps_the_others_in_peace_for_four_hours(
    house: Builders, cards: Category
) -> None:
    rules(**{**SOON, "first_answer_s": 86400})
    topic, deputy = house.question(category=cards), cards.deputy
    assert deputy is not None
    go(*every(timedelta(minutes=30), MONDAY, hours(11)))
    with time_machine.travel(hours(11), tick=False):
        service.take(deputy, topic)

    go(*every(timedelta(minutes=30), hours(11), hours(14.5)))
    assert sent(cards.owner) == ["open"]
    assert sent(cards.owner, "taken") == ["r50"]
    assert sent(deputy) == []  # it is not their rung

    go(hours(15))
    assert sent_at(cards.owner) == {"open": MONDAY, "r50": hours(15)}
    assert sent(cards.owner, "taken") == []


def test_who_took_it_is_reminded_in_the_others_place(house: Builders, cards: Category) -> None:
    rules(**{**SOON, "first_answer_s": 4 * 3600})
    delegate = house.executive()
    cards.delegates.append(delegate)
    topic = house.question(category=cards)
    go(MONDAY)
    with time_machine.travel(hours(1), tick=False):
        service.take(delegate, topic)

    go(*every(timedelta(minutes=12), hours(1), hours(4.5)))

    assert sent(delegate) == ["r50", "r80", "due", "esc1"]
    assert sent(cards.owner) == ["open"]
    assert sent(manager()) == []

    go(hours(5))  # the four hours are over, and nothing has come of it
    assert sent(cards.owner) == ["open", "esc3"]
    assert sent(manager()) == ["esc3"]
    assert topic.is_awaiting


# --------------------------------------------------------------------- missed, settled, repeated


def test_after_a_night_off_only_the_highest_is_sent(house: Builders, cards: Category) -> None:
    """N11."""
    house.question(category=cards, at=hours(-30))

    go(MONDAY)

    assert sent(cards.owner) == ["esc1"]
    assert set(sent(cards.owner, "coalesced")) == {"open", "r50", "r80", "due"}
    assert sent(manager()) == ["esc1"]
    [broken] = facts("PromiseBroken")
    assert broken.at == hours(-6)


def test_answered_during_the_night_off_nothing_is_sent(house: Builders, cards: Category) -> None:
    """N12."""
    topic = house.question(category=cards, at=hours(-30))
    house.answer(topic, at=hours(-7))

    go(MONDAY)

    assert list(session.scalars(select(RungSent))) == []
    assert facts("PromiseBroken") == []
    assert promise_of(topic).state == "met"


def test_looking_again_repeats_nothing(house: Builders, cards: Category) -> None:
    """N13: a restarted scheduler finds what the last one wrote down."""
    topic = house.question(category=cards)
    go(MONDAY, MONDAY)
    promise_of(topic).next_action_at = MONDAY  # as if it had died before it could say so
    session.flush()

    go(MONDAY, hours(0.1))

    assert sent(cards.owner) == ["open"]
    assert len(facts("RemindersDue")) == 1


@pytest.mark.parametrize("how", ["asked back", "hidden", "closed", "answered", "spam"])
def test_what_waits_for_nobody_reminds_nobody(house: Builders, cards: Category, how: str) -> None:
    topic = house.question(category=cards)
    go(MONDAY)
    with time_machine.travel(hours(1), tick=False):
        if how == "asked back":
            service.ask_back(cards.owner, topic, "Какая станция?")
        elif how == "hidden":
            moderation.hide(manager(), topic, "Личные данные")
        elif how == "closed":
            moderation.close(manager(), topic, "Решено иначе")
        elif how == "spam":
            moderation.mark_spam(manager(), topic, "Реклама")
        else:
            house.answer(topic)

    go(*every(timedelta(hours=1), hours(1), MONDAY + timedelta(days=6)))

    assert sent(cards.owner) == ["open"]
    assert sent(manager()) == []
    assert promise_of(topic).next_action_at is None


def test_asked_back_and_replied_the_ladder_goes_on_from_there(
    house: Builders, cards: Category
) -> None:
    rules(**{**SOON, "first_answer_s": 86400})
    topic = house.question(category=cards)
    go(MONDAY)
    with time_machine.travel(hours(2), tick=False):
        service.ask_back(cards.owner, topic, "Какая станция?")
    with time_machine.travel(hours(50), tick=False):
        house.comment(topic, "Лубянка.", author=topic.asker)

    go(*every(timedelta(minutes=30), hours(50), hours(72)))

    told = sent_at(cards.owner)
    assert told["r50"] == hours(60)
    assert told["due"] == topic.due_at == hours(72)


def test_a_day_that_was_named_has_a_ladder_but_no_beginning(
    house: Builders, cards: Category
) -> None:
    rules(**SOON)
    topic = house.question(category=cards)
    go(MONDAY)
    with time_machine.travel(hours(0.5), tick=False):
        service.promise_news(cards.owner, topic, "Разбираемся.", until=hours(10.5))

    go(*every(timedelta(minutes=6), hours(0.5), hours(11)))

    query = select(RungSent.rung, Promise.kind).join(Promise, Promise.id == RungSent.promise_id)
    mine = query.where(RungSent.person_id == cards.owner_id, RungSent.fate == "sent")
    rungs = defaultdict(list)
    for rung, kind in session.execute(mine.order_by(RungSent.at)).tuples():
        rungs[kind].append(rung)
    assert rungs["promised_update"][:3] == ["r50", "r80", "due"]
    assert rungs["first_answer"][:2] == ["open", "r50"]


def test_all_that_falls_to_somebody_at_once_is_one_fact(house: Builders, cards: Category) -> None:
    for _ in range(3):
        house.question(category=cards, at=hours(-30))

    go(MONDAY)

    told = facts("RemindersDue")
    assert sorted(f.data["person_id"] for f in told) == sorted(
        [cards.owner_id, cards.deputy_id or 0, manager().id]
    )
    assert all(len(f.data["reminders"]) == 3 for f in told)
    rows = session.scalars(select(RungSent).where(RungSent.fate == "sent")).all()
    assert {(r.fact_id, r.person_id) for r in rows} == {(f.id, f.data["person_id"]) for f in told}


# ------------------------------------------------------------------------------ what may go wrong


def test_one_that_cannot_be_read_keeps_nobody_else_waiting(
    house: Builders, cards: Category, caplog: pytest.LogCaptureFixture
) -> None:
    broken, sound = house.question(category=cards), house.question(category=cards)
    session.add(ClockEvent(topic_id=broken.id, type="nonsense", at=MONDAY, data={}))
    session.flush()

    with caplog.at_level(logging.ERROR):
        go(MONDAY)

    assert sent(cards.owner) == ["open"]
    assert promise_of(sound).next_action_at == datetime(2026, 11, 17, 5, 0, tzinfo=UTC)
    assert promise_of(broken).next_action_at == MONDAY + ticking.PUT_OFF
    assert f"topic {broken.id} could not be looked at" in caplog.text


def test_an_answer_written_while_the_round_waited_is_not_forgotten(
    house: Builders, cards: Category
) -> None:
    """The round read its clock, waited for its turn, and the answer came in between."""
    topic = house.question(category=cards)
    house.answer(topic, at=hours(23))
    promise_of(topic).next_action_at = hours(22)
    session.flush()

    ticking.tick(hours(22.9))

    assert promise_of(topic).state == "met"
    assert not topic.is_awaiting
    assert sent(cards.owner) == []


class Watch:
    """A wall clock and a steady one, and the sweep that reads both."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.wall, self.steady = MONDAY, 1000.0
        monkeypatch.setattr(ticking.begin_round, "__defaults__", (Pacemaker(),))
        monkeypatch.setattr(time, "monotonic", lambda: self.steady)

    def passes(self, seconds: float, jump: timedelta = timedelta(0)) -> None:
        """Time passes, and perhaps somebody turns the clock on the wall."""
        self.steady += seconds
        self.wall += timedelta(seconds=seconds) + jump
        with time_machine.travel(self.wall, tick=False):
            reactions.watch_the_clock()


@pytest.mark.parametrize("jump", [timedelta(hours=12), timedelta(hours=-12)])
def test_a_clock_that_jumps_sends_nothing_wrong(
    house: Builders,
    cards: Category,
    jump: timedelta,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """N14, N15: half of the time seems over, and is not."""
    rules(**{**SOON, "first_answer_s": 86400})
    house.question(category=cards)
    watch = Watch(monkeypatch)
    for _ in range(3):
        watch.passes(20)
    assert sent(cards.owner) == ["open"]
    before = len(facts("RemindersDue"))

    with caplog.at_level(logging.WARNING):
        watch.passes(20, jump)
    tick = promises.last_tick()
    assert tick is not None
    assert tick.held
    assert "the clock jumped" in caplog.text

    watch.passes(20, -jump)  # somebody noticed
    watch.passes(20)
    assert len(facts("RemindersDue")) == before
    assert facts("PromiseBroken") == []
    watch.passes(20)
    tick = promises.last_tick()
    assert tick is not None
    assert not tick.held

    for _ in range(12 * 12):
        watch.passes(300)
    assert sent(cards.owner) == ["open", "r50"]
    assert hours(12) <= sent_at(cards.owner)["r50"] <= hours(12.1)


def test_a_restarted_scheduler_that_finds_itself_in_the_past_waits(
    house: Builders, cards: Category, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = Watch(monkeypatch)
    watch.passes(20)
    house.question(category=cards)
    monkeypatch.setattr(ticking.begin_round, "__defaults__", (Pacemaker(),))

    watch.passes(20, timedelta(hours=-1))
    tick = promises.last_tick()

    assert tick is not None
    assert tick.held
    assert sent(cards.owner) == []


def test_rounds_in_any_order_record_each_rung_once(house: Builders, cards: Category) -> None:
    """Several schedulers whose clocks differ by seconds, each late by its own."""
    rules(**SOON)
    for _ in range(4):
        house.question(category=cards)
    chance = random.Random(7)
    instants: Iterable[datetime] = itertools.chain.from_iterable(
        (at, at - timedelta(seconds=chance.randint(0, 90)))
        for at in every(timedelta(minutes=3), MONDAY, hours(3))
    )

    go(*instants)

    said = [
        (promise_id, arm, rung, f.data["person_id"])
        for f in facts("RemindersDue")
        for promise_id, arm, rung in f.data["reminders"]
    ]
    rows = session.scalars(select(RungSent).where(RungSent.fate == "sent")).all()
    assert len(said) == len(set(said))
    assert set(said) == {(r.promise_id, r.arm_no, r.rung, r.person_id) for r in rows}
    assert clock.now() == MONDAY
