"""The search page, the similar topics under a question, related answers, the browser's own box."""

from __future__ import annotations

import json
import logging
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

import pytest

from app.core.db import session
from app.core.events import quietly
from app.moderation import service as moderation
from app.search import index
from app.search import shelf as shelves
from app.search.index import MOST_HITS
from app.search.service import keeping

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.builders import Builders
    from tests.conftest import Browser

pytestmark = pytest.mark.usefixtures("shelf")

ROOT = Path(__file__).parents[2]
NAUGHTY = Path(os.environ.get("OTKLIK_DATA", ROOT.parent / "shared" / "data")) / "blns.json"
ENGLISH = {"Accept-Language": "en"}

# Enough of the naughty strings to run anywhere; the whole list where it lies.
SAMPLES = [
    "", " ", "'", '"', '""', "-", "--", '-"', "*", "?", "a*", "(", "))", "AND", "NOT NOT", "[1 TO",
    "title:карта", "^2", "~", "\\", "%", "_", "'; DROP TABLE topics;--", "<script>x()</script>",
    "\u202e\u200b\ufeff", "\x00\x01", "🙂👩‍👩‍👧", "ЁЁЁ", "ﬁ ﷽", "«", "»«", "1/0", "ß İ", "\ud7ff",
    "а" * 5000, "й " * 900, "x\u0300" * 300,
]  # fmt: skip


def page(browser: Browser, **args: Any) -> str:
    """The search page, in English."""
    answer = browser.get("/search", query_string=args, headers=ENGLISH)
    assert answer.status_code == 200
    return str(answer.text)


def titles(html: str) -> list[str]:
    """What stands in the lines, without marks."""
    lines = re.findall(r'<a class="line__link"[^>]*>(.*?)</a>', html, re.DOTALL)
    return [re.sub(r"</?mark>", "", line) for line in lines]


@pytest.fixture
def bank(house: Builders, work: Callable[[], None]) -> dict[str, Any]:
    """Two categories, one topic of each sort, all in the index."""
    house.brand(languages=["ru", "uk", "en"])
    cards, loans = house.category(slug="cards", name="Карты"), house.category(slug="loans")
    made = {
        "asked": house.question(title="Карта не пришла", body="Жду.", category=cards),
        "idea": house.idea(title="Карта с выемкой", body="На ощупь.", category=cards),
        "loan": house.problem(title="Карта и кредит", body="Списали.", category=loans),
    }
    house.answer(made["loan"], "Вернули **деньги** за кредит.")
    work()
    return {name: topic.title for name, topic in made.items()}


def test_the_box_alone_when_nothing_was_asked(browser: Browser, bank: dict[str, str]) -> None:
    html = page(browser)

    assert 'name="q"' in html
    assert titles(html) == []


def test_results_show_marks_the_count_and_what_was_typed(
    browser: Browser, bank: dict[str, str]
) -> None:
    html = page(browser, q="картой деньги")

    assert titles(html)[0] == bank["loan"]
    assert "<mark>Карта</mark> и кредит" in html
    assert "Вернули <mark>деньги</mark> за кредит." in html
    assert html.count('value="картой деньги"') == 2  # in the header and on the page
    assert 'role="status">3 topics' in html
    assert "With some of the words" in html


@pytest.mark.parametrize(
    ("narrowed", "left"),
    [
        ({}, {"asked", "idea", "loan"}),
        ({"category": "cards"}, {"asked", "idea"}),
        ({"kind": "idea"}, {"idea"}),
        ({"state": "answered"}, {"loan"}),
        ({"category": "cards", "kind": "question", "state": "waiting"}, {"asked"}),
        ({"category": "loans", "kind": "idea"}, set()),
        (
            {"category": "no-such", "kind": "x", "state": "<", "page": "-1"},
            {"asked", "idea", "loan"},
        ),
    ],
)
def test_filters_narrow_down_and_stay_chosen(
    browser: Browser, bank: dict[str, str], narrowed: dict[str, str], left: set[str]
) -> None:
    html = page(browser, q="карта", **narrowed)

    assert set(titles(html)) == {bank[name] for name in left}
    chosen = re.findall(r'<option value="([^"]+)" selected>', html)
    known = {"cards", "loans", "idea", "question", "answered", "waiting"}
    assert chosen == [v for v in narrowed.values() if v in known]


def test_nothing_found_leads_on_to_the_person_who_answers(
    browser: Browser, house: Builders, bank: dict[str, str]
) -> None:
    owner = house.executive(name="Вера Ипатова")
    house.category(owner, slug="mortgage", name="Ипотека", words="ипотека залог")

    html = page(browser, q="залог мурзилка")

    assert "Nobody has asked this yet" in html
    assert "answers: Вера Ипатова" in html
    address = f"/ask?title={quote('залог мурзилка').replace('%20', '+')}&amp;category=mortgage"
    assert address in html


