"""What is done on a topic's page, and who may."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from app.accounts.models import Person
from app.core import clock
from app.topics import queries
from tests.builders import PASSWORD

if TYPE_CHECKING:
    from app.topics.models import Topic
    from tests.builders import Builders
    from tests.conftest import Browser


def posts(topic: Topic) -> list[tuple[str, str]]:
    manager = Person(id=0, role="manager", name="")
    return [(p.kind, p.body) for p in queries.last_posts(topic, manager, 99)]


def test_owner_deputy_and_delegate_answer(
    house: Builders, new_browser: Callable[[], Browser]
) -> None:
    deputy, delegate = house.executive(), house.executive()
    category = house.category(deputy=deputy, delegates=[delegate])
    for person in (category.owner, deputy, delegate):
        topic = house.question(category=category)

        sent = new_browser().sign_in(person).post(f"/topics/{topic.id}/answers", {"body": "Так."})

        assert sent.status_code == 303
        assert sent.location == f"/topics/{topic.id}#post-1"
        topic = queries.topic(topic.id)
        assert topic.state == "answered"
        assert topic.answer is not None
        assert topic.answer.author == person


def test_nobody_else_answers_for_the_bank(
    house: Builders, new_browser: Callable[[], Browser]
) -> None:
    topic = house.question()
    others = [
        house.customer(),
        house.executive(),
        house.manager(),
        house.administrator(),
        topic.asker,
    ]

    for person in others:
        browser = new_browser().sign_in(person)
        assert browser.post(f"/topics/{topic.id}/answers", {"body": "Так."}).status_code == 404
        assert "reply--official" not in browser.get(f"/topics/{topic.id}").text
    guest = new_browser().post(f"/topics/{topic.id}/answers", {"body": "Так."})
    assert guest.location.startswith("/sign-in")
    assert posts(topic) == []


def test_an_answer_leads_back_to_the_desk(house: Builders, browser: Browser) -> None:
    topic = house.question()
    browser.sign_in(topic.category.owner)

    back = browser.post(f"/topics/{topic.id}/answers?next=/desk", {"body": "Так."})
    away = browser.post(f"/topics/{topic.id}/answers", {"body": "Так.", "next": "//evil.example"})

    assert back.location == "/desk"
    assert away.location.startswith(f"/topics/{topic.id}#post-")


@pytest.mark.parametrize("body", ["", "   \n ", "\u200b", "а" * 10_001])
@pytest.mark.parametrize("what", ["answers", "comments"])
def test_a_reply_that_does_not_fit_comes_back(
    house: Builders, browser: Browser, what: str, body: str
) -> None:
    topic = house.question()
    browser.sign_in(topic.category.owner)

    sent = browser.post(f"/topics/{topic.id}/{what}", {"body": body})

    assert sent.status_code == 422
    assert "field__error" in sent.text
    assert sent.text.count('id="official"') == 1
    assert sent.text.count('id="comment"') == 1
    assert body.strip() in sent.text
    assert posts(topic) == []


def test_a_guest_s_comment_waits_for_them(house: Builders, browser: Browser) -> None:
    topic, person = house.question(), house.customer(with_password=True)

    sent = browser.post(f"/topics/{topic.id}/comments", {"body": "У меня так же, с утра."})

    assert sent.status_code == 303
    assert sent.location.startswith("/sign-in")
    assert posts(topic) == []
    signed = browser.post(sent.location, {"email": person.email, "password": PASSWORD})
    assert signed.location.startswith(f"/topics/{topic.id}")
    page = browser.get(signed.location).text
    assert re.search(r"<textarea[^>]*>\s*У меня так же, с утра\.</textarea>", page)

    published = browser.post(f"/topics/{topic.id}/comments", {"body": "У меня так же, с утра."})
    assert published.location == f"/topics/{topic.id}#post-1"
    assert posts(topic) == [("comment", "У меня так же, с утра.")]
    page = browser.get(f"/topics/{topic.id}").text
    assert not re.search(r"<textarea[^>]*>\s*У меня", page)


def test_a_closed_topic_takes_nothing_more(house: Builders, browser: Browser) -> None:
    topic = house.question()
    house.answer(topic)
    topic.closed_at = clock.now()
    browser.sign_in(topic.asker)

    for act in ("comments", "acceptance", "dispute", "vote"):
        assert browser.post(f"/topics/{topic.id}/{act}", {"body": "ещё"}).status_code == 404
    assert "<textarea" not in browser.get(f"/topics/{topic.id}").text


def test_the_asker_confirms(house: Builders, browser: Browser) -> None:
    topic = house.question()
    answer = house.answer(topic)
    browser.sign_in(topic.asker)
    assert f"/topics/{topic.id}/acceptance" in browser.get(f"/topics/{topic.id}").text

    browser.post(f"/topics/{topic.id}/acceptance")

    assert queries.topic(topic.id).state == "solved"
    assert queries.post(answer.id).accepted_at is not None


def test_the_asker_disputes_and_says_why(house: Builders, browser: Browser) -> None:
    topic = house.question()
    house.answer(topic, "Проверьте.")
    browser.sign_in(topic.asker)

    browser.post(f"/topics/{topic.id}/dispute", {"body": "Всё ещё не работает"})

    topic = queries.topic(topic.id)
    assert topic.state == "reopened"
    assert topic.is_awaiting
    assert posts(topic) == [("answer", "Проверьте."), ("comment", "Всё ещё не работает")]


def test_only_the_asker_gives_the_verdict(
    house: Builders, new_browser: Callable[[], Browser]
) -> None:
    topic = house.question()
    asker = new_browser().sign_in(topic.asker)
    assert asker.post(f"/topics/{topic.id}/acceptance").status_code == 404
    house.answer(topic)

    for person in (house.customer(), topic.category.owner, house.manager()):
        browser = new_browser().sign_in(person)
        assert browser.post(f"/topics/{topic.id}/acceptance").status_code == 404
        assert browser.post(f"/topics/{topic.id}/dispute").status_code == 404
        assert "verdict" not in browser.get(f"/topics/{topic.id}").text
    assert queries.topic(topic.id).state == "answered"


def test_a_vote_is_cast_and_taken_back(house: Builders, browser: Browser) -> None:
    topic = house.idea()
    browser.sign_in(house.customer())

    sent = browser.post(f"/topics/{topic.id}/vote")
    browser.post(f"/topics/{topic.id}/vote")
    assert sent.location == f"/topics/{topic.id}"
    assert queries.topic(topic.id).votes_count == 1
    assert 'aria-pressed="true"' in browser.get(f"/topics/{topic.id}").text

    fragment = browser.post(f"/topics/{topic.id}/vote/withdraw", headers={"HX-Request": "true"})
    assert fragment.text.strip().startswith('<div class="vote"')
    assert 'aria-pressed="false"' in fragment.text
    assert 'id="vote-button"' in fragment.text  # by which the focus finds its way back
    assert queries.topic(topic.id).votes_count == 0


def test_a_guest_who_votes_is_asked_in(house: Builders, browser: Browser) -> None:
    topic = house.idea()
    page = browser.get(f"/topics/{topic.id}").text

    sent = browser.post(
        f"/topics/{topic.id}/vote", headers={"Referer": f"http://otklik.test/topics/{topic.id}"}
    )

    assert sent.location == f"/sign-in?next=/topics/{topic.id}"
    assert "hx-post" not in page[page.index('class="vote"') : page.index('class="promise')]


def test_the_asker_s_own_voice_is_the_topic_itself(house: Builders, browser: Browser) -> None:
    topic = house.idea()
    browser.sign_in(topic.asker)

    assert browser.post(f"/topics/{topic.id}/vote").status_code == 404
    assert queries.topic(topic.id).votes_count == 0
    assert 'class="vote"' not in browser.get(f"/topics/{topic.id}").text


def test_praise_takes_no_votes(house: Builders, browser: Browser) -> None:
    topic = house.praise()
    browser.sign_in(house.customer())

    assert browser.post(f"/topics/{topic.id}/vote").status_code == 404
    assert 'class="vote"' not in browser.get(f"/topics/{topic.id}").text


def test_the_asker_edits_and_the_page_says_so(house: Builders, browser: Browser) -> None:
    topic = house.question(tags=["метро"])
    browser.sign_in(topic.asker)
    form = browser.get(f"/topics/{topic.id}/edit").text
    assert topic.title in form
    assert 'value="метро"' in form

    sent = browser.post(
        f"/topics/{topic.id}/edit",
        {"title": "Новое название", "body": "Новый текст вопроса", "tags": "", "reason": "короче"},
    )

    assert sent.location == f"/topics/{topic.id}"
    topic = queries.topic(topic.id)
    assert (topic.title, topic.tags) == ("Новое название", [])
    assert "Новый текст вопроса" in browser.get(f"/topics/{topic.id}").text
    assert "короче" in browser.get(f"/topics/{topic.id}/history").text


def test_an_edit_that_does_not_fit_comes_back(house: Builders, browser: Browser) -> None:
    topic = house.question()
    browser.sign_in(topic.asker)

    sent = browser.post(f"/topics/{topic.id}/edit", {"title": "Ой", "body": "Новый текст вопроса"})

    assert sent.status_code == 422
    assert "Новый текст вопроса" in sent.text


def test_who_edits_what(house: Builders, new_browser: Callable[[], Browser]) -> None:
    topic = house.question()
    comment = house.comment(topic)
    may = {
        f"/topics/{topic.id}/edit": [topic.asker, house.manager()],
        f"/posts/{comment.id}/edit": [comment.author, house.manager()],
    }
    for address, people in may.items():
        assert new_browser().sign_in(house.customer()).get(address).status_code == 404
        assert new_browser().sign_in(topic.category.owner).get(address).status_code == 404
        for person in people:
            assert new_browser().sign_in(person).get(address).status_code == 200


def test_a_changed_comment_keeps_its_place(house: Builders, browser: Browser) -> None:
    topic = house.question()
    comment = house.comment(topic)
    browser.sign_in(comment.author)

    sent = browser.post(f"/posts/{comment.id}/edit", {"body": "Уже всё хорошо.", "reason": ""})

    assert sent.location == f"/topics/{topic.id}#post-{comment.seq}"
    assert "Уже всё хорошо." in browser.get(f"/topics/{topic.id}").text


@pytest.mark.parametrize("what", ["answers", "comments"])
def test_a_form_sent_twice_is_published_once(house: Builders, browser: Browser, what: str) -> None:
    topic = house.question()
    browser.sign_in(topic.category.owner)

    first = browser.post(f"/topics/{topic.id}/{what}", {"body": "Проверили, всё работает."})
    second = browser.post(f"/topics/{topic.id}/{what}", {"body": "Проверили, всё работает."})

    assert first.location == second.location
    assert posts(topic) == [(what.removesuffix("s"), "Проверили, всё работает.")]
    assert (topic.answers_count, topic.comments_count) == ((1, 0) if what == "answers" else (0, 1))
    browser.post(f"/topics/{topic.id}/{what}", {"body": "И ещё одно."})
    assert len(posts(topic)) == 2


def test_an_hour_later_the_same_words_are_said_again(house: Builders) -> None:
    topic = house.question()
    said = [
        house.comment(
            topic, "Не работает.", author=topic.asker, at=clock.now() + timedelta(hours=n)
        )
        for n in (0, 1)
    ]
    assert said[0].seq != said[1].seq


def test_a_colleague_s_answer_is_seen_before_a_second_one_is_published(
    house: Builders, browser: Browser
) -> None:
    deputy = house.executive()
    topic = house.question(category=house.category(deputy=deputy))
    browser.sign_in(topic.category.owner)
    house.answer(topic, "Уже разобрались.", author=deputy)
    mine = {"body": "Это моё слово.", "seen": "0", "next": "/desk"}

    asked = browser.post(f"/topics/{topic.id}/answers", mine)

    assert asked.status_code == 422
    assert f"{deputy.name}. " in asked.text
    assert "Это моё слово." in asked.text
    assert 'name="next" value="/desk"' in asked.text
    assert len(posts(topic)) == 1
    seen = re.search(r'name="seen" value="(\d+)"', asked.text)
    assert seen is not None
    sure = browser.post(f"/topics/{topic.id}/answers", {**mine, "seen": seen[1]})
    assert sure.location == "/desk"
    assert len(posts(topic)) == 2


def test_who_left_the_bank_answers_for_it_no_more(house: Builders, browser: Browser) -> None:
    left = house.customer()
    topic = house.question(category=house.category(delegates=[left]))
    sent = browser.sign_in(left).post(f"/topics/{topic.id}/answers", {"body": "От банка."})
    assert sent.status_code == 404
    assert "reply--official" not in browser.get(f"/topics/{topic.id}").text
