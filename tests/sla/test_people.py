"""Who answers today: owner, substitute, deputy, community manager; asked for, never stored."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
import time_machine

from app.accounts.models import Absence
from app.core.db import session
from app.core.policy import can
from app.insight import health
from app.sla.engine import people as engine
from app.sla.queries import people
from app.topics import answering, queries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from app.accounts.models import Person
    from app.topics.models import Category
    from tests.builders import Builders
    from tests.conftest import Browser

MOSCOW = ZoneInfo("Europe/Moscow")
SECOND = timedelta(seconds=1)


def day(number: int, hour: int = 0) -> datetime:
    return datetime(2026, 11, number, hour, tzinfo=MOSCOW)


@pytest.fixture(autouse=True)
def clock() -> Iterator[Any]:
    with time_machine.travel(day(20, 12), tick=False) as moved:
        yield moved


class Field:
    """A category with its people, and the days they are away."""

    def __init__(self, house: Builders) -> None:
        self.house = house
        house.brand()
        self.marina = house.executive(name="Марина Сидорова")
        self.ivan = house.executive(name="Иван Петров")
        self.daria = house.executive(name="Дарья Ким")
        self.manager = house.manager(name="Ольга Мир")
        self.cards: Category = house.category(
            self.marina, deputy=self.daria, slug="cards", name="Карты"
        )

    def away(
        self, person: Person, start: datetime, end: datetime, instead: Person | None = None
    ) -> Absence:
        made = Absence(person_id=person.id, starts_at=start, ends_at=end, substitute=instead)
        session.add(made)
        session.flush()
        return made

    def who(self, at: datetime | None = None) -> tuple[Person, str]:
        found = people.acting(self.cards, at)
        return found.person, found.role


@pytest.fixture
def field(house: Builders) -> Field:
    return Field(house)


def english(browser: Browser, person: Person | None = None) -> Browser:
    browser.client.set_cookie("lang", "en", domain="otklik.test")
    return browser.sign_in(person) if person else browser


def test_the_substitute_answers_from_the_first_instant_to_the_last(field: Field) -> None:
    field.away(field.marina, day(23), day(28), field.ivan)
    assert field.who(day(23) - SECOND) == (field.marina, "owner")
    assert field.who(day(23)) == (field.ivan, "substitute")
    assert field.who(day(28) - SECOND) == (field.ivan, "substitute")
    assert field.who(day(28)) == (field.marina, "owner")
    found = people.acting(field.cards, day(25))
    assert (found.instead_of, found.until) == (field.marina, day(28))
    assert people.acting(field.cards, day(28)) == answering.ActingPerson(field.marina)


def test_without_a_substitute_the_deputy_answers(field: Field) -> None:
    field.away(field.marina, day(20), day(28))
    assert field.who() == (field.daria, "deputy")


def test_a_substitute_who_is_away_too_names_another_or_is_skipped(field: Field) -> None:
    vera = field.house.executive()
    field.away(field.marina, day(20), day(28), field.ivan)
    chain = field.away(field.ivan, day(20), day(24), vera)
    found = people.acting(field.cards)
    # Only until Ivan is back, not until Marina is.
    assert (found.person, found.role, found.until) == (vera, "substitute", day(24))
    assert people.acting(field.cards, day(24)).person is field.ivan
    chain.substitute = None
    session.flush()
    assert field.who() == (field.daria, "deputy")
    assert people.acting(field.cards).until == day(24)


def test_a_ring_of_substitutes_ends_at_the_deputy(field: Field) -> None:
    field.away(field.marina, day(20), day(28), field.ivan)
    field.away(field.ivan, day(20), day(28), field.marina)
    assert field.who() == (field.daria, "deputy")


def test_at_most_three_deep(field: Field) -> None:
    """The third substitute may answer; the fourth is not asked."""
    chain = [field.marina, *(field.house.executive() for _ in range(4))]
    for here, after in pairwise(chain[:4]):
        field.away(here, day(20), day(28), after)
    assert field.who() == (chain[3], "substitute")
    field.away(chain[3], day(20), day(28), chain[4])
    assert field.who() == (field.daria, "deputy")


def test_adjacent_absences_are_one_while_the_same_person_stands_in(field: Field) -> None:
    field.away(field.marina, day(20), day(23), field.ivan)
    field.away(field.marina, day(23), day(28), field.ivan)
    assert people.acting(field.cards).until == day(28)


def test_whose_account_is_closed_is_away_for_good(field: Field) -> None:
    field.marina.disabled_at = day(20, 11)
    session.flush()
    found = people.acting(field.cards)
    assert (found.person, found.role, found.until) == (field.daria, "deputy", None)
    assert people.acting(field.cards, day(20, 10)).person is field.marina


def test_a_substitute_who_left_the_bank_is_skipped(field: Field) -> None:
    field.away(field.marina, day(20), day(28), field.ivan)
    field.ivan.disabled_at = day(20, 12)
    session.flush()
    assert field.who() == (field.daria, "deputy")
    field.ivan.disabled_at, field.ivan.role = None, "customer"
    session.flush()
    assert field.who() == (field.daria, "deputy")


def test_with_everybody_away_it_falls_to_a_manager_who_is_there(field: Field) -> None:
    field.away(field.marina, day(20), day(28), field.ivan)
    field.away(field.ivan, day(20), day(28))
    field.away(field.daria, day(20), day(26))
    administrator = field.house.administrator()
    assert field.who() == (field.manager, "manager")
    assert people.acting(field.cards).until == day(26)
    second = field.house.manager()
    field.away(field.manager, day(20), day(22))
    assert field.who() == (second, "manager")
    second.disabled_at = day(20)
    session.flush()
    assert field.who() == (administrator, "manager")
    assert people.reachable(field.cards)
    administrator.disabled_at = day(20)
    session.flush()
    assert not people.reachable(field.cards)
    assert field.who() == (field.marina, "nobody")
    assert people.acting(field.cards).instead_of is None


def test_nothing_is_remembered_past_a_change(field: Field) -> None:
    assert field.who() == (field.marina, "owner")
    made = field.away(field.marina, day(20), day(28), field.ivan)
    assert field.who() == (field.ivan, "substitute")
    made.ends_at = day(20, 12)
    session.flush()
    assert field.who() == (field.marina, "owner")
    made.ends_at = day(28)
    session.flush()
    session.delete(made)
    session.flush()
    assert field.who() == (field.marina, "owner")


def test_nothing_is_remembered_past_a_rollback(field: Field) -> None:
    savepoint = session.begin_nested()
    field.away(field.marina, day(20), day(28), field.ivan)
    assert field.who() == (field.ivan, "substitute")
    savepoint.rollback()
    assert field.who() == (field.marina, "owner")


def test_many_categories_cost_as_much_as_one(field: Field, count_sql: Callable[[], Any]) -> None:
    def cost() -> int:
        session.commit()
        opened = queries.categories()
        with count_sql() as statements:
            found = people.acting_in(opened)
            people.acting_in(opened)
        assert found.keys() == {c.id for c in opened}
        return len(statements)

    field.away(field.marina, day(20), day(28))
    field.away(field.daria, day(20), day(28))
    few = cost()
    for _ in range(20):
        owner = field.house.executive()
        field.house.category(owner)
        field.away(owner, day(20), day(28), field.house.executive())
        field.house.category(owner=field.marina)
    assert cost() == few
    # The absences with the people they name, and the managers.
    assert few == 2


def test_the_absences_of_a_span_come_with_those_of_their_substitutes(
    field: Field, count_sql: Callable[[], Any]
) -> None:
    vera, other = field.house.executive(), field.house.executive()
    field.away(field.marina, day(22), day(24), field.ivan)
    field.away(field.ivan, day(23), day(25), vera)
    field.away(vera, day(1), day(21))
    field.away(other, day(22), day(24))
    vera.disabled_at = day(23, 5)
    session.commit()
    wanted = field.marina.id
    with count_sql() as statements:
        found = people.absences_between([wanted], day(21), day(24))
    assert len(statements) == 2
    assert found[:2] == [
        engine.Absence(wanted, day(22), day(24), field.ivan.id),
        engine.Absence(field.ivan.id, day(23), day(25), vera.id),
    ]
    assert [(a.who, a.start, a.substitute) for a in found[2:]] == [(vera.id, day(23, 5), None)]
    assert people.absences_between([], day(21), day(24)) == []
    # Half-open at both ends.
    assert people.absences_between([other.id], day(24), day(25)) == []
    assert people.absences_between([other.id], day(21), day(22)) == []


@pytest.mark.parametrize(
    ("who", "before", "during"),
    [
        ("owner", True, True),
        ("deputy", True, True),
        ("delegate", True, True),
        ("substitute", False, True),
        ("colleague", False, False),
        ("manager", False, False),
        ("administrator", False, False),
        ("customer", False, False),
    ],
)
def test_the_right_to_answer_comes_and_goes_with_the_absence(
    field: Field, clock: Any, who: str, before: bool, during: bool
) -> None:
    house = field.house
    delegate = house.executive()
    field.cards.delegates = [delegate]
    person = {
        "owner": field.marina,
        "deputy": field.daria,
        "delegate": delegate,
        "substitute": field.ivan,
        "manager": field.manager,
    }.get(who) or house.person("executive" if who == "colleague" else who)
    topic = house.question(category=field.cards)
    idea = house.idea(category=field.cards)
    field.away(field.marina, day(23), day(28), field.ivan)
    session.commit()

    def may() -> bool:
        allowed = can(person, "topics.answer", topic)
        if who not in {"manager", "administrator"}:
            assert can(person, "ideas.decide", idea) is allowed
        # The check and the SQL of lists say the same.
        if person.is_staff:
            assert (field.cards.id in queries.category_ids_of(person)) is allowed
            on_desk = {t.id for t in queries.due_for(person).items}
            assert on_desk == ({topic.id, idea.id} if allowed else set())
            assert (queries.topic_on_desk(person, topic.id) is not None) is allowed
        return allowed

    for at, expected in (
        (day(23) - SECOND, before),
        (day(23), during),
        (day(28) - SECOND, during),
        (day(28), before),
    ):
        clock.move_to(at)
        session.commit()
        assert may() is expected


def test_a_manager_may_answer_only_when_nobody_else_is_there(field: Field) -> None:
    topic = field.house.question(category=field.cards)
    second = field.house.manager()
    assert not can(field.manager, "topics.answer", topic)
    field.away(field.marina, day(20), day(28))
    assert not can(field.manager, "topics.answer", topic)
    field.away(field.daria, day(20), day(28))
    assert can(field.manager, "topics.answer", topic)
    assert field.cards.id in queries.category_ids_of(field.manager)
    assert not can(second, "topics.answer", topic)
    # From holiday, too: the owner's word is always the bank's.
    assert can(field.marina, "topics.answer", topic)
    field.manager.role = "customer"
    session.flush()
    assert not can(field.manager, "topics.answer", topic)


def test_the_substitute_answers_through_the_page(
    field: Field, browser: Browser, clock: Any
) -> None:
    topic = field.house.question(category=field.cards)
    field.away(field.marina, day(23), day(28), field.ivan)
    english(browser, field.ivan)
    sent = {"body": "Починили турникеты, можно ехать.", "seen": "0"}
    assert browser.post(f"/topics/{topic.id}/answers", sent).status_code == 404
    clock.move_to(day(23))
    assert "Nothing waits" not in browser.get("/desk").text
    page = browser.get("/desk").text
    assert topic.title in page
    assert "You answer for others today" in page
    assert "until <time" in page
    assert browser.post(f"/topics/{topic.id}/answers", sent).status_code == 303
    assert topic.answer is not None
    assert topic.answer.author_id == field.ivan.id
    assert topic.responsible_id == field.marina.id
    clock.move_to(day(28))
    assert "You answer for others today" not in browser.get("/desk").text


def test_the_waiting_are_counted_for_who_answers_today(
    field: Field, clock: Any, count_sql: Callable[[], Any]
) -> None:
    accounts = field.house.category(field.ivan)
    first = field.house.question(category=field.cards, at=day(20, 9))
    field.house.question(category=field.cards, at=day(20, 10))
    field.house.question(category=accounts, at=day(20, 11))
    field.away(field.marina, day(20, 13), day(28), field.ivan)
    counted = {who: pile.count for who, pile in queries.waiting().items()}
    assert counted == {field.marina.id: 2, field.ivan.id: 1}
    clock.move_to(day(20, 13))
    session.commit()
    opened = queries.categories()
    with count_sql() as statements:
        [(who, pile)] = queries.waiting(opened).items()
    assert len(statements) == 2
    assert (who, pile.count, pile.due_at) == (field.ivan.id, 3, first.due_at)


def text(response: Any) -> str:
    assert response.status_code == 200
    # Every name keeps its direction to itself; what is looked for here is the words.
    return " ".join(re.sub("</?bdi>", "", response.text).split())


SUBSTITUTE = 'Stands in until <time datetime="2026-11-27T21:00:00+00:00">28 November</time> for: '


def test_every_page_says_who_answers_today(field: Field, browser: Browser) -> None:
    topic = field.house.question(category=field.cards)
    field.away(field.marina, day(20), day(28), field.ivan)
    owner, ivan = f"/people/{field.marina.id}", f"/people/{field.ivan.id}"
    link = f'<a href="{owner}">Марина Сидорова</a>'
    english(browser)

    page = text(browser.get(f"/topics/{topic.id}"))
    card = page.partition('id="promise"')[2].partition("</section>")[0]
    assert "Answers today" in card
    assert f'<a href="{ivan}">Иван Петров</a>' in card
    assert SUBSTITUTE + link in card

    front = text(browser.get("/"))
    today = front.partition('id="today-title"')[2].partition("</section>")[0]
    assert "Иван Петров" in today
    assert "1 is waiting" in today
    assert "Марина Сидорова" not in today
    feed = front.partition('class="lines"')[2].partition("</ul>")[0]
    assert topic.title in feed
    assert "Иван Петров" in feed
    assert "Марина Сидорова" not in feed

    category = text(browser.get("/categories/cards"))
    assert "Ask here · answers: Иван Петров" in category
    assert SUBSTITUTE + link in category

    executives = text(browser.get("/executives"))
    assert "Марина Сидорова" in executives
    assert f'Answers today: <a href="{ivan}">Иван Петров</a>, until 28 November' in executives
    assert SUBSTITUTE + link in executives

    assert f'Answers today: <a href="{ivan}">Иван Петров</a>' in text(browser.get(owner))
    assert SUBSTITUTE + link in text(browser.get(ivan))
    ask = text(browser.get("/ask?category=cards"))
    assert 'data-name="Иван Петров"' in ask
    assert 'data-name="Марина Сидорова"' not in ask


def test_the_day_named_is_the_owners_even_for_readers_further_west(
    field: Field, browser: Browser
) -> None:
    reader = field.house.customer(timezone="America/New_York")
    topic = field.house.question(category=field.cards)
    field.away(field.marina, day(20), day(28), field.ivan)
    assert ">28 November</time>" in text(english(browser, reader).get(f"/topics/{topic.id}"))


def test_an_absence_that_ends_within_a_day_names_its_hour(field: Field, browser: Browser) -> None:
    topic = field.house.question(category=field.cards)
    field.away(field.marina, day(20), day(20, 18), field.ivan)
    assert ">today, 18:00</time>" in text(english(browser).get(f"/topics/{topic.id}"))


def test_the_owner_on_the_spot_is_simply_named(field: Field, browser: Browser) -> None:
    topic = field.house.question(category=field.cards)
    page = text(english(browser).get(f"/topics/{topic.id}"))
    card = page.partition('id="promise"')[2].partition("</section>")[0]
    assert "Марина Сидорова" in card
    assert "Stands in" not in card
    assert "Answers today" not in card


def test_an_answered_topic_keeps_the_face_of_who_answered(field: Field) -> None:
    topic = field.house.question(category=field.cards)
    absence = field.away(field.marina, day(20), day(28), field.ivan)
    assert answering.face_of(topic) is field.ivan
    field.house.answer(topic, author=field.ivan)
    session.delete(absence)
    session.flush()
    session.expire_all()
    assert answering.face_of(topic) is field.ivan
    other = field.house.question(category=field.cards)
    assert answering.face_of(other) is field.marina
    field.away(field.marina, day(20), day(28), field.ivan)
    assert answering.face_of(other) is field.ivan
    # A question back to the asker changes nothing about who will answer.
    other.is_awaiting, other.paused_for = False, "customer"
    assert answering.face_of(other) is field.ivan


def finding() -> health.Finding:
    [check] = [c for c in health.CHECKS if c.name == "owners"]
    return check.look({})


def test_the_doctor_finds_a_category_without_anybody(field: Field) -> None:
    assert finding().words == "every category has somebody who answers"
    field.away(field.marina, day(20), day(28))
    assert finding().words == "every category has somebody who answers"
    field.away(field.daria, day(20), day(28))
    left = finding()
    assert left.ok
    assert left.words == "left to the community manager today: cards"
    field.manager.disabled_at = day(20)
    session.flush()
    found = finding()
    assert (found.ok, found.words) == (False, "nobody answers today in: cards")
    assert "Absences" in found.advice
    field.cards.archived_at = day(20)
    session.flush()
    assert finding().ok


def test_the_home_of_managers_names_what_is_left_to_them(
    field: Field, browser: Browser, new_browser: Callable[[], Browser]
) -> None:
    english(browser, field.manager)
    assert "Left to the community manager" not in text(browser.get("/manage"))
    field.away(field.marina, day(20), day(28))
    field.away(field.daria, day(20), day(26))
    page = text(browser.get("/manage"))
    warning = page.partition("Left to the community manager today")[2].partition("</div>")[0]
    assert '<a href="/manage/categories/cards">Карты</a>' in warning
    assert "Answers today: Ольга Мир, until 26 November" in warning
    assert "Nobody answers here today" not in page

    field.away(field.manager, day(20), day(22))
    page = text(browser.get("/manage"))
    alarm = page.partition("Nobody answers here today")[2].partition("</div>")[0]
    assert "Карты" in alarm
    assert new_browser().get("/readyz").json["checks"]["owners"] == "wrong"


def test_pages_with_many_topics_cost_the_same_while_somebody_is_away(
    field: Field, browser: Browser, count_sql: Callable[[], Any]
) -> None:
    def cost(path: str) -> int:
        with count_sql() as statements:
            text(browser.get(path))
        return len(statements)

    def fill(number: int) -> None:
        for each in range(number):
            category = field.house.category(field.house.executive())
            for _ in range(2):
                field.house.question(category=category, at=day(20, 9) + each * SECOND)
            field.away(category.owner, day(20), day(28), field.ivan if each % 2 else None)

    fill(4)
    paths = ("/", "/executives", "/ask", f"/people/{field.ivan.id}", "/?view=unanswered")
    few = {path: cost(path) for path in paths}
    fill(12)
    assert {path: cost(path) for path in paths} == few


def test_long_ago_is_asked_of_the_absences_of_then(field: Field) -> None:
    """Reading the past does not spoil what is remembered of the present."""
    field.away(field.marina, day(1), day(5), field.ivan)
    assert field.who() == (field.marina, "owner")
    assert field.who(day(4)) == (field.ivan, "substitute")
    assert field.who() == (field.marina, "owner")
    assert field.who(datetime(2026, 11, 4, 21, tzinfo=UTC)) == (field.marina, "owner")
