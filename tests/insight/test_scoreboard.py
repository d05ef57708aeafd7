"""The scoreboard: readable aloud, misses included, with the list behind each figure."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import TYPE_CHECKING

import pytest
import time_machine

from app.core import clock
from app.core.db import session
from app.insight import service
from app.insight.queries import behind, figures
from app.insight.queries.figures import THE_WHOLE, periods
from app.moderation import service as moderation
from app.sla.models import ClockEvent, PolicyVersion
from app.topics import service as topics
from app.topics.models import Category
from tests.insight.promised import DAY, HOUR, promised

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from app.insight.measures import Measures
    from app.topics.models import Topic
    from tests.builders import Builders
    from tests.conftest import Browser

ENGLISH = {"Accept-Language": "en"}


def read(browser: Browser, path: str) -> str:
    """A page's words, without its tags."""
    answer = browser.get(path, headers=ENGLISH)
    assert answer.status_code == 200, path
    main = answer.text.partition("<main")[2].partition("</main>")[0]
    return re.sub(r"\s+", " ", unescape(re.sub("<[^>]+>", " ", main)))


def row_of(browser: Browser, name: str, path: str = "/scoreboard") -> str:
    """What the scoreboard says of somebody."""
    page = browser.get(path, headers=ENGLISH).text
    rows = re.findall(r'<tr class="scores__row".*?</tr>', page, re.DOTALL)
    found = [r for r in rows if name in r]
    assert len(found) == 1
    return re.sub(r"\s+", " ", unescape(re.sub("<[^>]+>", " ", found[0])))


def twenty(house: Builders, category: Category, *, kept: int = 18) -> None:
    """Twenty promises of last week: so many kept, one late, the rest broken."""
    start = clock.now() - 7 * DAY
    for number in range(20):
        took = HOUR if number < kept else 30 * HOUR if number == kept else None
        promised(house, category, start, took=took)
    service.count()


def test_a_row_can_be_read_aloud(house: Builders, browser: Browser) -> None:
    category = house.category(house.executive(name="Анна Бережная"), name="Карты")
    twenty(house, category)
    house.question(category=category)
    service.count()

    for name in ("Анна Бережная", "Карты"):
        row = row_of(browser, name)
        assert "18 of 20 promises kept" in row
        # Wilson for 18 of 20: 0.699 to 0.972.
        assert "likely 69 to 98 of 100" in row
        assert "1 answered late" in row
        assert "1 broken and not yet answered" in row
        assert "1 not yet due" in row
        assert "half of first answers within 1 h" in row
        assert "%" not in row


def test_nineteen_are_too_few_and_are_shown_all_the_same(house: Builders, browser: Browser) -> None:
    category = house.category(name="Карты")
    for _ in range(19):
        promised(house, category, clock.now() - 3 * DAY, took=HOUR)
    service.count()

    row = row_of(browser, "Карты")
    assert "19 of 19 promises kept" in row
    assert "too little data" in row
    assert "likely" not in row
    assert "half of first answers" not in row

    promised(house, category, clock.now() - 3 * DAY, took=HOUR)
    service.count()
    row = row_of(browser, "Карты")
    assert "20 of 20 promises kept" in row
    assert "likely 83 to 100 of 100" in row
    assert "too little data" not in row


def test_nobody_is_ranked(house: Builders, browser: Browser) -> None:
    best, worst = house.executive(name="Яна Юрьева"), house.executive(name="Анна Бережная")
    twenty(house, house.category(best, name="Вклады"), kept=19)
    twenty(house, house.category(worst, name="Карты"), kept=5)

    page = browser.get("/scoreboard", headers=ENGLISH).text

    assert page.index("Анна Бережная") < page.index("Яна Юрьева")
    # Categories stand in their own order.
    assert page.index("Вклады") < page.index("Карты")
    assert "This is no ranking" in page


def test_more_than_half_waiting_is_said_and_not_hidden(house: Builders, browser: Browser) -> None:
    category = house.category(name="Карты")
    start = clock.now() - 7 * DAY
    for number in range(20):
        promised(house, category, start, took=HOUR if number < 8 else None)
    service.count()

    assert "more than half wait for a first answer" in row_of(browser, "Карты")
    sheet = read(browser, f"/scoreboard/category-{category.id}")
    assert "too many still wait to tell; answered topics alone: 1 h" in sheet
    assert "8 answered topics and 12 that still wait" in sheet


