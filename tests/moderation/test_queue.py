"""The queue: what waits is read whole, published, changed, given back; and another looks again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from app.core import clock
from app.core.db import session
from app.core.events import Fact
from app.moderation import queries, service
from app.moderation.models import Act, Appeal, Submission
from app.topics import gate
from app.topics import service as topics
from app.topics.models import Category, Post, Topic
from tests.notify.conftest import html_of, mailbag, sent, text_of  # noqa: F401 (fixtures)

if TYPE_CHECKING:
    from collections.abc import Callable

    import time_machine

    from app.accounts.models import Person
    from tests.builders import Builders
    from tests.conftest import Browser
    from tests.notify.conftest import Mailbag

    Sent = Callable[[], Mailbag]

TITLE = "Почему банкомат не вернул карту?"
BODY = "Вчера банкомат на Лесной не вернул карту, на экране было <b>ошибка 7</b>."


@pytest.fixture
def cards(house: Builders) -> Category:
    house.brand()
    return house.category(name="Карты", gate="everybody")


@pytest.fixture
def asker(house: Builders) -> Person:
    return house.customer(name="Вера Новая", locale="en")


@pytest.fixture
def person(house: Builders) -> Person:
    return house.manager(name="Нина Порядок", locale="en")


@pytest.fixture
def manager(browser: Browser, person: Person) -> Browser:
    return browser.sign_in(person)


@pytest.fixture
def text(cards: Category, asker: Person) -> Submission:
    return held(asker, cards)


def held(author: Person, category: Category, title: str = TITLE, body: str = BODY) -> Submission:
    done = gate.ask(author, topics.Words("question", title, body, category, ["банкоматы"]))
    assert isinstance(done, gate.Held)
    return session.get_one(Submission, done.number)


def at(text: Submission, verb: str = "") -> str:
    return f"/manage/queue/{text.id}" + (f"/{verb}" if verb else "")


def press(reader: Browser, text: Submission, verb: str, said: dict[str, Any] | None = None) -> Any:
    """Send a form of the page on which this text was read."""
    return reader.post(at(text, verb), {"seal": text.seal, **(said or {})})


def acts() -> list[tuple[str, str]]:
    return [(a.name, a.reason) for a in session.scalars(select(Act).order_by(Act.id))]


def only_topic() -> Topic:
    return session.scalars(select(Topic)).unique().one()


# ----------------------------------------------------------------------------------- who may enter


def test_only_moderators_enter(
    new_browser: Callable[[], Browser], house: Builders, text: Submission
) -> None:
    paths = ["/manage/queue", at(text), "/manage/appeals"]
    for role in (house.customer(), house.executive()):
        reader = new_browser().sign_in(role)
        assert [reader.get(path).status_code for path in paths] == [404, 404, 404]
        for verb in ("approval", "return", "change"):
            assert press(reader, text, verb).status_code == 404
    guest = new_browser()
    assert [guest.get(path).status_code for path in paths] == [303, 303, 303]
    assert text.state == "waiting"


# ---------------------------------------------------------------------------------- reading a text


def test_a_text_is_read_whole_and_nothing_in_it_acts(manager: Browser, text: Submission) -> None:
    first = manager.get("/manage/queue")
    assert first.location.endswith(at(text))
    page = manager.get(at(text)).text

    assert TITLE in page
    assert "ошибка 7" in page
    assert "<b>ошибка" not in page
    assert "банкоматы" in page
    assert "Вера Новая" in page
    for key in "are":
        assert f'data-press="{key}"' in page
    assert 'data-press="j"' not in page  # nothing comes after it


def test_the_most_urgent_is_on_top_and_the_next_one_follows(
    manager: Browser,
    house: Builders,
    cards: Category,
    asker: Person,
    time_machine: time_machine.TimeMachineFixture,
) -> None:
    early = held(house.customer(), cards, "Первый вопрос о карте")
    time_machine.move_to(clock.now() + timedelta(hours=1), tick=False)
    late = held(asker, cards, "Второй вопрос о карте")
    praised = gate.ask(house.customer(), topics.Words("praise", "Спасибо вам", BODY, cards))
    assert isinstance(praised, gate.Held)
    thanks = session.get_one(Submission, praised.number)
    assert (early.due_at, thanks.due_at) == (early.sent_at + timedelta(hours=24), None)

    listed = manager.get("/manage/queue?list=1").text
    assert listed.index(early.title) < listed.index(late.title) < listed.index(thanks.title)
    assert manager.get("/manage/queue").location.endswith(at(early))
    assert f'href="{at(late)}" data-press="j"' in manager.get(at(early)).text
    after = press(manager, early, "approval")
    assert after.location.endswith(at(late))


# -------------------------------------------------------------------------------------- publishing


def test_it_is_published_as_it_was_sent(
    manager: Browser, person: Person, text: Submission, asker: Person
) -> None:
    done = press(manager, text, "approval")

    topic = only_topic()
    assert done.status_code == 303
    assert (topic.title, topic.body, topic.asker_id) == (TITLE, BODY, asker.id)
    assert [t.name for t in topic.tags] == ["банкоматы"]
    assert topic.category.topics_count == 1
    text = session.get_one(Submission, text.id)
    assert (text.state, text.topic_id, text.handled_by_id) == ("published", topic.id, person.id)
    assert acts() == [("approve", "")]
    assert f"/topics/{topic.id}" in manager.get(at(text)).text


def test_the_author_is_trusted_with_one_click(
    manager: Browser, house: Builders, asker: Person
) -> None:
    newcomers = house.category(gate="newcomers")
    text = held(asker, newcomers)

    press(manager, text, "approval", {"trusting": "1"})

    assert [name for name, _ in acts()] == ["approve", "vouch"]
    assert isinstance(
        gate.ask(asker, topics.Words("question", "Ещё один вопрос", BODY, newcomers)), Topic
    )


def test_a_text_is_changed_and_published_and_what_was_sent_is_kept(
    manager: Browser,
    new_browser: Callable[[], Browser],
    house: Builders,
    text: Submission,
    asker: Person,
) -> None:
    other = house.category(name="Банкоматы")
    sent_again = {"title": "Банкомат не вернул карту", "body": "Банкомат на Лесной забрал карту."}

    assert press(manager, text, "change", sent_again).status_code == 422
    press(
        manager,
        text,
        "change",
        {**sent_again, "tags": "банкоматы", "category_id": other.id, "reason": "Без адресов."},
    )

    topic = only_topic()
    assert (topic.title, topic.category_id) == (sent_again["title"], other.id)
    assert acts() == [("approve_changed", "Без адресов.")]
    page = new_browser().sign_in(asker).get(f"/submissions/{text.id}").text
    assert sent_again["body"] in page
    assert "ошибка 7" in page
    assert "Без адресов." in page
    # The public reads that it was changed, and nothing of what it was.
    public = new_browser().get(f"/topics/{topic.id}").text
    assert "Нина Порядок" in public
    assert "ошибка 7" not in public
    assert "ошибка 7" not in new_browser().get(f"/topics/{topic.id}/history").text


def test_a_reply_to_what_was_closed_meanwhile_is_not_published(
    manager: Browser, house: Builders, cards: Category, asker: Person, person: Person
) -> None:
    topic = house.question(category=cards)
    gate.comment(asker, topic, "И у меня так же.")
    text = queries.waiting(1)[0]
    service.close(person, topic, "Всё сказано.")

    back = press(manager, text, "approval")

    assert back.location.endswith(at(text))
    assert session.scalars(select(Post)).first() is None
    assert session.get_one(Submission, text.id).state == "waiting"


def test_an_approved_change_keeps_what_was_before(
    house: Builders, cards: Category, asker: Person, person: Person
) -> None:
    topic = house.question(category=cards, asker=asker, title=TITLE, body=BODY)
    gate.edit(asker, topic, topics.Words("question", TITLE, "Совсем о другом, вот так.", cards))
    assert topic.body == BODY

    service.approve(person, queries.waiting(1)[0])

    assert topic.body == "Совсем о другом, вот так."
    assert [r.body for r in topics.queries.revisions(topic)] == [BODY]


# ------------------------------------------------------------------------------------- giving back


def test_it_is_given_back_with_reasons_and_sent_again(
    manager: Browser,
    new_browser: Callable[[], Browser],
    text: Submission,
    asker: Person,
    sent: Sent,  # noqa: F811
    time_machine: time_machine.TimeMachineFixture,
) -> None:
    assert press(manager, text, "return", {"reason": "other"}).status_code == 422
    assert press(manager, text, "return", {"reason": "no_such"}).status_code == 422
    press(manager, text, "return", {"reason": "private", "words": "Уберите адрес."})

    assert acts() == [("return", "Уберите адрес.")]
    letter = sent().letter(str(asker.email))
    for part in (text_of(letter), html_of(letter)):
        assert "Уберите адрес." in part
        assert "&lt;b&gt;ошибка 7" in part or "<b>ошибка 7</b>" in text_of(letter)
        assert f"/submissions/{text.id}" in part
    assert "<b>ошибка" not in html_of(letter)
    own = new_browser().sign_in(asker)
    page = own.get(f"/submissions/{text.id}").text
    assert "Уберите адрес." in page
    time_machine.move_to(clock.now() + timedelta(hours=7), tick=False)
    again_at = clock.now()
    fields = {"title": TITLE, "body": "Вчера банкомат не вернул карту.", "tags": ""}
    assert own.post(f"/submissions/{text.id}/edit", fields).status_code == 303

    text = session.get_one(Submission, text.id)
    assert (text.state, text.body) == ("waiting", fields["body"])
    assert (text.sent_at, text.due_at) == (again_at, again_at + timedelta(hours=24))


def test_its_author_changes_what_waits_and_its_turn_stays(
    browser: Browser, text: Submission, asker: Person, time_machine: time_machine.TimeMachineFixture
) -> None:
    sent_at, turn = text.sent_at, text.turn_at
    time_machine.move_to(clock.now() + timedelta(hours=1))
    browser.sign_in(asker)

    browser.post(f"/submissions/{text.id}/edit", {"title": TITLE, "body": "Иначе.", "tags": ""})
    text = session.get_one(Submission, text.id)
    assert (text.body, text.sent_at, text.turn_at) == ("Иначе.", sent_at, turn)
    assert (
        browser.post(f"/submissions/{text.id}/edit", {"title": "", "body": ""}).status_code == 422
    )

    browser.post(f"/submissions/{text.id}/withdrawal")
    assert session.get_one(Submission, text.id).state == "withdrawn"
    assert (
        browser.post(
            f"/submissions/{text.id}/edit", {"title": TITLE, "body": "Поздно.", "tags": ""}
        ).status_code
        == 422
    )


def test_whoever_comes_second_reads_who_was_first(
    manager: Browser,
    new_browser: Callable[[], Browser],
    house: Builders,
    text: Submission,
    person: Person,
) -> None:
    colleague = new_browser().sign_in(house.manager(name="Олег Второй", locale="en"))
    press(manager, text, "approval")

    for verb, said in (("approval", {}), ("return", {"reason": "rude"})):
        answer = press(colleague, text, verb, said)
        assert answer.status_code == 303
        assert person.name in colleague.get(answer.location.replace("http://otklik.test", "")).text
    assert person.name in colleague.get(at(text)).text
    assert [name for name, _ in acts()] == ["approve"]


def test_what_its_author_changed_meanwhile_is_read_once_more(
    manager: Browser, text: Submission, asker: Person
) -> None:
    read = text.seal
    assert f'value="{read}"' in manager.get(at(text)).text
    service.send_again(asker, text, {"body": "Совсем другое, никем не читанное."})

    for verb, said in (
        ("approval", {"seal": read}),
        ("approval", {}),
        ("return", {"seal": read, "reason": "rude"}),
    ):
        again = manager.post(at(text, verb), said)
        assert again.location.endswith(at(text))
    assert (acts(), text.state) == ([], "waiting")
    press(manager, text, "approval")
    assert only_topic().body == "Совсем другое, никем не читанное."


# ----------------------------------------------------------------------------------------- appeals


def test_another_manager_looks_again_and_the_promise_runs_from_then(
    manager: Browser,
    new_browser: Callable[[], Browser],
    house: Builders,
    text: Submission,
    asker: Person,
    person: Person,
    sent: Sent,  # noqa: F811
) -> None:
    sent_at = text.sent_at
    other = house.manager(name="Олег Второй", locale="en")
    service.give_back(person, text, "rude")
    own = new_browser().sign_in(asker)
    words = {"words": "Здесь нет ни одного грубого слова."}
    assert own.post(f"/submissions/{text.id}/appeal", {"words": "Нет"}).status_code == 422
    own.post(f"/submissions/{text.id}/appeal", words)
    own.post(f"/submissions/{text.id}/appeal", words)
    appeal = session.scalars(select(Appeal)).one()
    assert (
        own.post(
            f"/submissions/{text.id}/edit", {"title": TITLE, "body": "Иначе.", "tags": ""}
        ).status_code
        == 422
    )
    assert sent().kinds(str(other.email)) == ["appeal_made"]

    path, verdict = f"/manage/appeals/{appeal.id}", {"verdict": "granted", "answer": "Верно."}
    assert manager.post(path, verdict).status_code == 422
    assert "Олег Второй" in manager.get(path).text
    assert session.scalars(select(Topic)).first() is None
    second = new_browser().sign_in(other)
    assert second.post(path, verdict).status_code == 303
    assert second.post(path, verdict).status_code == 422

    topic = only_topic()
    assert topic.opened_at == sent_at
    assert [name for name, _ in acts()] == ["return", "grant"]
    assert "appeal_decided" in sent().kinds(str(asker.email))


def test_the_only_manager_decides_themselves(
    text: Submission, asker: Person, person: Person
) -> None:
    service.give_back(person, text, "rude")
    appeal = service.appeal_text(asker, text, "Это не так, прочтите ещё раз.")

    service.decide(person, appeal, "Решение прежнее.", grant=False)

    assert appeal.verdict == "upheld"
    assert text.state == "returned"
    with pytest.raises(service.AppealedError):
        service.appeal_text(asker, text, "И всё же это не так.")


@pytest.mark.parametrize("what", ["hide", "spam", "hide_post"])
def test_the_author_of_what_was_hidden_sees_it_and_appeals(
    browser: Browser,
    new_browser: Callable[[], Browser],
    house: Builders,
    cards: Category,
    asker: Person,
    person: Person,
    what: str,
) -> None:
    topic = house.question(category=cards, asker=asker, title=TITLE, body=BODY)
    post = house.comment(topic, "Ещё одно слово.", author=asker)
    if what == "hide_post":
        act = service.hide_post(person, topic, post, "Не по делу.")
    else:
        act = (service.hide if what == "hide" else service.mark_spam)(person, topic, "Не по делу.")
    browser.sign_in(asker)

    assert f"/removals/{act.id}" in browser.get("/submissions").text
    page = browser.get(f"/removals/{act.id}").text
    assert "Не по делу." in page
    assert ("Ещё одно слово." if what == "hide_post" else "ошибка 7") in page
    stranger = new_browser().sign_in(house.customer())
    there, nowhere = stranger.get(f"/removals/{act.id}"), stranger.get("/removals/999999")
    assert (there.status_code, nowhere.status_code) == (404, 404)
    assert there.text == nowhere.text.replace("999999", str(act.id))
    browser.post(f"/removals/{act.id}", {"words": "Это по делу, прочтите ещё раз."})
    appeal = session.scalars(select(Appeal)).one()

    service.decide(house.manager(), appeal, "Вы правы.", grant=True)

    assert (topic.hidden_at, post.hidden_at) == (None, None)
    assert browser.get(f"/removals/{act.id}").status_code == 404


# ------------------------------------------------------------------------------ what is kept of it


def test_every_act_is_in_the_log_and_facts_hold_no_words(
    manager: Browser, text: Submission, asker: Person, house: Builders, person: Person
) -> None:
    service.give_back(person, text, "rude", "Мягче, пожалуйста.")
    appeal = service.appeal_text(asker, text, "Здесь нет грубых слов, честно.")
    service.decide(house.manager(), appeal, "Верно, нет.", grant=True)

    log = manager.get("/manage/acts").text
    assert "Мягче, пожалуйста." in log
    assert "Нина Порядок" in log
    assert at(text) in log
    kept = [str(fact.data) for fact in session.scalars(select(Fact))]
    names = {fact.name for fact in session.scalars(select(Fact))}
    assert {"TextHeld", "TextReturned", "AppealMade", "AppealDecided", "TextApproved"} <= names
    for words in (TITLE, "ошибка", "Мягче", "честно", "Верно", "Вера"):
        assert not any(words in data for data in kept), words


def test_the_act_stays_when_the_text_is_forgotten(
    manager: Browser,
    text: Submission,
    person: Person,
    sent: Sent,  # noqa: F811
) -> None:
    service.give_back(person, text, "rude", "Мягче, пожалуйста.")
    session.delete(text)
    session.flush()

    sent()  # a letter about it is written to nobody, and nothing fails
    assert queries.dead_deliveries() == {}
    assert "Мягче, пожалуйста." in manager.get("/manage/acts").text


def test_managers_hear_once_of_what_waits_long(
    text: Submission,
    person: Person,
    sent: Sent,  # noqa: F811
    time_machine: time_machine.TimeMachineFixture,
) -> None:
    service.tell_what_waits_long()
    assert "texts_wait" not in sent().kinds(str(person.email))
    time_machine.move_to(text.sent_at + service.WAITS_LONG + timedelta(minutes=1))

    service.tell_what_waits_long()
    service.tell_what_waits_long()

    assert sent().kinds(str(person.email)).count("texts_wait") == 1


def test_how_long_it_usually_takes_is_measured(
    browser: Browser,
    house: Builders,
    cards: Category,
    person: Person,
    asker: Person,
    time_machine: time_machine.TimeMachineFixture,
) -> None:
    start = clock.now()
    for n in range(5):
        time_machine.move_to(start + timedelta(days=n), tick=False)
        text = held(house.customer(), cards, f"Вопрос номер {n} о карте")
        time_machine.move_to(start + timedelta(days=n, minutes=30), tick=False)
        service.approve(person, text)

    assert queries.usual_wait() == timedelta(minutes=30)
    text = held(asker, cards)
    assert "30" in browser.sign_in(asker).get(f"/submissions/{text.id}").text


def test_the_queue_costs_the_same_however_long_it_is(
    manager: Browser, house: Builders, cards: Category, count_sql: Callable[[], object]
) -> None:
    def cost() -> int:
        with count_sql() as statements:  # type: ignore[attr-defined]
            assert manager.get("/manage/queue?list=1").status_code == 200
        return len(statements)

    held(house.customer(), cards, "Первый вопрос о карте")
    held(house.customer(), cards, "Второй вопрос о карте")
    few = cost()
    for n in range(6):
        held(house.customer(), cards, f"Вопрос номер {n} о карте")
    assert cost() == few


def test_the_menu_and_the_overview_say_how_many_wait(manager: Browser, text: Submission) -> None:
    home = manager.get("/manage").text

    assert "/manage/queue" in home
    assert "1 text waits to be read." in home or "text" in home
