"""Strings made to break pages, in every place a page shows (the doors: test_trust_forms.py)."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from typing import TYPE_CHECKING

import pytest
from defusedxml.ElementTree import fromstring

from app.core.db import db
from app.core.written import Written
from app.ideas import service as ideas
from app.topics import drafting, service
from tests.served import dangers, feed_dangers, has_collections, packs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask

    from app.topics.models import Topic
    from tests.builders import Builders
    from tests.conftest import Browser

# So many characters on one topic, in each of its places: all strings are then on some page.
MUCH = 5_000
# What a template would count and a page must not.
# Alone: it may well stand inside of a number or a hash of ours.
COUNTED = re.compile(r"(?<![0-9A-Za-z_-])1337(?![0-9A-Za-z_-])")


@pytest.fixture(autouse=True)
def _once(app: Flask) -> None:
    """What a page says does not depend on the database: all on SQLite, a sample on PostgreSQL."""
    if not has_collections():
        pytest.skip("the collections of strings (OTKLIK_DATA) are not on this machine")


def texts() -> Iterator[str]:
    # No request brings a null or half a character past core.web, and PostgreSQL takes neither.
    found = [printed(pack) for pack in packs(MUCH, "\n\n")]
    yield from found if db.engine.dialect.name == "sqlite" else found[:1]


def printed(text: str) -> str:
    return Written([("text", text)])["text"]


def told(house: Builders, number: int, text: str) -> Topic:
    """A topic with `text` in each of its places, put there behind the backs of all forms."""
    line = " ".join(text.split())
    owner, asker = house.executive(post=line), house.customer(name=f"Вера {number}")
    category = house.category(owner, name=f"{number} {line}", description=line)
    kind = ("question", "idea", "problem")[number % 3]
    topic = house.topic(
        kind, asker=asker, category=category, title=f"{number} {line}", body=text, tags=["тег"]
    )
    owner.name = asker.name = line
    house.answer(topic, text)
    comment = house.comment(topic, text, author=asker)
    service.edit_post(asker, comment, f"{text}\n\nи ещё")
    words = service.Words(kind, f"{line} {number}", f"{text}\n\nи ещё", category, ["тег"])
    service.edit(asker, topic, words)
    if kind == "idea":
        ideas.decide(owner, topic, "planned", text)
    drafting.keep(asker, None, "new", {"title": line, "body": text})
    return topic


def look(browser: Browser, path: str) -> None:
    answer = browser.get(path)
    body = answer.get_data()
    answer.close()
    assert answer.status_code < 500, path
    if answer.mimetype == "text/html":
        page = body.decode()
        assert dangers(page) == [], path
        assert COUNTED.search(page) is None, path
    elif answer.mimetype == "application/atom+xml":
        assert feed_dangers(body) == [], path
    elif answer.mimetype.endswith("xml"):
        fromstring(body)
    for name, value in answer.headers:
        assert "\n" not in value, (path, name)
    assert "<script" not in answer.headers.get("Location", "")


def test_wherever_they_stand_they_are_only_words(
    app: Flask,
    house: Builders,
    new_browser: Callable[[], Browser],
    work: Callable[[], None],
) -> None:
    first = printed(packs(MUCH)[0])
    house.brand(tagline=first, welcome={"ru": first}, mail_name=first[:80])
    topics = [told(house, number, text) for number, text in enumerate(texts())]
    guest, manager = new_browser(), new_browser().sign_in(house.manager())
    work()
    for topic in topics:
        asker = new_browser().sign_in(topic.asker)
        look(guest, f"/topics/{topic.id}")
        look(asker, f"/topics/{topic.id}/edit")
        look(manager, f"/topics/{topic.id}/history")
        look(guest, f"/topics/{topic.id}/feed.atom")
        look(guest, f"/categories/{topic.category.slug}")
        look(guest, f"/people/{topic.category.owner_id}")
        look(asker, "/profile")
        look(asker, "/ask")
    owner = new_browser().sign_in(topics[0].category.owner)
    for browser, path in (
        (guest, "/"), (guest, "/feed.atom"), (guest, "/sitemap.xml"), (guest, "/sitemap-1.xml"),
        (guest, "/executives"), (guest, "/ideas"), (guest, "/search?q=и+ещё"), (guest, "/tags/тег"),
        (guest, "/scoreboard"), (guest, "/scoreboard/all"), (owner, f"/desk?topic={topics[0].id}"),
        (manager, "/manage/board"), (manager, "/manage/categories"), (manager, "/manage/acts"),
        (manager, "/manage/absences"),
    ):  # fmt: skip
        look(browser, path)
    look_at_letters(app)


def look_at_letters(app: Flask) -> None:
    seen = 0
    for path in app.config["MAIL_PATH"].glob("*.eml"):
        letter = message_from_bytes(path.read_bytes(), policy=policy.default)
        seen += 1
        for part in letter.walk():
            if part.get_content_type() == "text/html":
                found = [each for each in dangers(part.get_content()) if _not_a_letter_s_own(each)]
                assert found == [], path
        assert not any("\n" in value.replace("\n ", "") for value in letter.values())
    assert seen


def _not_a_letter_s_own(danger: str) -> bool:
    """Letters have a style of their own and name their pictures by the letter's parts."""
    own = (
        "style=",
        "<style>",
        "speaks for the server",
        "leads to 'cid:",
        "leads to 'http://otklik",
    )
    return not any(each in danger for each in own)
