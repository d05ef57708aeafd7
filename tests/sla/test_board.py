"""The manager's board: every promise in its lane, several moved at once."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from sqlalchemy import select, text

from app.accounts.models import Absence
from app.core import clock
from app.core.db import session
from app.core.events import Delivery, Fact
from app.moderation import service as moderation
from app.moderation.models import Act
from app.sla.engine.calendars import parse
from app.sla.models import CalendarVersion, PolicyVersion, Promise, WorkCalendar
from app.sla.queries import board, reassigning
from app.sla.service import board as managing
from app.sla.service.calendars import digest
from app.sla.service.ticking import tick
from app.topics import queries as topic_queries
from app.topics import service as topics
from app.topics.promise import standing

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.accounts.models import Person
    from app.topics.models import Category, Topic
    from tests.builders import Builders
    from tests.conftest import Browser

HOUR = timedelta(hours=1)
REASON = "Это вопрос о кредитах"
PAGES = ("/manage", "/manage/board", "/manage/board/move", "/manage/breaches", "/manage/holders")
OFFICE = {
    "mode": "hours",
    "tz": "Europe/Moscow",
    "weekly": {day: [["09:00", "18:00"]] for day in ("mon", "tue", "wed", "thu", "fri")},
}


def asked(house: Builders, hours: float, **more: Any) -> Topic:
    return house.question(at=clock.now() - hours * HOUR, **more)


def view(**more: Any) -> board.View:
    return board.now(clock.now() - 12 * HOUR, topic_queries.categories(), **more)


def lanes(**more: Any) -> dict[str, list[int]]:
    return {
        lane.name: [p.topic_id for p in lane.page.items]
        for lane in board.lanes(view(**more))
        if lane.page.items
    }


def away(person: Person, substitute: Person | None = None, hours: float = 48) -> None:
    start = clock.now() - hours * HOUR
    end = clock.now() + 48 * HOUR
    session.add(Absence(person_id=person.id, starts_at=start, ends_at=end, substitute=substitute))
    session.flush()


def rule(category: Category, **spec: Any) -> None:
    """Rules of its own for a category, for as long as anybody remembers."""
    calendar_id = spec.pop("calendar_id", None)
    long_ago = clock.now() - timedelta(days=400)
    scope = f"category:{category.id}"
    session.add(
        PolicyVersion(scope=scope, version=1, spec=spec, calendar_id=calendar_id, made_at=long_ago)
    )
    session.flush()


def office() -> int:
    """A calendar that is open from nine to six."""
    calendar = WorkCalendar(name="Будни")
    session.add(calendar)
    session.flush()
    long_ago = clock.now() - timedelta(days=400)
    session.add(
        CalendarVersion(
            calendar_id=calendar.id, version=1, spec=OFFICE, digest=digest(OFFICE), made_at=long_ago
        )
    )
    session.flush()
    return calendar.id


@pytest.mark.parametrize("role", ["customer", "executive"])
def test_only_managers_see_it(house: Builders, browser: Browser, role: str) -> None:
    house.brand()
    topic = asked(house, 30)
    made = session.scalars(select(Promise.id)).one()
    pages = (*PAGES, "/manage/breaches.csv", f"/manage/promises/{made}/reason")
    for page in pages:
        assert browser.get(page).location.startswith("/sign-in")
    browser.sign_in(house.person(role))
    for page in pages:
        assert browser.get(page).status_code == 404
    sent = {"topic": topic.id, "category_id": house.category().id, "reason": REASON, "step": "move"}
    assert browser.post("/manage/board/move", sent).status_code == 404
    why = {"code": "away", "note": ""}
    assert browser.post(f"/manage/promises/{made}/reason", why).status_code == 404
    assert session.scalar(select(Act.id)) is None


def test_each_promise_stands_in_one_lane(house: Builders) -> None:
    stale, late, risky, fine = (asked(house, hours) for hours in (49, 30, 20, 2))
    told = asked(house, 3)
    house.answer(told)
    back = asked(house, 5)
    topics.ask_back(back.category.owner, back, "Какой номер заявки?")
    news = asked(house, 6)
    house.answer(news, at=clock.now() - 20 * HOUR + 15 * HOUR)
    topics.promise_news(news.category.owner, news, "Вернёмся.", clock.now() + 9 * HOUR)
    hidden = asked(house, 30)
    moderation.hide(house.manager(), hidden, "Личные данные")
    house.praise()

    assert lanes() == {
        "decision": [stale.id],
        "overdue": [late.id],
        "at_risk": [risky.id],
        "waiting": [fine.id],
        "paused": [back.id],
        "news": [news.id],
        "answered": [told.id, news.id],
    }
    one_each = dict.fromkeys(board.LANES, 1)
    assert board.counts(view()) == {**one_each, "answered": 2, "broken": 2}
    assert [p.topic_id for p in board.lane(view(), "broken", None).page.items] == [
        stale.id,
        late.id,
    ]


def test_the_lanes_agree_with_what_every_page_says_noticed_or_not(house: Builders) -> None:
    made = [asked(house, hours) for hours in (0.5, 12, 19.1, 19.3, 23.9, 24.1, 47.9, 48.1, 80)]
    words = {"decision": "overdue"}

    def found() -> dict[int, str]:
        return {i: words.get(name, name) for name, ids in lanes().items() for i in ids}

    before = found()
    assert before == {t.id: standing(t).state for t in made}
    late = select(Promise.id).where(Promise.state == "breached")
    session.flush()
    while tick():
        pass
    assert len(session.scalars(late).all()) == 4
    assert found() == before


def test_what_was_broken_before_it_paused_waits_for_the_asker(house: Builders) -> None:
    topic = asked(house, 60)
    topics.ask_back(topic.category.owner, topic, "Какой номер заявки?")
    assert lanes() == {"paused": [topic.id]}


def test_a_day_of_patience_is_counted_in_the_promises_own_hours(house: Builders) -> None:
    monday = datetime(2026, 11, 23, 7, tzinfo=UTC)  # 10:00 in Moscow
    with time_machine.travel(monday, tick=False):
        office_hours, always = house.category(), house.category()
        rule(office_hours, first_answer_s=9 * 3600, calendar_id=office())
        # Both were due on Friday at 10:00: nine hours of work are over since, or three days.
        friday = datetime(2026, 11, 20, 7, tzinfo=UTC)
        calm = house.question(category=office_hours, at=friday - 24 * HOUR)
        stale = house.question(category=always, at=friday - 24 * HOUR)
        assert calm.due_at == stale.due_at == friday
        assert lanes() == {"decision": [stale.id], "overdue": [calm.id]}
    with time_machine.travel(datetime(2026, 11, 24, 22, tzinfo=UTC), tick=False):
        assert lanes()["decision"] == [calm.id, stale.id]


@pytest.mark.parametrize("hours", [1, 8, 24, 60])
def test_open_time_is_gone_back_by_as_it_is_counted(hours: int) -> None:
    calendar = parse(OFFICE)
    for at in (datetime(2026, 11, 23, 7, tzinfo=UTC), datetime(2026, 11, 22, 1, 30, tzinfo=UTC)):
        since = board.before(calendar, at, hours * HOUR)
        assert calendar.between(since, at) == hours * HOUR
        assert calendar.between(since + timedelta(seconds=1), at) < hours * HOUR


def test_the_soonest_due_stands_first_and_the_rest_is_a_click_away(
    house: Builders, browser: Browser
) -> None:
    house.brand()
    made = [asked(house, 25 + n) for n in range(9)]
    browser.sign_in(house.manager())
    page = browser.get("/manage/board").text
    assert page.count('class="slip"') == board.SHORT
    assert lanes()["overdue"][0] == made[-1].id
    assert "/manage/board?lane=overdue" in page
    assert browser.get("/manage/board?lane=overdue").text.count('class="slip"') == 9
    one = board.lane(view(), "overdue", None)
    assert (one.count, len(one.page.items)) == (9, 9)


@pytest.mark.parametrize("name", ["overdue", "paused", "answered"])
def test_a_long_lane_has_pages(house: Builders, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(board, "LONG", 4)
    made = [asked(house, {"overdue": 25, "paused": 2, "answered": 2}[name] + n) for n in range(9)]
    for n, topic in enumerate(made):
        if name == "paused":
            topics.ask_back(topic.category.owner, topic, "Какой номер?")
        if name == "answered":
            house.answer(topic, at=clock.now() - n * timedelta(minutes=5))
    seen: list[int] = []
    cursor: str | None = None
    for _ in range(3):
        page = board.lane(view(), name, cursor).page
        seen += [p.topic_id for p in page.items]
        cursor = page.older
    assert sorted(seen) == [t.id for t in made]
    assert seen == [t.id for t in (made if name == "answered" else reversed(made))]
    assert cursor is None


def test_filters_by_category_people_and_kind(house: Builders, browser: Browser) -> None:
    house.brand()
    cards, loans = house.category(), house.category()
    stand_in = house.executive()
    mine, other = asked(house, 30, category=cards), asked(house, 30, category=loans, title="Иной")
    again = asked(house, 60, category=loans)
    house.answer(again, at=clock.now() - 50 * HOUR)
    topics.dispute(again.asker, again, at=clock.now() - 30 * HOUR)
    away(loans.owner, stand_in)

    assert lanes(category=cards) == {"overdue": [mine.id]}
    assert lanes(accountable=loans.owner) == {"overdue": [other.id, again.id]}
    assert lanes(acting=stand_in) == {"overdue": [other.id, again.id]}
    assert lanes(acting=loans.owner) == {}
    assert lanes(kind="next_answer") == {"overdue": [again.id]}
    assert board.counts(view(acting=stand_in))["overdue"] == 2

    browser.sign_in(house.manager())
    page = browser.get(f"/manage/board?category={cards.slug}&person={cards.owner_id}").text
    assert mine.title in page
    assert other.title not in page
    page = browser.get(f"/manage/board?acting={stand_in.id}&kind=first_answer").text
    assert f"/topics/{other.id}" in page
    assert f'href="/topics/{again.id}"' not in page.split('id="asked-why"')[0]
    for nonsense in (
        "category=none", "person=x", "person=99999999999", "acting=-1", "kind=x", "lane=x",
        "cursor=x",
    ):  # fmt: skip
        assert browser.get(f"/manage/board?{nonsense}").status_code == 200


def test_a_broken_one_is_looked_for_where_it_stands_now(house: Builders) -> None:
    """Its breach stays in the figures of the category that broke it."""
    before, after = house.category(), house.category()
    topic = asked(house, 30, category=before)
    moderation.move(house.manager(), topic, after, REASON)
    assert lanes(category=after) == {"overdue": [topic.id]}
    assert lanes(category=before) == {}
    assert session.scalars(select(Promise.category_id)).one() == before.id


def test_every_card_is_one_click_from_its_acts(house: Builders, browser: Browser) -> None:
    house.brand()
    topic = asked(house, 30)
    page = browser.sign_in(house.manager()).get("/manage/board").text
    for act in ("move", "hide"):
        assert f"/topics/{topic.id}/moderation/{act}?next=/manage/board" in page
    assert f'href="/topics/{topic.id}"' in page
    assert f'href="/desk?topic={topic.id}"' in page
    assert f'href="/desk?topic={topic.id}#news"' in page
    made = session.scalars(select(Promise.id)).one()
    assert f"/manage/promises/{made}/reason?next=/manage/board" in page
    answer = browser.post(f"/topics/{topic.id}/taken", {"next": "/manage/board"})
    assert answer.location == "/manage/board"
    page = browser.get("/manage/board").text
    assert f"/topics/{topic.id}/taken" not in page


def test_who_acts_stands_beside_who_is_accountable(house: Builders, browser: Browser) -> None:
    house.brand(locale="en")
    topic = asked(house, 30)
    stand_in = house.executive()
    away(topic.category.owner, stand_in)
    page = browser.sign_in(house.manager(locale="en")).get("/manage/board").text
    assert f"Accountable: <bdi>{topic.category.owner.name}</bdi>" in page
    assert f"Answers today: <bdi>{stand_in.name}</bdi>" in page


def test_categories_without_anybody_are_told(house: Builders, browser: Browser) -> None:
    house.brand(locale="en")
    lost = house.category()
    away(lost.owner)
    manager = house.manager(locale="en")
    browser.sign_in(manager)
    page = browser.get("/manage/board").text
    assert "Left to the community manager today" in page
    away(manager)
    page = browser.get("/manage/board").text
    assert "Nobody answers here today" in page
    assert f"/manage/categories/{lost.slug}" in page
    assert view().unattended == [lost]


def test_ideas_without_a_decision_are_told_on_top(house: Builders, browser: Browser) -> None:
    house.brand()
    old = house.idea(title="Старая мысль", at=clock.now() - timedelta(days=15))
    fresh = house.idea(title="Новая мысль", at=clock.now() - timedelta(days=13))
    decided = house.idea(title="Решённая мысль", at=clock.now() - timedelta(days=20))
    decided.state = "planned"
    session.flush()
    page = browser.sign_in(house.manager()).get("/manage/board").text
    assert 'href="#undecided"' in page.split('class="lanes')[0]
    part = page.split('id="undecided"', 1)[1].split("</section>", 1)[0]
    assert f"/topics/{old.id}/decision" in part
    assert fresh.title not in part
    assert decided.title not in part


def _dead(name: str = "notify.tell_the_asker") -> Delivery:
    fact = Fact(name="TopicOpened", data={"topic_id": 1}, at=clock.now())
    session.add(fact)
    session.flush()
    made = Delivery(
        fact_id=fact.id, reaction=name, state="dead", attempts=10, not_before=clock.now()
    )
    session.add(made)
    session.flush()
    return made


def test_what_gave_up_is_shown_to_administrators_and_tried_again(
    house: Builders, browser: Browser, new_browser: Callable[[], Browser]
) -> None:
    house.brand()
    dead = _dead()
    for page in ("/manage", "/manage/board"):
        assert "tell_the_asker" not in new_browser().sign_in(house.manager()).get(page).text
    manager = new_browser().sign_in(house.manager())
    assert manager.post("/manage/deliveries/replay").status_code == 404
    assert dead.state == "dead"

    browser.sign_in(house.administrator())
    for page in ("/manage", "/manage/board"):
        assert "notify.tell_the_asker" in browser.get(page).text
    answer = browser.post("/manage/deliveries/replay", {"next": "/manage"})
    assert answer.location == "/manage"
    assert (dead.state, dead.attempts) == ("pending", 0)
    assert browser.post("/manage/deliveries/replay").status_code == 303


def test_the_pages_cost_the_same_whatever_their_length(
    house: Builders, browser: Browser, count_sql: Callable[[], Any]
) -> None:
    house.brand()
    browser.sign_in(house.manager())
    category = house.category()

    def fill() -> None:
        for hours in (50, 30, 20, 2):
            asked(house, hours, category=category)
        house.answer(asked(house, 3, category=category))
        late = asked(house, 30, category=category)
        house.answer(late)
        back = asked(house, 3, category=category)
        topics.ask_back(category.owner, back, "Какой номер?")
        news = asked(house, 3, category=category)
        topics.promise_news(category.owner, news, "Вернёмся.", clock.now() + 9 * HOUR)
        house.idea(at=clock.now() - timedelta(days=20), category=category)

    def cost(page: str) -> int:
        with count_sql() as statements:
            assert browser.get(page).status_code == 200
        return len(statements)

    pages = (
        "/manage", "/manage/board", "/manage/board?lane=broken", "/manage/breaches",
        "/manage/holders",
    )  # fmt: skip
    fill()
    few = {page: cost(page) for page in pages}
    for _ in range(3):
        fill()
    assert {page: cost(page) for page in pages} == few
    assert few["/manage/board"] <= 40


def test_lanes_are_found_by_index(house: Builders) -> None:
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SET LOCAL enable_seqscan = off"))
        explain = "EXPLAIN "
    else:
        explain = "EXPLAIN QUERY PLAN "
    asked(house, 60)
    for name in board.LANES:
        by = Promise.ended_at if name == board.ANSWERED else Promise.due_at
        query = select(Promise.id).where(board.in_lane(view(), name)).order_by(by)
        compiled = query.compile(session.get_bind(), compile_kwargs={"render_postcompile": True})
        driver = session.connection().exec_driver_sql
        values = [compiled.params[n] for n in compiled.positiontup or ()] or compiled.params
        values = _bound(compiled, values)
        plan = " ".join(str(row) for row in driver(explain + str(compiled), values))
        assert f"ix_promises_{'ended' if name == board.ANSWERED else 'live'}" in plan, plan
        assert "SCAN promises'" not in plan


def _bound(compiled: Any, values: Any) -> Any:
    """The values as the driver wants them."""
    treat = compiled._bind_processors
    if isinstance(values, dict):
        return {k: treat[k](v) if k in treat else v for k, v in values.items()}
    names = compiled.positiontup
    return tuple(treat[n](v) if n in treat else v for n, v in zip(names, values, strict=True))


# ------------------------------------------------------------------------------ several at once


def sent(ids: list[int], to: Category, **more: Any) -> dict[str, Any]:
    return {"topic": ids, "category_id": to.id, "reason": REASON, "step": "move", **more}


def test_ticked_ones_go_together(house: Builders, browser: Browser) -> None:
    house.brand(locale="en")
    manager, to = house.manager(locale="en"), house.category()
    made = [asked(house, hours) for hours in (2, 30, 20)]
    due = {t.id: t.due_at for t in made}
    browser.sign_in(manager)
    page = browser.get("/manage/board").text
    for topic in made:
        assert f'name="topic" value="{topic.id}" form="bulk"' in page
    ids = [t.id for t in made]

    look = browser.get("/manage/board/move?" + "&".join(f"topic={i}" for i in ids)).text
    assert "Move 3 topics" in look
    seen = browser.post("/manage/board/move", sent(ids, to, step="look"))
    assert seen.status_code == 200
    assert f"Answers today: <bdi>{to.owner.name}</bdi>" in seen.text
    assert seen.text.count("the same hour") == 2
    assert "stays broken" in seen.text
    assert session.scalar(select(Act.id)) is None

    answer = browser.post("/manage/board/move", sent(ids, to, next="/manage/board?lane=waiting"))
    assert answer.location == "/manage/board?lane=waiting"
    assert "3 topics are moved." in browser.get("/manage/board").text
    acts = session.scalars(select(Act)).all()
    assert {(a.topic_id, a.name, a.reason, a.by_id) for a in acts} == {
        (i, "move", REASON, manager.id) for i in ids
    }
    for topic in made:
        assert topic.category_id == to.id
        assert topic.due_at == due[topic.id]
    rows = session.scalars(select(Promise).order_by(Promise.id)).all()
    assert {p.accountable_id for p in rows if p.state == "running"} == {to.owner_id}


def test_hours_become_sooner_where_less_is_promised(house: Builders, browser: Browser) -> None:
    house.brand(locale="en")
    fraud = house.category()
    rule(fraud, first_answer_s=7200, next_answer_s=7200)
    topic, soon = asked(house, 2), asked(house, 23)
    browser.sign_in(house.manager(locale="en"))
    now = clock.now()
    told = {m.topic.id: m for m in reassigning.preview([topic.id, soon.id], fraud, now)}
    assert told[topic.id].due_then == now + 2 * HOUR
    assert told[topic.id].is_sooner
    assert not told[soon.id].is_sooner
    seen = browser.post("/manage/board/move", sent([topic.id, soon.id], fraud, step="look")).text
    assert len(re.findall(r"· sooner", seen)) == 1
    browser.post("/manage/board/move", sent([topic.id, soon.id], fraud))
    assert topic.due_at is not None
    assert abs(topic.due_at - (now + 2 * HOUR)) < timedelta(minutes=1)


def test_what_changed_meanwhile_stays_and_is_told(house: Builders, browser: Browser) -> None:
    house.brand(locale="en")
    to, manager = house.category(), house.manager(locale="en")
    waits, answered, there, hidden = (
        asked(house, 2),
        asked(house, 3),
        asked(house, 4),
        asked(house, 5),
    )
    browser.sign_in(manager)
    house.answer(answered)
    moderation.move(manager, there, to, REASON)
    moderation.hide(manager, hidden, "Личные данные")
    ids = [waits.id, answered.id, there.id, hidden.id, waits.id, 99999]
    before = answered.category_id
    seen = browser.post("/manage/board/move", sent(ids, to, step="look")).text
    assert "Move 1 topic" in seen
    assert seen.count("Stays:") == 3
    browser.post("/manage/board/move", sent(ids, to))
    page = browser.get("/manage/board").text
    for words in (
        "1 topic is moved.", "1 was answered meanwhile and stays.", "1 is there already.",
        "1 was hidden or merged and stays.",
    ):  # fmt: skip
        assert words in page
    assert (waits.category_id, answered.category_id) == (to.id, before)


def test_all_or_none(house: Builders, monkeypatch: pytest.MonkeyPatch) -> None:
    made, to, manager = [asked(house, 2) for _ in range(3)], house.category(), house.manager()
    session.commit()
    really, calls = moderation.move, []

    def move(*given: Any) -> Any:
        calls.append(given)
        if len(calls) == 3:
            raise RuntimeError
        return really(*given)

    monkeypatch.setattr(moderation, "move", move)
    with pytest.raises(RuntimeError):
        managing.reassign(manager, [t.id for t in made], to, REASON)
    session.rollback()
    assert all(t.category_id != to.id for t in made)
    assert session.scalar(select(Act.id)) is None


def test_a_reason_and_a_category_are_needed(house: Builders, browser: Browser) -> None:
    house.brand()
    topic, to = asked(house, 2), house.category()
    browser.sign_in(house.manager())
    for wrong in ({"reason": ""}, {"reason": "a"}, {"category_id": ""}, {"category_id": "999"}):
        answer = browser.post("/manage/board/move", {**sent([topic.id], to), **wrong})
        assert answer.status_code == 422
        assert 'aria-invalid="true"' in answer.text
    assert topic.category_id != to.id
    untold = "/manage/board?ticked=none#bulk"
    assert browser.post("/manage/board/move", sent([], to)).location == untold
    assert browser.get("/manage/board/move?topic=x").location == untold
    assert "Сначала отметьте" in browser.get("/manage/board?ticked=none").text
    archived = house.category()
    archived.archived_at = clock.now()
    session.flush()
    assert browser.post("/manage/board/move", sent([topic.id], archived)).status_code == 422


def test_everything_on_a_page_is_ticked_without_a_script(house: Builders, browser: Browser) -> None:
    house.brand()
    for hours in (25, 26):
        asked(house, hours)
    browser.sign_in(house.manager())
    page = browser.get("/manage/board?lane=overdue").text
    assert not re.search(r'form="bulk" checked', page)
    assert "lane=overdue&amp;tick=all" in page
    assert (
        len(
            re.findall(
                r'form="bulk" checked', browser.get("/manage/board?lane=overdue&tick=all").text
            )
        )
        == 2
    )


def test_moved_too_often_asks_for_an_owner(house: Builders, browser: Browser) -> None:
    house.brand(locale="en")
    manager, topic = house.manager(locale="en"), asked(house, 2)
    browser.sign_in(manager)
    for _ in range(2):
        moderation.move(manager, topic, house.category(), REASON)
    assert "fix the owner" not in browser.get("/manage/board").text
    again = browser.get(f"/manage/board/move?topic={topic.id}").text
    assert "Moved 2 times already" in again
    moderation.move(manager, topic, house.category(), REASON)
    page = browser.get("/manage/board").text
    assert "Moved 3 times: fix the owner" in page
    assert f"/manage/categories/{topic.category.slug}" in page


def test_many_are_moved_in_a_fixed_number_of_statements_each(
    house: Builders, count_sql: Callable[[], Any]
) -> None:
    to, other, manager = house.category(), house.category(), house.manager()

    def cost(number: int) -> int:
        ids = [asked(house, 2, category=other).id for _ in range(number)]
        with count_sql() as statements:
            assert len(managing.reassign(manager, ids, to, REASON).topics) == number
        return len(statements)

    one, ten = cost(1), cost(10)
    assert ten <= one * 10
