"""The publish gate: nothing of a customer's appears unread where it is to be read first."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from app.core import clock
from app.core.db import Base, session
from app.moderation import queries, service, signals
from app.moderation.models import Submission, Trust
from app.moderation.signals import Judgement, Reason
from app.topics import gate
from app.topics import service as topics
from app.topics.models import Category, Draft, Post, Topic

if TYPE_CHECKING:
    from collections.abc import Callable

    import time_machine

    from app.accounts.models import Person
    from tests.builders import Builders
    from tests.conftest import Browser

TITLE = "Почему банкомат не вернул карту?"
BODY = "Вчера карта перестала работать в поездке, банкомат её не вернул."
OTHER = "Совсем другой текст, о котором никто из банка ещё ничего не знает."


@pytest.fixture
def read_first(house: Builders) -> Category:
    house.brand()
    return house.category(name="Карты", gate="everybody")


@pytest.fixture
def newcomers(house: Builders) -> Category:
    house.brand()
    return house.category(name="Кредиты", gate="newcomers")


@pytest.fixture
def asker(house: Builders) -> Person:
    return house.customer(name="Вера Новая")


def form(category: Category, **other: Any) -> dict[str, Any]:
    said = {"kind": "question", "title": TITLE, "body": BODY, "category_id": str(category.id)}
    return {**said, "tags": "", "seen_similar": "1", **other}


def count(model: type[Base]) -> int:
    return session.scalar(select(func.count()).select_from(model)) or 0


def held() -> Submission:
    return session.scalars(select(Submission).order_by(Submission.id.desc()).limit(1)).one()


def known(person: Person, published: int = 3) -> Person:
    """Somebody with good posts behind them."""
    person.confirmed_at = clock.now() - timedelta(days=40)
    session.add(Trust(person_id=person.id, published=published, returned=0, upheld=0))
    session.flush()
    return person


# ---------------------------------------------------------------------------------- what is held


def test_a_question_waits_and_its_author_sees_it_at_once(
    browser: Browser, read_first: Category, asker: Person
) -> None:
    browser.sign_in(asker)

    sent = browser.post("/ask", form(read_first))

    assert count(Topic) == 0
    text = held()
    assert sent.status_code == 303
    assert sent.location.endswith(f"/submissions/{text.id}")
    assert text.why == [["category", ""]]
    page = browser.get(f"/submissions/{text.id}").text
    assert TITLE in page
    assert BODY in page
    assert "Waits to be read" in page or "прочтения" in page or "<h1" in page
    assert TITLE in browser.get("/submissions").text
    assert "/submissions" in browser.get("/profile").text


def test_nothing_of_it_is_seen_by_anybody_else(
    browser: Browser,
    new_browser: Callable[[], Browser],
    read_first: Category,
    house: Builders,
    asker: Person,
    work: Callable[[], None],
) -> None:
    browser.sign_in(asker)
    browser.post("/ask", form(read_first, tags="редкость"))
    work()
    text_id = held().id
    other = new_browser().sign_in(house.customer())
    guest = new_browser()

    for path in (
        "/",
        f"/categories/{read_first.slug}",
        "/tags",
        "/feed.atom",
        "/sitemap.xml",
        "/search?q=карту",
        "/search/similar?q=Почему+банкомат+не+вернул+карту",
        f"/people/{asker.id}",
    ):
        for reader in (other, guest):
            page = reader.get(path).text
            assert TITLE not in page, path
            assert "редкость" not in page, path
    assert read_first.topics_count == 0
    # Another's text is as if it were not there at all.
    there, nowhere = other.get(f"/submissions/{text_id}"), other.get("/submissions/999999")
    assert (there.status_code, nowhere.status_code) == (404, 404)
    assert there.text == nowhere.text.replace("999999", str(text_id))
    for verb in ("edit", "withdrawal", "appeal"):
        assert other.post(f"/submissions/{text_id}/{verb}", {"words": "x" * 20}).status_code == 404
    assert guest.get(f"/submissions/{text_id}").status_code == 303
    assert other.get(f"/manage/queue/{text_id}").status_code == 404
    assert other.post(f"/manage/queue/{text_id}/approval").status_code == 404


def test_a_draft_sent_twice_or_again_after_signing_in_waits_once(
    browser: Browser, read_first: Category, asker: Person
) -> None:
    guest = browser.post("/ask", form(read_first))
    assert "/sign-in" in guest.location
    assert count(Draft) == 1
    browser.sign_in(asker)

    first = browser.post("/ask", form(read_first))
    again = browser.post("/ask", form(read_first))

    assert first.location == again.location
    assert count(Submission) == 1
    assert count(Topic) == 0


def test_replaying_what_was_returned_publishes_nothing(
    browser: Browser,
    read_first: Category,
    house: Builders,
    asker: Person,
    time_machine: time_machine.TimeMachineFixture,
) -> None:
    open_one = house.category(name="Открытая")
    browser.sign_in(asker)
    browser.post("/ask", form(read_first))
    service.give_back(house.manager(), held(), "rude")

    browser.post("/ask", form(read_first))
    assert count(Submission) == 1
    browser.post("/ask", form(open_one))
    assert held().why == [["returned", ""]]
    time_machine.move_to(clock.now() + timedelta(hours=2))
    browser.post("/ask", form(open_one, body=BODY.upper()))

    assert count(Topic) == 0
    assert held().why == [["returned", ""]]


def test_newcomers_are_read_and_those_who_are_known_are_not(
    house: Builders, newcomers: Category, asker: Person
) -> None:
    words = topics.Words("question", TITLE, BODY, newcomers)

    assert isinstance(gate.ask(asker, words), gate.Held)
    assert held().why == [["newcomer", ""]]
    assert isinstance(gate.ask(known(house.customer()), words), Topic)


def test_the_bank_s_people_pass_unread(house: Builders, read_first: Category) -> None:
    words = topics.Words("question", TITLE, BODY, read_first)

    assert isinstance(gate.ask(house.manager(), words), Topic)


def test_replies_wait_too_the_asker_s_own_among_them(
    browser: Browser, house: Builders, read_first: Category, asker: Person
) -> None:
    topic = house.question(category=read_first, asker=asker)
    answer = house.answer(topic)
    browser.sign_in(asker)

    browser.post(f"/topics/{topic.id}/comments", {"body": "А в выходные?"})
    assert held().act == "comment"
    assert held().due_at is not None
    browser.post(f"/topics/{topic.id}/dispute", {"body": "Не помогло, всё так же."})

    assert {p.id for p in session.scalars(select(Post))} == {answer.id}
    assert count(Submission) == 2
    assert session.get_one(Topic, topic.id).state == "reopened"


@pytest.mark.parametrize(
    ("after", "waits"),
    [(BODY.replace("Вчера", "Вчера утром"), False), (OTHER, True), (f"{BODY} http://x.ru", True)],
)
def test_an_edit_that_changes_much_is_read(
    browser: Browser, house: Builders, read_first: Category, asker: Person, after: str, waits: bool
) -> None:
    topic = house.question(category=read_first, asker=asker, title=TITLE, body=BODY)
    browser.sign_in(asker)

    browser.post(
        f"/topics/{topic.id}/edit", {"title": TITLE, "body": after, "language": "ru", "tags": ""}
    )

    topic = session.get_one(Topic, topic.id)
    assert topic.body == (BODY if waits else after)
    assert count(Submission) == int(waits)


def test_many_small_edits_are_measured_by_what_was_read(
    house: Builders, read_first: Category, asker: Person
) -> None:
    topic = house.question(category=read_first, asker=asker, title=TITLE, body="а" * 100)
    comment = house.comment(topic, "б" * 100, author=asker)
    for step in (10, 19, 28):
        done = gate.edit_post(asker, comment, "б" * (100 - step) + "в" * step)
    assert isinstance(done, gate.Held)

    service.approve(house.manager(), held())
    assert comment.body == "б" * 72 + "в" * 28
    # What a moderator has read is measured from there.
    done = gate.edit_post(asker, comment, "б" * 62 + "в" * 38)
    assert isinstance(done, Post)


def test_a_second_change_of_the_same_text_takes_the_first_one_s_place(
    house: Builders, read_first: Category, asker: Person
) -> None:
    topic = house.question(category=read_first, asker=asker, title=TITLE, body=BODY)
    for body in (OTHER, f"{OTHER} И ещё вот что."):
        gate.edit(asker, topic, topics.Words("question", TITLE, body, read_first))

    assert count(Submission) == 1
    assert held().body.endswith("И ещё вот что.")


# ------------------------------------------------------------------------------ what is found in it


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> Callable[[Judgement], None]:
    """Let the signals find this in every text."""

    def set_to(judgement: Judgement) -> None:
        monkeypatch.setattr(signals, "judge", lambda _sending: judgement)

    return set_to


def test_signals_hold_refuse_and_change(
    browser: Browser,
    house: Builders,
    asker: Person,
    found: Callable[[Judgement], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    house.brand()
    category = house.category()
    browser.sign_in(asker)
    monkeypatch.setattr(signals, "words_for", lambda reason: f"<{reason.code}> {reason.detail}")

    found(Judgement("refuse", (Reason("blocked_word", "казино"),)))
    refused = browser.post("/ask", form(category))
    assert refused.status_code == 422
    assert "&lt;blocked_word&gt; казино" in refused.text
    assert BODY in refused.text
    assert (count(Topic), count(Submission), count(Draft)) == (0, 0, 1)

    found(Judgement("hold", (Reason("links", "3"),)))
    browser.post("/ask", form(category))
    assert held().why == [["links", "3"]]

    found(Judgement("publish", (), {"body": "Вчера ***** перестала работать."}))
    browser.post("/ask", form(category, title="Другой вопрос о карте"))
    assert session.scalars(select(Topic)).unique().one().body == "Вчера ***** перестала работать."


def test_what_is_published_with_reasons_is_flagged(
    house: Builders,
    asker: Person,
    found: Callable[[Judgement], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    flagged: list[object] = []
    monkeypatch.setattr(signals, "note", lambda *about: flagged.append(about[2]))
    found(Judgement("publish", (Reason("flagged_word", "вклад"),)))

    topic = gate.ask(asker, topics.Words("question", TITLE, BODY, house.category()))

    assert flagged == [topic]


# ---------------------------------------------------------------------------------- the promise


def test_the_promise_runs_from_the_minute_it_was_sent(
    browser: Browser,
    house: Builders,
    read_first: Category,
    asker: Person,
    time_machine: time_machine.TimeMachineFixture,
) -> None:
    sent_at = clock.now()
    time_machine.move_to(sent_at, tick=False)
    sent_at = clock.now()
    browser.sign_in(asker)
    browser.post("/ask", form(read_first))
    text = held()
    assert text.due_at == sent_at + timedelta(hours=24)
    time_machine.move_to(sent_at + timedelta(hours=5), tick=False)

    topic = service.approve(house.manager(), text)

    assert isinstance(topic, Topic)
    assert topic.opened_at == sent_at
    assert topic.promised_at == sent_at
    assert topic.due_at == sent_at + timedelta(hours=24)
    assert topic.is_awaiting


def test_a_reply_read_later_asks_for_an_answer_from_when_it_was_sent(
    house: Builders,
    read_first: Category,
    asker: Person,
    time_machine: time_machine.TimeMachineFixture,
) -> None:
    topic = house.question(category=read_first, asker=asker)
    house.answer(topic)
    time_machine.move_to(clock.now() + timedelta(hours=1), tick=False)
    sent_at = clock.now()
    gate.comment(asker, topic, "А в выходные?")
    time_machine.move_to(sent_at + timedelta(hours=3), tick=False)
    stranger = house.customer()
    topics.comment(stranger, topic, "И мне интересно.")

    post = service.approve(house.manager(), held())

    assert isinstance(post, Post)
    assert (post.published_at, post.seq) == (sent_at, 3)
    assert topic.is_awaiting
    assert topic.due_at == sent_at + timedelta(hours=24)
    # What was said since stays the latest.
    assert topic.active_at == sent_at + timedelta(hours=3)


def test_the_pages_say_that_it_is_read_first(
    browser: Browser, house: Builders, read_first: Category
) -> None:
    open_one = house.category()
    notice = 'class="quiet gate"'

    topic = house.question(category=read_first)
    for path in (f"/categories/{read_first.slug}", f"/topics/{topic.id}"):
        assert notice in browser.get(path).text, path
    assert notice not in browser.get(f"/categories/{open_one.slug}").text
    assert queries.usual_wait() is None
