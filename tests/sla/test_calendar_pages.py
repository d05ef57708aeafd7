"""Calendars on their pages: written by hand, drawn from holidays, tried before they are kept."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from app.core import clock
from app.core.db import session
from app.notify import letters
from app.notify.models import Letter
from app.sla import holidays
from app.sla.engine.calendars import Calendar, parse
from app.sla.forms import hours
from app.sla.models import CalendarVersion, ClockEvent, PolicyVersion, Promise, WorkCalendar
from app.sla.queries import calendars, preview
from app.sla.service import calendars as service
from app.sla.service import changes

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.builders import Builders
    from tests.conftest import Browser

MOSCOW = ZoneInfo("Europe/Moscow")
# A Sunday, some weeks before everything that the tests speak of.
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
WEEK = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), "09:00–18:00")


def form(**fields: Any) -> dict[str, Any]:
    """What a browser sends for a calendar."""
    return {
        "name": "Рабочая неделя",
        "mode": "hours",
        "zone": "Europe/Moscow",
        **WEEK,
        "sat": "closed",
        "sun": "",
        "dates": "",
        "horizon": "",
        "source": "",
        "note": "",
        "country": "",
        "from_year": "2026",
        "to_year": "2027",
        "tried": "8",
        "do": "save",
        **fields,
    }


@pytest.fixture(autouse=True)
def _it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def manager(house: Builders, browser: Browser) -> Browser:
    """The community manager's browser, in English."""
    return browser.sign_in(house.manager(locale="en"))


def only() -> WorkCalendar:
    return session.query(WorkCalendar).one()


def specs() -> list[dict[str, Any]]:
    query = session.query(CalendarVersion).order_by(CalendarVersion.version)
    return [v.spec for v in query]


def area(text: str) -> str:
    """What stands in the box of special days."""
    found = re.search(r'<textarea[^>]*name="dates"[^>]*>\s*(.*?)</textarea>', text, re.DOTALL)
    assert found
    return found[1]


def made(house: Builders, **fields: Any) -> WorkCalendar:
    """A calendar Mon–Fri 9–18 in Moscow."""
    spec = {
        "mode": "hours",
        "tz": "Europe/Moscow",
        "weekly": {day: [["09:00", "18:00"]] for day in WEEK},
        "dates": {},
        **fields.pop("spec", {}),
    }
    said = service.Said(fields.pop("name", "Рабочая неделя"), spec, **fields)
    return service.create(house.manager(), said)


# ------------------------------------------------------------------------------ hours in words


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("09:00–13:00, 14:00–18:00", "09:00–13:00, 14:00–18:00"),
        ("9-18", "09:00–18:00"),
        ("с 9.00 до 18.00", "09:00–18:00"),
        ("9:00 to 13:00 and 14:00 to 18:00", "09:00–13:00, 14:00–18:00"),
        ("14-18; 9-13", "09:00–13:00, 14:00–18:00"),
        ("18:00 — 24:00", "18:00–24:00"),
        ("00:00-23:59", "00:00–24:00"),
        ("круглосуточно", "00:00–24:00"),
        ("", "closed"),
        ("Закрыто", "closed"),
        ("вихідний", "closed"),
        ("—", "closed"),
    ],
)
def test_hours_are_read_as_people_write_them(app: Flask, text: str, said: str) -> None:
    with app.test_request_context(headers={"Accept-Language": "en"}):
        assert hours.written(hours.read_hours(text)) == said


@pytest.mark.parametrize(
    "text", ["9", "morning", "09:00–25:00", "18:00–09:00", "9-14, 13-18", "9-18 or so", "9:75-10"]
)
def test_hours_that_cannot_be_are_refused(app: Flask, text: str) -> None:
    with app.test_request_context(), pytest.raises(hours.UnreadableError):
        hours.read_hours(text)


def test_special_days_are_read_one_a_line(app: Flask) -> None:
    text = "2026-12-31 9–15 · New Year's Eve\n01.01.2027 closed\n\n2027-01-02: выходной каникулы\n"
    with app.test_request_context(headers={"Accept-Language": "en"}):
        days, faults = hours.read_days(text)
        assert faults == []
        assert hours.as_text(days).splitlines() == [
            "2026-12-31 09:00–15:00 · New Year's Eve",
            "2027-01-01 closed",
            "2027-01-02 closed · каникулы",
        ]


