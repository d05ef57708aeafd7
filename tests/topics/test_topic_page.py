"""The topic's page: the promise, the answer, what happened, and who sees what."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from app.core import clock
from app.core.db import session
from app.sla.service import ticking as sla
from app.topics import queries, service

if TYPE_CHECKING:
    from tests.builders import Builders
    from tests.conftest import Browser


def structured(page: str) -> Any:
    found = re.search(r'<script type="application/ld\+json"[^>]*>(.*?)</script>', page, re.DOTALL)
    return json.loads(found[1]) if found else None


def test_the_promise_stands_under_the_text(house: Builders, browser: Browser) -> None:
    topic = house.question()

    page = browser.get(f"/topics/{topic.id}").text

    owner = topic.category.owner
    card = page[page.index('<section class="promise is-waiting"') :]
    assert owner.name in card
    assert owner.post in card
    assert topic.due_at is not None
    assert f'datetime="{topic.due_at.isoformat()}"' in card
    assert "data-countdown" in card
    assert (
        page.index(topic.title)
        < page.index("Сегодня утром турникет")
        < page.index('class="promise')
    )


def test_a_broken_promise_is_said_honestly(house: Builders, browser: Browser) -> None:
    topic = house.question(at=clock.now() - timedelta(hours=29))
    sla.tick()

    page = browser.get(f"/topics/{topic.id}", headers={"Accept-Language": "en"}).text

    assert "promise is-overdue" in page
    assert "timeline__line" in page


def test_the_asker_reads_how_they_will_learn_of_it(house: Builders, browser: Browser) -> None:
    topic = house.question()

    page = browser.sign_in(topic.asker).get(f"/topics/{topic.id}").text

    assert f"{topic.asker.email}" in page[page.index('class="promise') :]


def test_nobody_else_reads_the_asker_s_address(
    house: Builders, browser: Browser, new_browser: Callable[[], Browser]
) -> None:
    topic = house.question()
    address = topic.asker.email

    assert address not in browser.get(f"/topics/{topic.id}").text
    other = new_browser().sign_in(topic.category.owner)
    assert address not in other.get(f"/topics/{topic.id}").text


def test_the_official_answer_stands_out_and_the_newest_comes_first(
    house: Builders, browser: Browser
) -> None:
    topic = house.question(at=clock.now() - timedelta(hours=5))
    house.comment(topic, "Первый комментарий")
    first = house.answer(topic, "Прежний ответ", at=clock.now() - timedelta(hours=2))
    second = house.answer(topic, "Новый ответ")

    page = browser.get(f"/topics/{topic.id}").text

    order = [page.index(t) for t in ("Новый ответ", "Прежний ответ", "Первый комментарий")]
    assert order == sorted(order)
    assert f'<article class="answer" id="post-{second.seq}"' in page
    assert f'<article class="answer answer--earlier" id="post-{first.seq}"' in page
    assert page.count('class="seal"') == 2


def test_an_answer_keeps_the_post_it_was_signed_with(house: Builders, browser: Browser) -> None:
    owner = house.executive(post="Директор по картам")
    topic = house.question(category=house.category(owner))
    house.answer(topic)
    owner.post = "Председатель правления"

    page = browser.get(f"/topics/{topic.id}").text

    assert "Директор по картам" in page


def test_no_customer_can_look_official(house: Builders, browser: Browser) -> None:
    topic = house.question()
    house.comment(topic, '<span class="seal">Официальный ответ</span> <article class="answer">')

    page = browser.get(f"/topics/{topic.id}").text

    assert '<span class="seal"' not in page
    assert '<article class="answer"' not in page


def test_a_hidden_topic_is_nowhere_but_for_managers(
    house: Builders, browser: Browser, new_browser: Callable[[], Browser]
) -> None:
    topic = house.question()
    topic.hidden_at = clock.now()
    addresses = [f"/topics/{topic.id}{end}" for end in ("", "/history", "/card.png", "/posts/1")]

    for address in addresses:
        assert browser.get(address).status_code == 404
        assert new_browser().sign_in(house.customer()).get(address).status_code == 404
    seen = new_browser().sign_in(house.manager()).get(addresses[0])
    assert seen.status_code == 200
    assert 'content="noindex"' in seen.text


def test_a_hidden_reply_is_dimmed_for_managers_and_gone_for_others(
    house: Builders, browser: Browser, new_browser: Callable[[], Browser]
) -> None:
    topic = house.question()
    house.comment(topic, "Скрытое слово").hidden_at = clock.now()
    house.answer(topic, "Скрытый ответ").hidden_at = clock.now()

    page = browser.get(f"/topics/{topic.id}").text
    managed = new_browser().sign_in(house.manager()).get(f"/topics/{topic.id}").text

    assert "Скрытое слово" not in page
    assert "Скрытый ответ" not in page
    assert structured(page) is None
    assert "remark is-hidden" in managed
    assert "Скрытый ответ" in managed


@pytest.mark.parametrize("number", ["0", "999999999", "9" * 40, "-1", "abc"])
def test_what_is_not_there_is_404(house: Builders, browser: Browser, number: str) -> None:
    assert browser.get(f"/topics/{number}").status_code == 404


def test_engines_get_answered_public_questions_only(house: Builders, browser: Browser) -> None:
    waiting, praise, idea = house.question(), house.praise(), house.idea()
    answered = house.problem()
    for topic in (answered, idea, praise):
        house.answer(topic, "**Починили.**")

    for topic in (waiting, praise, idea):
        assert structured(browser.get(f"/topics/{topic.id}").text) is None
    data = structured(browser.get(f"/topics/{answered.id}").text)

    assert data["@type"] == "QAPage"
    question = data["mainEntity"]
    assert question["name"] == answered.title
    assert question["acceptedAnswer"]["text"] == "Починили."
    assert question["acceptedAnswer"]["author"]["name"] == answered.category.owner.name


def test_structured_data_cannot_be_broken_out_of(house: Builders, browser: Browser) -> None:
    attack = "</script><script>alert(1)</script><!--"
    topic = house.question(title=f"Вопрос {attack}", body=f"Текст {attack}")
    house.answer(topic, attack)

    page = browser.get(f"/topics/{topic.id}").text

    assert "<script>alert" not in page
    assert structured(page)["mainEntity"]["name"] == f"Вопрос {attack}"


def test_a_page_says_where_it_stands_and_how_it_looks_elsewhere(
    house: Builders, browser: Browser
) -> None:
    topic = house.question(title='Кавычки "и" <угол>')

    page = browser.get(f"/topics/{topic.id}").text

    address = f"http://otklik.test/topics/{topic.id}"
    assert f'<link rel="canonical" href="{address}">' in page
    assert f'content="{address}/card.png"' in page
    assert 'content="Кавычки &#34;и&#34; &lt;угол&gt;"' in page


def test_the_card_is_a_picture_kept_by_its_tag(house: Builders, browser: Browser) -> None:
    topic = house.question()

    card = browser.get(f"/topics/{topic.id}/card.png")
    again = browser.get(
        f"/topics/{topic.id}/card.png", headers={"If-None-Match": card.headers["ETag"]}
    )

    assert card.data[:8] == b"\x89PNG\r\n\x1a\n"
    assert card.headers["Cache-Control"].startswith("public, max-age=")
    assert again.status_code == 304
    house.answer(topic)
    assert browser.get(f"/topics/{topic.id}/card.png").headers["ETag"] != card.headers["ETag"]


def test_another_language_is_named(house: Builders, browser: Browser) -> None:
    house.brand()
    topic = house.question(
        title="Чому не працює картка в метро?", body="Турнікет її не бачить, їду пішки."
    )

    page = browser.get(f"/topics/{topic.id}").text

    assert re.search(r'<h1 class="title" lang="uk"', page)
    assert '<div class="prose" lang="uk"' in page


def test_what_happened_is_told_in_its_order(house: Builders, browser: Browser) -> None:
    start = clock.now() - timedelta(days=3)
    topic = house.question(at=start)
    sla.tick()
    answer = house.answer(topic, at=start + timedelta(hours=30))
    service.dispute(topic.asker, topic, at=start + timedelta(hours=31))
    house.answer(topic, at=start + timedelta(hours=32))
    service.accept(topic.asker, topic, at=start + timedelta(hours=33))

    page = browser.get(f"/topics/{topic.id}").text
    story = page[page.index('id="story"') : page.index('id="comments"')]

    signs = re.findall(r'<li class="timeline__line">', story)
    assert len(signs) == 6
    assert f'href="#post-{answer.seq}"' in story


def test_the_page_costs_the_same_whatever_was_said(
    house: Builders, browser: Browser, count_sql: Callable[[], Any]
) -> None:
    house.brand()

    def cost(comments: int, answers: int) -> int:
        topic = house.question(at=clock.now() - timedelta(hours=3))
        people = [house.customer() for _ in range(5)]
        for number in range(comments):
            house.comment(topic, author=people[number % 5])
        for _ in range(answers):
            house.answer(topic)
        address = f"/topics/{topic.id}"
        session.flush()
        session.expire_all()
        with count_sql() as statements:
            assert browser.get(address).status_code == 200
        return len(statements)

    cost(1, 1)  # what a process asks once, as for the synonyms
    few, many = cost(2, 1), cost(56, 4)

    assert few == many
    assert many <= 16


def test_a_long_thread_is_cut_into_pages_that_meet(house: Builders, browser: Browser) -> None:
    topic, author = house.question(), house.customer()
    for number in range(250):
        house.comment(topic, f"Слово {number:03}", author=author)

    seen: list[list[str]] = []
    address: str | None = f"/topics/{topic.id}"
    while address:
        page = browser.get(address).text
        seen.append(re.findall(r"Слово (\d{3})", page[page.index('id="comments"') :]))
        later = re.search(r'rel="next" href="([^"]+)"', page)
        address = later[1].replace("&amp;", "&") if later else None

    assert [len(s) for s in seen] == [100, 100, 50]
    assert [n for page in seen for n in page] == [f"{n:03}" for n in range(250)]
    back = re.search(r'rel="prev" href="([^"]+)"', page)
    assert back
    assert re.findall(r"Слово (\d{3})", browser.get(back[1]).text) == seen[1]


def test_a_permalink_finds_its_page(house: Builders, browser: Browser) -> None:
    topic, author = house.question(), house.customer()
    for number in range(130):
        house.comment(topic, f"Слово {number:03}", author=author)

    found = browser.get(f"/topics/{topic.id}/posts/125")

    assert found.status_code == 303
    assert found.location == f"/topics/{topic.id}?from=125#post-125"
    assert 'id="post-125"' in browser.get(found.location).text


@pytest.mark.parametrize("start", ["-1", "abc", "9" * 30, "²", "5000"])
def test_a_made_up_page_is_still_a_page(house: Builders, browser: Browser, start: str) -> None:
    topic = house.question()
    house.comment(topic)

    assert browser.get(f"/topics/{topic.id}", query_string={"from": start}).status_code == 200


def test_each_edit_is_told_by_what_the_next_one_found(house: Builders, browser: Browser) -> None:
    topic = house.question()
    comment = house.comment(topic, "раз")
    for body in ("раз два", "раз два три"):
        service.edit_post(comment.author, comment, body)

    page = browser.get(f"/topics/{topic.id}/history").text

    last, first = page.index(" три</ins>"), page.index(" два</ins>")
    assert last < first
    assert page.count("<ins>") == 3, "two edits and the key to the signs"


def test_the_history_shows_what_it_said_before(
    house: Builders, browser: Browser, new_browser: Callable[[], Browser]
) -> None:
    topic = house.question(title="Первое название")
    comment = house.comment(topic, "Первое слово")
    words = service.Words("question", "Второе название", "Второй текст вопроса", topic.category)
    service.edit(topic.asker, topic, words, "опечатка")
    service.edit_post(comment.author, comment, "Второе слово")

    page = browser.get(f"/topics/{topic.id}/history").text

    assert "Первое название" in page
    assert "опечатка" in page
    assert "Первое слово" in page
    assert "</span>Первое</del>" in page
    assert "</span>Второе</ins> название" in page
    assert f"/topics/{topic.id}/history" in browser.get(f"/topics/{topic.id}").text

    queries.post(comment.id).hidden_at = clock.now()
    assert "Первое слово" not in browser.get(f"/topics/{topic.id}/history").text
    managed = new_browser().sign_in(house.manager())
    assert "Первое слово" in managed.get(f"/topics/{topic.id}/history").text
