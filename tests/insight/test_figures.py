"""Figures: what is counted, what is not, and that each says from how many."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine

from app.core import clock
from app.insight import queries, service
from app.sla import service as sla
from app.topics import service as topics

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from app.insight.models import Figures
    from app.topics.models import Topic
    from tests.builders import Builders
    from tests.conftest import Browser

HOUR = timedelta(hours=1)


def figures(scope: str = "all") -> Figures:
    service.count()
    return queries.figures()[scope]


def answered(house: Builders, after: timedelta, **fields: Any) -> Topic:
    """A question of ten days ago, answered so long after."""
    topic = house.question(at=clock.now() - timedelta(days=10), **fields)
    house.answer(topic, at=topic.opened_at + after)
    return topic


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([], 0.5, None),
        ([7], 0.5, 7),
        ([7], 0.9, 7),
        ([4, 1, 3, 2], 0.5, 2.5),
        ([5, 1, 4, 2, 3], 0.5, 3),
        (range(1, 11), 0.9, 9.5),
        (range(1, 12), 0.9, 10),
        (range(1, 101), 0.9, 90.5),
        ([1, 2], 1.0, 2),
        ([1, 2], 0.0, 1),
    ],
)
def test_a_percentile_is_a_value_or_the_middle_of_two(
    values: list[float], share: float, expected: float | None
) -> None:
    assert queries.percentile(values, share) == expected


def test_nothing_asked_is_nothing_counted(house: Builders) -> None:
    assert (figures().eligible, figures().answered, figures().due) == (0, 0, 0)
    assert figures().median_s is None


def test_praise_and_hidden_topics_are_owed_nothing(house: Builders) -> None:
    category = house.category()
    house.praise(category=category)
    house.question(category=category).hidden_at = clock.now()
    house.idea(category=category)
    house.answer(house.question(category=category))

    found = figures(f"category:{category.id}")

    assert (found.eligible, found.answered) == (2, 1)


def test_the_time_to_the_first_answer_is_counted_once_a_topic(house: Builders) -> None:
    category = house.category()
    first = answered(house, HOUR, category=category)
    for hours in (2, 3, 4, 30):
        answered(house, hours * HOUR, category=category)
    house.answer(first)

    found = figures(f"person:{category.owner_id}")

    assert found.answered == 5
    assert found.median_s == 3 * 3600
    assert found.p90_s == 30 * 3600
    assert found.since == first.opened_at


def test_a_promise_is_kept_only_in_time(house: Builders) -> None:
    category = house.category()
    answered(house, 2 * HOUR, category=category)
    answered(house, 30 * HOUR, category=category)
    house.question(category=category, at=clock.now() - 30 * HOUR)
    house.question(category=category)
    cancelled = house.question(category=category)
    sla.cancel(cancelled)

    # One in time, one late, one broken though the worker has not noticed; one still runs.
    assert (figures().due, figures().kept) == (3, 1)
    sla.watch()
    found = figures(f"category:{category.id}")
    assert (found.due, found.kept) == (3, 1)


def test_not_solved_is_another_promise(house: Builders) -> None:
    topic = answered(house, HOUR)
    topics.dispute(topic.asker, topic, at=topic.opened_at + 2 * HOUR)
    house.answer(topic, at=topic.opened_at + 60 * HOUR)

    assert (figures().due, figures().kept) == (2, 1)
    assert (figures().eligible, figures().answered) == (1, 1)


def test_the_month_is_the_bank_s(house: Builders) -> None:
    house.brand(timezone="Asia/Tokyo")
    with time_machine.travel("2026-10-31T20:00:00Z", tick=False):
        house.answer(house.question())  # due on 1 November in Tokyo
        house.answer(house.question(at=clock.now() - 9 * HOUR))  # due in November there too
        house.question(at=clock.now() - timedelta(days=2))  # was due in October
        found = figures()

    assert found.month == "2026-11"
    assert (found.month_due, found.month_kept) == (2, 2)
    assert (found.due, found.kept) == (3, 2)


def test_what_was_brought_in_counts_for_time_and_not_for_promises(house: Builders) -> None:
    topic = house.question(at=clock.now() - timedelta(days=900))
    sla.cancel(topic)
    topic.origin = "stackexchange:coffee:1"
    topic.first_answer_at = topic.opened_at + 90 * timedelta(minutes=1)
    answered(house, 5 * HOUR)

    assert queries.first_answer_hours("stackexchange") == [1.5]
    assert queries.first_answer_hours("stackexchange:tea") == []
    assert queries.first_answer_hours() == [1.5, 5.0]
    assert (figures().answered, figures().due) == (2, 1)


def test_figures_are_counted_anew_only_when_something_happened(house: Builders) -> None:
    house.question()

    assert service.count_if_stale()
    assert not service.count_if_stale()
    house.question()
    assert service.count_if_stale()
    with time_machine.travel(clock.now() + timedelta(days=31)):
        assert service.count_if_stale()


def test_a_scope_that_is_empty_again_goes(house: Builders) -> None:
    topic = house.question()
    scope = f"category:{topic.category_id}"
    assert figures(scope).eligible == 1

    sla.cancel(topic)
    topic.hidden_at = clock.now()
    service.count()

    assert scope not in queries.figures()
    assert queries.figures()["all"].eligible == 0


def test_the_front_page_says_the_month_s_promise_in_one_sentence(
    house: Builders, browser: Browser
) -> None:
    house.brand(timezone="UTC")
    with time_machine.travel("2026-11-20T12:00:00Z"):
        house.answer(house.question())
        house.question(at=clock.now() - 40 * HOUR)
        service.count()
        page = browser.get("/", headers={"Accept-Language": "en"}).text

    assert "Kept 1 of 2 promises" in page


def test_last_month_s_figures_are_not_shown_as_this_month_s(
    house: Builders, browser: Browser
) -> None:
    house.brand(timezone="UTC")
    with time_machine.travel("2026-10-20T12:00:00Z"):
        house.answer(house.question())
        service.count()
    with time_machine.travel("2026-11-20T12:00:00Z"):
        page = browser.get("/", headers={"Accept-Language": "en"}).text

    assert "promise</p>" not in page
    assert "Kept 1 of 1" not in page


def test_the_command_prints_median_and_p90(app: Any, house: Builders) -> None:
    for hours in (1, 2, 3):
        answered(house, hours * HOUR)

    printed = app.test_cli_runner().invoke(args=["figures"]).output

    assert "2.00" in printed
    assert "3.0" in printed
    nothing = app.test_cli_runner().invoke(args=["figures", "--origin", "stackexchange"]).output
    assert "No answered topics" in nothing


def test_a_page_reads_the_figures_once(
    house: Builders, browser: Browser, count_sql: Callable[[], Any]
) -> None:
    for _ in range(4):
        house.question(category=house.category())
    service.count()

    with count_sql() as statements:
        browser.get("/executives")

    assert len([s for s in statements if "FROM figures" in s]) == 1