def test_every_wrong_line_is_named(app: Flask) -> None:
    text = "2026-02-30 closed\nsoon closed\n2026-05-01\n2026-05-02 closed\n2026-05-02 9-18"
    with app.test_request_context(headers={"Accept-Language": "en"}):
        days, faults = hours.read_days(text)
    assert [day.day for day in days] == [date(2026, 5, 2)]
    assert [fault.split(" (")[0] for fault in faults] == ["Line 1", "Line 2", "Line 3", "Line 5"]


# ------------------------------------------------------------------------------ the library


def test_russian_holidays_with_what_was_moved() -> None:
    drawn = holidays.draw("RU", range(2026, 2028), "ru")

    weekdays = [day for day in drawn.closed if day.year == 2026 and day.weekday() < 5]
    assert date(2026, 12, 31) in weekdays
    assert date(2026, 3, 9) in weekdays
    assert date(2026, 5, 11) in weekdays
    assert date(2026, 1, 9) in weekdays
    assert drawn.worked == {date(2027, 2, 20): date(2027, 2, 22)}
    assert drawn.horizon == date(2027, 12, 31)
    assert drawn.source == f"holidays {holidays.VERSION}, RU 2026–2027"
    assert drawn.closed[date(2026, 5, 1)] == "Праздник Весны и Труда"


def test_what_no_decree_has_moved_yet_is_not_known() -> None:
    assert holidays.draw("RU", [2027, 2028], "ru").horizon == date(2027, 12, 31)


def test_ukraine_has_no_days_off_under_martial_law() -> None:
    drawn = holidays.draw("UA", [2026, 2027], "uk")
    assert (drawn.closed, drawn.empty, drawn.horizon) == ({}, (2026, 2027), None)


def test_nothing_but_its_door_knows_the_library() -> None:
    assert not hasattr(preview, "holidays")
    assert not hasattr(calendars, "holidays")


# ------------------------------------------------------------------------------ the pages


@pytest.mark.parametrize("role", [None, "customer", "executive"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "/manage/calendars"),
        ("get", "/manage/calendars/new"),
        ("post", "/manage/calendars/new"),
        ("get", "/manage/calendars/{id}"),
        ("post", "/manage/calendars/{id}"),
        ("get", "/manage/calendars/{id}/versions"),
        ("post", "/manage/calendars/{id}/archive"),
        ("post", "/manage/calendars/{id}/reopen"),
        ("post", "/manage/calendars/preview"),
    ],
)
def test_others_learn_nothing(
    house: Builders, browser: Browser, role: str | None, method: str, path: str
) -> None:
    calendar = made(house)
    if role:
        browser.sign_in(house.person(role))

    answer = getattr(browser, method)(path.format(id=calendar.id))

    assert answer.status_code == (404 if role else 303)
    assert role or "/sign-in" in answer.location


def test_the_ways_in_stand_in_the_menu(manager: Browser) -> None:
    page = manager.get("/manage/categories").text
    assert 'href="/manage/calendars"' in page
    assert 'href="/manage/rules"' in page


def test_a_calendar_is_made_by_hand(manager: Browser) -> None:
    sent = form(fri="9-13, 14:00 – 23:59", dates="2026-12-31 9-15 · Eve\n2027-01-01 closed")

    assert manager.post("/manage/calendars/new", sent).status_code == 303

    calendar = only()
    version = calendars.newest(calendar)
    assert (calendar.name, version.version) == ("Рабочая неделя", 1)
    assert version.spec["weekly"]["fri"] == [["09:00", "13:00"], ["14:00", "24:00"]]
    assert version.spec["weekly"]["mon"] == [["09:00", "18:00"]]
    assert "sat" not in version.spec["weekly"]
    assert version.spec["dates"] == {"2026-12-31": [["09:00", "15:00"]], "2027-01-01": []}
    assert version.spec["notes"] == {"2026-12-31": "Eve"}
    assert version.digest == service.digest(version.spec)
    assert version.made_by is not None
    assert "Рабочая неделя" in manager.get("/manage/calendars").text


def test_around_the_clock_keeps_no_hours(manager: Browser) -> None:
    sent = form(mode="24x7", zone="Europe/Kiev", horizon="2027-12-31", source="holidays")

    assert manager.post("/manage/calendars/new", sent).status_code == 303

    version = calendars.newest(only())
    assert version.spec == {"mode": "24x7", "tz": "Europe/Kiev"}
    assert (version.horizon, version.source) == (None, "")


