"""Whose turn it is: crossed posts, questions back, notes in between, and what is taken back."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
import time_machine

from app.core import clock
from app.core.db import session
from app.moderation import service as moderation
from app.sla.models import PolicyVersion, Promise
from app.sla.queries import promises
from app.sla.service import ticking
from app.topics import queries, service
from app.topics.promise import standing

if TYPE_CHECKING:
    from app.topics.models import Post, Topic
    from tests.builders import Builders
    from tests.conftest import Browser

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def in_english(browser: Browser) -> Browser:
    browser.client.set_cookie("lang", "en", domain="otklik.test")
    return browser


def read(browser: Browser, topic: Topic) -> str:
    in_english(browser)
    page = browser.get(f"/topics/{topic.id}")
    assert page.status_code == 200
    return str(page.text)


def owed(topic: Topic) -> Promise:
    """The promise of an answer that is live."""
    found = promises.live_promise(topic)
    assert found is not None
    return found


def last_post(topic: Topic) -> Post:
    manager = topic.category.owner
    return queries.last_posts(topic, manager, 1)[0]


def story(page: str) -> str:
    return page[page.index('id="story"') : page.index('id="comments"')]


@pytest.fixture
def topic(house: Builders) -> Topic:
    house.brand()
    return house.question(at=clock.now() - 5 * HOUR)


@pytest.fixture
def owner(topic: Topic, new_browser: Callable[[], Browser]) -> Browser:
    return in_english(new_browser()).sign_in(topic.category.owner)


@pytest.fixture
def asker(topic: Topic, new_browser: Callable[[], Browser]) -> Browser:
    return in_english(new_browser()).sign_in(topic.asker)


@pytest.fixture
def manager(house: Builders, new_browser: Callable[[], Browser]) -> Browser:
    return new_browser().sign_in(house.manager(name="Нина Порядок"))


# ---------------------------------------------------------------------------------- crossed posts


def seen_by(page: str) -> str:
    found = re.search(r'/answers".*?name="seen_seq" value="(\d+)"', page, re.DOTALL)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("where", ["topic", "desk"])
def test_what_crossed_the_answer_is_owed_one_from_its_own_hour(
    topic: Topic, house: Builders, owner: Browser, where: str
) -> None:
    house.comment(topic, "И ещё вопрос.", author=topic.asker, at=clock.now() - 4 * HOUR)
    seen = seen_by(owner.get("/desk" if where == "desk" else f"/topics/{topic.id}").text)
    assert seen == "1"
    crossed = house.comment(topic, "А теперь и это.", author=topic.asker, at=clock.now() - HOUR)

    sent = owner.post(f"/topics/{topic.id}/answers", {"body": "Так и так.", "seen_seq": seen})

    assert sent.status_code == 303
    promise = owed(topic)
    assert (promise.kind, promise.started_at) == ("next_answer", crossed.published_at)
    assert topic.due_at == crossed.published_at + DAY
    assert "Meanwhile the asker wrote again" in read(owner, topic)


def test_who_saw_everything_answered_everything(topic: Topic, house: Builders) -> None:
    house.comment(topic, "И ещё вопрос.", author=topic.asker)
    service.answer(topic.category.owner, topic, "На оба вопроса.", seen_seq=topic.last_seq)
    assert not topic.is_awaiting
    assert promises.live_promise(topic) is None


@pytest.mark.parametrize("said", ["-1", "abc", "", "1e3", "999999999999999999999", "0"])
def test_a_number_that_is_none_has_seen_nothing(
    topic: Topic, house: Builders, owner: Browser, said: str
) -> None:
    house.comment(topic, "И ещё вопрос.", author=topic.asker)
    sent = owner.post(f"/topics/{topic.id}/answers", {"body": "Так.", "seen_seq": said})
    assert sent.status_code == 303
    assert topic.state == "answered"
    assert owed(topic).kind == "next_answer"


def test_nobody_saw_what_was_not_there_yet(topic: Topic, house: Builders) -> None:
    service.answer(topic.category.owner, topic, "Так.", seen_seq=500)
    [fact_seq] = [
        e.data["seen_seq"]
        for e in promises.clock_events([topic.id])[topic.id]
        if e.type == "official_answer"
    ]
    assert fact_seq == 0


def test_others_comments_cross_nothing(topic: Topic, house: Builders) -> None:
    house.comment(topic, "У меня так же.")
    service.answer(topic.category.owner, topic, "Так.", seen_seq=0)
    assert not topic.is_awaiting


# ------------------------------------------------------------------------------- the asker's turn


def test_the_asker_s_next_words_are_promised_an_answer(
    topic: Topic, house: Builders, asker: Browser
) -> None:
    house.answer(topic, at=clock.now() - 3 * HOUR)

    sent = asker.post(f"/topics/{topic.id}/comments", {"body": "А если карта чужая?"})

    assert sent.status_code == 303
    assert owed(topic).kind == "next_answer"
    page = read(asker, topic)
    assert f"Answers: {topic.category.owner.name} · 23 h" in page
    assert "A new answer by" in page


def test_a_word_of_thanks_asks_for_nothing(topic: Topic, house: Builders, asker: Browser) -> None:
    assert 'name="thanks"' not in read(asker, topic)
    house.answer(topic)
    assert 'name="thanks"' in read(asker, topic)

    asker.post(f"/topics/{topic.id}/comments", {"body": "Спасибо!", "thanks": "y"})

    assert not topic.is_awaiting
    assert topic.comments_count == 1
    assert len(promises.promises_of(topic)) == 1


def test_thanks_before_an_answer_and_by_others_change_nothing(
    topic: Topic, house: Builders, new_browser: Callable[[], Browser]
) -> None:
    service.comment(topic.asker, topic, "Уточню: в метро.", wants_answer=False)
    events = [e.type for e in promises.clock_events([topic.id])[topic.id]]
    assert events == ["opened", "customer_post"]
    house.answer(topic)
    other = new_browser().sign_in(house.customer())
    assert 'name="thanks"' not in read(other, topic)
    praise = house.praise()
    house.answer(praise)
    assert 'name="thanks"' not in read(new_browser().sign_in(praise.asker), praise)


# --------------------------------------------------------------------------------- asking back


def ask_back(
    browser: Browser, topic: Topic, body: str = "Какой у вас телефон?", **more: str
) -> None:
    data = {"body": body, "seen_seq": str(topic.last_seq), **more}
    sent = browser.post(f"/topics/{topic.id}/clarifications", data)
    assert sent.status_code == 303


def test_a_question_back_stops_the_clock_once(
    topic: Topic, house: Builders, owner: Browser, asker: Browser
) -> None:
    assert "The clock stands still until they reply. It does so once" in read(owner, topic)

    ask_back(owner, topic)

    assert (topic.is_awaiting, topic.paused_for, topic.due_at) == (False, "customer", None)
    assert standing(topic).state == "paused"
    assert (topic.comments_count, topic.answers_count) == (1, 0)
    assert "The clock stands still until they reply." in read(owner, topic)
    left = owed(topic).remaining_s
    assert left is not None
    house.comment(topic, "Pixel 8.", author=topic.asker)
    assert topic.is_awaiting
    assert topic.due_at is not None
    assert abs((topic.due_at - clock.now()).total_seconds() - left) < 60

    assert "has stood still for this promise before" in read(owner, topic)
    due = topic.due_at
    ask_back(owner, topic, "А версия?")
    assert topic.is_awaiting
    assert topic.due_at == due
    assert "The clock runs on." in read(owner, topic)
    assert "The bank asks you" in read(asker, topic)


def test_the_asker_finds_the_question_and_replies(
    topic: Topic, owner: Browser, asker: Browser, browser: Browser
) -> None:
    ask_back(owner, topic)

    page = read(asker, topic)
    assert "Waiting for your clarification" in page
    asks = page[page.index('class="asks') :]
    assert asks.index("Какой у вас телефон?") < asks.index(f"/topics/{topic.id}/comments")
    assert page.count(f'action="/topics/{topic.id}/comments"') == 1
    assert 'name="thanks"' not in page
    public = read(browser, topic)
    assert "Waiting for the asker" in public
    assert 'class="asks' not in public
    assert "The bank asks back" in public
    assert "Asked back by:" in story(public)

    # Whatever box is ticked, a reply to the bank sets the clock going.
    asker.post(f"/topics/{topic.id}/comments", {"body": "Pixel 8.", "thanks": "y"})
    assert topic.is_awaiting
    assert 'class="asks' not in read(asker, topic)


def test_rules_without_pauses_are_said_before(
    house: Builders, new_browser: Callable[[], Browser]
) -> None:
    spec = {"clarification_pauses": False}
    session.add(PolicyVersion(scope="all", version=1, spec=spec, made_at=clock.now() - DAY))
    topic = house.question()
    owner = new_browser().sign_in(topic.category.owner)

    assert "The clock runs on while you wait: these are the rules" in read(owner, topic)
    due = topic.due_at
    ask_back(owner, topic)
    assert (topic.is_awaiting, topic.due_at) == (True, due)


def test_a_broken_promise_stays_broken_while_it_waits(
    house: Builders, new_browser: Callable[[], Browser]
) -> None:
    late = house.question(at=clock.now() - 30 * HOUR)
    owner = new_browser().sign_in(late.category.owner)
    assert "The promise stays broken, and the delay stops growing" in read(owner, late)
    ask_back(owner, late)
    assert not late.is_awaiting
    page = read(owner, late)
    assert "Waiting for the asker" in page
    assert "Promise broken: the answer was due" in page
    assert owed(late).breached_at is not None


def test_who_has_not_read_the_last_word_stops_no_clock(
    topic: Topic, house: Builders, owner: Browser
) -> None:
    house.comment(topic, "Телефон: Pixel 8.", author=topic.asker)
    ask_back(owner, topic, seen_seq="0")
    assert topic.is_awaiting


def test_what_waits_for_the_asker_lies_apart(topic: Topic, owner: Browser) -> None:
    ask_back(owner, topic, next="/desk")

    desk = owner.get("/desk").text
    assert "The desk is clear" in desk
    assert "1 waits for the asker" in desk
    apart = owner.get("/desk?waits=asker").text
    assert topic.title in apart
    assert f"/topics/{topic.id}/answers" in apart


# ------------------------------------------------------------------------------- news by a date


def test_news_by_a_date_are_a_promise_of_their_own(
    house: Builders, topic: Topic, new_browser: Callable[[], Browser], browser: Browser
) -> None:
    topic.category.owner.timezone = "Asia/Yekaterinburg"
    owner = in_english(new_browser()).sign_in(topic.category.owner)
    zone = ZoneInfo("Asia/Yekaterinburg")
    day = (clock.now() + 3 * DAY).astimezone(zone).date()
    due = topic.due_at

    sent = owner.post(
        f"/topics/{topic.id}/news",
        {"body": "Ждём ответа метро.", "until": f"{day.isoformat()}T18:00", "seen_seq": "0"},
    )

    assert sent.status_code == 303
    post = last_post(topic)
    named = datetime(day.year, day.month, day.day, 13, tzinfo=UTC)
    assert (post.kind, post.promised_for) == ("holding", named)
    # It is no answer, and says so.
    assert (topic.is_awaiting, topic.due_at, topic.state) == (True, due, "waiting")
    assert "It is no answer" in read(owner, topic)
    made = {p.kind: p for p in promises.promises_of(topic)}
    assert made["promised_update"].due_at == named
    page = read(browser, topic)
    assert page.count(f'datetime="{named.isoformat()}"') >= 2
    assert "Next news by" in page
    assert "A word in between" in page
    assert "Named a day for the next news" in story(page)

    house.answer(topic)
    assert "kept: the news came" in read(browser, topic)


def test_news_that_came_late_are_said_to(house: Builders, browser: Browser) -> None:
    house.brand()
    start = clock.now() - 3 * DAY
    topic = house.question(at=start)
    service.promise_news(
        topic.category.owner, topic, "Завтра скажем.", start + DAY, at=start + HOUR
    )
    page = read(browser, topic)
    assert "overdue by" in page[page.index("Next news by") :][:900]
    house.answer(topic)
    assert "the news came later than promised" in read(browser, topic)


def test_after_the_answer_only_the_news_are_owed(
    topic: Topic, owner: Browser, browser: Browser
) -> None:
    service.answer(topic.category.owner, topic, "Починим в ноябре.")
    until = clock.now() + 5 * DAY
    service.promise_news(topic.category.owner, topic, "Скажем, когда готово.", until)

    assert (topic.is_awaiting, topic.due_at) == (True, until)
    page = read(browser, topic)
    card = page[page.index('id="promise"') :]
    assert "Next news by" in card
    assert "The answer comes by" not in card
    assert "No answer needed" not in read(owner, topic)
    assert owner.post(f"/topics/{topic.id}/no-answer-needed").status_code == 404
    assert topic.title in owner.get("/desk").text


@pytest.mark.parametrize(
    ("until", "words"),
    [
        ("2020-01-01T10:00", "still to come"),
        ("2999-01-01T10:00", "within the next 90 days"),
        ("на той неделе", "Write a day and an hour"),
        ("0001-01-01T00:00", "Write a day and an hour"),
        ("9999-12-31T23:59", "within the next 90 days"),
    ],
)
@pytest.mark.parametrize("back", ["", "/desk"])
def test_an_hour_that_does_not_fit_comes_back(
    topic: Topic, owner: Browser, until: str, words: str, back: str
) -> None:
    sent = owner.post(
        f"/topics/{topic.id}/news",
        {"body": "Ждём ответа метро.", "until": until, "next": back},
    )
    assert sent.status_code == 422
    assert words in sent.text
    assert "Ждём ответа метро." in sent.text
    assert f'value="{until}"' in sent.text
    assert 'id="until-error"' in sent.text
    assert ('class="desk"' in sent.text) is bool(back)
    assert topic.last_seq == 0


def test_a_manager_may_say_how_it_stands(topic: Topic, manager: Browser) -> None:
    sent = manager.post(f"/topics/{topic.id}/news", {"body": "Напомнили.", "until": ""})
    assert sent.status_code == 303
    assert (last_post(topic).kind, last_post(topic).promised_for) == ("holding", None)
    assert topic.is_awaiting


# ------------------------------------------------------------------------------- no answer needed


def test_no_answer_needed_and_the_asker_disagrees(
    topic: Topic, house: Builders, owner: Browser, asker: Browser, browser: Browser
) -> None:
    assert owner.post(f"/topics/{topic.id}/no-answer-needed").status_code == 404  # the first one
    house.answer(topic, at=clock.now() - 3 * HOUR)
    assert owner.post(f"/topics/{topic.id}/no-answer-needed").status_code == 404  # nothing waits
    house.comment(topic, "Ок, понял.", author=topic.asker, at=clock.now() - 2 * HOUR)
    due = topic.due_at

    assert owner.post(f"/topics/{topic.id}/no-answer-needed").status_code == 303

    assert not topic.is_awaiting
    assert owed_kinds(topic) == [("first_answer", "met"), ("next_answer", "cancelled")]
    page = read(asker, topic)
    assert "The bank thinks that no answer is needed." in page
    assert f"/topics/{topic.id}/answer-needed" in page
    assert f"No answer is needed, thinks: {topic.category.owner.name}" in story(page)
    assert "/answer-needed" not in read(browser, topic)

    assert asker.post(f"/topics/{topic.id}/answer-needed").status_code == 303

    assert (topic.is_awaiting, topic.due_at) == (True, due)
    assert "An answer is needed, says the asker" in story(read(browser, topic))
    assert asker.post(f"/topics/{topic.id}/answer-needed").status_code == 404


def owed_kinds(topic: Topic) -> list[tuple[str, str]]:
    return [(p.kind, p.state) for p in promises.promises_of(topic)]


def test_who_was_let_off_and_is_asked_again_is_not_let_off(
    topic: Topic, house: Builders, asker: Browser
) -> None:
    house.answer(topic)
    house.comment(topic, "Ок, понял.", author=topic.asker)
    service.let_off(topic.category.owner, topic)
    service.comment(topic.asker, topic, "Спасибо.", wants_answer=False)
    assert "/answer-needed" in read(asker, topic)
    house.comment(topic, "Хотя нет, вот что.", author=topic.asker)
    assert topic.is_awaiting
    assert "/answer-needed" not in read(asker, topic)


# ---------------------------------------------------------------------------------------- I take it


def test_somebody_takes_it_in_public(
    house: Builders, topic: Topic, owner: Browser, browser: Browser
) -> None:
    due = topic.due_at
    assert owner.post(f"/topics/{topic.id}/taken").status_code == 303
    owner.post(f"/topics/{topic.id}/taken")

    name = topic.category.owner.name
    page = read(browser, topic)
    assert page.count(f"Is on it: {name}") == 2  # under the promise, and once in the story
    assert f"Is on it: {name}" in owner.get("/desk").text
    assert topic.due_at == due
    assert owed(topic).taken_by_id == topic.category.owner_id
    house.answer(topic)
    page = read(browser, topic)
    assert page.count(f"Is on it: {name}") == 1
    assert owner.post(f"/topics/{topic.id}/taken").status_code == 404


def test_four_hours_later_nobody_is_on_it(topic: Topic, browser: Browser) -> None:
    service.take(topic.category.owner, topic)
    assert read(browser, topic).count("Is on it:") == 2
    with time_machine.travel(clock.now() + 4 * HOUR + timedelta(minutes=1), tick=False):
        assert read(browser, topic).count("Is on it:") == 1


# ------------------------------------------------------------------------------------- taken back


def test_an_answer_taken_back_breaks_the_promise_from_its_own_hour(
    house: Builders, new_browser: Callable[[], Browser], browser: Browser
) -> None:
    house.brand()
    topic = house.question(at=clock.now() - 30 * HOUR)
    due = topic.due_at
    answer = house.answer(topic, "Всё возвращено.", at=clock.now() - 20 * HOUR)
    assert standing(topic).state == "answered"
    owner = in_english(new_browser()).sign_in(topic.category.owner)
    assert f"/posts/{answer.id}/retraction" in read(owner, topic)
    asked = owner.get(f"/posts/{answer.id}/retraction").text
    assert "runs again as if this answer had never been given" in asked

    empty = owner.post(f"/posts/{answer.id}/retraction", {"reason": ""})
    assert empty.status_code == 422
    assert topic.answers_count == 1
    sent = owner.post(f"/posts/{answer.id}/retraction", {"reason": "Ответили не о той карте."})

    assert sent.status_code == 303
    assert standing(topic).state == "overdue"
    assert (topic.due_at, topic.is_awaiting, topic.state) == (due, True, "waiting")
    assert owed(topic).breached_at == due
    assert (topic.answers_count, topic.answer_id, topic.first_answer_at) == (0, None, None)
    ticking.tick()
    page = read(browser, topic)
    assert "Всё возвращено." not in page
    assert f"was taken back by: {topic.category.owner.name}" in story(page)
    assert "Ответили не о той карте." in story(page)
    # Once is enough, and a second page that was open says so by finding nothing.
    assert owner.post(f"/posts/{answer.id}/retraction", {"reason": "Ещё раз."}).status_code == 404


def test_another_answer_that_stands_keeps_it(house: Builders) -> None:
    topic = house.question(at=clock.now() - 30 * HOUR)
    first = house.answer(topic, "Первый ответ.", at=clock.now() - 20 * HOUR)
    second = house.answer(topic, "Второй ответ.", at=clock.now() - 19 * HOUR)

    service.retract(topic.category.owner, first, "Он был неверен.")

    assert not topic.is_awaiting
    assert (topic.answers_count, topic.answer_id) == (1, second.id)
    assert [p.state for p in promises.promises_of(topic)] == ["met"]


def test_a_manager_who_restores_it_answers_again(house: Builders, topic: Topic) -> None:
    answer = house.answer(topic, at=clock.now() - HOUR)
    service.retract(topic.category.owner, answer, "Ошиблись.")
    assert topic.is_awaiting
    moderation.restore_post(house.manager(), topic, answer, "Ошиблись в ошибке.")
    assert not topic.is_awaiting
    assert topic.state == "answered"


def test_a_corrected_answer_keeps_its_hour(
    house: Builders, owner: Browser, topic: Topic, browser: Browser
) -> None:
    answer = house.answer(topic, at=clock.now() - HOUR)
    kept = topic.kept_at
    owner.post(f"/posts/{answer.id}/edit", {"body": "Точнее: завтра.", "reason": "Уточнили."})
    assert topic.kept_at == kept == answer.published_at
    assert f'/history#post-{answer.seq}">corrected</a>' in read(browser, topic)


# ------------------------------------------------------------------------------------------ who may


def test_nobody_else_may_do_any_of_it(
    house: Builders, topic: Topic, new_browser: Callable[[], Browser]
) -> None:
    answer = house.answer(topic)
    house.comment(topic, "Ещё вопрос.", author=topic.asker)
    paths = [
        f"/topics/{topic.id}/{act}"
        for act in ("clarifications", "news", "no-answer-needed", "taken", "passing")
    ]
    paths.append(f"/posts/{answer.id}/retraction")
    body = {"body": "Так.", "reason": "Потому что так."}
    for person in (house.customer(), house.executive(), topic.asker):
        browser = new_browser().sign_in(person)
        page = read(browser, topic)
        for path in paths:
            assert browser.post(path, body).status_code == 404
            assert path not in page
    guest = new_browser()
    page = read(guest, topic)
    for path in paths:
        assert guest.post(path, body).status_code == 303
        assert path not in page
    assert [p.kind for p in queries.last_posts(topic, topic.asker, 9)] == ["answer", "comment"]
    service.let_off(topic.category.owner, topic)
    for person in (house.customer(), topic.category.owner, house.manager()):
        browser = new_browser().sign_in(person)
        assert browser.post(f"/topics/{topic.id}/answer-needed").status_code == 404
        assert "answer-needed" not in read(browser, topic)


def test_a_manager_takes_lets_off_and_takes_back_but_asks_nothing(
    house: Builders, topic: Topic, manager: Browser
) -> None:
    answer = house.answer(topic)
    house.comment(topic, "Ок.", author=topic.asker)
    page = read(manager, topic)
    assert f"/topics/{topic.id}/taken" in page
    assert f"/posts/{answer.id}/retraction" in page
    assert manager.post(f"/topics/{topic.id}/clarifications", {"body": "Так?"}).status_code == 404
    assert manager.post(f"/topics/{topic.id}/taken").status_code == 303
    assert manager.post(f"/topics/{topic.id}/no-answer-needed").status_code == 303


def test_a_colleague_of_the_author_takes_nothing_back(
    house: Builders, new_browser: Callable[[], Browser]
) -> None:
    deputy = house.executive()
    topic = house.question(category=house.category(deputy=deputy))
    answer = house.answer(topic)
    browser = new_browser().sign_in(deputy)
    assert browser.post(f"/posts/{answer.id}/retraction", {"reason": "Так."}).status_code == 404
    assert "/retraction" not in read(browser, topic)


def test_a_closed_topic_takes_no_turns(topic: Topic, owner: Browser) -> None:
    topic.closed_at = clock.now()
    for act in ("clarifications", "news", "taken", "passing"):
        assert owner.post(f"/topics/{topic.id}/{act}", {"body": "Так."}).status_code == 404


@pytest.mark.parametrize("act", ["clarifications", "news"])
def test_a_colleague_s_answer_is_read_before_anything_else_is_said(
    house: Builders, new_browser: Callable[[], Browser], act: str
) -> None:
    deputy = house.executive()
    topic = house.question(category=house.category(deputy=deputy))
    browser = in_english(new_browser()).sign_in(topic.category.owner)
    house.answer(topic, "Уже разобрались.", author=deputy)
    house.comment(topic, "Не всё.", author=topic.asker)

    sent = browser.post(
        f"/topics/{topic.id}/{act}", {"body": "Моё слово.", "seen": "0", "next": "/desk"}
    )

    assert sent.status_code == 422
    assert f"Meanwhile it was answered: {deputy.name}" in sent.text
    assert "Моё слово." in sent.text
    assert 'name="next" value="/desk"' in sent.text
    assert topic.last_seq == 2


@pytest.mark.parametrize("act", ["clarifications", "news"])
@pytest.mark.parametrize("back", ["", "/desk"])
def test_empty_words_come_back_open(topic: Topic, owner: Browser, act: str, back: str) -> None:
    sent = owner.post(f"/topics/{topic.id}/{act}", {"body": "  ", "next": back})
    assert sent.status_code == 422
    box = "question" if act == "clarifications" else "news"
    assert f'id="{box}-error"' in sent.text
    assert re.search(r'<details class="mode" name="mode" open>', sent.text)
    assert ('class="desk"' in sent.text) is bool(back)


@pytest.mark.parametrize("act", ["clarifications", "news"])
def test_sent_twice_is_said_once(topic: Topic, owner: Browser, act: str) -> None:
    for _ in range(2):
        owner.post(f"/topics/{topic.id}/{act}", {"body": "Одно слово."})
    assert topic.last_seq == 1