def test_a_period_is_chosen_by_a_link(house: Builders, browser: Browser) -> None:
    category = house.category(name="Карты")
    promised(house, category, clock.now() - 200 * DAY, took=HOUR)
    service.count()

    assert "nothing has come due" in row_of(browser, "Карты")
    assert "1 of 1 promises kept" in row_of(browser, "Карты", "/scoreboard?period=all")
    assert row_of(browser, "Карты", "/scoreboard?period=ever") == row_of(browser, "Карты")
    page = browser.get("/scoreboard", headers=ENGLISH).text
    for name in ("month", "last-month", "all"):
        assert f'href="/scoreboard?period={name}"' in page


def test_the_card_says_what_the_scoreboard_says(house: Builders, browser: Browser) -> None:
    anna = house.executive(name="Анна Бережная")
    category = house.category(anna, name="Карты", slug="cards")
    twenty(house, category)
    said = ["18 of 20 promises kept", "likely 69 to 98 of 100"]
    late = ["1 answered late", "1 broken and not yet answered"]

    row = row_of(browser, "Анна Бережная")
    card = read(browser, f"/people/{anna.id}")
    field = read(browser, "/categories/cards")
    sheet = read(browser, f"/scoreboard/person-{anna.id}")
    whole = read(browser, "/scoreboard/all")
    team = read(browser, "/executives")

    for words in (*said, *late):
        assert words in row
        assert words in card
        assert words in field
        assert words in sheet
        assert words in whole
    assert all(words in team for words in said)
    assert "19 of 20 topics answered" in card
    assert "19 of 20 topics answered" in sheet
    # With few answers nothing is made of them, on the card either.
    other = house.category(house.executive(name="Борис Котов"))
    promised(house, other, clock.now() - 3 * DAY, took=HOUR)
    service.count()
    assert "1 of 1 promises kept too little data" in read(browser, f"/people/{other.owner_id}")


def test_behind_each_figure_stands_its_list(house: Builders, browser: Browser) -> None:
    category = house.category(name="Карты")
    now = clock.now()

    def topic(title: str) -> Topic:
        return house.praise(category=category, title=title, at=now - 3 * DAY)

    promised(house, category, now - 3 * DAY, took=HOUR, topic=topic("Сдержанное слово о карте"))
    promised(house, category, now - 3 * DAY, took=30 * HOUR, topic=topic("Поздний ответ о карте"))
    promised(house, category, now - 3 * DAY, topic=topic("Забытый вопрос о карте"))
    promised(house, category, now - HOUR, topic=topic("Свежий вопрос о карте"))
    let_off = topic("Повторный вопрос о карте")
    promised(house, category, now - 3 * DAY, topic=let_off, state="cancelled", reason="merged")
    service.count()
    where = {
        "kept": {"Сдержанное"},
        "late": {"Поздний"},
        "broken": {"Забытый"},
        "waiting": {"Свежий"},
        "excluded": {"Повторный"},
        "answered": {"Сдержанное", "Поздний"},
        "unanswered": {"Забытый", "Свежий"},
    }
    everything = set.union(*where.values())

    for scope in ("all", f"category-{category.id}", f"person-{category.owner_id}"):
        for what, titles in where.items():
            page = read(browser, f"/scoreboard/{scope}/{what}")
            assert {t for t in everything if t in page} == titles, (scope, what)
    assert "merged into another topic" in read(browser, "/scoreboard/all/excluded")
    assert "late by 6 h" in read(browser, "/scoreboard/all/late")
    assert "merged into another topic: 1" in read(browser, "/scoreboard/all")


@pytest.mark.parametrize(
    ("what", "event", "data"),
    [
        ("transferred", "transfer", {}),
        ("clarified", "clarification", {}),
        ("reopened", "customer_post", {}),
        ("retracted", "answer_retracted", {"ref": "post:1"}),
        ("let-off", "no_reply_needed", {}),
    ],
)
def test_behind_each_signal_stands_its_list(
    house: Builders, browser: Browser, what: str, event: str, data: dict[str, str]
) -> None:
    category, start = house.category(), clock.now() - 3 * DAY
    one = house.praise(category=category, title="Было такое дело", at=start)
    two = house.praise(category=category, title="Ничего не было", at=start)
    for topic in (one, two):
        promised(house, category, start, took=HOUR, topic=topic)
    session.add(ClockEvent(topic_id=one.id, type=event, at=start + 2 * HOUR, data=data))
    service.count()

    page = read(browser, f"/scoreboard/all/{what}")

    assert "Было такое дело" in page
    assert "Ничего не было" not in page
    assert f"/scoreboard/all/{what}" in browser.get("/scoreboard/all").text