def test_a_title_cannot_bring_markup(
    browser: Browser, house: Builders, work: Callable[[], None]
) -> None:
    house.question(title="<script>alert(1)</script> карта", body="`<img src=x onerror=карта>`")
    work()

    html = page(browser, q='карта "><script>alert(2)</script>')

    assert "<script>alert" not in html
    assert "<img src=x" not in html
    assert "&lt;script&gt;" in html
    assert "<mark>карта</mark>" in html


def test_hidden_topics_are_nobody_s_find_not_even_before_the_worker_comes(
    browser: Browser, house: Builders, work: Callable[[], None]
) -> None:
    topic = house.question(title="Скандал с картой")
    house.answer(topic)
    other = house.question(title="Другое про карту")
    work()
    assert "Скандал" in browser.get(f"/topics/{other.id}").text
    moderation.hide(house.manager(), topic, "Чужое имя")

    for _ in range(2):
        assert "Скандал" not in page(browser, q="карта")
        assert "Nobody has asked" in page(browser, q="скандал")
        assert browser.get("/search/similar?q=скандал+с+картой").status_code in {200, 204}
        assert "Скандал" not in browser.get("/search/similar?q=скандал+с+картой").text
        assert "Скандал" not in browser.get(f"/topics/{other.id}").text
        work()


def test_a_long_query_is_cut_with_a_word_about_it(browser: Browser, bank: dict[str, str]) -> None:
    assert "first 200 characters" not in page(browser, q="карта " * 33)
    html = page(browser, q="карта " * 34 + "конец")

    assert "first 200 characters" in html
    assert bank["asked"] in titles(html)
    assert "конец" not in html


@pytest.mark.parametrize("address", ["/search", "/search/similar"])
def test_naughty_strings_are_queries_like_any_other(
    browser: Browser, bank: dict[str, str], address: str
) -> None:
    strings = [*SAMPLES, *(json.loads(NAUGHTY.read_text())[::12] if NAUGHTY.exists() else [])]
    for text in strings:
        answer = browser.get(address, query_string={"q": text, "page": text, "category": text})
        assert answer.status_code in {200, 204}, text
    assert browser.get(f"{address}?q=%ff%fe%00&page=9999999999").status_code in {200, 204}


def test_pages_follow_one_another(
    browser: Browser, house: Builders, work: Callable[[], None]
) -> None:
    category = house.category()
    made = {house.question(title=f"Карта {n}", category=category).title for n in range(45)}
    work()

    first, last = page(browser, q="карта"), page(browser, q="карта", page=3)
    second = page(browser, q="карта", page=2)

    assert [len(titles(p)) for p in (first, second, last)] == [20, 20, 5]
    assert set(titles(first) + titles(second) + titles(last)) == made
    assert 'rel="next"' in first
    assert 'rel="prev"' not in first
    assert "page 2 of 3" in second
    assert 'rel="next"' not in last
    assert titles(page(browser, q="карта", page=99)) == titles(last)


