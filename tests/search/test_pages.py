"""The search page, the similar topics under a question, related answers, the browser's own box."""

from __future__ import annotations

import gc
import json
import logging
import os
import re
from datetime import date
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, urlsplit
from xml.etree import ElementTree as ET

import pytest

from app.core.db import session
from app.core.events import quietly
from app.core.i18n import speaking
from app.moderation import service as moderation
from app.search import index
from app.search import shelf as shelves
from app.search.index import MOST_HITS, Filters
from app.search.service import keeping
from app.search.views import narrowing
from app.search.views.asked import Asked
from app.topics import queries as topics_queries

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.builders import Builders
    from tests.conftest import Browser

pytestmark = pytest.mark.usefixtures("shelf")

ROOT = Path(__file__).parents[2]
NAUGHTY = (
    Path(os.environ.get("OTKLIK_DATA", ROOT.parent / "shared" / "data")) / "blns" / "blns.json"
)
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
    return [re.sub(r"</?(?:mark|bdi)>", "", line) for line in lines]


@pytest.fixture
def bank(house: Builders, work: Callable[[], None]) -> dict[str, Any]:
    """Two categories, one topic of each sort, all in the index."""
    house.brand(languages=["ru", "uk", "en"])
    cards, loans = (
        house.category(slug="cards", name="Карты"),
        house.category(slug="loans", name="Кредиты"),
    )
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
    browser: Browser, house: Builders, bank: dict[str, str], work: Callable[[], None]
) -> None:
    for title in ("Деньги не дошли", "Деньги дошли"):
        house.question(title=title, body="Жду.")
    work()

    html = page(browser, q="картой деньги")

    assert titles(html)[0] == bank["loan"]
    assert "<mark>Карта</mark> и кредит" in html
    assert "Вернули <mark>деньги</mark> за кредит." in html
    assert html.count('value="картой деньги"') == 2  # in the header and on the page
    assert {"Деньги дошли", "Деньги не дошли"} < set(titles(html))
    assert f'role="status">{len(titles(html))} topics' in html
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
def test_what_is_chosen_narrows_down_and_stays_chosen(
    browser: Browser, bank: dict[str, str], narrowed: dict[str, str], left: set[str]
) -> None:
    html = page(browser, q="карта", **narrowed)

    assert set(titles(html)) == {bank[name] for name in left}
    known = {"cards", "loans", "idea", "question", "answered", "waiting"}
    kept = re.findall(r'<input type="hidden" name="\w+" value="(\w+)">', html)
    assert kept == [v for v in narrowed.values() if v in known]
    assert len(re.findall('class="chip"', html)) == len(kept)


def facets(html: str) -> dict[str, tuple[int, str]]:
    """The choices that are offered: words, figure and address."""
    found = re.findall(
        r'class="facet" href="([^"]+)".*?<span>(.*?)</span> <span class="num quiet">(\d+)</span>',
        html,
    )
    return {words: (int(figure), unescape(href)) for href, words, figure in found}


def test_facets_count_what_their_links_lead_to(browser: Browser, bank: dict[str, str]) -> None:
    offered = facets(page(browser, q="карта"))

    assert {words: figure for words, (figure, _) in offered.items()} == {
        "Карты": 2, "Кредиты": 1, "Question": 1, "Idea": 1, "Problem": 1,
        "Waiting": 1, "Answered": 1, "New": 1,
    }  # fmt: skip
    for words, (figure, href) in offered.items():
        html = browser.get(href, headers=ENGLISH).text
        assert len(titles(html)) == figure, words


def test_a_facet_widens_again_and_counts_the_others_beside_it(
    browser: Browser, bank: dict[str, str]
) -> None:
    html = page(browser, q="карта", kind="idea")
    offered = facets(html)

    # Other kinds stay in sight, as many as there would be; what goes beside is of ideas alone.
    assert [offered[kind][0] for kind in ("Idea", "Question", "Problem")] == [1, 1, 1]
    # Where nothing is left to choose, nothing is offered.
    assert not {"Карты", "Answered", "New"} & offered.keys()
    assert offered["Idea"][1] == "/search?q=" + quote("карта")
    assert offered["Question"][1].endswith("&kind=question")
    assert 'aria-current="true"><span>Idea</span>' in html
    assert "Kind: Idea" in html


