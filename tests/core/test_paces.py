"""Check 19: the table of limits, each tried with the clock standing still, and IPv6 by /64."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from PIL import Image
from sqlalchemy import func, select

from app.commands.limits import rows
from app.core import clock, limits, signing, typing_time
from app.core.db import session
from app.topics.models import Draft, Post, Topic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask

    from app.topics.models import Category
    from tests.builders import Builders
    from tests.conftest import Browser

# As security.md asks, by the names they are declared under: figures for guests and people, span.
TABLE = {
    "sign-in": ("", "5", "15 min"),
    "sign-in-place": ("", "30", "1 h"),
    "reset-hour": ("", "2", "1 h"),
    "reset-day": ("", "5", "1 d"),
    "sign-up": ("5", "5", "1 h"),
    "ask-new": ("", "1", "1 min"),
    "ask-first-day": ("", "3", "1 d"),
    "comment-new": ("", "1", "15 s"),
    "upload": ("20", "20", "1 h"),
    "report": ("-", "20", "1 d"),
    "suggestions": ("30", "30", "3 s"),
    "search": ("60", "60", "1 min"),
}


@pytest.fixture
def paced() -> Iterator[None]:
    limits.init({"RATE_LIMITS": True})
    yield
    limits.init({"RATE_LIMITS": False})


@pytest.fixture
def noon() -> Iterator[Any]:
    with time_machine.travel(clock.now(), tick=False) as frozen:
        yield frozen


def test_the_table_is_the_one_that_was_agreed(app: Flask) -> None:
    known = {row[0]: row[1:] for row in rows()}
    assert {name: known.get(name) for name in TABLE} == TABLE


def test_a_command_shows_it(app: Flask) -> None:
    shown = app.test_cli_runner().invoke(args=["limits"])
    assert shown.exit_code == 0
    assert "ask-new" in shown.output


def asking(category: Category, number: int) -> dict[str, str]:
    return {
        "kind": "question",
        "title": f"Вопрос под номером {number}",
        "body": f"Сегодня в {number} часов карта не сработала.",
        "category_id": str(category.id),
        "seen_similar": "1",
    }


def test_newcomers_ask_once_a_minute_and_three_times_on_their_first_day(
    house: Builders, browser: Browser, paced: None, noon: Any
) -> None:
    category = house.category()
    browser.sign_in(house.customer())
    assert browser.post("/ask", asking(category, 1)).status_code == 303
    soon = browser.post("/ask", asking(category, 2))
    assert soon.status_code == 429
    assert 0 < int(soon.headers["Retry-After"]) <= 60
    assert "Вопрос под номером 2" in soon.text  # what was typed stays, there and in the draft
    assert session.scalars(select(Draft)).one().fields["title"] == "Вопрос под номером 2"
    # The same form sent twice is no second question.
    assert browser.post("/ask", asking(category, 1)).status_code == 303

    for number in (2, 3):
        noon.shift(61)
        assert browser.post("/ask", asking(category, number)).status_code == 303
    noon.shift(61)
    late = browser.post("/ask", asking(category, 4))
    assert late.status_code == 429
    assert int(late.headers["Retry-After"]) > 3600
    noon.shift(24 * 3600)
    assert browser.post("/ask", asking(category, 4)).status_code == 303
    assert session.scalar(select(func.count()).select_from(Topic)) == 4


def test_newcomers_comment_every_fifteen_seconds(
    house: Builders, browser: Browser, paced: None, noon: Any
) -> None:
    topic = house.question()
    browser.sign_in(house.customer())

    def comment(words: str) -> Any:
        return browser.post(f"/topics/{topic.id}/comments", {"body": words})

    assert comment("Первое").status_code == 303
    soon = comment("Второе")
    assert (soon.status_code, soon.headers["Retry-After"]) == (429, "15")
    assert "Второе" in soon.text
    assert comment("Первое").status_code == 303  # sent twice
    noon.shift(15.1)
    assert comment("Второе").status_code == 303
    assert session.scalar(select(func.count()).select_from(Post)) == 2


@pytest.mark.parametrize("who", ["colleague", "here for a month"])
def test_others_need_not_wait(
    house: Builders, browser: Browser, paced: None, noon: Any, who: str
) -> None:
    topic = house.question()
    month = clock.now() - timedelta(days=30)
    browser.sign_in(house.executive() if who == "colleague" else house.customer(confirmed_at=month))
    for words in ("Первое", "Второе", "Третье"):
        assert browser.post(f"/topics/{topic.id}/comments", {"body": words}).status_code == 303


def test_twenty_pictures_an_hour_and_ipv6_by_household(
    new_browser: Callable[[], Browser], house: Builders, paced: None, noon: Any
) -> None:
    data = io.BytesIO()
    Image.new("RGB", (3, 3)).save(data, "PNG")

    def upload(address: str) -> Any:
        return new_browser().post(
            "/media",
            {"file": (io.BytesIO(data.getvalue()), "a.png")},
            headers={"Accept": "application/json"},
            environ_base={"REMOTE_ADDR": address},
        )

    # Each time another address of one household, and a browser without a cookie.
    said = [upload(f"2001:db8:5:6::{number:x}") for number in range(21)]
    assert [answer.status_code for answer in said] == [201] * 20 + [429]
    assert int(said[-1].headers["Retry-After"]) <= 3600
    assert said[-1].json["error"]
    assert upload("2001:db8:5:7::1").status_code == 201
    noon.shift(3601)
    assert upload("2001:db8:5:6::1").status_code == 201


# ------------------------------------------------------------------- how long a form lay open


def test_how_long_a_form_lay_open_is_signed(app: Flask, noon: Any) -> None:
    now = int(clock.now().timestamp() * 1000)

    def seconds(stamp: str) -> float | None:
        with app.test_request_context("/x", method="POST", data={"opened": stamp}):
            return typing_time.seconds()

    good = f"{now - 2500}-{signing.sign('opened', now - 2500)}"
    assert seconds(good) == pytest.approx(2.5, abs=0.01)
    ahead = f"{now + 9000}-{signing.sign('opened', now + 9000)}"
    for forged in (
        "",
        "1",
        good[:-1],
        f"{now - 99000}-{good.split('-')[1]}",
        ahead,
        "x-y",
        "9" * 99,
    ):
        assert seconds(forged) is None


def test_a_page_that_comes_back_keeps_the_hour_it_was_opened(
    house: Builders, browser: Browser, noon: Any
) -> None:
    topic = house.question()
    browser.sign_in(house.customer())
    stamp = browser.get(f"/topics/{topic.id}").text.split('name="opened" value="')[1].split('"')[0]
    noon.shift(40)
    wrong = browser.post(f"/topics/{topic.id}/comments", {"body": "", "opened": stamp})
    assert wrong.status_code == 422
    assert stamp in wrong.text


def test_a_field_sent_twice_is_read_once(house: Builders, browser: Browser) -> None:
    """Check 70: the first counts, in every form alike, and nothing breaks."""
    topic, category = house.question(), house.category()
    browser.sign_in(house.customer())
    comment = {"body": ["Первое слово", "Второе слово"], "next": ["/", "//evil.example"]}
    answer = browser.post(f"/topics/{topic.id}/comments", comment)
    assert answer.status_code == 303
    assert session.scalars(select(Post)).one().body == "Первое слово"
    twice = {name: [value, "7"] for name, value in asking(category, 1).items()}
    assert browser.post("/ask", twice).status_code == 303
    asked = session.scalars(select(Topic).order_by(Topic.id.desc())).unique().first()
    assert asked is not None
    assert (asked.title, asked.category_id) == ("Вопрос под номером 1", category.id)
    assert browser.get(f"/topics/{topic.id}?from=1&from=x").status_code == 200
    about = {"reason": ["spam", "insult"], "words": ["а", "б"]}
    assert browser.post(f"/topics/{topic.id}/report", about).status_code == 303
