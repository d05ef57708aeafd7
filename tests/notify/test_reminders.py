"""The ladder's letters: what each says, who may refuse it, and what is settled before it leaves."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from sqlalchemy import select

from app.accounts.models import Person
from app.core import addresses
from app.core.db import session
from app.core.events import Fact, reacting_to, record
from app.moderation import service as moderation
from app.notify import policy, reactions, reminders, service
from app.notify.events import LetterWritten
from app.notify.models import Letter
from app.sla.events import HourMoved, RemindersDue
from app.sla.models import PolicyVersion, Promise, RungSent
from app.sla.queries import reminders as due_reminders
from app.sla.service import ticking
from app.topics import service as topics
from tests.notify.conftest import NOON, html_of, text_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from email.message import EmailMessage

    from app.topics.models import Category
    from tests.builders import Builders
    from tests.notify.conftest import Mailbag

    Sent = Callable[[], Mailbag]


@pytest.fixture
def cards(house: Builders) -> Category:
    """Its owner lives in Moscow, the deputy in Kyiv, and there is a community manager."""
    house.manager(name="Мария", locale="en")
    deputy = house.executive(locale="en", timezone="Europe/Kyiv")
    owner = house.executive(name="Марина Зорина", locale="en")
    return house.category(owner, deputy=deputy, name="Карты")


def address(person: Person | None) -> str:
    assert person is not None
    return str(person.email)


def manager() -> str:
    return str(session.scalars(select(Person.email).where(Person.name == "Мария")).one())


def about(letter: EmailMessage) -> str:
    """The subject, without the spaces that are lost between encoded words."""
    return squeezed(str(letter["Subject"]))


def squeezed(words: str) -> str:
    return "".join(words.split())


def on(letter: EmailMessage, *words: str) -> None:
    """Both parts say it."""
    for part in (text_of(letter), html_of(letter)):
        for said in words:
            assert said in part, said


def later(hours: float) -> Any:
    return time_machine.travel(NOON + timedelta(hours=hours))


# --------------------------------------------------------------------------------- what they say


def test_little_time_is_left_for_the_owner_and_the_deputy(
    house: Builders, cards: Category, sent: Sent
) -> None:
    topic = house.question(category=cards, at=NOON - timedelta(hours=20))

    bag = sent()

    owner, deputy = bag.letter(address(cards.owner)), bag.letter(address(cards.deputy))
    assert about(owner) == squeezed(f"Little time is left: {topic.title}")
    on(owner, topic.body, addresses.desk(topic.id), "h 59 min left")
    on(owner, "22 November 2026, 19:00 (Moscow)", "Please answer. If you cannot yet")
    on(deputy, "22 November 2026, 18:00 (Kyiv)", "see to it that the answer comes in time")
    assert bag.kinds(address(cards.owner)) == ["reminder"]


def test_a_broken_promise_asks_each_for_what_they_can_do(
    house: Builders, cards: Category, sent: Sent
) -> None:
    topic = house.question(category=cards, at=NOON - timedelta(hours=24.5))

    bag = sent()

    subject = f"The promised hour has passed without an answer: {topic.title}"
    for who, asks in (
        (address(cards.owner), "Please answer now."),
        (address(cards.deputy), "You may answer too"),
        (manager(), "Please see who can answer."),
    ):
        letter = bag.letter(who)
        assert about(letter) == squeezed(subject)
        on(letter, asks, "overdue by 30 min", cards.owner.name)
    assert addresses.desk(topic.id) in html_of(bag.letter(address(cards.owner)))
    assert addresses.desk(topic.id) not in html_of(bag.letter(manager()))


def test_after_a_day_the_manager_must_act_and_after_two_the_chief_is_told(
    house: Builders, cards: Category, sent: Sent
) -> None:
    chief = house.administrator(locale="en")
    since = NOON - timedelta(days=9)
    spec = {"chief_id": chief.id}
    session.add(PolicyVersion(scope="all", version=1, spec=spec, made_at=since))
    topic = house.question(category=cards, at=NOON - timedelta(hours=49))

    bag = sent()
    on(bag.letter(manager()), "hand it to somebody who can answer, or publish a note")
    assert bag.letters(address(chief)) == []

    bag.empty()
    with later(24):
        bag = sent()
    assert about(bag.letter(address(chief))) == squeezed(f"Still no answer: {topic.title}")
    on(bag.letter(address(chief)), "Nobody has answered. Please see to it")
    on(bag.letter(address(chief)), "told of what stays unanswered")

    bag.empty()
    with later(45):  # the next morning
        bag = sent()
    assert bag.kinds(address(chief)) == ["escalated"]


def test_each_beginning_has_its_own_words(house: Builders, cards: Category, sent: Sent) -> None:
    topic, loans = house.question(category=cards), house.category()
    owner = address(cards.owner)
    assert sent().kinds(owner) == ["question"]
    house.answer(topic)
    house.comment(topic, "А на кольцевой?", author=topic.asker)
    bag = sent()
    assert bag.kinds(owner) == ["question", "asked_again"]
    on(bag.letters(owner)[-1], "А на кольцевой?", "The customer asks again")

    topics.answer(cards.owner, topic, "И там.")
    topics.dispute(topic.asker, topic)
    assert sent().kinds(owner)[2:] == ["reopened"]

    boss = house.manager()
    moderation.move(boss, topic, loans, "Это про кредиты")
    bag = sent()
    assert bag.kinds(address(loans.owner)) == ["handed_over"]
    on(bag.letter(address(loans.owner)), "Это про кредиты")


def test_several_topics_are_one_digest_overdue_first_then_soonest(
    house: Builders, cards: Category, sent: Sent
) -> None:
    ages = {"Опоздала": 25, "Давно": 40, "Скоро": 21, "Позже": 13}
    made = {
        title: house.question(category=cards, title=title, at=NOON - timedelta(hours=hours))
        for title, hours in ages.items()
    }

    bag = sent()

    letter = bag.letter(address(cards.owner))
    assert bag.kinds(address(cards.owner)) == ["digest"]
    assert about(letter) == squeezed("Overdue: 2, to be answered: 2")
    for part in (text_of(letter), html_of(letter).split("</head>")[1].split("<h1")[1]):
        places = [part.index(title) for title in ("Давно", "Опоздала", "Скоро", "Позже")]
        assert places == sorted(places)
    on(letter, *(addresses.desk(topic.id) for topic in made.values()))
    on(letter, "overdue by 16 h", "Please answer now.", "Little time is left")
    assert letter["References"] is None
    # Who is told of broken promises only, hears of those.
    assert about(bag.letter(manager())) == squeezed("Overdue: 2")


def test_a_long_digest_leaves_the_rest_to_the_desk(
    house: Builders, cards: Category, sent: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reminders, "LONGEST", 3)
    for n in range(5):
        house.question(category=cards, title=f"Вопрос {n}", at=NOON - timedelta(hours=25))

    letter = sent().letter(address(cards.owner))

    on(letter, "More of it on the desk: 2")
    assert text_of(letter).count("/desk?topic=") == 3


def test_the_letter_has_a_ring_and_one_button(house: Builders, cards: Category, sent: Sent) -> None:
    house.question(category=cards, at=NOON - timedelta(hours=25))

    letter = sent().letter(address(cards.owner))

    assert [p.get_content_type() for p in letter.walk()].count("image/png") == 1
    assert f'alt="{cards.owner.name}: overdue by 1 h"' in html_of(letter)
    assert html_of(letter).count("padding:14px 24px") == 1


# ---------------------------------------------------------------------------------- their names


def test_a_reminder_s_name_is_its_promise_arm_rung_and_reader(
    house: Builders, cards: Category, sent: Sent
) -> None:
    topic = house.question(category=cards)

    letter = sent().letter(address(cards.owner))

    promise = session.scalars(select(Promise).where(Promise.topic_id == topic.id)).one()
    assert letter["Message-ID"] == f"<sla.{promise.id}.1.open.{cards.owner_id}@otklik.test>"


def test_a_digest_sent_again_has_the_same_name_though_less_is_in_it(
    house: Builders, cards: Category, sent: Sent, work: Callable[[], None]
) -> None:
    first = house.question(category=cards, title="Первый", at=NOON - timedelta(hours=25))
    house.question(category=cards, title="Второй", at=NOON - timedelta(hours=26))
    bag = sent()
    before = bag.letter(address(cards.owner))
    row = session.scalars(
        select(Letter).where(Letter.kind == "digest", Letter.person_id == cards.owner_id)
    ).one()

    house.answer(first)
    row.posted_at = None  # killed between sending it and saying so
    _post(row)

    again = [x for x in bag.letters(address(cards.owner)) if x["X-Otklik-Letter"] == "digest"]
    assert [x["Message-ID"] for x in again] == [before["Message-ID"]]
    assert "Первый" not in text_of(again[0])


def _post(letter: Letter) -> None:
    reactions.post_the_letter(LetterWritten(letter.id))


# ------------------------------------------------------------------- settled before it could leave


@pytest.mark.parametrize("how", ["answered", "asked back", "moved", "closed", "taken"])
def test_what_was_settled_meanwhile_is_not_asked_for(
    house: Builders, cards: Category, sent: Sent, work: Callable[[], None], how: str
) -> None:
    topic = house.question(category=cards, at=NOON - timedelta(hours=20))
    ticking.tick()  # recorded, and the worker is slow
    boss = house.manager()
    if how == "answered":
        house.answer(topic)
    elif how == "asked back":
        topics.ask_back(cards.owner, topic, "Какая станция?")
    elif how == "moved":
        moderation.move(boss, topic, house.category(), "Не сюда")
    elif how == "closed":
        moderation.close(boss, topic, "Решено иначе")
    else:
        assert cards.deputy is not None
        topics.take(cards.deputy, topic)

    work()
    bag = sent()

    assert "reminder" not in bag.kinds(address(cards.owner))
    query = select(RungSent.fate).where(
        RungSent.person_id == cards.owner_id, RungSent.rung == "r80", RungSent.arm_no == 1
    )
    assert session.scalars(query).all() == ["stale"]


def written_at_the_next_round() -> Letter:
    """The reminder that is written and not yet posted."""
    ticking.tick()
    fact = session.scalars(
        select(Fact).where(Fact.name == "RemindersDue").order_by(Fact.id)
    ).first()
    assert fact is not None
    with reacting_to(fact):
        reactions.remind(fact.event)
    return session.scalars(select(Letter).where(Letter.fact_id == fact.id)).one()


def test_a_letter_written_already_is_looked_at_once_more(
    house: Builders, cards: Category, mailbag: Mailbag
) -> None:
    topic = house.question(category=cards, at=NOON - timedelta(hours=25))
    letter = written_at_the_next_round()
    house.answer(topic)

    _post(letter)

    assert letter.skipped == "stale"
    assert mailbag.letters() == []


def test_an_answer_between_two_looks_makes_no_letter_empty(
    house: Builders, cards: Category, mailbag: Mailbag, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One look decides what a letter says, so it is either sent with that or skipped as stale."""
    topic = house.question(category=cards, title="Где карта?", at=NOON - timedelta(hours=25))
    letter = written_at_the_next_round()
    look = due_reminders.standing

    def look_and_be_overtaken(event: RemindersDue) -> list[due_reminders.Reminder]:
        found = look(event)
        if topic.answers_count == 0:
            house.answer(topic)
        return found

    monkeypatch.setattr(due_reminders, "standing", look_and_be_overtaken)
    _post(letter)

    assert letter.skipped is None
    assert topic.title in text_of(mailbag.letters()[0])