def test_what_was_understood_of_the_words_can_be_let_go_of(
    app: Flask, house: Builders, bank: dict[str, str]
) -> None:
    categories = topics_queries.categories()
    cards = next(c for c in categories if c.slug == "cards")
    words = 'карта category:cards by:"Анна Ли" state:nonsense after:2026-01'
    with app.test_request_context("/search", query_string={"q": words, "kind": "idea"}):
        asked = Asked.of_request(categories)
        filters = Filters(
            category_ids=frozenset({cards.id}),
            kinds=frozenset({"idea"}),
            people=frozenset({7, 8}),
            since=date(2026, 1, 1),
        )
        with speaking("en", "UTC"):
            made = narrowing.chips(asked, filters, ["state:nonsense"], categories)

    assert [chip.words for chip in made] == [
        "Kind: Idea", "Category: Карты", "By: Анна Ли", "Asked after: 2026-01",
    ]  # fmt: skip
    left = [parse_qs(urlsplit(chip.href).query) for chip in made]
    assert left[0] == {"q": [words]}
    assert left[1]["q"] == ['карта by:"Анна Ли" state:nonsense after:2026-01']
    assert left[2]["q"] == ["карта category:cards state:nonsense after:2026-01"]
    assert left[3]["q"] == ['карта category:cards by:"Анна Ли" state:nonsense']
    assert all(each["kind"] == ["idea"] for each in left[1:])


def test_what_the_words_narrow_down_is_shown_as_chosen(
    browser: Browser, bank: dict[str, str]
) -> None:
    html = page(browser, q="карта category:cards state:nonsense")

    assert set(titles(html)) == {bank["asked"], bank["idea"]}
    assert "Category: Карты" in html
    assert "left out: state:nonsense" in html
    offered = facets(html)
    assert 'aria-current="true"><span>Карты</span>' in html
    # Another of the sort takes the place of the one in the words.
    figure, href = offered["Кредиты"]
    assert "category%3Acards" not in href
    assert figure == 1
    assert titles(browser.get(href, headers=ENGLISH).text) == [bank["loan"]]
    widened = browser.get(offered["Карты"][1], headers=ENGLISH).text
    assert set(titles(widened)) == set(bank.values())
    nothing = page(browser, q="карта category:loans kind:idea")
    assert "without the choice there may be more" in nothing
    assert f'<a class="button button--plain" href="/search?q={quote("карта")}">' in nothing


def test_how_the_words_were_read_is_said_and_can_be_undone(
    browser: Browser, bank: dict[str, str]
) -> None:
    html = page(browser, q="rfhnf", kind="idea")

    assert titles(html) == [bank["idea"]]
    assert "Shown for «карта» instead of «rfhnf»." in html
    [href] = re.findall(r'<a href="([^"]+)"[^>]*>Search exactly for what I typed</a>', html)
    html = browser.get(unescape(href), headers=ENGLISH).text
    assert "Shown for" not in html
    assert "Nobody has asked this yet" in html
    assert "Kind: Idea" in html


def test_facets_count_nothing_that_the_reader_may_not_see(
    browser: Browser, house: Builders, bank: dict[str, str], work: Callable[[], None]
) -> None:
    hidden = house.praise(title="Карта и благодарность")
    work()
    assert facets(page(browser, q="карта"))["Praise"][0] == 1

    moderation.hide(house.manager(), hidden, "Чужое имя")

    assert "Praise" not in facets(page(browser, q="карта"))


def test_what_lies_beyond_the_best_hits_is_found_once_it_is_chosen(
    browser: Browser, house: Builders, bank: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index.Index.find, "__kwdefaults__", {
        **(index.Index.find.__kwdefaults__ or {}), "limit": 1,
    })  # fmt: skip

    shown = [titles(page(browser, q="карта", kind=k)) for k in ("question", "idea", "problem")]

    assert shown == [[bank["asked"]], [bank["idea"]], [bank["loan"]]]


def test_a_short_official_answer_stands_in_the_result_a_long_one_does_not(
    browser: Browser, house: Builders, work: Callable[[], None]
) -> None:
    owner = house.executive(name="Вера Ипатова", post="Директор по картам")
    category = house.category(owner)
    short, long = (house.question(title=f"Карта номер {n}", category=category) for n in "12")
    house.answer(short, "Новая **карта** ждёт.\n\nВ отделении.")
    house.answer(long, "Здравствуйте. " + "Слова, слова. " * 30 + "Карта готова.")
    work()

    html = page(browser, q="карта")
    first, second = sorted(html.split('<li class="line">')[1:], key=lambda line: "номер 2" in line)

    assert "Новая <mark>карта</mark> ждёт. В отделении." in first
    assert "Вера Ипатова" in first
    assert "Директор по картам" in first
    assert "Official answer" in first
    assert "Official answer" not in second
    assert "From the answer: Вера Ипатова" in second
    assert "<mark>Карта</mark> готова." in second


