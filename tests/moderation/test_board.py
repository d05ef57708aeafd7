"""The manager's board: every promise in its lane."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from app.core import clock
from app.core.db import session
from app.core.events import Delivery, Fact
from app.moderation import board
from app.topics import service as topics
from app.topics.promise import standing

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.topics.models import Topic
    from tests.builders import Builders
    from tests.conftest import Browser

PAGES = ("/manage", "/manage/board", "/manage/acts")


def asked(house: Builders, hours: float, **more: Any) -> Topic:
    return house.question(at=clock.now() - timedelta(hours=hours), **more)


def view(**more: Any) -> board.View:
    return board.View(clock.now(), clock.now() - timedelta(hours=12), **more)


def lanes(**more: Any) -> dict[str, list[int]]:
    return {lane.name: [t.id for t in lane.page.items] for lane in board.board(view(**more))}


@pytest.mark.parametrize("role", ["customer", "executive"])
def test_only_managers_see_it(house: Builders, browser: Browser, role: str) -> None:
    house.brand()
    for page in PAGES:
        assert browser.get(page).location.startswith("/sign-in")
    browser.sign_in(house.person(role))
    for page in PAGES:
        assert browser.get(page).status_code == 404


def test_each_promise_stands_in_one_lane(house: Builders) -> None:
    late, risky, fine = asked(house, 30), asked(house, 20), asked(house, 2)
    told = asked(house, 3)
    house.answer(told)
    again = asked(house, 40)
    house.answer(again, at=clock.now() - timedelta(hours=20))
    topics.dispute(again.asker, again)
    hidden = asked(house, 30)
    hidden.hidden_at = clock.now()
    house.praise()
    session.flush()

    assert lanes() == {
        "overdue": [late.id],
        "at_risk": [risky.id],
        "reopened": [again.id],
        "waiting": [fine.id],
        "answered": [told.id],
    }
    assert board.counts(view()) == dict.fromkeys(board.LANES, 1)


def test_the_lanes_agree_with_what_every_page_says(house: Builders) -> None:
    made = [asked(house, hours) for hours in (0.5, 12, 19.1, 19.3, 23.9, 24.1, 80)]
    found = lanes()
    for topic in made:
        [lane] = [name for name, ids in found.items() if topic.id in ids]
        assert lane == standing(topic).state


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


def test_a_long_lane_has_pages(house: Builders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board, "LONG", 4)
    made = [asked(house, 25 + n) for n in range(9)]
    seen: list[int] = []
    cursor: str | None = None
    for _ in range(3):
        page = board.lane(view(), "overdue", cursor).page
        seen += [t.id for t in page.items]
        cursor = page.older
    assert seen == [t.id for t in reversed(made)]
    assert cursor is None


def test_filters_by_category_and_person(house: Builders, browser: Browser) -> None:
    house.brand()
    cards, loans = house.category(), house.category()
    mine, other = asked(house, 30, category=cards), asked(house, 30, category=loans, title="Иной")
    assert lanes(category=cards)["overdue"] == [mine.id]
    assert lanes(person=loans.owner)["overdue"] == [other.id]
    browser.sign_in(house.manager())
    page = browser.get(f"/manage/board?category={cards.slug}&person={cards.owner_id}").text
    assert mine.title in page
    assert other.title not in page
    for nonsense in ("category=none", "person=x", "person=99999999999", "lane=x", "cursor=x"):
        assert browser.get(f"/manage/board?{nonsense}").status_code == 200


def test_every_card_is_one_click_from_its_acts(house: Builders, browser: Browser) -> None:
    house.brand()
    topic = asked(house, 30)
    page = browser.sign_in(house.manager()).get("/manage/board").text
    for act in ("move", "hide"):
        assert f"/topics/{topic.id}/moderation/{act}?next=/manage/board" in page
    assert f'href="/topics/{topic.id}"' in page


def test_ideas_without_a_decision_stand_on_top(house: Builders, browser: Browser) -> None:
    house.brand()
    old = house.idea(title="Старая мысль", at=clock.now() - timedelta(days=15))
    house.idea(title="Новая мысль", at=clock.now() - timedelta(days=13))
    decided = house.idea(title="Решённая мысль", at=clock.now() - timedelta(days=20))
    decided.state = "planned"
    session.flush()
    page = browser.sign_in(house.manager()).get("/manage/board").text
    top = page.split('id="undecided"', 1)[1].split("</section>", 1)[0]
    assert f"/topics/{old.id}/decision" in top
    assert "Новая мысль" not in top
    assert "Решённая мысль" not in top


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


def test_the_board_costs_the_same_whatever_its_length(
    house: Builders, browser: Browser, count_sql: Callable[[], Any]
) -> None:
    house.brand()
    browser.sign_in(house.manager())

    def fill() -> None:
        for hours in (30, 20, 2):
            asked(house, hours)
        house.answer(asked(house, 3))
        house.idea(at=clock.now() - timedelta(days=20))

    def cost(page: str) -> int:
        with count_sql() as statements:
            assert browser.get(page).status_code == 200
        return len(statements)

    fill()
    few = {page: cost(page) for page in ("/manage", "/manage/board", "/manage/board?lane=overdue")}
    for _ in range(3):
        fill()
    assert {page: cost(page) for page in few} == few
    assert few["/manage/board"] < 25