def test_a_thank_you_that_asks_for_nothing_does_not_come_back(house: Builders) -> None:
    category, start = house.category(), clock.now() - 3 * DAY
    one = promised(house, category, start, took=HOUR)
    said = ClockEvent(
        topic_id=one.topic_id, type="customer_post", at=start + 2 * HOUR, data={"id": "post:9"}
    )
    session.add(said)
    session.flush()

    everything = periods()["all"]
    page = behind.promises_behind(house.manager(), THE_WHOLE, "reopened", everything)

    assert page.items == []


def test_what_is_out_of_sight_is_counted_and_not_listed(
    house: Builders, browser: Browser, new_browser: Callable[[], Browser]
) -> None:
    manager = house.manager()
    topic = house.question(title="Чужая тайна на виду", at=clock.now() - 3 * DAY)
    house.answer(topic, at=clock.now() - 2 * DAY - 12 * HOUR)
    moderation.hide(manager, topic, "личные данные")
    service.count()

    assert "1 of 1 promises kept" in read(browser, "/scoreboard/all")
    for what in behind.LISTS:
        assert "Чужая тайна" not in read(browser, f"/scoreboard/all/{what}")
    assert "Чужая тайна" in read(new_browser().sign_in(manager), "/scoreboard/all/kept")


@pytest.mark.parametrize(
    "path",
    [
        "/scoreboard/nobody",
        "/scoreboard/category-0",
        "/scoreboard/category-99999999999999999999",
        "/scoreboard/category-²",
        "/scoreboard/person-0/kept",
        "/scoreboard/all/secret",
        "/scoreboard/all/superseded",
    ],
)
def test_what_is_not_there_is_not_found(house: Builders, browser: Browser, path: str) -> None:
    assert browser.get(path).status_code == 404


def test_a_customer_has_no_figures(house: Builders, browser: Browser) -> None:
    assert browser.get(f"/scoreboard/person-{house.customer().id}").status_code == 404


def test_before_the_first_count_it_says_so(house: Builders, browser: Browser) -> None:
    house.category(name="Карты")

    for path in ("/scoreboard", "/scoreboard/all"):
        page = read(browser, path)
        assert "Not counted yet" in page
        assert "nothing has come due" not in page


def test_there_are_ways_to_it(house: Builders, browser: Browser) -> None:
    category = house.category()
    promised(house, category, clock.now() - 3 * DAY, took=HOUR)
    service.count()

    front = browser.get("/", headers=ENGLISH).text
    assert 'href="/scoreboard"' in front.partition("<footer")[0]
    for path in ("/", "/executives", f"/people/{category.owner_id}"):
        foot = browser.get(path, headers=ENGLISH).text.partition("<footer")[2]
        assert 'href="/scoreboard"' in foot
    team = browser.get("/executives", headers=ENGLISH).text
    assert f'href="/scoreboard/person-{category.owner_id}"' in team
    assert 'href="/scoreboard"' in team.partition("<footer")[0]


def test_a_long_list_is_read_page_by_page(house: Builders, browser: Browser) -> None:
    category = house.category()
    start = clock.now() - 5 * DAY
    made = [promised(house, category, start, took=HOUR) for _ in range(45)]
    titles = {p.topic_id for p in made}
    seen: list[int] = []
    path: str | None = f"/scoreboard/category-{category.id}/kept"

    while path:
        page = browser.get(path, headers=ENGLISH).text
        seen += [int(n) for n in re.findall(r'line__link" href="/topics/(\d+)"', page)]
        older = re.search(r'rel="next" href="([^"]+)"', page)
        path = unescape(older[1]) if older else None

    assert len(seen) == 45
    assert set(seen) == titles
    assert seen == sorted(seen, reverse=True)


def test_it_costs_the_same_however_many(
    house: Builders, browser: Browser, count_sql: Callable[[], Any]
) -> None:
    def cost(path: str) -> int:
        session.commit()
        session.expunge_all()
        with count_sql() as statements:
            assert browser.get(path).status_code == 200
        return len(statements)

    paths = ("/scoreboard", "/scoreboard/all", "/scoreboard/all/kept")

    def fill(number: int) -> None:
        for _ in range(number):
            other = house.category()
            promised(house, other, clock.now() - 3 * DAY, took=HOUR)
        service.count()

    fill(3)
    few = [cost(path) for path in paths]
    fill(12)
    assert [cost(path) for path in paths] == few
    assert few[0] <= 8


