"""Promise rules on their pages: versions, a second look, and what happens to open promises."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from app.core import clock
from app.core.db import session
from app.sla.engine.calendars import ALWAYS
from app.sla.engine.ladder import LADDER, Rung
from app.sla.engine.rules import Policy
from app.sla.forms import numbers
from app.sla.models import ClockEvent, PolicyVersion, Promise
from app.sla.queries import policies
from app.sla.queries.policies import Scope
from app.sla.queries.terms import HOUSE, QuietHours, Rules, rules_in_force
from app.sla.service import calendars, changes
from app.sla.service import policies as service

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.accounts.models import Person
    from app.sla.models import WorkCalendar
    from app.topics.models import Category
    from tests.builders import Builders
    from tests.conftest import Browser

MOSCOW = ZoneInfo("Europe/Moscow")
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
HOUR = 3600


def form(**fields: Any) -> dict[str, Any]:
    """What a browser sends for the house's own default."""
    return {
        "calendar_id": "0",
        "first_n": "24", "first_unit": "hours",
        "next_n": "24", "next_unit": "hours",
        "resolution_n": "", "resolution_unit": "hours",
        "at_risk_pct": "80",
        "pauses": "y", "max_pauses": "1",
        "floor_n": "2", "floor_unit": "hours",
        "quiet": "y", "quiet_from": "21:00", "quiet_to": "08:00",
        "r50_on": "y", "r50": "50", "r80_on": "y", "r80": "80",
        "esc1_on": "y", "esc1_n": "4", "esc1_unit": "hours",
        "esc2_on": "y", "esc2_n": "24", "esc2_unit": "hours",
        "esc3_on": "y", "esc3_n": "48", "esc3_unit": "hours",
        "chief_id": "0",
        "note": "Отвечаем быстрее",
        "based_on": "0",
        "do": "save",
        **fields,
    }  # fmt: skip


@pytest.fixture(autouse=True)
def _it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def nika(house: Builders) -> Person:
    """The community manager."""
    return house.manager(name="Ника Лебедева", locale="en", timezone="Europe/Moscow")


@pytest.fixture
def manager(nika: Person, browser: Browser) -> Browser:
    return browser.sign_in(nika)


@pytest.fixture
def cards(house: Builders) -> Category:
    return house.category(name="Карты")


