"""Broken promises and their reasons; who held the work."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from app.accounts.models import Absence
from app.core import clock
from app.core.db import session
from app.core.events import Fact
from app.moderation import service as moderation
from app.sla.models import BreachReason, Promise
from app.sla.queries import breaches, ledger
from app.sla.service import board as managing
from app.sla.service.ticking import tick
from app.topics import service as topics

if TYPE_CHECKING:
    from app.topics.models import Topic
    from tests.builders import Builders
    from tests.conftest import Browser

HOUR = timedelta(hours=1)
NEARLY = timedelta(seconds=30)


def asked(house: Builders, hours: float, **more: Any) -> Topic:
    return house.question(at=clock.now() - hours * HOUR, **more)


def promise(topic: Topic) -> Promise:
    return session.scalars(select(Promise).where(Promise.topic_id == topic.id)).one()


def period(**more: Any) -> breaches.Period:
    return breaches.Period(clock.now() - timedelta(days=30), clock.now(), **more)


def ids(**more: Any) -> list[int]:
    return [p.topic_id for p in breaches.page(period(**more))[0].items]


def notice() -> None:
    session.flush()
    while tick():
        pass


def test_what_was_broken_stays_broken_noticed_or_not(house: Builders) -> None:
    unseen, late, kept, merged = (asked(house, hours) for hours in (30, 40, 20, 35))
    house.answer(late)
    house.answer(kept)
    moderation.close(house.manager(), merged, "Вопрос закрыт")
    assert ids() == [unseen.id, merged.id, late.id]
    notice()
    assert ids() == [unseen.id, merged.id, late.id]
    assert breaches.page(period())[1] == 3


def test_the_delay_is_told_in_open_time_and_on_the_wall(house: Builders) -> None:
    owed, late, paused = asked(house, 30), asked(house, 40), asked(house, 50)
    house.answer(late, at=clock.now() - 10 * HOUR)
    topics.ask_back(paused.category.owner, paused, "Номер?", at=clock.now() - 20 * HOUR)
    told = {
        b.promise.topic_id: b for b in breaches.told(breaches.page(period())[0].items, clock.now())
    }
    for topic, hours in ((owed, 6), (late, 6), (paused, 6)):
        assert abs(told[topic.id].overdue_wall - hours * HOUR) < NEARLY
        assert abs(told[topic.id].overdue - hours * HOUR) < NEARLY
    assert [told[t.id].is_owed for t in (owed, late, paused)] == [True, False, True]


@pytest.mark.parametrize("noticed", [False, True])
def test_passed_on_at_risk_it_is_the_senders(house: Builders, *, noticed: bool) -> None:
    sender, receiver = house.category(), house.category()
    early, risky = asked(house, 30, category=sender), asked(house, 30, category=sender)
    manager = house.manager()
    moderation.move(manager, early, receiver, "Не туда", at=clock.now() - 20 * HOUR)
    moderation.move(manager, risky, receiver, "Не туда", at=clock.now() - 7 * HOUR)
    if noticed:
        notice()
    told = {
        b.promise.topic_id: b for b in breaches.told(breaches.page(period())[0].items, clock.now())
    }
    assert told[early.id].attributed_to_id == receiver.owner_id
    assert not told[early.id].was_passed_on
    assert told[risky.id].attributed_to_id == sender.owner_id
    assert told[risky.id].was_passed_on


def test_a_reason_is_written_down_and_may_be_changed(house: Builders, browser: Browser) -> None:
    house.brand(locale="en")
    topic = asked(house, 30)
    made, manager = promise(topic).id, house.manager(locale="en")
    browser.sign_in(manager)
    address = f"/manage/promises/{made}/reason"
    board = browser.get("/manage/board").text
    assert f'action="{address}"' in board
    assert "1 broken promise without a reason" in board

    for wrong in (
        {"code": ""},
        {"code": "x"},
        {"code": "other"},
        {"code": "away", "note": "я" * 301},
    ):
        answer = browser.post(address, {"note": "", **wrong})
        assert answer.status_code == 422
        assert 'aria-invalid="true"' in answer.text
    assert session.get(BreachReason, made) is None

    answer = browser.post(address, {"code": "away", "note": " Отпуск  ", "next": "/manage/board"})
    assert answer.location == "/manage/board"
    said = session.get_one(BreachReason, made)
    assert (said.code, said.note, said.by_id) == ("away", "Отпуск", manager.id)
    board = browser.get("/manage/board").text
    assert f'action="{address}"' not in board
    assert "Reason: Whoever should answer was away" in board

    assert 'value="Отпуск"' in browser.get(address).text
    browser.post(address, {"code": "outage", "note": ""})
    assert (said.code, said.note) == ("outage", "")
    codes = [
        f.data["code"] for f in session.scalars(select(Fact).where(Fact.name == "BreachExplained"))
    ]
    assert codes == ["away", "outage"]


def test_only_what_is_broken_is_asked_about(house: Builders, browser: Browser) -> None:
    house.brand()
    made = promise(asked(house, 2)).id
    browser.sign_in(house.manager())
    for number in (made, 99999):
        address = f"/manage/promises/{number}/reason"
        assert browser.get(address).status_code == 404
        assert browser.post(address, {"code": "away"}).status_code == 404


def test_totals_and_filters(house: Builders, browser: Browser) -> None:
    house.brand(locale="en")
    cards, manager = house.category(), house.manager(locale="en")
    a, b, c = asked(house, 30, category=cards), asked(house, 31), asked(house, 32)
    old = asked(house, 24 * 60)
    house.answer(old, at=clock.now() - 24 * 50 * HOUR)
    managing.explain_breach(manager, promise(a), "too_busy", "")
    managing.explain_breach(manager, promise(b), "too_busy", "")
    assert breaches.totals(period()) == {"too_busy": 2, "none": 1}
    assert breaches.totals(period(category=cards)) == {"too_busy": 1}
    assert ids(code="too_busy") == [a.id, b.id]
    assert ids(code="none") == [c.id]
    assert ids(person=cards.owner) == [a.id]
    assert breaches.unnamed(period(code="none"), 5)[1] == 1

    browser.sign_in(manager)
    page = browser.get("/manage/breaches").text
    assert "3 broken promises, by reason" in page
    assert "Too much to do" in page
    assert old.title in browser.get("/manage/breaches?days=all").text
    assert browser.get("/manage/breaches?days=all&reason=none").text.count('class="breach"') == 2
    only = browser.get(f"/manage/breaches?category={cards.slug}&person={cards.owner_id}").text
    assert only.count('class="breach"') == 1
    for nonsense in ("days=x", "reason=x", "category=x", "person=x", "cursor=x"):
        assert browser.get(f"/manage/breaches?{nonsense}").status_code == 200


def table(browser: Browser, address: str = "/manage/breaches.csv") -> list[dict[str, str]]:
    answer = browser.get(address)
    assert answer.mimetype == "text/csv"
    assert "attachment" in answer.headers["Content-Disposition"]
    assert answer.text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(answer.text[1:])))


def test_the_table_runs_no_formula(house: Builders, browser: Browser) -> None:
    house.brand()
    manager = house.manager()
    evil = asked(house, 30, title='=HYPERLINK("http://evil.example";"Нажми")')
    plain = asked(house, 31, title="Почему, «карта», не\u00a0работает?")
    late = asked(house, 50, title="-2+3 рубля списали")
    house.answer(late, at=clock.now() - 20 * HOUR)
    managing.explain_breach(manager, promise(evil), "other", "@SUM(A1:A9)")
    browser.sign_in(manager)
    rows = table(browser)
    assert [int(r["topic"]) for r in rows] == [evil.id, plain.id, late.id]
    assert [r["title"] for r in rows] == ["'" + evil.title, plain.title, "'" + late.title]
    assert rows[0]["note"] == "'@SUM(A1:A9)"
    assert (rows[0]["reason"], rows[0]["named_by"]) == ("other", manager.name)
    assert rows[0]["address"] == f"http://otklik.test/topics/{evil.id}"
    assert (rows[2]["state"], rows[2]["overdue_wall_s"]) == ("met_late", str(6 * 3600))
    assert rows[1]["passed_on_at_risk"] == "no"
    assert [r["topic"] for r in table(browser, "/manage/breaches.csv?reason=other")] == [
        str(evil.id)
    ]


def test_the_table_is_read_in_pieces(house: Builders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(breaches, "CHUNK", 2)
    made = [asked(house, 25 + n) for n in range(5)]
    assert [b.promise.topic_id for b in breaches.every(period())] == [t.id for t in made]


# ---------------------------------------------------------------------------- who held the work


def test_time_is_with_whoever_answered_that_day(house: Builders) -> None:
    owner, stand_in = house.executive(), house.executive()
    topic = asked(house, 20, category=house.category(owner))
    start = clock.now() - 15 * HOUR
    session.add(
        Absence(person_id=owner.id, starts_at=start, ends_at=start + 5 * HOUR, substitute=stand_in)
    )
    session.flush()
    house.answer(topic, at=clock.now() - 4 * HOUR)
    found = ledger.of_topic(topic, clock.now())
    held = {h.person: h for h in found.held}
    assert {p: round(h.time / HOUR, 3) for p, h in held.items()} == {owner: 11.0, stand_in: 5.0}
    assert round(held[stand_in].share, 4) == round(5 / 16, 4)
    [book] = found.promises
    assert (book.accountable, book.acting, book.attributed) == (owner, owner, None)
    assert found.moves == 0


def test_a_move_takes_the_time_with_it_and_pauses_are_nobodys(house: Builders) -> None:
    one, two = house.category(), house.category()
    topic = asked(house, 20, category=one)
    moderation.move(house.manager(), topic, two, "Не туда", at=clock.now() - 18 * HOUR)
    topics.ask_back(two.owner, topic, "Номер?", at=clock.now() - 12 * HOUR)
    found = ledger.of_topic(topic, clock.now())
    spent = {h.person: round(h.time / HOUR, 3) for h in found.held}
    assert spent == {one.owner: 2.0, two.owner: 6.0}
    assert found.moves == 1


def test_shares_of_a_period_leave_out_what_is_open_or_was_cancelled(house: Builders) -> None:
    one, two = house.category(), house.category()
    for hours, category in ((10, one), (20, one), (10, two)):
        house.answer(asked(house, hours, category=category), at=clock.now() - 2 * HOUR)
    asked(house, 5, category=two)
    moderation.close(house.manager(), asked(house, 9, category=two), "Закрыт")
    long_ago = asked(house, 24 * 40, category=two)
    house.answer(long_ago, at=clock.now() - 24 * 39 * HOUR)

    start, now = clock.now() - timedelta(days=30), clock.now()
    found = ledger.shares(start, now)
    assert {h.person: (round(h.time / HOUR), h.promises) for h in found.held} == {
        one.owner: (26, 2),
        two.owner: (8, 1),
    }
    assert round(sum(h.share for h in found.held), 9) == 1
    assert (found.count, found.counted, found.topics, found.moves) == (3, 3, 3, 0)
    assert [h.person for h in ledger.shares(start, now, two).held] == [two.owner]


def test_what_is_too_much_is_said(house: Builders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "MOST", 2)
    for hours in (10, 11, 12):
        house.answer(asked(house, hours), at=clock.now() - hours / 2 * HOUR)
    found = ledger.shares(clock.now() - timedelta(days=1), clock.now())
    assert (found.count, found.counted, len(found.held)) == (3, 2, 2)


def test_the_page_of_holders(house: Builders, browser: Browser) -> None:
    house.brand(locale="en")
    manager, topic = house.manager(locale="en"), asked(house, 10, title="Кочующий вопрос")
    browser.sign_in(manager)
    assert "Nothing was settled here" in browser.get("/manage/holders").text
    for _ in range(3):
        moderation.move(manager, topic, house.category(), "Не туда")
    house.answer(topic)
    page = browser.get("/manage/holders").text
    assert "Moved more than twice: fix the owner" in page
    assert topic.title in page
    assert (
        "Nothing was settled here"
        in browser.get(f"/manage/holders?days=7&category={house.category().slug}").text
    )
