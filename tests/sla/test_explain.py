"""Why a deadline is when it is: on the page, in the terminal, and in the probes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update

from app.core import clock
from app.core.db import session
from app.insight.health import examine
from app.moderation import service as moderation
from app.sla.engine.calendars import NOTHING
from app.sla.models import Promise
from app.sla.queries import explain, promises
from app.sla.service import ticking
from app.topics import service as topics

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.builders import Builders
    from tests.conftest import Browser

HOUR, DAY = timedelta(hours=1), timedelta(hours=24)


def test_what_was_counted_and_what_is_to_come_is_what_was_promised(house: Builders) -> None:
    topic = house.question(at=clock.now() - 5 * HOUR)

    [told] = explain.explain(topic).promises

    assert [s.kind for s in told.segments] == ["counted", "ahead"]
    assert sum((s.counts for s in told.segments), NOTHING) == DAY


def test_a_pause_is_told_with_its_reason_and_counts_nothing(house: Builders) -> None:
    at = clock.now() - timedelta(days=2)
    topic = house.question(at=at)
    topics.ask_back(topic.category.owner, topic, "Какая карта?", at=at + 2 * HOUR)
    topics.comment(topic.asker, topic, "Детская.", at=at + 40 * HOUR)

    [told] = explain.explain(topic).promises

    assert [(s.kind, s.counts, s.reasons) for s in told.segments][:2] == [
        ("counted", 2 * HOUR, ()),
        ("paused", NOTHING, ("customer",)),
    ]
    counted = [s.counts for s in told.segments if s.kind in {"counted", "ahead"}]
    assert sum(counted, NOTHING) == DAY


def test_what_was_undone_is_told_as_undone(house: Builders) -> None:
    topic = house.question()
    answer = house.answer(topic)
    moderation.hide_post(house.manager(), topic, answer, "Ошибка")

    told = explain.explain(topic)

    assert [(h.event.type, h.undone) for h in told.events] == [
        ("opened", False),
        ("official_answer", True),
        ("answer_retracted", False),
    ]


def test_anybody_may_read_how_the_hour_was_counted(house: Builders, browser: Browser) -> None:
    at = clock.now() - 30 * HOUR
    topic = house.question(at=at)
    manager = house.manager(name="Вера Тихонова")
    moderation.hide(manager, topic, "Похоже на рекламу", at=at + HOUR)
    session.commit()
    assert browser.get(f"/topics/{topic.id}/promise").status_code == 404
    moderation.restore(manager, topic, "Не реклама")
    session.commit()

    page = browser.get(f"/topics/{topic.id}/promise")

    assert page.status_code == 200
    assert "Вера Тихонова" not in page.text, "who hid it is for those who work here"
    browser.sign_in(house.executive())
    assert "Вера Тихонова" in browser.get(f"/topics/{topic.id}/promise").text


def test_praise_has_nothing_to_explain(house: Builders, browser: Browser) -> None:
    topic = house.praise()
    session.commit()
    assert browser.get(f"/topics/{topic.id}/promise").status_code == 200


def test_the_page_costs_the_same_however_much_happened(
    house: Builders, browser: Browser, count_sql: Callable[[], Any]
) -> None:
    def long_story(turns: int) -> int:
        topic = house.question(at=clock.now() - timedelta(days=30))
        for day in range(turns):
            at = topic.opened_at + timedelta(days=day, hours=1)
            house.answer(topic, f"Ответ {day}", at=at)
            topics.comment(topic.asker, topic, f"А ещё {day}?", at=at + HOUR)
        number = topic.id
        session.commit()
        session.expunge_all()
        return number

    short, long = long_story(1), long_story(12)
    with count_sql() as few:
        browser.get(f"/topics/{short}/promise")
    with count_sql() as many:
        assert browser.get(f"/topics/{long}/promise").status_code == 200

    assert len(few) == len(many)


def test_the_terminal_explains_and_verifies(house: Builders, app: Flask) -> None:
    topic = house.question(at=clock.now() - 30 * HOUR)
    house.answer(topic)
    session.commit()
    run = app.test_cli_runner().invoke

    told = run(args=["sla", "explain", str(topic.id)])
    assert told.exit_code == 0, told.output
    assert "first_answer 1: met_late" in told.output
    assert "official_answer" in told.output
    assert run(args=["sla", "explain", "999999"]).exit_code == 1

    well = run(args=["sla", "verify"])
    assert well.exit_code == 0, well.output
    assert "0 of them stored otherwise" in well.output
    session.execute(update(Promise).values(state="met"))
    session.commit()
    wrong = run(args=["sla", "verify"])
    assert wrong.exit_code == 1
    assert "met_late" in wrong.output
    assert run(args=["sla", "verify", "--repair"]).exit_code == 0
    assert run(args=["sla", "verify"]).exit_code == 0


@pytest.fixture
def looked(app: Flask) -> Callable[[str], bool]:
    """Whether a check finds all well."""

    def look(name: str) -> bool:
        return {check.name: finding.ok for check, finding in examine(app.config)}[name]

    return look


def test_a_sleeping_scheduler_is_no_health(house: Builders, looked: Callable[[str], bool]) -> None:
    assert not looked("scheduler"), "it has never gone its rounds"
    ticking.begin_round(clock.now(), None)
    assert looked("scheduler")

    topic = house.question(at=clock.now() - 30 * HOUR)
    [promise] = promises.promises_of(topic)
    promise.next_action_at = clock.now() - timedelta(minutes=6)
    session.flush()
    assert not looked("scheduler"), "something has been due for more than five minutes"
    while ticking.tick():
        pass
    assert looked("scheduler")

    tick = promises.last_tick()
    assert tick is not None
    tick.at = clock.now() - timedelta(minutes=4)
    session.flush()
    assert not looked("scheduler"), "the last round was four minutes ago"
