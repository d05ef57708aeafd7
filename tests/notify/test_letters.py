"""Who gets which letter, in which language and hour, and with which headers."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import time_machine

from app.accounts import service as accounts
from app.core import addresses, clock
from app.core.db import session
from app.ideas import service as ideas
from app.moderation import service as moderation
from app.notify import service
from app.notify.models import Letter
from app.topics import service as topics
from tests.notify.conftest import NOON, Mailbag, html_of, text_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.builders import Builders

    Sent = Callable[[], Mailbag]


def address(person: Any) -> str:
    return str(person.email)


def test_the_asker_gets_a_receipt_with_the_promise_in_their_own_hour(
    house: Builders, sent: Sent
) -> None:
    kyiv = house.customer(locale="en", timezone="Europe/Kyiv")
    topic = house.question(asker=kyiv, at=NOON)

    with time_machine.travel(NOON + timedelta(seconds=1), tick=False):
        letter = sent().letter(address(kyiv))

    assert "23 November 2026, 14:00 (Kyiv)" in text_of(letter)
    assert "23 November 2026, 14:00 (Kyiv)" in html_of(letter)
    assert topic.category.owner.name in text_of(letter)
    assert topic.title in str(letter["Subject"])


def test_two_letters_in_one_round_keep_their_own_zones(house: Builders, sent: Sent) -> None:
    kyiv = house.customer(locale="en", timezone="Europe/Kyiv")
    almaty = house.executive(locale="en", timezone="Asia/Almaty")
    house.question(asker=kyiv, category=house.category(almaty), at=NOON)

    with time_machine.travel(NOON + timedelta(seconds=1), tick=False):
        bag = sent()

    assert "14:00" in text_of(bag.letter(address(kyiv)))
    assert "17:00" in text_of(bag.letter(address(almaty)))


def test_the_owner_learns_of_a_new_question_and_by_when(house: Builders, sent: Sent) -> None:
    topic = house.question()

    letter = sent().letter(address(topic.category.owner))

    assert letter["X-Otklik-Letter"] == "question"
    assert topic.body in text_of(letter)
    assert addresses.desk(topic.id) in text_of(letter)
    assert addresses.desk(topic.id) in html_of(letter)


def test_the_deputy_is_told_when_the_owner_has_left(house: Builders, sent: Sent) -> None:
    gone = house.executive(disabled_at=clock.now())
    deputy = house.executive()
    house.question(category=house.category(gone, deputy=deputy))

    bag = sent()

    assert bag.kinds(address(deputy)) == ["question"]
    assert bag.letters(address(gone)) == []


def test_the_answer_goes_to_the_asker_and_each_follower_once(house: Builders, sent: Sent) -> None:
    topic, follower, stranger = house.question(), house.customer(), house.customer()
    service.follow(follower, topic)
    sent().empty()

    house.answer(topic, "Приложите карту **дважды**.")
    bag = sent()

    assert bag.kinds(address(topic.asker)) == ["answer"]
    assert bag.kinds(address(follower)) == ["answer"]
    assert bag.letters(address(stranger)) == []
    assert bag.letters(address(topic.category.owner)) == []
    asker = bag.letter(address(topic.asker))
    assert "дважды" in text_of(asker)
    assert "<strong>дважды</strong>" in html_of(asker)
    assert addresses.verdict(topic.id) in html_of(asker)
    assert addresses.verdict(topic.id) not in html_of(bag.letter(address(follower)))


def test_a_comment_goes_to_the_asker_and_to_followers_who_asked_for_comments(
    house: Builders, sent: Sent
) -> None:
    topic = house.question()
    quiet, curious, writer = (
        house.customer(),
        house.customer(letters={"comments": True}),
        house.customer(),
    )
    for person in (quiet, curious):
        service.follow(person, topic)
    sent().empty()

    house.comment(topic, author=writer)
    bag = sent()

    assert bag.kinds(address(topic.asker)) == ["comment"]
    assert bag.kinds(address(curious)) == ["comment"]
    assert bag.letters(address(quiet)) == []
    assert bag.letters(address(writer)) == []


def test_an_idea_s_new_state_reaches_author_followers_and_voters_once_each(
    house: Builders, sent: Sent
) -> None:
    idea, voter, both = house.idea(), house.customer(), house.customer()
    topics.vote(voter, idea)
    topics.vote(both, idea)
    service.follow(both, idea)
    sent().empty()

    owner = idea.category.owner
    ideas.decide(owner, idea, "planned", "Сделаем к весне.")
    bag = sent()

    for person in (idea.asker, voter, both):
        letter = bag.letter(address(person))
        assert "Сделаем к весне." in text_of(letter)
        assert owner.name in html_of(letter)
    assert bag.letters(address(owner)) == []


def test_solved_goes_to_whoever_answered_and_not_solved_to_whoever_answers(
    house: Builders, sent: Sent
) -> None:
    topic = house.question()
    house.answer(topic)
    sent().empty()
    owner = address(topic.category.owner)

    topics.accept(topic.asker, topic)
    assert sent().kinds(owner) == ["solved"]

    topics.dispute(topic.asker, topic)
    assert sent().kinds(owner) == ["solved", "reopened"]

    topics.accept(topic.asker, topic)
    assert sent().kinds(owner) == ["solved", "reopened", "solved"]


def test_followers_are_told_once_that_it_is_solved_or_not(house: Builders, sent: Sent) -> None:
    topic, follower = house.question(), house.customer()
    house.answer(topic)
    service.follow(follower, topic)
    owner = topic.category.owner
    service.follow(owner, topic)
    sent().empty()

    topics.accept(topic.asker, topic)
    topics.dispute(topic.asker, topic)

    letters = sent()
    assert letters.kinds(address(follower)) == ["followed_solved", "followed_reopened"]
    assert sorted(letters.kinds(address(owner))) == ["reopened", "solved"]  # not a second one each
    assert letters.kinds(address(topic.asker)) == []


def test_a_broken_promise_is_told_to_owner_deputy_and_managers(house: Builders, sent: Sent) -> None:
    deputy, manager = house.executive(), house.manager()
    late = house.question(
        category=house.category(deputy=deputy), at=clock.now() - timedelta(hours=25)
    )

    bag = sent()

    assert bag.kinds(address(late.category.owner)) == ["overdue"]
    assert bag.kinds(address(deputy)) == ["overdue"]
    assert bag.kinds(address(manager)) == ["escalated"]
    assert bag.kinds(address(late.asker)) == ["receipt"]


def test_what_moderation_did_is_told_with_its_reason(house: Builders, sent: Sent) -> None:
    topic, manager = house.question(), house.manager()
    elsewhere = house.category()
    sent().empty()

    moderation.move(manager, topic, elsewhere, "Это про переводы")
    bag = sent()
    moved = bag.letter(address(topic.asker))
    assert "Это про переводы" in text_of(moved)
    assert elsewhere.name in html_of(moved)
    assert bag.kinds(address(elsewhere.owner)) == ["handed_over"]

    bag.empty()
    moderation.hide(manager, topic, "Номер карты в тексте")
    hidden = sent().letter(address(topic.asker))
    assert "Номер карты в тексте" in text_of(hidden)
    assert addresses.topic(topic.id) not in text_of(hidden)


def test_whose_words_were_hidden_reads_why(house: Builders, sent: Sent) -> None:
    topic = house.question()
    post = house.comment(topic, "Сами виноваты")
    sent().empty()

    moderation.hide_post(house.manager(), topic, post, "Грубость")

    letter = sent().letter(address(post.author))
    assert "Сами виноваты" in text_of(letter)
    assert "Грубость" in text_of(letter)


def test_nobody_is_told_what_they_did_themselves(house: Builders, sent: Sent) -> None:
    owner = house.executive()
    topic = house.question(asker=owner, category=house.category(owner))
    house.answer(topic)
    house.comment(topic, author=owner)

    assert sent().kinds(address(owner)) == ["receipt"]


@pytest.mark.parametrize(
    ("purpose", "path"),
    [
        ("confirm", "/confirm/"),
        ("known", "/confirm/"),
        ("reset", "/reset/"),
        ("invite", "/reset/"),
        ("change", "/change-address/"),
        ("absent", "/sign-up"),
    ],
)
def test_account_letters_carry_their_link_and_can_t_be_refused(
    house: Builders, sent: Sent, purpose: str, path: str
) -> None:
    person = house.customer(letters={"answers": False, "states": False, "comments": False})
    whose = None if purpose == "absent" else person
    accounts.issue(purpose, whose, "new@example.org", "en")

    letter = sent().letter("new@example.org")

    assert letter["To"].addresses[0].display_name == ""
    assert addresses.at(path) in text_of(letter)
    assert addresses.at(path) in html_of(letter)
    assert letter["List-Unsubscribe"] is None


def test_the_mailed_link_is_the_ticket_s(house: Builders, sent: Sent) -> None:
    person = house.customer(with_password=True)
    ticket = accounts.ask_reset(address(person), "ru")

    letter = sent().letter(address(person))

    [link] = [w for w in text_of(letter).split() if "/reset/" in w]
    assert accounts.ticket_for(link.rpartition("/")[2], "reset") == ticket


def test_an_invitation_says_who_invites_whom_and_as_what(house: Builders, sent: Sent) -> None:
    boss = house.administrator(name="Анна Главная", post="Управляющая")
    ticket = accounts.invite(
        boss,
        accounts.Invitation("Рита Новая", "rita@example.org", "executive", "Директор", "en"),
    )

    letter = sent().letter("rita@example.org")

    assert "invited" in letter["Subject"]
    for text in (text_of(letter), html_of(letter)):
        assert "Рита Новая, Директор" in text
        assert "Анна Главная, Управляющая" in text
        assert "omebody, perhaps you" not in text
    [link] = [w for w in text_of(letter).split() if "/reset/" in w]
    assert accounts.ticket_for(link.rpartition("/")[2], "invite") == ticket


def test_the_old_address_and_the_owner_of_a_new_password_are_told(
    house: Builders, sent: Sent
) -> None:
    person = house.customer(with_password=True)
    old = address(person)
    accounts.change_address(accounts.issue("change", person, "moved@example.org", "ru"))
    accounts.reset(accounts.issue("reset", person, "moved@example.org", "ru"), "another long one")

    bag = sent()

    assert "address_changed" in bag.kinds(old)
    assert "password_changed" in bag.kinds("moved@example.org")


@pytest.mark.parametrize("locale", ["ru", "uk", "en"])
def test_each_letter_has_both_parts_in_its_reader_s_language(
    house: Builders, sent: Sent, locale: str
) -> None:
    asker = house.customer(locale=locale)
    house.answer(house.question(asker=asker))

    for letter in sent().letters(address(asker)):
        assert letter["Content-Language"] == locale
        assert f'<html lang="{locale}">' in html_of(letter)
        assert text_of(letter).strip()
        assert letter.get_content_type() == "multipart/alternative"


def test_a_letter_without_a_language_speaks_the_bank_s(house: Builders, sent: Sent) -> None:
    house.brand(locale="uk")
    asker = house.customer(locale=None)
    house.question(asker=asker)

    assert sent().letter(address(asker))["Content-Language"] == "uk"


def test_the_headers_a_mail_provider_looks_for(house: Builders, sent: Sent) -> None:
    house.brand(mail_name="Ответы Банка", mail_address="answers@bank.example")
    topic = house.question()

    path = next(p for p in sent().folder.glob("*.eml") if b"<receipt." in p.read_bytes())
    letter = sent().letter(address(topic.asker))

    # As it goes over the wire: a long address must not be broken or encoded.
    lines = path.read_bytes().split(b"\r\n")
    [line] = [x for x in lines if x.startswith(b"List-Unsubscribe:")]
    assert line.startswith(b"List-Unsubscribe: <http://otklik.test/unsubscribe/")
    assert line.endswith(b">")
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["References"] == f"<topic-{topic.id}@otklik.test>"
    assert letter["List-Id"] == "<answers.otklik.test>"
    sender = letter["From"].addresses[0]
    assert (sender.display_name, sender.addr_spec) == ("Ответы Банка", "answers@bank.example")


def test_the_ring_is_a_picture_inside_the_letter_with_words_for_it(
    house: Builders, sent: Sent
) -> None:
    topic = house.question()

    letter = sent().letter(address(topic.asker))

    [picture] = [p for p in letter.walk() if p.get_content_type() == "image/png"]
    cid = str(picture["Content-ID"]).strip("<>")
    assert f'src="cid:{cid}"' in html_of(letter)
    assert f'alt="{topic.category.owner.name}: ' in html_of(letter)
    assert picture.get_content().startswith(b"\x89PNG")


def test_no_name_or_title_can_begin_another_header(house: Builders, sent: Sent) -> None:
    asker = house.customer()
    asker.name = "Иван\r\nBcc: everybody"
    topic = house.question(asker=asker, title="Карта\r\nBcc: everybody\u2028да")

    letter = sent().letter(address(asker))

    assert letter["Bcc"] is None
    assert letter["To"].addresses[0].display_name == "Иван Bcc: everybody"
    assert "\n" not in str(letter["Subject"])
    assert topic.asker == asker


def test_markup_in_names_and_titles_stays_text(house: Builders, sent: Sent) -> None:
    asker = house.customer()
    house.question(asker=asker, title="<img src=x onerror=alert(1)>", body="**да**")

    html = html_of(sent().letter(address(asker)))

    assert "<img src=x" not in html
    assert "&lt;img src=x" in html


def test_pictures_and_links_in_a_letter_have_whole_addresses(house: Builders, sent: Sent) -> None:
    topic = house.question()
    house.answer(topic, "![карта](/media/abc.webp) и [здесь](/topics/1)")

    html = html_of(sent().letters(address(topic.asker))[-1])

    assert 'src="http://otklik.test/media/abc.webp"' in html
    assert 'href="http://otklik.test/topics/1"' in html


def test_every_address_in_letters_leads_to_a_page_of_ours(app: Flask) -> None:
    routes = app.url_map.bind("otklik.test")
    for whole in (
        addresses.front(),
        addresses.topic(7),
        addresses.post(7, 2),
        addresses.verdict(7),
        addresses.category("cards"),
        addresses.desk(),
        addresses.sign_up(),
        addresses.forgotten(),
        *(addresses.at(f"/{x}/token") for x in ("confirm", "reset", "change-address")),
        addresses.at("/unsubscribe/token"),
    ):
        endpoint, _values = routes.match(urlsplit(whole).path)
        assert endpoint


def test_people_without_a_proved_address_get_no_letters(house: Builders, sent: Sent) -> None:
    topic = house.question(
        asker=house.customer(confirmed_at=None), category=house.category(house.executive())
    )
    unclaimed = house.customer(email=None)
    service.follow(unclaimed, topic)
    house.answer(topic)

    bag = sent()

    assert bag.kinds(address(topic.category.owner)) == []
    assert session.query(Letter).filter_by(skipped=None, person_id=unclaimed.id).count() == 0
    assert bag.letters(address(topic.asker)) == []
