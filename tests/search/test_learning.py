"""What the search learns: counted by words and days, never by people, and written in batches."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from sqlalchemy import inspect, select

from app.core import clock, limits
from app.core.db import add_up, session
from app.search.models import AskedWords, SettledGap, TopicHelp
from app.search.service import keeping, learning
from app.search.views import learning as telling
from app.search.views import search as searching
from app.search.views import similar as suggesting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.builders import Builders
    from tests.conftest import Browser

ENGLISH = {"Accept-Language": "en"}
PHONE = {"User-Agent": "Mozilla/5.0 (Linux; Android 16) Chrome/140 Mobile Safari/537.36"}
BEACON = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "no-cors", **PHONE}
FORM = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate", **PHONE, **ENGLISH}

pytestmark = pytest.mark.usefixtures("shelf", "nothing_noted")


@pytest.fixture
def nothing_noted() -> None:
    learning._words._begin_anew()
    learning._topics._begin_anew()


@pytest.fixture
def limited(app: Any) -> Iterator[None]:
    limits.init({"RATE_LIMITS": True})
    yield
    limits.init(app.config)


def indexed() -> None:
    session.commit()
    keeping.rebuild()


def counts() -> dict[str, dict[str, int]]:
    """What was learned of each words, all days together."""
    learning.flush()
    found: dict[str, dict[str, int]] = {}
    for row in session.scalars(select(AskedWords)):
        here = found.setdefault(row.words, {})
        for name in ("searched", "missed", "clicked", "helped", "asked"):
            here[name] = here.get(name, 0) + getattr(row, name)
    return {words: {k: v for k, v in each.items() if v} for words, each in found.items()}


def help_of(topic_id: int) -> tuple[int, int]:
    learning.flush()
    rows = session.scalars(select(TopicHelp).where(TopicHelp.topic_id == topic_id)).all()
    return sum(r.clicked for r in rows), sum(r.helped for r in rows)


def searched(browser: Browser, words: str, **args: Any) -> str:
    answer = browser.get(
        "/search",
        query_string={"q": words, **args},
        headers={**PHONE, **ENGLISH},
        follow_redirects=True,
    )
    assert answer.status_code == 200
    return str(answer.text)


def test_what_is_kept_names_nobody() -> None:
    """A column that could would be a decision, not an accident."""
    kept = {c.name for model in (AskedWords, TopicHelp) for c in inspect(model).columns}
    assert kept == {
        *("day", "words", "language", "category_id", "searched", "missed", "clicked", "helped"),
        *("asked", "topic_id"),
    }


def test_a_search_is_counted_by_its_words(house: Builders, browser: Browser) -> None:
    house.category(name="Карты", words="карта")
    house.question(title="Почему карта не работает?")
    indexed()

    searched(browser, "КАРТА не  работает?")
    searched(browser, "карта не работает")
    searched(browser, "ипотека для моряков")

    assert counts() == {
        "карта не работает": {"searched": 2},
        "ипотека для моряков": {"searched": 1, "missed": 1},
    }


def test_what_was_found_in_part_only_was_not_found(house: Builders, browser: Browser) -> None:
    house.question(title="Почему карта не работает?")
    indexed()
    searched(browser, "карта хоккейного клуба")
    assert counts()["карта хоккейного клуба"] == {"searched": 1, "missed": 1}


def test_the_words_have_a_language_and_a_category(house: Builders, browser: Browser) -> None:
    cards = house.category(name="Карты", words="карта")
    house.category(name="Вклады", words="вклад")
    house.question()
    indexed()
    searched(browser, "где моя карта")
    searched(browser, "скільки коштує переказ")
    learning.flush()
    rows = {r.words: r for r in session.scalars(select(AskedWords))}
    assert rows["где моя карта"].category_id == cards.id
    assert rows["где моя карта"].language == "ru"
    assert rows["скільки коштує переказ"].category_id is None
    assert rows["скільки коштує переказ"].language == "uk"


def test_words_are_counted_as_they_were_read(house: Builders, browser: Browser) -> None:
    house.question(title="Почему карта не работает?")
    indexed()
    assert "карта" in searched(browser, "rfhnf")
    assert counts() == {"карта": {"searched": 1}}


def test_the_same_search_goes_on_uncounted(house: Builders, browser: Browser) -> None:
    """Further pages and narrowing are one search; a search before there is an index is none."""
    searched(browser, "ипотека")
    assert counts() == {}
    category = house.category()
    for n in range(25):
        house.question(title=f"Ипотека, случай {n}", category=category)
    indexed()
    searched(browser, "ипотека")
    searched(browser, "ипотека", page=2)
    searched(browser, "ипотека", kind="idea")
    browser.client.head("/search?q=ипотека", headers=PHONE)
    assert counts() == {"ипотека": {"searched": 1}}


@pytest.mark.parametrize(
    "headers",
    [
        {"User-Agent": "Mozilla/5.0 (compatible; YandexBot/3.0)"},
        {"User-Agent": ""},
        {**PHONE, "Sec-Purpose": "prefetch;prerender"},
    ],
)
def test_machines_are_not_counted(
    house: Builders, browser: Browser, headers: dict[str, str]
) -> None:
    topic = house.question()
    indexed()
    browser.get("/search?q=ипотека", headers=headers)
    for where in ("clicks", "helped"):
        said = {"q": "ипотека", "topic": topic.id}
        browser.post(f"/search/{where}", said, headers={**BEACON, **headers})
    assert counts() == {}
    assert help_of(topic.id) == (0, 0)


def test_nothing_personal_reaches_any_table(house: Builders, browser: Browser) -> None:
    topic = house.question()
    indexed()
    for words in (
        "карта 4276 1234 5678 9012",
        "звонил ٤٢٧٦١٢٣٤",
        "почта ivan@mail.ru",
        "8(912)3456789",
    ):
        searched(browser, words)
        browser.post("/search/helped", {"q": words, "topic": topic.id}, headers=BEACON)
    kept = counts()
    assert set(kept) == {"карта", "звонил", "почта"}
    assert help_of(topic.id) == (0, 4)


def test_a_page_that_is_read_writes_nothing(
    house: Builders, browser: Browser, count_sql: Any
) -> None:
    house.question()
    indexed()
    with count_sql() as statements:
        searched(browser, "ипотека")
    written = [s for s in statements if not s.lstrip().upper().startswith("SELECT")]
    assert written == []


def test_a_click_and_a_help_are_told_by_a_script(house: Builders, browser: Browser) -> None:
    topic = house.question()
    indexed()
    for where in ("clicks", "clicks", "helped"):
        said = {"q": "Карта в метро", "topic": topic.id}
        answer = browser.post(f"/search/{where}", said, headers=BEACON)
        assert (answer.status_code, answer.data) == (204, b"")
        assert "Set-Cookie" not in answer.headers
    assert counts() == {"карта в метро": {"clicked": 2, "helped": 1}}
    assert help_of(topic.id) == (2, 1)


def test_without_a_script_both_are_forms(house: Builders, browser: Browser) -> None:
    topic = house.question()
    said = {"q": "карта", "topic": topic.id}
    answer = browser.post("/search/clicks", said, headers=FORM)
    assert (answer.status_code, answer.location) == (303, f"/topics/{topic.id}")
    answer = browser.post("/search/helped", {**said, "next": "/search?q=x"}, headers=FORM)
    assert (answer.status_code, answer.location) == (303, "/search?q=x")
    shown = browser.get("/search", headers={**FORM}).text
    assert "It is good to know that it helped." in shown
    assert (
        browser.post(
            "/search/helped", {**said, "next": "https://evil.example/"}, headers=FORM
        ).location
        == f"/topics/{topic.id}"
    )


@pytest.mark.parametrize("where", ["clicks", "helped"])
def test_only_topics_in_sight_are_told_of(house: Builders, browser: Browser, where: str) -> None:
    hidden = house.question()
    hidden.hidden_at = clock.now()
    for number in (hidden.id, 999_999, "", "x", "9" * 30, "-1", "\x00"):
        said = {"q": "карта", "topic": number}
        assert browser.post(f"/search/{where}", said, headers=BEACON).status_code == 404
    assert counts() == {}


@pytest.mark.parametrize("where", ["clicks", "helped"])
def test_other_sites_tell_us_nothing(house: Builders, browser: Browser, where: str) -> None:
    topic = house.question()
    elsewhere = {**PHONE, "Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    said = {"q": "карта", "topic": topic.id}
    assert browser.post(f"/search/{where}", said, headers=elsewhere).status_code == 403
    assert counts() == {}


def test_batches_add_up(house: Builders) -> None:
    topic = house.question()
    for _ in range(3):
        learning.note_search("карта", 0)
        learning.note_search("карта", 4)
        learning.note_helped("карта", topic.id)
        learning.flush()
    assert counts() == {"карта": {"searched": 6, "missed": 3, "helped": 3}}
    assert help_of(topic.id) == (0, 3)


def test_two_processes_add_up_at_the_same_time(
    committed: Builders, at_once: Callable[..., list[BaseException | None]]
) -> None:
    """Each with its own words in its own order, as two processes would write them."""
    topic_ids = [committed.question().id for _ in range(3)]
    day = clock.now().date()

    def write(words: list[str]) -> Callable[[], None]:
        def act() -> None:
            for _ in range(10):
                rows = [
                    learning._row((day, word, "ru"), {"searched": 1, "missed": 1}, None)
                    for word in words
                ]
                add_up(AskedWords, rows, learning._OF_WORDS)
                helps = [{"day": day, "topic_id": i, "clicked": 0, "helped": 1} for i in topic_ids]
                add_up(TopicHelp, helps, learning._OF_TOPICS)
                session.commit()

        return act

    words = [f"слово {letter}" for letter in "абвгдежз"]
    errors = at_once(*(write(words[n:] + words[:n]) for n in range(4)))
    assert errors == [None] * 4
    assert counts() == {each: {"searched": 40, "missed": 40} for each in words}
    assert [help_of(i) for i in topic_ids] == [(0, 40)] * 3


def test_an_erased_topic_takes_only_its_own_counts(house: Builders) -> None:
    topic = house.question()
    learning.note_helped("карта", topic.id)
    learning.note_helped("карта", 999_999)
    assert help_of(topic.id) == (0, 1)
    assert counts() == {"карта": {"helped": 2}}


def test_a_question_asked_beside_its_answer_is_counted(
    house: Builders, work: Callable[[], None]
) -> None:
    category = house.category()
    house.question(title="Почему карта не работает в метро?", category=category)
    work()
    indexed()
    house.question(title="Карта не работает в метро вторую неделю", category=category)
    house.question(title="Как открыть вклад ребёнку?", body="Ему семь лет.", category=category)
    staff = house.executive()
    house.question(title="Почему карта не работает в метро утром?", category=category, asker=staff)
    work()
    assert counts() == {"карта не работает в метро вторую неделю": {"asked": 1}}


def test_what_is_old_is_forgotten(house: Builders) -> None:
    topic = house.question()
    settled = datetime(2025, 1, 1, 12, tzinfo=UTC)
    with time_machine.travel(settled, tick=False):
        learning.note_search("старое", 0)
        learning.note_helped("старое", topic.id)
        learning.flush()
        learning.settle("старое")
    with time_machine.travel(settled + timedelta(days=400), tick=False):
        learning.forget_the_old()
        assert set(counts()) == {"старое"}
    with time_machine.travel(settled + timedelta(days=402), tick=False):
        assert learning.forget_the_old() == 3
        assert counts() == {}
        assert help_of(topic.id) == (0, 0)
        assert session.scalars(select(SettledGap)).all() == []


def test_a_search_too_many_keeps_the_words(
    house: Builders, browser: Browser, limited: None
) -> None:
    house.question()
    indexed()
    for _ in range(searching.PACE.guests):
        searched(browser, "карта")
    answer = browser.get("/search?q=карта+в+метро", headers={**PHONE, **ENGLISH})
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 60
    assert 'value="карта в метро"' in answer.text
    assert "That was a little fast" in answer.text
    assert browser.get("/search", headers=PHONE).status_code == 200
    assert set(counts()) == {"карта"}


def test_who_is_signed_in_waits_for_nobody_else(
    house: Builders, new_browser: Callable[[], Browser], limited: None
) -> None:
    house.question()
    indexed()
    guest, person = new_browser(), new_browser().sign_in(house.customer())
    for _ in range(searching.PACE.guests + 1):
        last = guest.get("/search?q=карта", headers=PHONE)
    assert last.status_code == 429
    assert person.get("/search?q=карта", headers=PHONE).status_code == 200


def test_suggestions_too_many_are_refused_without_a_word(
    house: Builders, browser: Browser, limited: None
) -> None:
    house.question()
    indexed()
    for _ in range(suggesting.PACE.guests):
        assert browser.get("/search/similar?q=карта+в+метро").status_code in {200, 204}
    answer = browser.get("/search/similar?q=карта+в+метро")
    assert (answer.status_code, answer.data) == (429, b"")
    assert 0 < int(answer.headers["Retry-After"]) <= 3


@pytest.mark.parametrize("where", ["clicks", "helped"])
def test_telling_too_often_is_refused(
    house: Builders, browser: Browser, limited: None, where: str
) -> None:
    topic = house.question()
    said = {"q": "карта", "topic": topic.id}
    for _ in range(telling.PACE.guests):
        assert browser.post(f"/search/{where}", said, headers=BEACON).status_code == 204
    answer = browser.post(f"/search/{where}", said, headers=FORM)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 60
    assert "That was a little fast" in answer.text
    assert sum(help_of(topic.id)) == telling.PACE.guests
