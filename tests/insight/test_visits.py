"""Readers are counted without a write a page, about right, and without knowing who they are."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from app.core import clock, retention, tallies
from app.core.db import session
from app.core.i18n import format_short, speaking
from app.insight import visits
from app.insight.models import SiteVisits, TopicViews, TopicVisits
from app.insight.queries import visits as queries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.builders import Builders
    from tests.conftest import Browser

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture(autouse=True)
def _nothing_yet() -> Iterator[None]:
    """What other tests read is not this one's."""
    visits._reading._begin_anew()
    yield
    visits._reading._begin_anew()


def environ(**more: str) -> dict[str, Any]:
    usual = {
        "REQUEST_METHOD": "GET",
        "REMOTE_ADDR": "192.0.2.7",
        "HTTP_USER_AGENT": FIREFOX,
        "HTTP_SEC_FETCH_DEST": "document",
    }
    return {**usual, **more}


def site() -> SiteVisits:
    return session.scalars(select(SiteVisits)).one()


def test_a_page_that_is_read_writes_nothing(
    house: Builders, browser: Browser, count_sql: Callable[[], Any]
) -> None:
    topic = house.question()
    browser.get(f"/topics/{topic.id}", headers={"User-Agent": FIREFOX})
    with count_sql() as statements:
        browser.get(f"/topics/{topic.id}", headers={"User-Agent": FIREFOX})
    assert not [s for s in statements if not s.startswith("SELECT")]

    visits.flush()

    assert (site().views, site().visitors) == (2, 1)
    row = session.get_one(TopicVisits, (clock.now().date(), topic.id))
    assert (row.views, row.visitors) == (2, 1)
    assert queries.views(topic) == 2


def test_what_is_counted_is_shown_on_the_page(house: Builders, browser: Browser) -> None:
    house.brand()
    topic = house.question()
    session.add(TopicViews(topic_id=topic.id, views=1234))
    text = browser.get(f"/topics/{topic.id}", headers={"Accept-Language": "en"}).text
    assert "1.2K views" in text
    other = house.question(title="Другой вопрос")
    assert "topic__views" not in browser.get(f"/topics/{other.id}").text


@pytest.mark.parametrize(
    ("number", "locale", "said"),
    [(999, "en", "999"), (1234, "ru", "1,2\xa0тыс."), (2_500_000, "uk", "2,5\xa0млн")],
)
def test_large_numbers_are_said_in_short(
    house: Builders, number: int, locale: str, said: str
) -> None:
    with speaking(locale, "UTC"):
        assert format_short(number)[0] == said


@pytest.mark.parametrize(
    "headers",
    [
        {"User-Agent": "Googlebot/2.1 (+http://www.google.com/bot.html)"},
        {"User-Agent": ""},
        {"User-Agent": FIREFOX, "Sec-Purpose": "prefetch;prerender"},
        {"User-Agent": FIREFOX, "Purpose": "prefetch"},
        {"User-Agent": FIREFOX, "X-Moz": "prefetch"},
        {"User-Agent": FIREFOX, "Sec-Fetch-Dest": "empty"},
        {"User-Agent": FIREFOX, "Sec-Fetch-Dest": "iframe"},
    ],
)
def test_machines_and_what_is_fetched_ahead_are_left_out(
    house: Builders, browser: Browser, headers: dict[str, str]
) -> None:
    topic = house.question()
    browser.get(f"/topics/{topic.id}", headers=headers)
    visits.flush()
    assert session.scalars(select(SiteVisits)).all() == []


def test_only_pages_that_were_found_are_counted(
    house: Builders, browser: Browser, new_browser: Callable[[], Browser]
) -> None:
    topic = house.question()
    headers = {"User-Agent": FIREFOX}
    browser.get(f"/topics/{topic.id + 1000}", headers=headers)
    browser.get("/feed.atom", headers=headers)
    browser.get("/healthz", headers=headers)
    browser.client.head(f"/topics/{topic.id}", headers=headers)
    new_browser().sign_in(house.executive()).get(f"/topics/{topic.id}", headers=headers)
    visits.flush()
    assert session.scalars(select(SiteVisits)).all() == []

    browser.get("/", headers=headers)
    visits.flush()
    assert site().views == 1
    assert session.scalars(select(TopicVisits)).all() == []


def test_nobody_gets_a_cookie_for_being_counted(house: Builders, browser: Browser) -> None:
    topic = house.question()
    answer = browser.get(f"/topics/{topic.id}", headers={"User-Agent": FIREFOX})
    assert "Set-Cookie" not in answer.headers


