"""What is hidden is hidden everywhere, and what is somebody's own is nobody else's to change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from flask import Flask, url_for

from app.core.db import session
from app.insight.queries.behind import LISTS
from app.moderation import service as moderation
from app.topics import drafting, queries, service
from tests.conftest import BASE_URL
from tests.samples import Samples

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from app.topics.models import Topic
    from tests.builders import Builders
    from tests.conftest import Browser

    NewBrowser = Callable[[], Browser]

SECRET = "Кракозябра"
READERS = ("guest", "customer", "asker", "executive")


@pytest.fixture
def hidden(house: Builders, work: Callable[[], None]) -> Topic:
    """A topic that was indexed, edited, answered and voted for before it was hidden."""
    house.brand()
    owner = house.executive()
    topic = house.idea(
        title=f"{SECRET} в приложении", body=f"Покажите: {SECRET}.", tags=[SECRET.casefold()],
        category=house.category(owner),
    )  # fmt: skip
    words = service.Words("idea", f"{SECRET} два", f"{SECRET} опять.", topic.category, [SECRET])
    service.edit(topic.asker, topic, words)
    house.answer(topic, f"{SECRET} будет.")
    service.vote(house.customer(), topic)
    work()
    # The index still knows it: only the reader's rights keep it away.
    moderation.hide(house.manager(), topic, "Персональные данные")
    session.commit()
    return topic


def addresses(app: Flask, house: Builders, topic: Topic) -> Iterator[str]:
    """Every page there is, of this topic and those who took part in it."""
    samples = Samples(house, topic)
    samples.values["person_id"] = topic.asker_id
    samples.of_endpoint["topics.tag"] = {"name": SECRET.casefold()}
    yield from (address for _, address in samples.addresses(app, "GET"))
    with app.test_request_context(base_url=BASE_URL):
        yield url_for("topics.person", person_id=topic.category.owner_id)
        yield url_for("search.search", q=SECRET)
        yield from (
            url_for("insight.behind_it", scope="all", what=what, period="all") for what in LISTS
        )
        yield url_for("search.similar", q=f"{SECRET} в приложении")
        yield from (url_for("topics.front", view=view) for view in queries.VIEWS)


def as_reader(name: str, browser: Browser, house: Builders, topic: Topic) -> Browser:
    if name == "guest":
        return browser
    people = {
        "customer": house.customer,
        "asker": lambda: topic.asker,
        "executive": lambda: topic.category.owner,
    }
    return browser.sign_in(people[name]())


@pytest.mark.parametrize("reader", READERS)
def test_a_hidden_topic_stands_on_no_page(
    app: Flask, house: Builders, browser: Browser, hidden: Topic, reader: str
) -> None:
    paths = list(addresses(app, house, hidden))
    its_own = [p for p in paths if p.startswith((f"/topics/{hidden.id}", "/posts/"))]
    as_reader(reader, browser, house, hidden)
    # They say again what was asked of them.
    asked_back = ("/tags/", "/search")
    plain = [p for p in paths if "?" not in p and p.count("/") < 3]
    paths += [f"{p}?q={SECRET}&title={SECRET}&text={SECRET}" for p in plain]
    for path in paths:
        answer = browser.get(path)
        words = answer.get_data().decode(errors="replace")
        answer.close()
        # Their own words, to appeal against what was done with them.
        is_theirs = reader == "asker" and path.startswith(("/removals/", "/submissions"))
        if not path.startswith(asked_back) and f"q={SECRET}" not in path and not is_theirs:
            assert SECRET.casefold() not in words.casefold(), path
        assert f'/topics/{hidden.id}"' not in words, path
        if path in its_own:
            assert answer.status_code in {303, 404}, path


@pytest.mark.parametrize("reader", READERS)
def test_nothing_is_done_to_a_hidden_topic(
    app: Flask, house: Builders, browser: Browser, hidden: Topic, reader: str
) -> None:
    before = (hidden.votes_count, hidden.last_seq, hidden.state, hidden.active_at)
    topic_id, post_id, key = hidden.id, hidden.answer_id, house.site().key
    as_reader(reader, browser, house, hidden)
    sent = {"body": "Скажу и здесь.", "reason": "так", "state": "planned", "note": "Сделаем скоро."}
    for rule in app.url_map.iter_rules():
        if "POST" not in (rule.methods or ()) or not rule.arguments & {"topic_id", "post_id"}:
            continue
        with app.test_request_context(base_url=BASE_URL):
            given = {"topic_id": topic_id, "post_id": post_id, "name": "restore", "key": key}
            path = url_for(rule.endpoint, **{k: given[k] for k in rule.arguments})
        # The widget's frame knows no cookie: who would be asked in elsewhere is refused there.
        refused = {401, 404} if path.startswith("/embed/") else {303, 404}
        assert browser.post(path, sent).status_code in refused, path
    topic = queries.topic(topic_id)
    assert (topic.votes_count, topic.last_seq, topic.state, topic.active_at) == before
    assert topic.hidden_at is not None


def test_a_hidden_reply_takes_its_history_along(
    house: Builders, browser: Browser, new_browser: NewBrowser
) -> None:
    house.brand()
    topic = house.question()
    post = house.comment(topic, f"{SECRET}!")
    service.edit_post(post.author, post, f"{SECRET} опять!")
    moderation.hide_post(house.manager(), topic, post, "Персональные данные")
    path, edit = f"/topics/{topic.id}", f"/posts/{post.id}/edit"
    author = new_browser().sign_in(post.author)
    for reader in (browser, author):
        for page in (path, f"{path}/history", f"{path}/feed.atom", f"{path}/posts/{post.seq}"):
            assert SECRET not in reader.get(page).text, page
    assert author.get(edit).status_code == 404
    assert author.post(edit, {"body": "Всё равно скажу."}).status_code == 404
    session.refresh(post)
    assert post.body == f"{SECRET} опять!"


def test_what_is_the_asker_s_is_nobody_else_s(house: Builders, browser: Browser) -> None:
    house.brand()
    topic = house.question()
    house.answer(topic)
    mine = house.comment(topic)
    browser.sign_in(house.customer())
    for path in ("acceptance", "dispute", "edit", "decision", "answers", "moderation/hide"):
        answer = browser.post(f"/topics/{topic.id}/{path}", {"body": "За вас.", "reason": "так"})
        assert answer.status_code == 404, path
    assert browser.post(f"/posts/{mine.id}/edit", {"body": "За вас."}).status_code == 404
    session.refresh(topic)
    assert (topic.state, topic.answers_count) == ("answered", 1)


def test_a_draft_is_shown_to_its_writer_only(
    house: Builders, browser: Browser, new_browser: NewBrowser
) -> None:
    house.brand()
    topic, writer = house.question(), house.customer()
    drafting.keep(writer, None, "new", {"title": SECRET, "body": SECRET})
    drafting.keep(writer, None, f"topic:{topic.id}", {"body": SECRET})
    stranger = new_browser().sign_in(house.customer())
    for reader in (browser, stranger):
        assert SECRET not in reader.get("/ask").text
        assert SECRET not in reader.get(f"/topics/{topic.id}").text
    stranger.post("/drafts/discarded", {"about": "new"})
    assert SECRET in new_browser().sign_in(writer).get("/ask").text
