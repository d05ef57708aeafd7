"""Feeds are valid Atom, show what everybody may read, and answer 304."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring

from app.moderation import service as moderation

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.builders import Builders
    from tests.conftest import Browser

ATOM = "{http://www.w3.org/2005/Atom}"


def feed_at(browser: Browser, path: str) -> Element:
    """The parsed feed, after checking what Atom demands of every feed and entry."""
    answer = browser.get(path)
    assert answer.status_code == 200
    assert answer.mimetype == "application/atom+xml"
    feed: Element = fromstring(answer.data)
    assert feed.tag == f"{ATOM}feed"
    ids = [text(e, "id") for e in (feed, *entries(feed))]
    assert len(ids) == len(set(ids))
    for each in (feed, *entries(feed)):
        assert text(each, "title")
        assert datetime.fromisoformat(text(each, "updated")).tzinfo is not None
        assert text(each, "author/" + ATOM + "name")
        # Without `rel` a link is the alternate (RFC 4287, 4.2.7.2).
        assert {x.get("rel", "alternate") for x in each.findall(f"{ATOM}link")} >= {"alternate"}
    own = feed.find(f"{ATOM}link[@rel='self']")
    assert own is not None
    assert own.get("href") == f"http://otklik.test{path}"
    return feed


def text(element: Element, path: str) -> str:
    return element.findtext(ATOM + path) or ""


def entries(feed: Element) -> list[Element]:
    return feed.findall(f"{ATOM}entry")


def titles(feed: Element) -> list[str]:
    return [text(entry, "title") for entry in entries(feed)]


def test_the_newest_topics_with_their_answers(house: Builders, browser: Browser) -> None:
    house.brand(locale="uk")
    first = house.question(title="Первый вопрос")
    second = house.question(title="Второй вопрос")
    house.answer(first, "Починили <b>вчера</b> & сегодня.")

    feed = feed_at(browser, "/feed.atom")

    assert titles(feed) == ["Второй вопрос", "Первый вопрос"]
    assert feed.get("{http://www.w3.org/XML/1998/namespace}lang") == "uk"
    answered = entries(feed)[1]
    assert "Починили &lt;b&gt;вчера" in text(answered, "content")
    assert text(answered, "updated") > text(answered, "published")
    assert second.asker.name == text(entries(feed)[0], "author/" + ATOM + "name")


def test_a_category_s_feed_holds_its_own_topics_only(house: Builders, browser: Browser) -> None:
    cards = house.category(slug="cards", name="Карты")
    house.question(category=cards, title="Про карту")
    house.question(title="Про другое")

    assert titles(feed_at(browser, "/categories/cards/feed.atom")) == ["Про карту"]
    assert browser.get("/categories/none/feed.atom").status_code == 404


def test_a_topic_s_feed_holds_what_is_said_under_it(house: Builders, browser: Browser) -> None:
    topic = house.question(title="Про карту")
    house.comment(topic, "Первый комментарий")
    hidden = house.comment(topic, "Грубое слово")
    house.answer(topic, "Официальный ответ")
    moderation.hide_post(house.manager(), topic, hidden, "Грубость")

    feed = feed_at(browser, f"/topics/{topic.id}/feed.atom")

    said = [text(entry, "content") for entry in entries(feed)]
    assert ["Официальный ответ" in said[0], "Первый" in said[1], "турникет" in said[2]] == [
        True
    ] * 3
    assert len(said) == 3


def test_what_is_hidden_is_in_no_feed_even_for_a_manager(house: Builders, browser: Browser) -> None:
    topic, manager = house.question(title="Номер карты внутри"), house.manager()
    moderation.hide(manager, topic, "Личные данные")
    browser.sign_in(manager)

    assert titles(feed_at(browser, "/feed.atom")) == []
    assert titles(feed_at(browser, f"/categories/{topic.category.slug}/feed.atom")) == []
    assert browser.get(f"/topics/{topic.id}/feed.atom").status_code == 404


def test_an_empty_feed_is_valid(browser: Browser) -> None:
    assert titles(feed_at(browser, "/feed.atom")) == []


def test_who_has_it_already_gets_304(house: Builders, browser: Browser) -> None:
    topic = house.question()
    first = browser.get("/feed.atom")

    same = browser.get("/feed.atom", headers={"If-None-Match": first.headers["ETag"]})
    assert (same.status_code, same.data) == (304, b"")
    since = {"If-Modified-Since": first.headers["Last-Modified"]}
    assert browser.get("/feed.atom", headers=since).status_code == 304

    house.answer(topic)
    fresh = browser.get("/feed.atom", headers={"If-None-Match": first.headers["ETag"]})
    assert fresh.status_code == 200
    assert "Set-Cookie" not in fresh.headers


def test_markup_and_unspeakable_characters_break_nothing(house: Builders, browser: Browser) -> None:
    topic = house.question(
        title="<script>&amp;]]>\x01\x0b\ufffe😀", body="![](/media/a.webp) \u2028"
    )
    topic.asker.name = "А\x1fБ <i>"

    [entry] = entries(feed_at(browser, "/feed.atom"))

    assert text(entry, "title") == "<script>&amp;]]>😀"
    assert 'src="http://otklik.test/media/a.webp"' in text(entry, "content")


@pytest.mark.parametrize("path", ["/", "/topics/{id}"])
def test_pages_say_where_their_feed_is(house: Builders, browser: Browser, path: str) -> None:
    topic = house.question()

    page = browser.get(path.format(id=topic.id)).text

    assert 'type="application/atom+xml"' in page
    assert 'href="/feed.atom"' in page


def test_a_feed_costs_the_same_whatever_its_length(
    house: Builders, browser: Browser, count_sql: Callable[[], Any]
) -> None:
    category = house.category()
    costs = []
    for _ in range(2):
        for _ in range(3):
            house.answer(house.question(category=category))
        with count_sql() as statements:
            browser.get("/feed.atom")
        costs.append(len(statements))
    assert costs[0] == costs[1]
    assert costs[0] < 8