def test_out_of_a_digest_drops_only_what_is_settled(
    house: Builders, cards: Category, work: Callable[[], None], mailbag: Mailbag
) -> None:
    gone = house.question(category=cards, title="Отвечен", at=NOON - timedelta(hours=25))
    house.question(category=cards, title="Ждёт", at=NOON - timedelta(hours=25))
    ticking.tick()
    house.answer(gone)

    work()

    letter = mailbag.letter(address(cards.owner))
    assert "Ждёт" in text_of(letter)
    assert "Отвечен" not in text_of(letter)
    fates = select(RungSent.fate).join(Promise).where(RungSent.person_id == cards.owner_id)
    of_both = fates.where(RungSent.rung == "due").order_by(Promise.topic_id)
    assert session.scalars(of_both).all() == ["stale", "sent"]


# ---------------------------------------------------------------------------- who may refuse what


def test_who_answers_may_refuse_reminders_but_not_the_news_of_a_breach(
    house: Builders, cards: Category, sent: Sent
) -> None:
    for person in (cards.owner, cards.deputy):
        assert person is not None
        service.choose_letters(person, {"duties": False})
    house.question(category=cards, at=NOON - timedelta(hours=20))
    assert sent().letters(address(cards.owner)) == []

    with later(5):
        bag = sent()

    letter = bag.letter(address(cards.owner))
    assert bag.kinds(address(cards.owner)) == bag.kinds(address(cards.deputy)) == ["overdue"]
    assert letter["List-Unsubscribe"] is None