def test_overdue_time_is_told_in_hours_and_minutes(house: Builders, browser: Browser) -> None:
    category = house.category()
    promised(house, category, clock.now() - 3 * DAY, took=DAY + timedelta(minutes=90))
    service.count()

    sheet = read(browser, "/scoreboard/all")

    assert "Overdue in all: 1 h 30 min; the longest: 1 h 30 min." in sheet
    assert "In working time" not in sheet


def everything_that_may_happen(house: Builders) -> None:
    """Topics of the last ten days with every end that a promise may come to."""
    now, manager, category = clock.now(), house.manager(), house.category()
    spec = {"resolution_s": 5 * 86400}
    session.add(PolicyVersion(scope="all", version=1, spec=spec, made_at=now - 30 * DAY))
    session.flush()

    def asked(days: float, *, back: bool = False) -> Topic:
        topic = house.question(category=category, at=now - days * DAY)
        if back:
            topics.ask_back(category.owner, topic, "Какая карта?", at=now - days * DAY + HOUR)
            topics.comment(topic.asker, topic, "Синяя.", at=now - days * DAY + 2 * HOUR)
        return topic

    for days, took in ((9, 2), (9, 30), (40, 2)):
        house.answer(asked(days), at=now - days * DAY + took * HOUR)
    into, hidden = asked(0.1), asked(3)
    topics.ask_back(category.owner, asked(0.5), "Где?", at=now - HOUR)
    topics.ask_back(category.owner, asked(4), "Когда?", at=now - 2 * DAY)
    moderation.hide(manager, hidden, "грубость", at=now - DAY)
    # Ended in time, and too late.
    for days in (0.5, 3):
        moderation.merge(manager, asked(days, back=True), into, "О том же", at=now - HOUR)
        moderation.close(manager, asked(days, back=True), "Спор", at=now - HOUR)
        gone = asked(days, back=True)
        moderation.withdraw(gone.asker, gone, at=now - HOUR)
        moderation.mark_spam(manager, asked(days, back=True), "Реклама", at=now - HOUR)
    other = house.category()
    for topic in (asked(0.5), asked(3), into):
        moderation.move(manager, topic, other, "Это сюда", at=now - HOUR / 2)
    for act in ("retract", "dispute", "let_off", "late_let_off", "accept"):
        topic = asked(6)
        answer = house.answer(topic, at=now - 6 * DAY + HOUR)
        if act == "retract":
            topics.retract(category.owner, answer, "ошибка", at=now - 5 * DAY)
        elif act == "dispute":
            topics.dispute(topic.asker, topic, at=now - 5 * DAY)
        elif act == "accept":
            topics.accept(topic.asker, topic, at=now - 5 * DAY)
        else:
            topics.comment(topic.asker, topic, "А комиссия?", at=now - 5 * DAY)
            days = 1 if act == "late_let_off" else 4.5
            topics.let_off(category.owner, topic, at=now - days * DAY)


def test_each_list_is_as_long_as_its_figure(house: Builders) -> None:
    house.brand(timezone="UTC")
    manager = house.manager()
    with time_machine.travel("2026-11-20T12:00:00Z", tick=False):
        everything_that_may_happen(house)
        service.count()
        counted = {name: figures.figures(name) for name in periods()}
        scopes = {figures.THE_WHOLE.key: figures.THE_WHOLE}
        for category in session.query(Category):
            its, theirs = figures.of_category(category), figures.of_person(category.owner)
            scopes |= {its.key: its, theirs.key: theirs}
        seen: set[str] = set()
        for name, period in periods().items():
            for key, found in counted[name].items():
                said = _said(found)
                assert said.keys() == set(behind.LISTS)
                for what, number in said.items():
                    page = behind.promises_behind(manager, scopes[key], what, period)
                    assert page.older is None
                    assert len(page.items) == number, (name, key, what)
                    seen |= {what} if number else set()

    # None of them agrees by being empty.
    assert seen == set(behind.LISTS)


def _said(found: Measures) -> dict[str, int]:
    return {
        "kept": found.met,
        "late": found.late,
        "broken": found.broken,
        "waiting": found.waiting,
        "excluded": sum(found.excluded.values()),
        "answered": found.answered,
        "unanswered": found.unanswered,
        "transferred": found.transfers,
        "clarified": found.clarified,
        "reopened": found.reopened,
        "retracted": found.retracted,
        "let-off": found.no_reply,
    }
