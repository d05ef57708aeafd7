"""The follow button, the page of followed topics, the choice of letters, the unsubscribe link."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from app.core.db import session
from app.moderation import service as moderation
from app.notify import queries, service

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.builders import Builders
    from tests.conftest import Browser
    from tests.notify.conftest import Mailbag

    Sent = Callable[[], Mailbag]

ELSEWHERE = {"Origin": "https://mail.example", "Sec-Fetch-Site": "cross-site"}


def link_of(letter: Any) -> str:
    """The path a mail program finds in List-Unsubscribe."""
    return urlsplit(str(letter["List-Unsubscribe"]).strip("<>")).path


def test_the_button_follows_and_stops(house: Builders, browser: Browser) -> None:
    topic, person = house.question(), house.customer()
    browser.sign_in(person)

    page = browser.get(f"/topics/{topic.id}").text
    assert f'action="/topics/{topic.id}/follow"' in page

    assert browser.post(f"/topics/{topic.id}/follow").status_code == 303
    assert queries.is_following(person, topic)
    page = browser.get(f"/topics/{topic.id}").text
    assert f'action="/topics/{topic.id}/unfollow"' in page
    assert 'aria-pressed="true"' in page

    assert browser.post(f"/topics/{topic.id}/unfollow").status_code == 303
    assert not queries.is_following(person, topic)


def test_a_guest_who_presses_it_is_asked_in(house: Builders, browser: Browser) -> None:
    topic = house.question()

    answer = browser.post(f"/topics/{topic.id}/follow")

    assert answer.status_code == 303
    assert answer.location.startswith("/sign-in")


def test_a_hidden_topic_can_t_be_followed(house: Builders, browser: Browser) -> None:
    topic = house.question()
    moderation.hide(house.manager(), topic, "Личные данные")
    browser.sign_in(house.customer())

    assert browser.post(f"/topics/{topic.id}/follow").status_code == 404


def test_what_one_follows_is_listed_in_pages_at_a_fixed_cost(
    house: Builders, browser: Browser, count_sql: Callable[[], Any]
) -> None:
    person, category = house.customer(), house.category()
    for number in range(25):
        house.question(asker=person, category=category, title=f"Вопрос номер {number:02}")
    hidden = house.question(asker=person, category=category, title="Спрятанный вопрос")
    moderation.hide(house.manager(), hidden, "Личные данные")
    browser.sign_in(person)

    with count_sql() as statements:
        first = browser.get("/following").text
    assert len(statements) < 12
    assert "Вопрос номер 24" in first
    assert "Спрятанный" not in first
    [older] = {w for w in first.split('"') if "cursor=" in w}
    second = browser.get(older.replace("&amp;", "&")).text
    assert "Вопрос номер 04" in second
    assert "Вопрос номер 05" not in second


def test_the_list_is_one_s_own(browser: Browser, house: Builders) -> None:
    house.question()
    assert browser.get("/following").status_code == 303


def test_letters_are_chosen_on_the_profile(house: Builders, browser: Browser) -> None:
    person = house.customer()
    browser.sign_in(person)

    page = browser.get("/profile").text
    assert 'action="/profile/letters"' in page
    assert 'name="duties"' not in page

    browser.post("/profile/letters", {"answers": "y", "duties": "y"})
    session.refresh(person)
    assert person.letters == {"answers": True, "states": False, "comments": False}

    browser.post("/profile/letters", {})
    session.refresh(person)
    assert not person.wants("answers")


def test_opening_the_link_changes_nothing_and_the_button_ends_it(
    house: Builders, browser: Browser, sent: Sent
) -> None:
    topic = house.question()
    person = topic.asker
    path = link_of(sent().letter(person.email))

    page = browser.get(path)
    assert page.status_code == 200
    assert topic.title in page.text
    assert "no-store" in page.headers["Cache-Control"]
    assert queries.is_following(person, topic)

    assert browser.post(path).status_code == 303
    assert not queries.is_following(person, topic)
    assert f'action="{path}/undo"' in browser.get(path).text

    browser.post(f"{path}/undo")
    assert queries.is_following(person, topic)


def test_a_mail_provider_ends_it_in_one_click(
    house: Builders, browser: Browser, sent: Sent
) -> None:
    topic = house.question()
    path = link_of(sent().letter(topic.asker.email))

    answer = browser.post(path, {"List-Unsubscribe": "One-Click"}, headers=ELSEWHERE)

    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    house.answer(topic)
    assert [str(x["Message-ID"])[:8] for x in sent().letters(topic.asker.email)] == ["<receipt"]


def test_a_duty_letter_s_link_ends_duty_letters_only(
    house: Builders, browser: Browser, sent: Sent
) -> None:
    topic = house.question()
    owner = topic.category.owner
    path = link_of(sent().letter(owner.email))

    browser.post(path, {"List-Unsubscribe": "One-Click"}, headers=ELSEWHERE)

    session.refresh(owner)
    assert not owner.wants("duties")
    assert owner.wants("answers")


def test_undoing_is_for_our_own_page_only(house: Builders, browser: Browser) -> None:
    topic = house.question()
    token = service.unsubscribe_token(topic.asker, "receipt", topic.id)

    assert browser.post(f"/unsubscribe/{token}/undo", headers=ELSEWHERE).status_code == 403


@pytest.mark.parametrize("token", ["1.answers.00", "x.answers.00", "..", "1", "1.topic-x.0", "é"])
def test_a_made_up_link_is_not_found(browser: Browser, house: Builders, token: str) -> None:
    assert browser.get(f"/unsubscribe/{token}").status_code == 404
    assert browser.post(f"/unsubscribe/{token}").status_code == 404


def test_somebody_else_s_link_can_t_be_derived(house: Builders, browser: Browser) -> None:
    topic, other = house.question(), house.customer()
    token = str(service.unsubscribe_token(topic.asker, "receipt", topic.id))
    number, _, rest = token.partition(".")

    assert browser.get(f"/unsubscribe/{other.id}.{rest}").status_code == 404
    assert browser.get(f"/unsubscribe/{number}.answers.{rest[-40:]}").status_code == 404


def test_a_hidden_topic_s_title_is_not_told_by_the_link(house: Builders, browser: Browser) -> None:
    topic = house.question(title="Мой паспорт 1234")
    token = service.unsubscribe_token(topic.asker, "receipt", topic.id)
    moderation.hide(house.manager(), topic, "Личные данные")

    page = browser.get(f"/unsubscribe/{token}")

    assert page.status_code == 200
    assert "Мой паспорт" not in page.text