def test_the_manager_may_refuse_both(house: Builders, cards: Category, sent: Sent) -> None:
    boss = house.manager(letters={"duties": False})
    house.question(category=cards, at=NOON - timedelta(hours=25))

    bag = sent()

    assert bag.letters(address(boss)) == []
    assert bag.letter(manager())["List-Unsubscribe"]
    assert policy.LETTERS["escalated"].choice == "duties"


# ------------------------------------------------------------------------------- what askers read


def test_the_asker_reads_what_the_bank_asks_back(
    house: Builders, cards: Category, sent: Sent
) -> None:
    asker = house.customer(locale="en")
    topic = house.question(category=cards, asker=asker)
    sent().empty()
    post = topics.ask_back(cards.owner, topic, "Какая **станция**?")

    letter = sent().letter(address(asker))

    assert about(letter) == squeezed(f"The bank asks you: {topic.title}")
    on(letter, "станция", cards.owner.name, addresses.post(topic.id, post.seq))
    on(letter, "The time for the answer stands still until you reply.")


def test_the_asker_reads_by_when_there_will_be_news(
    house: Builders, cards: Category, sent: Sent
) -> None:
    asker = house.customer(locale="en", timezone="Europe/Kyiv")
    topic = house.question(category=cards, asker=asker)
    sent().empty()
    until = NOON + timedelta(days=3)
    topics.promise_news(cards.owner, topic, "Ждём ответа от метро.", until)

    letter = sent().letter(address(asker))

    assert letter["X-Otklik-Letter"] == "news_promised"
    on(letter, "Ждём ответа от метро.", "Next news by 25 November 2026, 14:00 (Kyiv)")
    on(letter, "The promised hour stands: 23 November 2026, 14:00 (Kyiv)")