def test_more_than_the_engine_shows_is_said_so(
    browser: Browser, bank: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MOST_HITS == 200
    monkeypatch.setattr(index.Index.find, "__kwdefaults__", {
        **(index.Index.find.__kwdefaults__ or {}), "limit": 2,
    })  # fmt: skip

    html = page(browser, q="карта")

    assert "More than 2 topics" in html


def test_sixty_topics_cost_what_three_cost(
    browser: Browser,
    house: Builders,
    work: Callable[[], None],
    count_sql: Callable[[], Any],
) -> None:
    category, asker, other = house.category(), house.customer(), house.customer()

    def ask(count: int) -> None:
        with quietly():
            for n in range(count):
                topic = house.question(
                    title=f"Карта {n}", category=category, asker=asker, tags=[f"тег{n}"]
                )
                house.answer(topic)
                house.comment(topic, author=other)
        session.commit()
        keeping.rebuild()

    statements = []
    for count in (3, 57):
        ask(count)
        with count_sql() as seen:
            html = page(browser, q="карта")
        statements.append(seen)
        with count_sql() as seen:
            assert browser.get("/search/similar?q=карта+номер+один").status_code == 200
        statements.append(seen)

    assert len(titles(html)) == 20
    few, few_similar, many, many_similar = map(len, statements)
    assert few == many <= 15, statements[2]
    assert few_similar == many_similar <= 8, statements[3]


def test_similar_topics_come_as_a_fragment(
    browser: Browser, house: Builders, work: Callable[[], None]
) -> None:
    cards, loans = house.category(), house.category()
    for n in range(7):
        topic = house.question(title=f"Курьер с картой опоздал {n}", category=cards)
        house.answer(topic, "Курьер приедет **завтра**.\n\nИзвините.")
    work()

    answer = browser.get("/search/similar?q=курьер+не+привёз+карту", headers=ENGLISH)

    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert 'data-count="5"' in answer.text
    assert 'data-say="5 similar topics"' in answer.text
    assert len(titles(answer.text)) == 5
    assert "Курьер приедет завтра." in answer.text
    assert "Answered" in answer.text
    inside = browser.get(f"/search/similar?q=курьер+не+привёз+карту&category={cards.id}")
    outside = browser.get(f"/search/similar?q=курьер+не+привёз+карту&category={loans.id}")
    assert (inside.status_code, outside.status_code) == (200, 204)


@pytest.mark.parametrize("text", ["", "карта", "девять123", "совсем другая погода", "здравствуйте"])
def test_nothing_similar_is_no_content(browser: Browser, bank: dict[str, str], text: str) -> None:
    answer = browser.get("/search/similar", query_string={"q": text})

    assert (answer.status_code, answer.text) == (204, "")


def test_related_answers_stand_at_the_end_of_a_topic(
    browser: Browser, house: Builders, work: Callable[[], None]
) -> None:
    category = house.category()
    topic = house.question(title="Карта застряла в банкомате", category=category)
    for n in range(5):
        house.answer(house.question(title=f"Банкомат не отдал карту {n}", category=category))
    unanswered = house.question(title="Банкомат съел карту, жду", category=category)
    work()

    html = browser.get(f"/topics/{topic.id}", headers=ENGLISH).text
    related = html.partition("Related answers")[2]

    assert len(titles(related)) == 3
    assert topic.title not in titles(related)
    assert unanswered.title not in titles(related)


def test_the_desk_shows_what_was_answered_before(
    browser: Browser, house: Builders, work: Callable[[], None]
) -> None:
    house.brand(languages=["ru", "en"])
    category = house.category(house.executive(locale="en"))
    past = house.question(title="Банкомат не отдал карту", category=category)
    house.answer(past, "Карту вернём в отделении.")
    house.question(title="Карта застряла в банкомате", category=category)
    work()

    html = browser.sign_in(category.owner).get("/desk", headers=ENGLISH).text

    assert "Answered before" in html
    assert past.title in html
    assert "Карту вернём в отделении." in html


def test_the_step_between_shows_the_same_without_javascript(
    browser: Browser, house: Builders, work: Callable[[], None]
) -> None:
    category = house.category()
    house.answer(house.question(title="Банкомат не отдал карту", category=category))
    work()

    answer = browser.post(
        "/ask",
        {
            "kind": "question",
            "title": "Банкомат забрал мою карту",
            "body": "Стою у банкомата на Лесной, карта внутри.",
            "category_id": str(category.id),
        },
    )

    assert answer.status_code == 200
    assert titles(answer.text) == ["Банкомат не отдал карту"]


def lose(shelf: Path) -> None:
    (shelf / "current").unlink()


def empty(shelf: Path) -> None:
    for file in shelf.rglob("*"):
        if file.is_file() and file.name != "current":
            file.write_bytes(b"")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("harm", [lose, empty])
def test_pages_work_without_an_index(
    browser: Browser,
    house: Builders,
    bank: dict[str, str],
    shelf: Path,
    harm: Callable[[Path], None],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(index, "_PAUSE", 0.001)
    topic = house.question()
    shelves.init({"INDEX_PATH": shelf})
    harm(shelf)
    caplog.set_level(logging.WARNING, "app.search.shelf")

    assert "being prepared" in page(browser, q="карта")
    assert browser.get("/search/similar?q=карта+не+пришла").status_code == 204
    assert browser.get(f"/topics/{topic.id}").status_code == 200
    assert "search index" in caplog.text
    caplog.clear()  # it holds the files that Whoosh could not make sense of


def test_browsers_learn_how_to_search_here(browser: Browser, house: Builders) -> None:
    house.brand(name="Банк <Полдень> & Ко")
    html = page(browser)
    [href] = re.findall(r'<link rel="search"[^>]*href="([^"]+)"', html)

    answer = browser.get(href)

    assert answer.content_type.startswith("application/opensearchdescription+xml")
    space = "{http://a9.com/-/spec/opensearch/1.1/}"
    described = ET.fromstring(answer.text)  # noqa: S314 (our own words)
    url = described.find(f"{space}Url")
    assert url is not None
    assert url.attrib["template"] == "http://otklik.test/search?q={searchTerms}"
    assert described.findtext(f"{space}ShortName") == "Банк <Полдень> &"