@pytest.mark.parametrize(
    ("wrong", "field", "words"),
    [
        ({"name": " "}, "name", "From 2 to 80 characters"),
        ({"name": "Занято"}, "name", "Another calendar has this name"),
        ({"zone": "Europe/Atlantis"}, "zone", "no such time zone"),
        ({"wed": "9 to noon"}, "wed", "is not clear"),
        ({"thu": "18-9"}, "thu", "ends before it begins"),
        ({"fri": "9-14, 13-18"}, "fri", "overlap"),
        ({"dates": "2026-02-30 closed"}, "dates", "Line 1"),
        ({"horizon": "next year"}, "horizon", "Write a date"),
        (dict.fromkeys(WEEK, "closed"), "mon", "Nothing opens within 60 days"),
    ],
    ids=str,
)
def test_what_cannot_be_stays_typed_with_its_error_beside_it(
    house: Builders, manager: Browser, wrong: dict[str, str], field: str, words: str
) -> None:
    made(house, name="Занято")
    answer = manager.post("/manage/calendars/new", form(note="Начнём с этого", **wrong))

    assert answer.status_code == 422
    beside = re.search(rf'id="{field}-error">(.*?)</p>', answer.text, re.DOTALL)
    assert beside
    assert words in beside[1]
    assert f'href="#{field}"' in answer.text
    assert "Начнём с этого" in answer.text
    for typed in wrong.values():
        assert typed.strip() in answer.text
    assert session.query(WorkCalendar).count() == 1


def test_the_summary_names_the_day(manager: Browser) -> None:
    answer = manager.post("/manage/calendars/new", form(wed="9 to noon"))
    assert re.search(r'href="#wed">Wednesday\. ', answer.text)


def test_holidays_are_shown_before_they_are_kept(manager: Browser) -> None:
    answer = manager.post(
        "/manage/calendars/new",
        form(country="RU", shorter="y", dates="2026-07-01 10:00–14:00 · Собрание", do="draw"),
    )

    assert answer.status_code == 200
    assert session.query(WorkCalendar).count() == 0
    lines = area(answer.text).splitlines()
    first_words = {line.split(" · ")[0] for line in lines}
    for closed in ("2026-12-31", "2026-03-09", "2026-05-11", "2027-11-05"):
        assert f"{closed} closed" in first_words
    for shorter in ("2026-04-30", "2026-05-08", "2026-06-11", "2026-11-03"):
        assert f"{shorter} 09:00–17:00" in first_words
    # Worked in place of the Monday before 23 February, which would have been shorter too.
    assert "2027-02-20 09:00–17:00" in first_words
    in_2026 = [w for w in first_words if w.startswith("2026") and w.endswith("17:00")]
    assert len(in_2026) == 4
    assert "2026-07-01 10:00–14:00 · Собрание" in lines
    assert "2027-12-31" in answer.text
    assert "Regional holidays are not in the list" in answer.text
    assert "These days were here before and are not in the list" in answer.text


def test_without_the_law_on_eves_they_are_as_long_as_ever(manager: Browser) -> None:
    lines = area(
        manager.post("/manage/calendars/new", form(country="RU", do="draw")).text
    ).splitlines()
    words = {line.split(" · ")[0] for line in lines}
    assert "2027-02-20 09:00–18:00" in words
    assert not any("2026-04-30" in word for word in words)


def test_the_empty_ukrainian_list_is_said_aloud(manager: Browser) -> None:
    answer = manager.post("/manage/calendars/new", form(country="UA", do="draw"))
    assert answer.status_code == 200
    assert "martial law" in answer.text
    assert area(answer.text) == ""


def test_a_decree_that_is_not_out_is_said_aloud(manager: Browser) -> None:
    sent = form(country="RU", from_year="2027", to_year="2028", do="draw")
    page = manager.post("/manage/calendars/new", sent).text
    assert "known up to 2027 only" in page
    assert 'value="2027-12-31"' in page


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"country": ""}, "country"),
        ({"country": "XX"}, "country"),
        ({"from_year": "MMXXVI"}, "from_year"),
        ({"from_year": "1900"}, "from_year"),
        ({"to_year": "2099"}, "to_year"),
    ],
    ids=str,
)
def test_holidays_need_a_country_and_years(
    manager: Browser, wrong: dict[str, str], field: str
) -> None:
    answer = manager.post("/manage/calendars/new", form(**{"country": "RU", "do": "draw", **wrong}))
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text