@pytest.fixture
def week(house: Builders, nika: Person) -> WorkCalendar:
    """Mon–Fri 9–18 in Moscow."""
    days = {day: [["09:00", "18:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
    spec = {"mode": "hours", "tz": "Europe/Moscow", "weekly": days, "dates": {}}
    return calendars.create(nika, calendars.Said("Рабочая неделя", spec))


def versions(scope: str = "all") -> list[PolicyVersion]:
    query = session.query(PolicyVersion).filter_by(scope=scope)
    return list(query.order_by(PolicyVersion.version))


def shown(text: str) -> list[datetime]:
    return [datetime.fromisoformat(at) for at in re.findall(r'<time datetime="([^"]+)"', text)]


# ------------------------------------------------------------------------------ who may


@pytest.mark.parametrize("role", [None, "customer", "executive"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "/manage/rules"),
        ("get", "/manage/rules/all"),
        ("post", "/manage/rules/all"),
        ("post", "/manage/rules/all/preview"),
        ("post", "/manage/rules/all/approve"),
        ("post", "/manage/rules/all/decline"),
        ("get", "/manage/rules/all/versions"),
        ("get", "/manage/rules/all/open"),
        ("post", "/manage/rules/all/open"),
        ("post", "/manage/rules/all/general"),
    ],
)
def test_others_learn_nothing(
    house: Builders, browser: Browser, role: str | None, method: str, path: str
) -> None:
    if role:
        browser.sign_in(house.person(role))
    answer = getattr(browser, method)(path)
    assert answer.status_code == (404 if role else 303)


@pytest.mark.parametrize("place", ["category-9999", "category-x", "nobody", "all-1"])
def test_there_are_rules_of_what_there_is_only(manager: Browser, place: str) -> None:
    assert manager.get(f"/manage/rules/{place}").status_code == 404


# ------------------------------------------------------------------------------ making rules


def test_the_houses_default_is_filled_in(manager: Browser) -> None:
    page = manager.get("/manage/rules/all").text
    for name, value in (
        ("first_n", "24"), ("next_n", "24"), ("at_risk_pct", "80"), ("floor_n", "2"),
        ("quiet_from", "21:00"), ("quiet_to", "08:00"), ("r50", "50"), ("esc3_n", "48"),
    ):  # fmt: skip
        field = re.search(rf'<input[^>]*name="{name}"[^>]*>', page)
        assert field
        assert f'value="{value}"' in field[0], name
    assert 'role="alert"' not in page


def test_shorter_promises_hold_at_once(manager: Browser, cards: Category, nika: Person) -> None:
    sent = form(first_n="12", resolution_n="5", resolution_unit="days", chief_id=str(nika.id))

    assert manager.post("/manage/rules/all", sent).status_code == 303

    (made,) = versions()
    assert (made.version, made.approval, made.made_by_id) == (1, "free", nika.id)
    rules = rules_in_force(cards.id)
    assert rules.policy == Policy(12 * HOUR, 24 * HOUR, 5 * 24 * HOUR, resume_floor_s=2 * HOUR)
    assert rules.ladder == LADDER
    assert rules.quiet == QuietHours()
    assert (rules.chief_id, rules.policy_version_id) == (nika.id, made.id)
    assert "12 h" in manager.get("/manage/rules").text


def test_a_day_is_as_long_as_the_calendars(
    manager: Browser, cards: Category, week: WorkCalendar
) -> None:
    sent = form(calendar_id=str(week.id), first_n="1", first_unit="days")
    piece = manager.post(f"/manage/rules/category-{cards.id}/preview", sent).text
    assert "A day by this calendar is 9 h of open time" in piece

    manager.post(f"/manage/rules/category-{cards.id}", sent)

    (made,) = versions(f"category:{cards.id}")
    assert made.spec["first_answer_s"] == 9 * HOUR
    assert made.calendar_id == week.id


@pytest.mark.parametrize(
    ("span", "day", "said"),
    [
        (24 * HOUR, 24 * HOUR, (24, "hours")),
        (48 * HOUR, 24 * HOUR, (48, "hours")),
        (96 * HOUR, 24 * HOUR, (4, "days")),
        (9 * HOUR, 9 * HOUR, (1, "days")),
        (8 * HOUR, 9 * HOUR, (8, "hours")),
        (5400, 24 * HOUR, (90, "minutes")),
        (0, 24 * HOUR, (0, "minutes")),
    ],
)
def test_spans_are_said_as_people_do(span: int, day: int, said: tuple[int, str]) -> None:
    assert numbers.split(span, day) == said
    assert numbers.seconds(*said, day) == span


@pytest.mark.parametrize(
    ("wrong", "field", "words"),
    [
        ({"first_n": ""}, "first_n", "Please fill this in"),
        ({"first_n": "soon"}, "first_n", "A whole number"),
        ({"first_n": "-4"}, "first_n", "A whole number"),
        ({"first_n": "0"}, "first_n", "From a minute to a year"),
        ({"next_n": "9999", "next_unit": "days"}, "next_n", "From a minute to a year"),
        ({"next_unit": "weeks"}, "next_n", "Minutes, hours or days"),
        ({"resolution_n": "0"}, "resolution_n", "From a minute to a year"),
        ({"at_risk_pct": "100"}, "at_risk_pct", "From 1 to 99"),
        ({"max_pauses": "0"}, "max_pauses", "From 1 to 5"),
        ({"r50": ""}, "r50", "From 1 to 99"),
        ({"r50": "90"}, "r80", "after the first"),
        ({"esc2_n": "4"}, "esc2_n", "later than the one before"),
        ({"quiet_from": "9 pm"}, "quiet_from", "Write a time"),
        ({"quiet_to": "21:00"}, "quiet_to", "end at another hour"),
        ({"calendar_id": "777"}, "calendar_id", "Choose a calendar"),
        ({"chief_id": "777"}, "chief_id", "works for the bank"),
        ({"note": ""}, "note", "Please fill this in"),
    ],
    ids=str,
)
def test_what_cannot_be_stays_typed_with_its_error_beside_it(
    manager: Browser, wrong: dict[str, str], field: str, words: str
) -> None:
    answer = manager.post("/manage/rules/all", form(**{"note": "Пробуем", **wrong}))

    assert answer.status_code == 422
    beside = re.search(rf'id="{field}-error">(.*?)</p>', answer.text, re.DOTALL)
    assert beside
    assert words in beside[1]
    assert f'href="#{field}"' in answer.text
    assert "note" in wrong or "Пробуем" in answer.text
    assert versions() == []


def test_rungs_are_turned_off_and_moved_but_never_the_hour_itself(
    manager: Browser, cards: Category
) -> None:
    sent = form(first_n="12", r50_on="", esc1_n="30", esc1_unit="minutes", quiet="")
    del sent["r50_on"], sent["quiet"]
    manager.post("/manage/rules/all", sent)
    (made,) = versions()
    assert made.spec["ladder"] == [
        ["r80", "pct", 80],
        ["due", "off", 0],
        ["esc1", "off", 1800],
        ["esc2", "off", 86400],
        ["esc3", "off", 172800],
    ]
    assert made.spec["quiet"] is None
    made.approval = "approved"
    assert rules_in_force(cards.id).quiet is None


def test_a_change_is_another_version_and_nothing_rewrites_the_first(
    manager: Browser, count_sql: Callable[[], Any]
) -> None:
    manager.post("/manage/rules/all", form(first_n="12"))
    first = dict(versions()[0].spec)
    with count_sql() as statements:
        manager.post("/manage/rules/all", form(first_n="6", based_on="1"))
    assert [v.spec["first_answer_s"] for v in versions()] == [12 * HOUR, 6 * HOUR]
    assert versions()[0].spec == first
    assert not any(s.startswith(("UPDATE policy_versions", "DELETE")) for s in statements)
    history = manager.get("/manage/rules/all/versions").text
    assert history.count("Отвечаем быстрее") == 2


def test_two_who_change_them_at_once_do_not_overwrite_one_another(manager: Browser) -> None:
    manager.post("/manage/rules/all", form(first_n="12"))
    late = manager.post("/manage/rules/all", form(first_n="6"))
    assert late.status_code == 422
    assert "Somebody saved another version meanwhile" in late.text
    assert 'value="6"' in late.text
    assert len(versions()) == 1


def test_a_categorys_own_rules_and_back(manager: Browser, cards: Category) -> None:
    place = f"category-{cards.id}"
    manager.post("/manage/rules/all", form(first_n="12"))
    manager.post(f"/manage/rules/{place}", form(first_n="2", note="Мошенники не ждут"))
    assert rules_in_force(cards.id).policy.first_answer_s == 2 * HOUR

    manager.post("/manage/rules/all", form(first_n="1", next_n="1", based_on="1"))
    manager.post(f"/manage/rules/{place}/general", {"note": "Хватит общих", "based_on": "1"})

    assert rules_in_force(cards.id).policy.first_answer_s == HOUR
    assert versions(f"category:{cards.id}")[-1].spec == {}
    assert policies.present(Scope(cards)) is None
    assert "Хватит общих" in manager.get(f"/manage/rules/{place}/versions").text


def test_the_way_from_a_categorys_page(manager: Browser, cards: Category) -> None:
    page = manager.get(f"/manage/categories/{cards.slug}").text
    assert f'href="/manage/rules/category-{cards.id}"' in page


# ------------------------------------------------------------------------------ a second look


def test_what_promises_less_waits_for_another_person(
    house: Builders, manager: Browser, new_browser: Callable[[], Browser], cards: Category
) -> None:
    pavel = house.administrator(name="Павел Дроздов", locale="en")
    preview = manager.post("/manage/rules/all/preview", form(first_n="48")).text
    assert "Another manager or administrator must agree" in preview

    manager.post("/manage/rules/all", form(first_n="48"))

    (made,) = versions()
    assert made.approval == "waiting"
    assert rules_in_force(cards.id) == HOUSE
    mine = manager.get("/manage/rules").text
    assert "Take it back" in mine
    assert ">Agree<" not in mine
    manager.post("/manage/rules/all/approve", {"version": "1"})
    assert versions()[0].approval == "waiting"

    other = new_browser().sign_in(pavel)
    assert "Agree" in other.get("/manage/rules").text
    other.post("/manage/rules/all/approve", {"version": "1"})

    (made,) = versions()
    assert (made.approval, made.decided_by_id, made.decided_at) == ("approved", pavel.id, NOW)
    assert rules_in_force(cards.id).policy.first_answer_s == 48 * HOUR
    # It holds from the consent on, not from when it was written.
    assert rules_in_force(cards.id, NOW - timedelta(seconds=1)) == HOUSE
    assert "Agreed by: Павел Дроздов" in manager.get("/manage/rules/all/versions").text


def test_it_may_be_refused(
    house: Builders, manager: Browser, new_browser: Callable[[], Browser], cards: Category
) -> None:
    other = new_browser().sign_in(house.manager(locale="en"))
    manager.post("/manage/rules/all", form(first_n="48"))
    other.post("/manage/rules/all/decline", {"version": "1"})
    assert versions()[0].approval == "declined"
    assert rules_in_force(cards.id) == HOUSE
    other.post("/manage/rules/all/approve", {"version": "1"})
    assert versions()[0].approval == "declined"


def test_what_was_replaced_cannot_be_agreed_to(
    house: Builders, manager: Browser, new_browser: Callable[[], Browser], cards: Category
) -> None:
    other = new_browser().sign_in(house.manager(locale="en"))
    manager.post("/manage/rules/all", form(first_n="48"))
    manager.post("/manage/rules/all", form(first_n="12", based_on="1"))
    other.post("/manage/rules/all/approve", {"version": "1"})
    assert [v.approval for v in versions()] == ["overtaken", "free"]
    assert rules_in_force(cards.id).policy.first_answer_s == 12 * HOUR


@pytest.mark.parametrize("gone", [{"disabled_at": NOW}, {"confirmed_at": None}])
def test_where_nobody_else_is_it_holds_and_says_so(
    house: Builders, manager: Browser, cards: Category, gone: dict[str, Any]
) -> None:
    house.administrator(**gone)
    house.executive()
    page = manager.post("/manage/rules/all", form(first_n="48"), follow_redirects=True).text
    assert "nobody else is here to look" in page
    assert versions()[0].approval == "alone"
    assert rules_in_force(cards.id).policy.first_answer_s == 48 * HOUR
    assert "nobody else was there" in manager.get("/manage/rules/all/versions").text


def changed(**fields: Any) -> Rules:
    known = {**{name: getattr(HOUSE, name) for name in ("policy", "calendar", "ladder", "quiet")}}
    return Rules(**{**known, **fields})


@pytest.mark.parametrize(
    ("after", "less"),
    [
        (changed(), []),
        (changed(policy=Policy(HOUR, HOUR, 7 * 86400)), []),
        (changed(policy=Policy(next_answer_s=86401, resume_floor_s=0)), ["next_answer"]),
        (changed(policy=Policy(holding_counts=True)), ["holding"]),
        (changed(policy=Policy(max_pauses=2)), ["pauses"]),
        (changed(policy=Policy(clarification_pauses=False, max_pauses=2)), []),
        (changed(policy=Policy(resume_floor_s=3 * HOUR)), ["floor"]),
        (changed(policy=Policy(at_risk_pct=90)), ["risk"]),
        (changed(ladder=LADDER[1:]), ["ladder"]),
        (changed(ladder=(*LADDER[:3], Rung("esc1", "off", HOUR), *LADDER[4:])), []),
        (changed(ladder=(*LADDER[:3], Rung("esc1", "off", 5 * HOUR), *LADDER[4:])), ["ladder"]),
        (changed(quiet=None), []),
        (changed(quiet=QuietHours(20 * HOUR)), ["quiet"]),
        (changed(quiet=QuietHours(weekends=True)), ["quiet"]),
    ],
)
def test_what_promises_less(after: Rules, less: list[str]) -> None:
    assert service.weaker(HOUSE, after, NOW) == less


def test_another_calendar_promises_less_when_any_question_waits_longer(
    week: WorkCalendar,
) -> None:
    spec = {"first_answer_s": 2 * HOUR, "next_answer_s": 2 * HOUR}
    by_week = service.rules_from(spec, week.id)
    around = service.rules_from({"first_answer_s": 86400, "next_answer_s": 2 * HOUR}, None)
    # Two open hours of a week with its weekend may be later than 24 hours of every day.
    assert service.weaker(around, by_week, NOW) == ["first_answer", "next_answer"]
    assert service.weaker(by_week, service.rules_from(spec, None), NOW) == []
    assert around.calendar == ALWAYS


# ------------------------------------------------------------------------------ preview


def test_the_preview_is_worked_out_by_the_engine(manager: Browser, week: WorkCalendar) -> None:
    sent = form(calendar_id=str(week.id), first_n="8", note="")

    piece = manager.post("/manage/rules/all/preview", sent).text

    times = shown(piece)
    friday = datetime(2026, 11, 27, 17, 0, tzinfo=MOSCOW)
    assert times[times.index(friday) + 1] == datetime(2026, 11, 30, 16, 0, tzinfo=MOSCOW)
    # The first reminder of a question asked now: half of eight hours after Monday's opening.
    assert datetime(2026, 11, 23, 13, 0, tzinfo=MOSCOW) in times
    assert "<html" not in piece


def test_the_preview_moves_reminders_out_of_the_night(manager: Browser) -> None:
    piece = manager.post("/manage/rules/all/preview", form()).text
    # Asked on Sunday at 12:00 in Moscow: 50 % is midnight, told at eight in the morning.
    assert datetime(2026, 11, 23, 8, 0, tzinfo=MOSCOW) in shown(piece)
    assert "moved by quiet hours" in piece


def test_the_preview_works_without_a_script_and_keeps_nothing(manager: Browser) -> None:
    answer = manager.post("/manage/rules/all", form(first_n="6", do="preview"))
    assert answer.status_code == 200
    assert NOW + timedelta(hours=6) in shown(answer.text)
    assert versions() == []


def test_the_preview_says_what_it_cannot_read(manager: Browser) -> None:
    piece = manager.post("/manage/rules/all/preview", form(first_n="x")).text
    assert "First answer within" in piece
    assert "<time" not in piece


# ------------------------------------------------------------------------------ open promises


@pytest.fixture
def promise(house: Builders, cards: Category) -> Promise:
    """A question asked an hour ago, to be answered within 24."""
    topic = house.question(category=cards, at=NOW - timedelta(hours=1))
    return session.query(Promise).filter_by(topic_id=topic.id).one()


def test_new_rules_leave_open_promises_alone(manager: Browser, promise: Promise) -> None:
    due = promise.due_at
    manager.post("/manage/rules/all", form(first_n="6"))
    session.refresh(promise)
    assert promise.due_at == due


def test_open_promises_are_tightened_after_a_dry_run(manager: Browser, promise: Promise) -> None:
    manager.post("/manage/rules/all", form(first_n="6"))
    grace = {"grace_n": "2", "grace_unit": "hours"}
    events = session.query(ClockEvent).count()

    look = manager.post("/manage/rules/all/open", {**grace, "do": "look"}).text

    sooner = NOW + timedelta(hours=5)
    assert sooner in shown(look)
    assert "1 promise would be due sooner" in look
    assert session.query(ClockEvent).count() == events

    done = {**grace, "seen": str(2 * HOUR), "do": "apply"}
    # Another grace than was looked at is looked at first.
    other = manager.post("/manage/rules/all/open", {**done, "grace_n": "3"})
    assert other.status_code == 200
    assert session.query(ClockEvent).count() == events
    assert manager.post("/manage/rules/all/open", done).status_code == 303
    session.refresh(promise)
    assert promise.due_at == sooner
    last = session.query(ClockEvent).order_by(ClockEvent.id.desc()).first()
    assert last is not None
    assert (last.type, last.data["grace"]) == ("tighten_open", 2 * HOUR)


def test_the_grace_is_left_to_everybody(manager: Browser, promise: Promise) -> None:
    manager.post("/manage/rules/all", form(first_n="30", first_unit="minutes"))
    sent = {"grace_n": "3", "grace_unit": "hours", "seen": str(3 * HOUR), "do": "apply"}
    manager.post("/manage/rules/all/open", sent)
    session.refresh(promise)
    assert promise.due_at == NOW + timedelta(hours=3)


def test_rules_that_would_be_later_move_nothing(
    manager: Browser, promise: Promise, cards: Category
) -> None:
    due = promise.due_at
    manager.post("/manage/rules/all", form(first_n="48"))
    sent = {"grace_n": "1", "grace_unit": "hours", "seen": str(HOUR)}
    assert "No open promise" in manager.post("/manage/rules/all/open", {**sent, "do": "look"}).text
    manager.post("/manage/rules/all/open", {**sent, "do": "apply"})
    session.refresh(promise)
    assert promise.due_at == due
    assert rules_in_force(cards.id).policy.first_answer_s == 48 * HOUR


def test_general_rules_do_not_reach_a_category_with_its_own(
    house: Builders, manager: Browser, promise: Promise, cards: Category
) -> None:
    manager.post(f"/manage/rules/category-{cards.id}", form(first_n="20"))
    manager.post("/manage/rules/all", form(first_n="2"))
    assert changes.tighten_moves(Scope(), HOUR) == []
    moves = changes.tighten_moves(Scope(cards), HOUR)
    assert [m.after for m in moves] == [promise.started_at + timedelta(hours=20)]
    assert changes.tighten_moves(Scope(house.category()), HOUR) == []


@pytest.mark.parametrize("wrong", [{"grace_n": ""}, {"grace_n": "0"}, {"grace_unit": "weeks"}])
def test_a_grace_that_cannot_be(manager: Browser, wrong: dict[str, str]) -> None:
    sent = {"grace_n": "4", "grace_unit": "hours", "do": "apply", **wrong}
    answer = manager.post("/manage/rules/all/open", sent)
    assert answer.status_code == 422
    assert "grace_n-error" in answer.text