def test_a_hidden_answer_is_no_part_of_a_result(
    browser: Browser, house: Builders, work: Callable[[], None]
) -> None:
    topic = house.question(title="Карта в пути", body="Жду вторую неделю.")
    answer = house.answer(topic, "Карта у соседа Иванова.")
    work()
    assert "Иванова" in page(browser, q="карта")

    moderation.hide_post(house.manager(), topic, answer, "Чужое имя")

    html = page(browser, q="карта")
    assert titles(html) == [topic.title]
    assert "Иванова" not in html
    assert "From the answer" not in html


def test_the_words_of_a_result_are_said_to_be_whose_they_are(
    browser: Browser, house: Builders, work: Callable[[], None]
) -> None:
    topic = house.question(title="Не работает терминал", body="Стоит у кассы, молчит.")
    house.comment(
        topic, "У меня помогла перезагрузка терминала.", author=house.customer(name="Глеб")
    )
    idea = house.idea(title="Голос для терминала", body="Чтобы говорил.")
    work()

    html = page(browser, q="перезагрузка")
    assert "From a comment: Глеб" in html
    assert "помогла <mark>перезагрузка</mark>" in html
    # The asker's own words need no name, and neither does what matched by the title alone.
    html = page(browser, q="голос")
    assert titles(html) == [idea.title]
    assert "Чтобы говорил." in html
    assert "From a" not in html


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
        for shape in ("list", "options"):
            with count_sql() as seen:
                found = browser.get(f"/search/similar?q=карта+номер+один&shape={shape}")
            assert found.status_code == 200
            statements.append(seen)

    assert len(titles(html)) == 20
    few, few_similar, few_options, many, many_similar, many_options = map(len, statements)
    assert few == many <= 15, statements[3]
    assert few_similar == many_similar <= 7, statements[4]
    assert few_options == many_options <= 8, statements[5]


def past_titles(html: str) -> list[str]:
    """What is offered while somebody types, without marks."""
    found = re.findall(r'<span class="(?:hit__title|near__name)">(.*?)</span>', html)
    return [re.sub(r"</?mark>", "", title) for title in found]


def test_similar_topics_come_as_a_list_to_be_read_in_place(
    browser: Browser, house: Builders, work: Callable[[], None]
) -> None:
    owner = house.executive(name="Вера Ипатова", post="Директор по картам")
    cards, loans = house.category(owner), house.category()
    for n in range(7):
        topic = house.question(title=f"Курьер с картой опоздал {n}", category=cards)
        house.answer(topic, "Курьер приедет **завтра**.\n\nИзвините.")
    work()

    answer = browser.get("/search/similar?q=курьер+не+привёз+карту", headers=ENGLISH)

    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert 'data-count="5"' in answer.text
    assert 'data-say="5 similar topics"' in answer.text
    assert len(past_titles(answer.text)) == 5
    assert "<mark>Курьер</mark> с <mark>картой</mark>" in answer.text
    assert "Курьер приедет завтра. Извините." in answer.text
    assert answer.text.count("Вера Ипатова") == answer.text.count("Директор по картам") == 5
    assert "Answered" in answer.text
    assert "<form" not in answer.text  # it goes into a form
    assert answer.text.count("data-helped=") == 5
    assert answer.text.count("data-anyway") == 1
    inside = browser.get(f"/search/similar?q=курьер+не+привёз+карту&category={cards.id}")
    outside = browser.get(f"/search/similar?q=курьер+не+привёз+карту&category={loans.id}")
    assert (inside.status_code, outside.status_code) == (200, 204)


def test_nothing_helps_that_has_no_answer(
    browser: Browser, house: Builders, work: Callable[[], None]
) -> None:
    house.question(title="Курьер с картой опоздал")
    gone = house.question(title="Курьер с картой пропал")
    said = house.answer(gone, "Курьера зовут Пётр.")
    work()
    moderation.hide_post(house.manager(), gone, said, "Чужое имя")

    html = browser.get("/search/similar?q=курьер+с+картой", headers=ENGLISH).text

    assert len(past_titles(html)) == 2
    assert "Пётр" not in html
    assert html.count("No official answer yet") == 2
    assert "data-helped=" not in html