def test_who_was_written_an_answer_is_written_that_it_was_taken_back(
    house: Builders, cards: Category, sent: Sent
) -> None:
    asker, follower = house.customer(locale="en"), house.customer(locale="en")
    topic = house.question(category=cards, asker=asker)
    service.follow(follower, topic)
    post = house.answer(topic)
    sent().empty()

    topics.retract(cards.owner, post, "Турникеты так и не починили")

    bag = sent()
    for person in (asker, follower):
        letter = bag.letter(address(person))
        assert about(letter) == squeezed(f"Answer taken back: {topic.title}")
        on(letter, "Турникеты так и не починили", "Promised again, until:")


@pytest.mark.parametrize("is_later", [True, False])
def test_the_asker_is_told_when_the_hour_is_put_off(
    house: Builders, cards: Category, sent: Sent, is_later: bool
) -> None:
    asker = house.customer(locale="en", timezone="Europe/Kyiv")
    topic = house.question(category=cards, asker=asker)
    sent().empty()
    record(HourMoved(topic.id, later=is_later))

    letters = sent().letters(address(asker))

    assert [x["X-Otklik-Letter"] for x in letters] == (["hour_moved"] if is_later else [])
    for letter in letters:
        on(letter, "23 November 2026, 14:00 (Kyiv)")


def test_praise_reaches_those_it_is_meant_for(house: Builders, cards: Category, sent: Sent) -> None:
    house.praise(category=cards)

    bag = sent()

    assert bag.kinds(address(cards.owner)) == ["question"]
    on(bag.letter(address(cards.owner)), "A customer says thank you")