def test_nothing_that_is_kept_tells_who_it_was(house: Builders, browser: Browser) -> None:
    topic = house.question()
    browser.get(f"/topics/{topic.id}", headers={"User-Agent": FIREFOX})
    kept = str(visits._reading._counts)
    assert "127.0.0.1" not in kept
    assert "Firefox" not in kept
    # A place and a rank of a sketch: of each, there are many people.
    marks = {m for c in visits._reading._counts.values() for m in c if m != "views"}
    assert all(int(m.split(":")[0]) < 4096 and int(m.split(":")[1]) <= 64 for m in marks)


def test_the_same_reader_is_another_tomorrow() -> None:
    today = clock.now().date()
    one, other = (
        visits._hash(day, "192.0.2.7", FIREFOX) for day in (today, today + timedelta(days=1))
    )
    assert one != other
    assert one == visits._hash(today, "192.0.2.7", FIREFOX)


@pytest.mark.parametrize("readers", [0, 1, 10, 500, 5_000, 40_000])
@pytest.mark.parametrize(("power", "error"), [(12, 0.016), (6, 0.13)])
def test_the_estimate_is_as_good_as_is_said(readers: int, power: int, error: float) -> None:
    day = clock.now().date().replace(year=2026, month=1, day=1)
    hashes = (visits._hash(day, f"10.0.{n // 256}.{n % 256}", FIREFOX) for n in range(readers))
    found = visits.estimate(visits._merged(None, power, {visits._place(h, power) for h in hashes}))
    # Three times the usual error: what fails is wrong, not unlucky; the hashes are always the same.
    assert abs(found - readers) <= max(1, 3 * error * readers)


def test_two_processes_count_the_same_reader_once(house: Builders) -> None:
    topic = house.question()
    for _process in range(2):
        for person in range(20):
            visits.note(environ(REMOTE_ADDR=f"192.0.2.{person}"), topic.id)
        visits.flush()
    row = session.scalars(select(TopicVisits)).one()
    assert row.views == 40
    assert abs(row.visitors - 20) <= 4
    assert abs(site().visitors - 20) <= 1
    assert queries.views(topic) == 40


def test_a_household_is_one_address(house: Builders) -> None:
    for end in range(30):
        visits.note(environ(REMOTE_ADDR=f"2001:db8:1:2::{end:x}"), None)
    visits.flush()
    assert (site().views, site().visitors) == (30, 1)


def test_a_topic_that_is_gone_takes_no_other_count_with_it(house: Builders) -> None:
    topic = house.question()
    visits.note(environ(), topic.id)
    visits.note(environ(), topic.id + 1000)
    visits.flush()
    assert session.scalars(select(TopicVisits.topic_id)).all() == [topic.id]


def test_sketches_go_and_numbers_stay(house: Builders) -> None:
    topic = house.question()
    visits.note(environ(), topic.id)
    visits.flush()
    assert visits.forget_sketches(clock.now().date()) == 0
    assert visits.forget_sketches(clock.now().date() + timedelta(days=1)) == 2
    session.expire_all()
    assert (site().sketch, site().visitors) == (None, 1)


def test_days_are_forgotten_and_the_total_stays(house: Builders) -> None:
    topic = house.question()
    old = clock.now().date() - timedelta(days=401)
    for day in (old, clock.now().date()):
        session.add(SiteVisits(day=day, views=1, visitors=1))
        session.add(TopicVisits(day=day, topic_id=topic.id, views=1, visitors=1))
    session.add(TopicViews(topic_id=topic.id, views=2))
    session.flush()
    term = next(t for t in retention.terms() if t.name == "visits")
    assert sum(retention.clean(term, term.days, held=())) == 2
    assert queries.views(topic) == 2


def test_staff_see_days_and_what_was_read(house: Builders, browser: Browser) -> None:
    house.brand()
    topic = house.question(title="Почему карту не приняли в метро вчера?")
    for _ in range(3):
        visits.note(environ(), topic.id)
    visits.flush()
    assert browser.get("/manage/readers").status_code == 303
    text = browser.sign_in(house.manager()).get("/manage/readers").text
    assert topic.title in text
    assert text.count("<tr>") == queries.DAYS + 1


def test_counting_is_a_matter_of_microseconds() -> None:
    """A cached page takes some fifty; this may take as much only when the machine is busy."""
    assert tallies._Door.around is None
    began = clock.now()
    for number in range(2000):
        visits.note(environ(REMOTE_ADDR=f"192.0.2.{number % 250}"), 7)
    assert (clock.now() - began) / 2000 < timedelta(microseconds=400)