@pytest.mark.parametrize("text", ["", "ка", "xyzzy", "совсем другая погода", "здравствуйте"])
def test_nothing_similar_is_no_content(browser: Browser, bank: dict[str, str], text: str) -> None:
    for shape in ("", "options"):
        answer = browser.get("/search/similar", query_string={"q": text, "shape": shape})

        assert (answer.status_code, answer.text) == (204, "")


def test_a_search_box_is_offered_options_of_unfinished_words(
    browser: Browser, house: Builders, bank: dict[str, str], work: Callable[[], None]
) -> None:
    for n in range(7):
        house.question(title=f"Банкомат {n} закрыт", body="На вокзале.")
    work()

    answer = browser.get("/search/similar?shape=options&q=кар", headers=ENGLISH)
    assert set(past_titles(answer.text)) == set(bank.values())
    assert answer.text.count('role="option"') == 3
    assert 'data-say="3 suggestions"' in answer.text
    assert "<mark>Карта</mark> и кредит" in answer.text
    assert answer.text.count("Answered") == 1
    assert "<a" not in answer.text  # an option is no place for a link

    many = browser.get("/search/similar?shape=options&q=банк", headers=ENGLISH).text
    assert 'data-say="6 suggestions"' in many


def test_no_option_is_a_topic_whose_words_are_withdrawn(
    browser: Browser, house: Builders, work: Callable[[], None]
) -> None:
    topic = house.question(title="Скандал с картой")
    remark = house.comment(topic, "Виноват Сидоров.")
    work()
    assert browser.get("/search/similar?shape=options&q=сидоров").status_code == 200

    moderation.hide_post(house.manager(), topic, remark, "Чужое имя")

    for _ in range(2):
        assert browser.get("/search/similar?shape=options&q=скандал").status_code == 200
        assert browser.get("/search/similar?shape=options&q=сидоров").status_code == 204
        work()


@pytest.mark.parametrize("name", ["/", "/ask", "/search"])
def test_boxes_are_told_from_how_many_letters_on_they_ask(browser: Browser, name: str) -> None:
    html = browser.get(name, headers=ENGLISH).text

    assert set(re.findall(r'data-shortest="(\d+)"', html)) == {"3"}


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
    past = house.question(title="Банкомат не отдал карту", category=category)
    house.answer(past, "Карту вернём в отделении.")
    work()
    sent = {
        "kind": "question",
        "title": "Банкомат забрал мою карту",
        "body": "Стою у банкомата на Лесной, карта внутри.",
        "category_id": str(category.id),
    }

    answer = browser.post("/ask", sent, headers=ENGLISH)

    assert answer.status_code == 200
    assert past_titles(answer.text) == ["Банкомат не отдал карту"]
    assert "Карту вернём в отделении." in answer.text
    [helped] = re.findall(r'<form[^>]*action="/search/helped"[^>]*>.*?</form>', answer.text)
    assert "This helped" in helped
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', helped))
    assert fields["topic"] == str(past.id)
    assert fields["q"].startswith("Банкомат забрал мою карту")
    left = browser.post("/search/helped", fields, headers={"Accept": "text/html"})
    assert left.status_code == 303
    # Whoever goes on has the whole text in the other form.
    [anyway] = re.findall(r'<form[^>]*action="/ask"[^>]*>.*?</form>', answer.text, re.DOTALL)
    assert "Ask anyway" in anyway
    fields = {k: unescape(v) for k, v in re.findall(r'name="(\w+)" value="([^"]*)"', anyway)}
    assert {name: fields[name] for name in sent} == sent
    assert browser.post("/ask", fields).status_code == 303


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
    shelves.init({"INDEX_PATH": shelf, "SEARCH_ENGINE": shelves.engine()})
    harm(shelf)
    caplog.set_level(logging.WARNING, "app.search.shelf")

    assert "being prepared" in page(browser, q="карта")
    assert browser.get("/search/similar?q=карта+не+пришла").status_code == 204
    assert browser.get(f"/topics/{topic.id}").status_code == 200
    assert "search index" in caplog.text
    caplog.clear()  # it holds the files that Whoosh could not make sense of
    gc.collect()


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
