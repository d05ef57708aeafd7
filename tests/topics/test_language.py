"""The language of a topic: guessed when asked, set right when edited, known to search."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.search import queries as search
from app.topics import queries

if TYPE_CHECKING:
    from tests.builders import Builders
    from tests.conftest import Browser

ENGLISH = {"Accept-Language": "en"}


@pytest.mark.parametrize(
    ("title", "body", "told"),
    [
        ("Картка не працює", "Учора теж.", "uk"),
        ("Карта не работает", "Вчера тоже.", "ru"),
        ("Where is my card", "Still waiting.", "en"),
    ],
)
def test_it_is_guessed_from_a_few_words(house: Builders, title: str, body: str, told: str) -> None:
    assert house.question(title=title, body=body).language == told


def test_whoever_edits_a_topic_sets_its_language_right(house: Builders, browser: Browser) -> None:
    topic = house.question(title="Банкомат", body="Банкомат, банкомат!")
    assert topic.language == "ru"
    browser.sign_in(topic.asker)
    path = f"/topics/{topic.id}/edit"
    form = browser.get(path, headers=ENGLISH).text
    assert '<option selected value="ru">Русский</option>' in form
    words = {"title": topic.title, "body": topic.body}

    assert browser.post(path, {**words, "language": "uk"}).status_code == 303

    assert queries.topic(topic.id).language == "uk"
    assert [d.language for d in search.documents([topic.id])] == ["uk"]
    assert 'lang="uk"' in browser.get(f"/topics/{topic.id}").text

    # Whoever edits it next and says nothing of it leaves it as it is.
    assert browser.post(path, {**words, "body": "Карта не работает"}).status_code == 303
    assert queries.topic(topic.id).language == "uk"


def test_a_language_nobody_offers_is_refused(house: Builders, browser: Browser) -> None:
    topic = house.question()
    browser.sign_in(house.manager(locale="en"))
    words = {"title": "Другое название", "body": topic.body, "language": "xx"}

    sent = browser.post(f"/topics/{topic.id}/edit", words, headers=ENGLISH)

    assert sent.status_code == 422
    assert "Choose one of the languages offered." in sent.text
    assert queries.topic(topic.id).language == "ru"


def test_a_comment_has_no_language_to_choose(house: Builders, browser: Browser) -> None:
    comment = house.comment(house.question())
    browser.sign_in(comment.author)

    assert 'name="language"' not in browser.get(f"/posts/{comment.id}/edit").text.split("<main")[1]
