"""Being away: days typed in a zone, one at a time, changed only for what is to come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from sqlalchemy import select

from app.accounts import absences
from app.accounts.models import Absence
from app.core.db import session
from app.core.events import Fact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from app.accounts.models import Person
    from tests.builders import Builders
    from tests.conftest import Browser

MOSCOW = ZoneInfo("Europe/Moscow")
NOON = datetime(2026, 11, 20, 12, tzinfo=MOSCOW)
DAYS = {"starts_on": "2026-11-23", "ends_on": "2026-11-27"}


@pytest.fixture(autouse=True)
def on_the_twentieth() -> Iterator[Any]:
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


@pytest.fixture
def anna(house: Builders) -> Person:
    house.brand()
    made: Person = house.executive(name="Анна Кравец")
    return made


def english(browser: Browser, person: Person) -> Browser:
    browser.client.set_cookie("lang", "en", domain="otklik.test")
    return browser.sign_in(person)


def of(person: Person) -> list[Absence]:
    query = select(Absence).where(Absence.person_id == person.id).order_by(Absence.starts_at)
    return list(session.scalars(query).unique())


def away(person: Person, first: datetime, last: datetime, **more: Any) -> Absence:
    return absences.go_away(person, person, absences.Leave(first, last, **more))


def day(number: int, hour: int = 0) -> datetime:
    return datetime(2026, 11, number, hour, tzinfo=MOSCOW)


def facts() -> list[Any]:
    return list(session.scalars(select(Fact).where(Fact.name == "AbsenceChanged")))


def test_whole_days_reach_from_midnight_to_midnight_where_they_live(
    house: Builders, browser: Browser, anna: Person
) -> None:
    oleg = house.executive(name="Олег Бойко")
    sent = {**DAYS, "substitute_id": str(oleg.id), "note": "Отпуск"}

    answer = english(browser, anna).post("/profile/absences", sent)

    assert (answer.status_code, answer.location) == (303, "/profile/absences")
    [made] = of(anna)
    assert made.starts_at == datetime(2026, 11, 22, 21, tzinfo=UTC)
    assert made.ends_at == datetime(2026, 11, 27, 21, tzinfo=UTC)
    assert (made.substitute_id, made.note, made.made_by_id) == (oleg.id, "Отпуск", anna.id)
    assert [(f.event.person_id, f.actor_id) for f in facts()] == [(anna.id, anna.id)]
    page = browser.get("/profile/absences").text
    assert "23 November – 27 November" in page
    assert "Stands in: Олег Бойко" in page
    assert "23 November – 27 November" in browser.get("/profile").text


def test_hours_are_by_the_own_clock(browser: Browser, anna: Person) -> None:
    anna.timezone = "Asia/Yekaterinburg"
    sent = {"starts_on": "23.11.2026", "starts_time": "14:30", "ends_on": "23.11.2026"}
    sent["ends_time"] = "18:00"
    english(browser, anna).post("/profile/absences", sent)
    [made] = of(anna)
    assert made.starts_at == datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
    assert made.ends_at == datetime(2026, 11, 23, 13, tzinfo=UTC)
    assert "23 November, 14:30 – 23 November, 18:00" in browser.get("/profile/absences").text


def test_over_the_change_to_winter_time_a_day_has_its_25_hours(
    browser: Browser, anna: Person, on_the_twentieth: Any
) -> None:
    anna.timezone = "Europe/Kyiv"
    session.commit()
    on_the_twentieth.move_to(datetime(2026, 10, 20, 9, tzinfo=UTC))
    sent = {"starts_on": "2026-10-25", "ends_on": "2026-10-25"}
    english(browser, anna).post("/profile/absences", sent)
    [made] = of(anna)
    assert made.ends_at - made.starts_at == timedelta(hours=25)
    assert "25 October" in browser.get("/profile/absences").text


def test_one_that_begins_today_begins_now(browser: Browser, anna: Person) -> None:
    english(browser, anna).post(
        "/profile/absences", {"starts_on": "2026-11-20", "ends_on": "2026-11-20"}
    )
    [made] = of(anna)
    assert (made.starts_at, made.ends_at) == (NOON, day(21))


@pytest.mark.parametrize(
    ("sent", "beside", "words"),
    [
        ({"starts_on": ""}, "starts_on", "Please fill this in."),
        ({"ends_on": ""}, "ends_on", "Please fill this in."),
        ({"starts_on": "soon"}, "starts_on", "Write the day like 2026-11-28 or 28.11.2026."),
        ({"ends_on": "2026-02-30"}, "ends_on", "Write the day like 2026-11-28"),
        ({"ends_time": "25:00"}, "ends_time", "Write the hour like 14:30."),
        ({"starts_on": "2026-11-19"}, "starts_on", "Choose today or a later day"),
        ({"ends_on": "2026-11-22"}, "ends_on", "The end must be after the beginning."),
        (
            {"ends_on": "2026-11-23", "starts_time": "10:00", "ends_time": "10:00"},
            "ends_on",
            "The end must be after the beginning.",
        ),
        ({"ends_on": "2027-11-25"}, "ends_on", "An absence lasts a year at most."),
        ({"ends_on": "9999-12-31"}, "ends_on", "An absence lasts a year at most."),
        ({"starts_on": "0001-01-01"}, "starts_on", "Choose today or a later day"),
        ({"starts_on": "9999-12-31", "ends_on": "9999-12-31"}, "starts_on", "too far ahead"),
        ({"substitute_id": "x"}, "substitute_id", ""),
        ({"substitute_id": "99999"}, "substitute_id", "Choose somebody of the list."),
        ({"note": "ы" * 201}, "note", "At most 200 characters"),
    ],
)
def test_what_does_not_fit_is_said_beside_the_field(
    browser: Browser, anna: Person, sent: dict[str, str], beside: str, words: str
) -> None:
    answer = english(browser, anna).post("/profile/absences", {**DAYS, "note": "Отпуск", **sent})
    assert answer.status_code == 422
    assert not of(anna)
    at = answer.text.partition(f'id="{beside}-error"')[2].partition("</p>")[0]
    assert at
    assert words in at
    # What was typed is still there, except a choice that was never offered.
    kept = {**DAYS, "note": "Отпуск", **sent}
    kept.pop("substitute_id", None)
    assert all(f'value="{value}"' in answer.text for value in kept.values())


def test_nobody_is_away_twice_at_once(house: Builders, browser: Browser, anna: Person) -> None:
    away(anna, day(24), day(26))
    away(house.executive(), day(20), day(30))

    page = english(browser, anna).post("/profile/absences", DAYS)

    assert page.status_code == 422
    assert "There is another absence then: 24 November – 25 November." in page.text
    assert len(of(anna)) == 1


@pytest.mark.parametrize(
    ("first", "last", "fits"),
    [(22, 24, True), (26, 28, True), (23, 25, False), (25, 27, False), (22, 28, False)],
)
def test_absences_may_touch_and_not_overlap(
    anna: Person, first: int, last: int, fits: bool
) -> None:
    away(anna, day(24), day(26))
    if fits:
        away(anna, day(first), day(last))
        assert len(of(anna)) == 2
    else:
        with pytest.raises(absences.OverlapError):
            away(anna, day(first), day(last))


def test_only_colleagues_who_can_sign_in_stand_in(
    house: Builders, browser: Browser, anna: Person
) -> None:
    shut, customer = house.executive(), house.customer()
    shut.disabled_at = NOON
    invited = house.executive(confirmed_at=None)
    english(browser, anna)
    for person in (anna, shut, customer, invited):
        sent = {**DAYS, "substitute_id": str(person.id)}
        page = browser.post("/profile/absences", sent)
        assert page.status_code == 422
        assert (
            person.name not in page.text.partition('name="substitute_id"')[2].partition("</sel")[0]
        )
    assert not of(anna)


def test_a_chain_that_leads_back_is_refused(
    house: Builders, browser: Browser, anna: Person
) -> None:
    oleg, vera = house.executive(name="Олег Бойко"), house.executive(name="Вера Сомова")
    away(oleg, day(25), day(27), substitute=vera)
    away(vera, day(23), day(26), substitute=anna)

    page = english(browser, anna).post("/profile/absences", {**DAYS, "substitute_id": oleg.id})

    assert page.status_code == 422
    assert "Анна Кравец → Олег Бойко → Вера Сомова → Анна Кравец" in page.text
    assert not of(anna)


def test_a_chain_that_never_leads_back_at_one_instant_is_fine(
    house: Builders, anna: Person
) -> None:
    """Oleg stands in for Anna while Vera is away; she names Anna only afterwards."""
    oleg, vera = house.executive(), house.executive()
    away(oleg, day(23), day(25), substitute=vera)
    away(vera, day(25), day(27), substitute=anna)
    made = away(anna, day(23), day(28), substitute=oleg)
    assert made.substitute is oleg


def test_a_substitute_who_is_away_too_is_said_at_once(
    house: Builders, browser: Browser, anna: Person
) -> None:
    oleg = house.executive(name="Олег Бойко")
    away(oleg, day(26), day(28))
    english(browser, anna).post("/profile/absences", {**DAYS, "substitute_id": str(oleg.id)})
    assert len(of(anna)) == 1
    page = browser.get("/profile/absences").text
    assert "Away too: Олег Бойко, 26 November – 27 November." in page


def test_back_early_ends_it_now_and_keeps_what_was(
    browser: Browser, anna: Person, on_the_twentieth: Any
) -> None:
    made = away(anna, day(23), day(28))
    session.commit()
    on_the_twentieth.move_to(day(25, 15))
    answer = english(browser, anna).post(f"/absences/{made.id}/end")
    assert (answer.status_code, answer.location) == (303, "/profile/absences")
    [made] = of(anna)
    assert (made.starts_at, made.ends_at) == (day(23), day(25, 15))
    on_the_twentieth.move_to(day(26))
    browser.post(f"/absences/{made.id}/end")
    assert made.ends_at == day(25, 15)


def test_only_what_has_not_begun_is_called_off(
    browser: Browser, anna: Person, on_the_twentieth: Any
) -> None:
    first, second = away(anna, day(23), day(28)), away(anna, day(28), day(30))
    kept, gone = first.id, second.id
    session.commit()
    on_the_twentieth.move_to(day(23))
    english(browser, anna).post(f"/absences/{gone}/cancel")
    browser.post(f"/absences/{kept}/cancel")
    assert [a.id for a in of(anna)] == [kept]
    assert "It has begun already. End it instead." in browser.get("/profile/absences").text
    assert browser.post(f"/absences/{gone}/cancel").status_code == 404


def test_the_end_moves_either_way_within_reason(browser: Browser, anna: Person) -> None:
    made, other = away(anna, day(23), day(28)), away(anna, day(29), day(30))
    english(browser, anna)
    page = browser.get(f"/absences/{made.id}").text
    assert 'value="2026-11-27"' in page

    browser.post(f"/absences/{made.id}", {"ends_on": "2026-11-24", "ends_time": "18:00"})
    assert made.ends_at == day(24, 18)
    browser.post(f"/absences/{made.id}", {"ends_on": "2026-11-28", "ends_time": ""})
    assert made.ends_at == day(29)
    assert other.starts_at == day(29)
    refused = {
        "2026-11-29": "There is another absence then: 29 November.",
        "2026-11-22": "The end must be after the beginning.",
        "2026-11-19": "The end must be after the beginning.",
        "2028-01-01": "An absence lasts a year at most.",
        "": "Please fill this in.",
    }
    for ends_on, words in refused.items():
        answer = browser.post(f"/absences/{made.id}", {"ends_on": ends_on, "ends_time": ""})
        assert answer.status_code == 422
        assert words in answer.text
    assert made.ends_at == day(29)


def test_what_is_over_is_over(browser: Browser, anna: Person, on_the_twentieth: Any) -> None:
    made = away(anna, day(23), day(25))
    session.commit()
    on_the_twentieth.move_to(day(25))
    answer = english(browser, anna).post(f"/absences/{made.id}", {"ends_on": "2026-11-28"})
    assert answer.status_code == 422
    assert "This has passed already." in answer.text
    assert made.ends_at == day(25)


def test_the_list_of_absences_costs_the_same_whatever_its_length(
    house: Builders, browser: Browser, anna: Person, count_sql: Callable[[], Any]
) -> None:
    def cost() -> int:
        with count_sql() as statements:
            assert browser.get("/manage/absences").status_code == 200
        return len(statements)

    english(browser, house.manager())
    away(anna, day(23), day(24), substitute=house.executive())
    few = cost()
    for _ in range(10):
        away(house.executive(), day(23), day(25), substitute=house.executive())
    assert cost() == few


def test_a_manager_plans_for_everybody(house: Builders, browser: Browser, anna: Person) -> None:
    manager = house.manager()
    english(browser, manager)
    where = f"/manage/people/{anna.id}/absences"
    assert browser.post(where, DAYS).location == where
    [made] = of(anna)
    assert (made.made_by_id, made.starts_at) == (manager.id, day(23))
    listed = browser.get("/manage/absences").text
    assert anna.name in listed
    assert "23 November – 27 November" in listed
    assert browser.post(f"/absences/{made.id}/cancel").location == where
    assert not of(anna)
    assert "Nobody has planned to be away." in browser.get("/manage/absences").text
    assert browser.get(f"/manage/people/{house.customer().id}/absences").status_code == 404


def test_the_administrator_finds_them_on_the_persons_page(
    house: Builders, browser: Browser, anna: Person
) -> None:
    away(anna, day(23), day(28))
    page = english(browser, house.administrator()).get(f"/manage/people/{anna.id}").text
    assert "23 November – 27 November" in page
    assert f'href="/manage/people/{anna.id}/absences"' in page


@pytest.mark.parametrize("role", [None, "customer", "executive"])
def test_nobody_plans_for_others_without_the_right(
    house: Builders, browser: Browser, anna: Person, role: str | None
) -> None:
    made = away(anna, day(23), day(28))
    if role:
        english(browser, house.person(role))
    refused = 404 if role else 303
    for path in (f"/manage/people/{anna.id}/absences", "/manage/absences", f"/absences/{made.id}"):
        assert browser.get(path).status_code == refused
    for path in (
        f"/manage/people/{anna.id}/absences",
        f"/absences/{made.id}",
        f"/absences/{made.id}/end",
        f"/absences/{made.id}/cancel",
    ):
        assert browser.post(path, DAYS).status_code == refused
    assert [(a.starts_at, a.ends_at) for a in of(anna)] == [(day(23), day(28))]
    own = {None: 303, "customer": 404, "executive": 200}[role]
    assert browser.get("/profile/absences").status_code == own