@pytest.mark.parametrize(
    ("preset", "zone", "line"),
    [
        ("always", "UTC", ""),
        ("moscow", "Europe/Moscow", "2026-12-31 closed"),
        ("kyiv", "Europe/Kyiv", ""),
    ],
)
def test_one_may_begin_with_a_preset(manager: Browser, preset: str, zone: str, line: str) -> None:
    page = manager.get(f"/manage/calendars/new?preset={preset}").text
    assert f'value="{zone}"' in page
    assert line in area(page)
    assert 'role="alert"' not in page


# ------------------------------------------------------------------------------ preview


def shown(text: str) -> list[datetime]:
    return [datetime.fromisoformat(at) for at in re.findall(r'<time datetime="([^"]+)"', text)]


def test_the_preview_is_worked_out_by_the_engine_in_the_calendars_zone(manager: Browser) -> None:
    sent = form(dates="2027-02-22 closed · moved\n2027-02-23 closed\n2027-02-20 9-18")

    piece = manager.post("/manage/calendars/preview", sent).text

    assert "<html" not in piece
    # Asked on Friday 27 November at 17:00: an hour that day, seven on Monday.
    friday = datetime(2026, 11, 27, 17, 0, tzinfo=MOSCOW)
    due = datetime(2026, 11, 30, 16, 0, tzinfo=MOSCOW)
    times = shown(piece)
    assert due in times
    assert times[times.index(friday) + 1] == due
    # Before the nearest holiday: on the working Saturday, to be answered on Wednesday.
    eve = datetime(2027, 2, 20, 17, 0, tzinfo=MOSCOW)
    assert times[times.index(eve) + 1] == datetime(2027, 2, 24, 16, 0, tzinfo=MOSCOW)
    assert "16:00" in piece


def test_the_preview_says_what_it_cannot_read(manager: Browser) -> None:
    piece = manager.post("/manage/calendars/preview", form(tue="9 o'clock")).text
    assert "Tuesday" in piece
    assert "<time" not in piece


def test_the_preview_works_without_a_script(manager: Browser) -> None:
    answer = manager.post("/manage/calendars/new", form(name="", do="preview"))
    assert answer.status_code == 200
    assert datetime(2026, 11, 30, 16, 0, tzinfo=MOSCOW) in shown(answer.text)
    assert session.query(WorkCalendar).count() == 0


def test_a_minute_before_midnight_is_midnight_and_said_so(manager: Browser) -> None:
    piece = manager.post("/manage/calendars/preview", form(fri="09:00–23:59")).text
    assert "23:59 is read as 24:00" in piece


def test_what_a_day_means() -> None:
    week = tuple(((9 * 3600, 18 * 3600),) if day < 5 else () for day in range(7))
    assert preview.day_of(Calendar("UTC", week)) == 9 * 3600
    assert preview.day_of(Calendar("UTC")) == 24 * 3600


# ------------------------------------------------------------------------------ versions


def test_a_change_is_another_version_and_the_first_one_stands(
    house: Builders, manager: Browser
) -> None:
    calendar = made(house)
    first = specs()[0]
    sent = form(fri="9-16", note="Короткая пятница", based_on="1")

    assert manager.post(f"/manage/calendars/{calendar.id}", sent).status_code == 303

    assert [v.version for v in reversed(calendars.versions(calendar))] == [1, 2]
    assert specs()[0] == first
    assert specs()[1]["weekly"]["fri"] == [["09:00", "16:00"]]
    history = manager.get(f"/manage/calendars/{calendar.id}/versions").text
    assert "Короткая пятница" in history
    assert calendars.newest(calendar).digest in history


def test_no_statement_ever_rewrites_a_version(
    house: Builders, manager: Browser, count_sql: Callable[[], Any]
) -> None:
    calendar = made(house)
    with count_sql() as statements:
        manager.post(f"/manage/calendars/{calendar.id}", form(fri="9-16", based_on="1"))
        manager.post(f"/manage/calendars/{calendar.id}/archive")
    assert any(s.startswith("INSERT INTO calendar_versions") for s in statements)
    assert not any(s.startswith(("UPDATE calendar_versions", "DELETE")) for s in statements)


