"""The front page: the box, who answers, the feed; and the reader's language."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from app.core import clock
from app.core.db import session
from app.topics import service

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.builders import Builders
    from tests.conftest import Browser

HOUR = timedelta(hours=1)


def text(response: Any) -> str:
    assert response.status_code == 200
    return str(response.text)


def test_the_box_carries_the_words_to_the_form(house: Builders, browser: Browser) -> None:
    house.brand()

    front = text(browser.get("/"))
    asked = browser.post("/ask", data={"text": "Где моя карта?"})

    assert 'action="/ask"' in front
    assert 'name="text"' in front
    assert "Где моя карта?" in text(asked)


def test_a_welcome_is_said_in_the_reader_s_language(house: Builders, browser: Browser) -> None:
    house.brand(welcome={"ru": "Здесь отвечают **люди**.", "en": "People answer here."})

    assert "отвечают <strong>люди</strong>" in text(browser.get("/"))
    chosen = browser.post("/language", data={"lang": "en", "next": "/executives"})

    assert chosen.status_code == 303
    assert chosen.location == "/executives"
    assert "People answer here." in text(browser.get("/"))


@pytest.mark.parametrize("code", ["", "xx", "../en"])
def test_a_language_we_do_not_speak_changes_nothing(
    house: Builders, browser: Browser, code: str
) -> None:
    answer = browser.post("/language", data={"lang": code, "next": "//evil.example"})

    assert answer.location == "/"
    assert "Set-Cookie" not in answer.headers


def test_choosing_a_language_from_another_site_is_refused(browser: Browser) -> None:
    answer = browser.post("/language", data={"lang": "en"}, headers={"Origin": "http://evil.test"})

    assert answer.status_code == 403


def test_who_answers_stands_there_with_how_many_wait(house: Builders, browser: Browser) -> None:
    anna = house.executive(name="Анна Бережная")
    house.executive(name="Без Категории")
    cards = house.category(anna)
    house.question(category=cards, at=clock.now() - 30 * HOUR)
    house.question(category=cards)
    house.praise(category=cards)
    house.answer(house.question(category=cards))

    front = text(browser.get("/", headers={"Accept-Language": "en"}))

    assert "Анна Бережная" in front
    assert "2 are waiting · overdue" in front
    assert "is-overdue" in front
    assert "Без Категории" not in front


def test_tabs_show_what_they_say(house: Builders, browser: Browser) -> None:
    category = house.category()
    waiting = house.question(category=category, title="Ждёт ответа до завтра")
    solved = house.question(category=category, title="Решено и подтверждено")
    house.answer(solved)
    service.accept(solved.asker, solved)
    idea = house.idea(category=category, title="Тёмная тема в приложении")
    house.answer(idea)
    titles = {t.title for t in (waiting, solved, idea)}

    def shown(view: str) -> set[str]:
        page = text(browser.get(f"/?view={view}"))
        return {title for title in titles if title in page}

    assert shown("recent") == titles
    assert shown("nonsense") == titles
    assert shown("unanswered") == {waiting.title}
    assert shown("solved") == {solved.title}
    assert shown("ideas") == {idea.title}


def test_a_line_says_what_the_bank_answered(house: Builders, browser: Browser) -> None:
    topic = house.question()
    house.answer(topic, "Карта **приедет** в четверг.\n\nОстальное потом.")

    assert "Карта приедет в четверг." in text(browser.get("/"))


def test_a_hidden_answer_is_quoted_nowhere(house: Builders, browser: Browser) -> None:
    topic = house.question()
    house.answer(topic, "Это написали зря.").hidden_at = clock.now()

    assert "Это написали зря." not in text(browser.get("/"))


def test_hidden_topics_never_appear(
    house: Builders, browser: Browser, new_browser: Callable[[], Browser]
) -> None:
    category = house.category()
    topic = house.question(category=category, title="Здесь номер карты", tags=["карта"])
    house.answer(topic)
    topic.hidden_at = clock.now()
    manager = house.manager()
    pages = [
        "/",
        "/?view=popular",
        f"/categories/{category.slug}",
        "/tags/карта",
        f"/people/{topic.asker_id}",
        f"/people/{category.owner_id}",
        "/executives",
        "/sitemap-1.xml",
    ]

    assert not [page for page in pages if topic.title in text(browser.get(page))]
    assert f"/topics/{topic.id}<" not in text(browser.get("/sitemap-1.xml"))
    assert topic.title in text(new_browser().sign_in(manager).get("/"))


def test_older_and_newer_are_links(house: Builders, browser: Browser) -> None:
    category, start = house.category(), clock.now() - 40 * HOUR
    for number in range(23):
        at = start + number * HOUR
        house.question(category=category, title=f"Вопрос номер {number:02}", at=at)

    first = text(browser.get("/"))
    assert "Вопрос номер 22" in first
    assert "Вопрос номер 02" not in first
    assert 'rel="prev"' not in first

    link = first.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    second = text(browser.get(link))

    assert "Вопрос номер 02" in second
    assert "Вопрос номер 22" not in second
    assert 'rel="prev"' in second


def fill(house: Builders, topics: int) -> Any:
    """A house with so many topics, each with another executive, asker and tag."""
    start = clock.now() - timedelta(days=5)
    category = house.category()
    for number in range(topics):
        topic = house.question(
            category=category, tags=[f"слово{number}"], at=start + number * timedelta(minutes=1)
        )
        if number % 2:
            house.answer(topic)
    session.commit()
    session.expunge_all()
    return category


@pytest.mark.parametrize("view", ["recent", "unanswered", "popular"])
def test_the_front_page_costs_the_same_with_three_and_sixty_topics(
    house: Builders, browser: Browser, count_sql: Callable[[], Any], view: str
) -> None:
    house.brand()
    fill(house, 3)
    with count_sql() as few:
        browser.get(f"/?view={view}")
    fill(house, 57)
    with count_sql() as many:
        page = text(browser.get(f"/?view={view}"))

    # Two categories' worth of rows, the same statements.
    assert len(many) == len(few)
    assert len(few) <= 11

    link = page.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    with count_sql() as deep:
        text(browser.get(link))
    assert len(deep) == len(many)


def test_robots_are_shown_the_sitemap(house: Builders, browser: Browser) -> None:
    topic = house.question(tags=["карта"])

    robots = text(browser.get("/robots.txt"))
    index = text(browser.get("/sitemap.xml"))
    topics = text(browser.get("/sitemap-1.xml"))
    pages = text(browser.get("/sitemap-0.xml"))

    assert "Sitemap: http://otklik.test/sitemap.xml" in robots
    assert "Disallow: /desk" in robots
    assert "http://otklik.test/sitemap-1.xml" in index
    assert f"<loc>http://otklik.test/topics/{topic.id}</loc>" in topics
    assert f"<loc>http://otklik.test/categories/{topic.category.slug}</loc>" in pages
