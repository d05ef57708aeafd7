"""Working hours: what is open when, to the second, also in the nights the clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.sla.engine.calendars import (
    Calendar,
    CalendarError,
    NeverOpenError,
    at_local,
    parse,
    seconds_of,
    working_days,
)

HOUR = timedelta(hours=1)
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri")
OFFICE = {
    "mode": "hours",
    "tz": "Europe/Kyiv",
    "weekly": {d: [["09:00", "18:00"]] for d in WEEKDAYS},
}
LUNCH = {
    "mode": "hours",
    "tz": "Europe/Kyiv",
    "weekly": {d: [["14:00", "18:00"], ["09:00", "13:00"]] for d in WEEKDAYS},
}
ALL_DAY = {
    "mode": "hours",
    "weekly": {d: [["00:00", "24:00"]] for d in (*WEEKDAYS, "sat", "sun")},
}


def at(text: str, zone: str = "Europe/Kyiv", fold: int = 0) -> datetime:
    """What the wall clock of a zone shows, as an instant."""
    wall = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)
    return wall.astimezone(UTC)


# ------------------------------------------------------------------------------------ reading


@pytest.mark.parametrize(
    ("changed", "place", "fault"),
    [
        ({"mode": "sometimes"}, "mode", "mode"),
        ({"mode": None}, "mode", "mode"),
        ({"tz": "Europe/Kyjiw"}, "tz", "zone"),
        ({"tz": None}, "tz", "zone"),
        ({"tz": "+02:00"}, "tz", "zone"),
        ({"weekly": {"monday": []}}, "weekly.monday", "day"),
        ({"weekly": ["mon"]}, "weekly", "shape"),
        ({"weekly": {"mon": "09:00-18:00"}}, "weekly.mon", "shape"),
        ({"weekly": {"mon": 9}}, "weekly.mon", "shape"),
        ({"weekly": {"mon": ["09:00", "18:00"]}}, "weekly.mon", "shape"),
        ({"weekly": {"mon": [["09:00"]]}}, "weekly.mon", "shape"),
        ({"weekly": {"mon": [["09:00", "25:00"]]}}, "weekly.mon", "time"),
        ({"weekly": {"mon": [["09:00", "24:01"]]}}, "weekly.mon", "time"),
        ({"weekly": {"mon": [["09:60", "10:00"]]}}, "weekly.mon", "time"),
        ({"weekly": {"mon": [["9 o'clock", "18:00"]]}}, "weekly.mon", "time"),
        ({"weekly": {"mon": [["٠٩:٠٠", "18:00"]]}}, "weekly.mon", "time"),
        ({"weekly": {"mon": [[9, 18]]}}, "weekly.mon", "time"),
        ({"weekly": {"mon": [["18:00", "09:00"]]}}, "weekly.mon", "order"),
        ({"weekly": {"mon": [["09:00", "09:00"]]}}, "weekly.mon", "order"),
        ({"weekly": {"fri": [["09:00", "13:00"], ["12:59", "18:00"]]}}, "weekly.fri", "overlap"),
        ({"dates": {"2026-02-30": []}}, "dates.2026-02-30", "date"),
        ({"dates": {"20260228": []}}, "dates.20260228", "date"),
        ({"dates": {"2026-05-01": [["18:00", "09:00"]]}}, "dates.2026-05-01", "order"),
        ({"dates": []}, "dates", "shape"),
    ],
)
def test_a_faulty_calendar_says_where_and_what(
    changed: dict[str, Any], place: str, fault: str
) -> None:
    with pytest.raises(CalendarError) as error:
        parse({**OFFICE, **changed})
    assert (error.value.place, error.value.fault) == (place, fault)


def test_hours_are_read_in_any_order_and_may_touch() -> None:
    given = {"mon": [["13:00", "18:00"], ["09:00", "13:00"]]}
    calendar = parse({**OFFICE, "weekly": given})
    assert calendar.hours(date(2026, 11, 23)) == ((9 * 3600, 13 * 3600), (13 * 3600, 18 * 3600))
    assert list(calendar.spans(at("2026-11-23T00:00"), at("2026-11-24T00:00"))) == [
        (at("2026-11-23T09:00"), at("2026-11-23T18:00"))
    ]


def test_both_names_of_kyiv_are_known() -> None:
    old, new = parse({**OFFICE, "tz": "Europe/Kiev"}), parse(OFFICE)
    start = at("2026-10-23T17:00")
    assert old.add(start, 2 * HOUR) == new.add(start, 2 * HOUR)


def test_a_calendar_may_be_kept_in_a_set() -> None:
    assert len({parse(OFFICE), parse(OFFICE), parse(LUNCH)}) == 2


def test_seconds_are_read() -> None:
    assert seconds_of("24:00") == 86400
    assert seconds_of("08:30:15") == 30615


# --------------------------------------------------------------------------------- what is open


def test_opening_belongs_to_it_and_closing_does_not() -> None:
    calendar = parse(LUNCH)
    for wall, is_open in [
        ("2026-11-23T08:59:59", False),
        ("2026-11-23T09:00:00", True),
        ("2026-11-23T12:59:59", True),
        ("2026-11-23T13:00:00", False),
        ("2026-11-23T14:00:00", True),
        ("2026-11-23T17:59:59", True),
        ("2026-11-23T18:00:00", False),
        ("2026-11-22T12:00:00", False),
    ]:
        assert calendar.is_open(at(wall)) is is_open, wall


def test_a_date_of_its_own_comes_before_the_weekday() -> None:
    dates = {"2026-11-23": [], "2026-11-28": [["10:00", "12:00"]]}
    calendar = parse({**OFFICE, "dates": dates})
    assert not calendar.is_open(at("2026-11-23T10:00"))  # a Monday
    assert calendar.is_open(at("2026-11-28T11:00"))  # a Saturday
    assert not calendar.is_working_day(date(2026, 11, 23))
    assert calendar.is_working_day(date(2026, 11, 28))


def test_day_and_night_never_closes() -> None:
    calendar = parse({"mode": "24x7", "tz": "Europe/Kyiv"})
    start = at("2026-03-28T22:30")
    assert calendar.add(start, 24 * HOUR) == at("2026-03-29T23:30")  # elapsed, not "same time"
    assert calendar.next_open(start) == calendar.last_close(start) == start
    assert calendar.between(start, start - HOUR) == timedelta(0)


def test_midnight_at_the_end_of_the_day_is_no_hole() -> None:
    calendar = parse({**ALL_DAY, "tz": "Europe/Moscow"})
    start = at("2026-11-20T23:30", "Europe/Moscow")
    assert calendar.add(start, HOUR) == start + HOUR
    assert calendar.between(start, start + 48 * HOUR) == 48 * HOUR


def test_what_ends_at_closing_time_is_due_then_and_not_at_the_next_opening() -> None:
    calendar = parse(OFFICE)
    assert calendar.add(at("2026-11-24T17:00"), HOUR) == at("2026-11-24T18:00")
    assert calendar.add(at("2026-11-24T17:00"), HOUR + timedelta(seconds=1)) == at(
        "2026-11-25T09:00:01"
    )


@pytest.mark.parametrize(
    ("wall", "opens", "closed"),
    [
        ("2026-11-23T10:00", "2026-11-23T10:00", "2026-11-23T10:00"),
        ("2026-11-23T13:30", "2026-11-23T14:00", "2026-11-23T13:00"),
        ("2026-11-23T13:00", "2026-11-23T14:00", "2026-11-23T13:00"),
        ("2026-11-21T12:00", "2026-11-23T09:00", "2026-11-20T18:00"),
        ("2026-11-23T08:00", "2026-11-23T09:00", "2026-11-20T18:00"),
    ],
)
def test_the_opening_after_and_the_closing_before(wall: str, opens: str, closed: str) -> None:
    calendar = parse(LUNCH)
    assert calendar.next_open(at(wall)) == at(opens)
    assert calendar.last_close(at(wall)) == at(closed)


def test_what_never_opens_says_so() -> None:
    calendar = parse({"mode": "hours", "tz": "Europe/Kyiv"})
    for ask in (
        lambda: calendar.add(at("2026-11-23T10:00"), HOUR),
        lambda: calendar.next_open(at("2026-11-23T10:00")),
        lambda: calendar.last_close(at("2026-11-23T10:00")),
        lambda: working_days(calendar, at("2026-11-23T10:00"), 1, "18:00"),
    ):
        with pytest.raises(NeverOpenError):
            ask()
    assert calendar.add(at("2026-11-23T10:00"), timedelta(0)) == at("2026-11-23T10:00")


# --------------------------------------------------------------------- when the clocks change


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Kyiv", "2026-03-29", 23),
        ("Europe/Kyiv", "2026-10-25", 25),
        ("America/New_York", "2026-11-01", 25),
        ("Australia/Lord_Howe", "2026-10-04", 23.5),
        ("Australia/Lord_Howe", "2026-04-05", 24.5),
        ("America/Sao_Paulo", "2018-11-04", 23),
        ("Africa/Casablanca", "2026-02-15", 25),
        ("Pacific/Apia", "2011-12-30", 0),
        ("Asia/Kolkata", "2026-03-29", 24),
    ],
)
def test_a_day_is_as_long_as_its_wall_clock_runs(zone: str, day: str, hours: float) -> None:
    only = {"mode": "hours", "tz": zone, "dates": {day: [["00:00", "24:00"]]}}
    middle = datetime.fromisoformat(f"{day}T12:00+00:00")
    counted = parse(only).between(middle - 72 * HOUR, middle + 72 * HOUR)
    assert counted == timedelta(hours=hours)


def test_an_hour_that_is_skipped_is_open_to_nobody() -> None:
    night = {d: [["03:00", "04:00"]] for d in ("sat", "sun")}
    calendar = parse({"mode": "hours", "tz": "Europe/Kyiv", "weekly": night})
    assert calendar.between(at("2026-03-29T00:00"), at("2026-03-29T12:00")) == timedelta(0)
    assert calendar.next_open(at("2026-03-29T00:00")) == at("2026-04-04T03:00")


def test_an_hour_that_comes_twice_is_open_twice() -> None:
    night = {"sun": [["03:15", "03:45"]]}
    calendar = parse({"mode": "hours", "tz": "Europe/Kyiv", "weekly": night})
    once, again = at("2026-10-25T03:15"), at("2026-10-25T03:15", fold=1)
    assert again - once == HOUR
    assert list(calendar.spans(at("2026-10-25T00:00"), at("2026-10-25T12:00"))) == [
        (once, once + HOUR / 2),
        (again, again + HOUR / 2),
    ]
    assert not calendar.is_open(at("2026-10-25T03:50"))


def test_a_wall_time_that_is_skipped_names_an_instant_behind_the_gap() -> None:
    assert at_local("Europe/Kyiv", date(2026, 3, 29), 3 * 3600 + 1800) == at("2026-03-29T04:30")
    assert at_local("Europe/Kyiv", date(2026, 10, 25), 3 * 3600) == at("2026-10-25T03:00")
    assert at_local("Europe/Kyiv", date(2026, 11, 23), 86400) == at("2026-11-24T00:00")


# -------------------------------------------------------------------------------- working days


@pytest.mark.parametrize(
    ("received", "n", "due"),
    [
        ("2026-11-20T10:00", 1, "2026-11-23T18:00"),  # Friday → Monday
        ("2026-11-20T23:59", 1, "2026-11-23T18:00"),  # the day of receipt never counts
        ("2026-11-21T10:00", 1, "2026-11-23T18:00"),
        ("2026-11-20T10:00", 5, "2026-11-28T18:00"),  # counts the Saturday
        ("2026-11-20T10:00", 6, "2026-12-01T18:00"),  # and not the Monday
        ("2026-10-23T10:00", 1, "2026-10-26T18:00"),  # 18:00 by winter time
    ],
)
def test_working_days_are_counted_on_the_local_wall(received: str, n: int, due: str) -> None:
    # A Thursday off, a working Saturday, a Monday off.
    dates = {"2026-11-26": [], "2026-11-28": [["10:00", "15:00"]], "2026-11-30": []}
    calendar = parse({**OFFICE, "dates": dates})
    assert working_days(calendar, at(received), n, "18:00") == at(due)


def test_the_local_date_of_receipt_is_what_counts() -> None:
    calendar = parse({**OFFICE, "tz": "Europe/Moscow"})
    received = datetime(2026, 11, 8, 21, 30, tzinfo=UTC)  # 9 November in Moscow, a Monday
    assert working_days(calendar, received, 1, "18:00") == at("2026-11-10T18:00", "Europe/Moscow")


@pytest.mark.parametrize(("n", "cutoff"), [(0, "18:00"), (-1, "18:00"), (1, "six"), (1, "25:00")])
def test_a_term_that_means_nothing_is_refused(n: int, cutoff: str) -> None:
    with pytest.raises(CalendarError):
        working_days(parse(OFFICE), at("2026-11-20T10:00"), n, cutoff)


# ------------------------------------------------------------------------------------ the laws

ZONES = st.sampled_from(
    ["Europe/Kyiv", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Pacific/Apia"]
)
DAYS = st.lists(st.integers(0, 86400), max_size=6, unique=True).map(
    lambda marks: tuple(zip(sorted(marks)[::2], sorted(marks)[1::2], strict=False))
)


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    some_day = ((draw(st.integers(0, 43200)), draw(st.integers(43201, 86400))),)
    week = (some_day, *draw(st.tuples(*[DAYS] * 6)))
    day = draw(st.dates(date(2026, 1, 1), date(2026, 12, 31)))
    return Calendar(draw(ZONES), week, {day: draw(DAYS)})


INSTANTS = st.datetimes(
    datetime(2026, 1, 1),  # noqa: DTZ001
    datetime(2026, 12, 31),  # noqa: DTZ001
    timezones=st.just(UTC),
)
SPANS = st.integers(0, 200 * 3600).map(lambda s: timedelta(seconds=s))
lawful = settings(
    max_examples=150, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck)
)


@lawful
@given(calendars(), INSTANTS, SPANS)
def test_adding_and_counting_are_inverse(
    calendar: Calendar, start: datetime, span: timedelta
) -> None:
    due = calendar.add(start, span)
    assert calendar.between(start, due) == span
    if span:
        # The earliest such instant: just before it something was still missing.
        assert calendar.between(start, due - timedelta(microseconds=1)) < span
        assert calendar.is_open(due - timedelta(microseconds=1))


@lawful
@given(calendars(), INSTANTS, SPANS, SPANS)
def test_adding_twice_is_adding_the_sum(
    calendar: Calendar, start: datetime, one: timedelta, other: timedelta
) -> None:
    assert calendar.add(calendar.add(start, one), other) == calendar.add(start, one + other)


@lawful
@given(calendars(), INSTANTS, SPANS)
def test_spans_are_in_order_apart_and_inside(
    calendar: Calendar, start: datetime, length: timedelta
) -> None:
    end = start + length
    last = start
    for opens, closes in calendar.spans(start, end):
        assert last <= opens < closes <= end
        assert calendar.is_open(opens)
        last = closes


@lawful
@given(calendars(), INSTANTS)
def test_the_next_opening_and_the_last_closing_frame_what_is_closed(
    calendar: Calendar, instant: datetime
) -> None:
    opens, closed = calendar.next_open(instant), calendar.last_close(instant)
    assert closed <= instant <= opens
    assert calendar.is_open(opens)
    assert calendar.between(closed, opens) == timedelta(0)
    assert (closed == instant == opens) or not calendar.is_open(instant)