def test_two_who_change_it_at_once_do_not_overwrite_one_another(
    house: Builders, manager: Browser
) -> None:
    calendar = made(house)
    manager.post(f"/manage/calendars/{calendar.id}", form(fri="9-16", based_on="1"))

    late = manager.post(f"/manage/calendars/{calendar.id}", form(fri="9-15", based_on="1"))

    assert late.status_code == 422
    assert "Somebody saved another version meanwhile" in late.text
    assert 'value="9-15"' in late.text
    assert len(specs()) == 2


def test_two_who_choose_one_name_at_once_are_not_both_let(
    house: Builders, manager: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    calendar = made(house)
    made(house, name="Занято")
    # Whoever was first has committed between our look at the names and our saving.
    monkeypatch.setattr(calendars, "name_is_taken", lambda *_: False)

    for fri in ("9-18", "9-16"):
        sent = form(name="Занято", fri=fri, based_on="1", note="Так понятнее")
        answer = manager.post(f"/manage/calendars/{calendar.id}", sent)

        assert answer.status_code == 422
        beside = re.search(r'id="name-error">(.*?)</p>', answer.text, re.DOTALL)
        assert beside
        assert "Another calendar has this name" in beside[1]
        assert "Так понятнее" in answer.text
    session.refresh(calendar)
    assert calendar.name == "Рабочая неделя"
    assert [v.version for v in calendars.versions(calendar)] == [1]


def test_saving_what_stands_makes_no_version(house: Builders, manager: Browser) -> None:
    calendar = made(house)
    sent = form(based_on="1", name="Рабочая неделя")
    assert manager.post(f"/manage/calendars/{calendar.id}", sent).status_code == 303
    assert len(specs()) == 1


def test_the_form_shows_what_is_kept(house: Builders, manager: Browser) -> None:
    spec = {"dates": {"2026-12-31": [["09:00", "15:00"]]}, "notes": {"2026-12-31": "Eve"}}
    calendar = made(house, spec=spec, horizon=date(2027, 12, 31), source="holidays 0.1, RU 2026")
    page = manager.get(f"/manage/calendars/{calendar.id}").text
    assert area(page) == "2026-12-31 09:00–15:00 · Eve"
    assert 'value="2027-12-31"' in page
    assert '<option selected value="RU">' in page


def test_short_sight_is_warned_of(house: Builders, manager: Browser) -> None:
    made(house, name="Дальний", horizon=NOW.date() + timedelta(days=400))
    assert "add the next year" not in manager.get("/manage/calendars").text
    made(house, name="Ближний", horizon=NOW.date() + timedelta(days=399))
    assert "add the next year" in manager.get("/manage/calendars").text


def test_a_calendar_that_rules_count_by_is_not_archived(house: Builders, manager: Browser) -> None:
    calendar = made(house)
    session.add(
        PolicyVersion(
            scope="all",
            version=1,
            calendar_id=calendar.id,
            spec={"first_answer_s": 28800},
            made_at=NOW,
        )
    )
    session.flush()

    manager.post(f"/manage/calendars/{calendar.id}/archive")
    assert only().archived_at is None
    assert "Archive:" not in manager.get("/manage/calendars").text

    session.add(PolicyVersion(scope="all", version=2, spec={"first_answer_s": 28800}, made_at=NOW))
    session.flush()
    manager.post(f"/manage/calendars/{calendar.id}/archive")
    assert only().archived_at is not None
    manager.post(f"/manage/calendars/{calendar.id}/reopen")
    assert only().archived_at is None


# ------------------------------------------------------------------------------ open promises


@pytest.fixture
def waiting(house: Builders) -> tuple[WorkCalendar, Promise]:
    """A question asked on Friday at 17:00, to be answered within eight open hours."""
    calendar = made(house)
    spec = {"first_answer_s": 28800, "next_answer_s": 28800}
    made_of = {"calendar_id": calendar.id, "spec": spec, "made_at": NOW}
    session.add(PolicyVersion(scope="all", version=1, **made_of))
    session.flush()
    topic = house.question()
    promise = session.query(Promise).filter_by(topic_id=topic.id).one()
    return calendar, promise


def test_a_decree_moves_what_is_open_after_it_was_shown(
    manager: Browser, waiting: tuple[WorkCalendar, Promise], work: Callable[[], None]
) -> None:
    calendar, promise = waiting
    # Asked on Sunday: due on Monday at 17:00.
    assert promise.due_at == datetime(2026, 11, 23, 17, 0, tzinfo=MOSCOW)
    sent = form(dates="2026-11-23 closed · Указ", based_on="1")

    look = manager.post(f"/manage/calendars/{calendar.id}", sent)

    assert look.status_code == 200
    assert len(specs()) == 1
    moved = datetime(2026, 11, 24, 17, 0, tzinfo=MOSCOW)
    assert moved in shown(look.text)
    assert "1 open promise is counted by this calendar" in look.text
    seen = re.search(r'name="seen"[^>]*value="([0-9a-f]{64})"', look.text)
    assert seen

    done = manager.post(f"/manage/calendars/{calendar.id}", {**sent, "seen": seen[1]})

    assert done.status_code == 303
    at_first = manager.get(done.location).text
    assert "Saved. 1 open promise is being moved to the new version." in at_first
    assert "1 open promise is still counted by an older version" in at_first
    work()
    assert "is still counted by" not in manager.get(done.location).text
    session.refresh(promise)
    assert promise.due_at == moved
    assert promise.calendar_version_id == calendars.newest(calendar).id
    events = session.query(ClockEvent).filter_by(topic_id=promise.topic_id)
    assert [e.type for e in events.order_by(ClockEvent.id)][-1] == "calendar_changed"
    page = manager.get(f"/topics/{promise.topic_id}").text
    assert "The working hours have changed, and the promised hour with them" in page
    work()
    letter = session.query(Letter).filter_by(kind="hour_moved").one()
    assert letter.person_id == promise.topic.asker_id
    said = letters.compose(letter).get_body(("plain",))
    assert said is not None
    assert "24 ноября 2026" in said.get_content()


def test_what_was_typed_after_the_look_is_shown_again(
    manager: Browser, waiting: tuple[WorkCalendar, Promise]
) -> None:
    calendar, _promise = waiting
    sent = form(dates="2026-11-23 closed", based_on="1", seen="0" * 64)
    assert manager.post(f"/manage/calendars/{calendar.id}", sent).status_code == 200
    assert len(specs()) == 1


def test_what_no_promise_feels_is_saved_at_once(
    manager: Browser, waiting: tuple[WorkCalendar, Promise]
) -> None:
    calendar, promise = waiting
    sent = form(dates="2027-05-03 closed", based_on="1")
    assert manager.post(f"/manage/calendars/{calendar.id}", sent).status_code == 303
    assert len(specs()) == 2
    session.refresh(promise)
    assert promise.due_at == datetime(2026, 11, 23, 17, 0, tzinfo=MOSCOW)


def test_a_dry_run_changes_nothing(waiting: tuple[WorkCalendar, Promise]) -> None:
    calendar, promise = waiting
    before = session.query(ClockEvent).count()
    spec = {**specs()[0], "dates": {"2026-11-23": []}}

    moves = changes.calendar_moves(calendar, parse(spec))

    assert [(m.before, m.is_later) for m in moves] == [(promise.due_at, True)]
    assert session.query(ClockEvent).count() == before


def test_the_managers_overview_warns_of_short_sight(house: Builders, manager: Browser) -> None:
    calendar = made(house, horizon=NOW.date() + timedelta(days=30))
    assert "add the next year" not in manager.get("/manage").text
    kept = {"calendar_id": calendar.id, "spec": {"first_answer_s": 28800}, "made_at": NOW}
    session.add(PolicyVersion(scope="all", version=1, **kept))
    session.flush()
    assert "add the next year" in manager.get("/manage").text


def test_a_sooner_hour_needs_no_letter(
    manager: Browser, waiting: tuple[WorkCalendar, Promise], work: Callable[[], None]
) -> None:
    calendar, promise = waiting
    sent = form(sun="9-18", based_on="1")
    seen = re.search(
        r'name="seen"[^>]*value="([0-9a-f]{64})"',
        manager.post(f"/manage/calendars/{calendar.id}", sent).text,
    )
    assert seen
    manager.post(f"/manage/calendars/{calendar.id}", {**sent, "seen": seen[1]})
    work()
    session.refresh(promise)
    # Six of the eight hours are left on this Sunday, which is a working day now.
    assert promise.due_at == datetime(2026, 11, 23, 11, 0, tzinfo=MOSCOW)
    assert session.query(Letter).filter_by(kind="hour_moved").count() == 0
