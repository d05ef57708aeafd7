"""The challenge of our own: counted by a machine or answered by a person, once, in three tries."""

from __future__ import annotations

import hashlib
import itertools
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine

from app.core import challenge, clock, limits, questions
from app.core.db import session
from app.topics.models import Topic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.builders import Builders
    from tests.conftest import Browser

SUSPECT = "Смотрите тут https://a.example/1 и вот тут https://b.example/2 тоже"


def worked(nonce: str) -> str:
    """What the browser's counter finds."""
    numbers = []
    for puzzle in range(challenge.PUZZLES):
        for n in itertools.count():
            digest = hashlib.sha256(f"{nonce}:{puzzle}:{n}".encode()).digest()
            if int.from_bytes(digest[:4], "big") >> (32 - challenge.BITS) == 0:
                numbers.append(str(n))
                break
    return ",".join(numbers)


def asked(page: str) -> tuple[str, str, questions.Question]:
    """The token, the nonce and the question that a page shows."""
    token = re.search(r'name="challenge" value="([^"]+)"', page)
    assert token is not None, "nothing is asked"
    locale, number = token[1].split(".")[2:4]
    return token[1], token[1].split(".")[0], questions.questions(locale)[int(number)]


def right(question: questions.Question) -> str:
    return next(iter(question.answers))


@pytest.fixture
def easy(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many puzzles, each a thousand times easier."""
    monkeypatch.setattr(challenge, "BITS", 4)


@pytest.fixture
def place(house: Builders, browser: Browser, easy: None) -> Any:
    """A newcomer at a topic; `send(**fields)` sends a comment that looks like spam."""
    topic = house.question()
    browser.sign_in(house.customer())

    def send(**fields: str) -> Any:
        return browser.post(f"/topics/{topic.id}/comments", {"body": SUSPECT, **fields})

    send.topic = topic  # type: ignore[attr-defined]
    return send


def count(place: Any) -> int:
    session.expire_all()
    return session.get(Topic, place.topic.id).comments_count


def test_a_newcomer_s_links_ask_for_it_and_the_text_stays(place: Any) -> None:
    page = place()
    assert page.status_code == 422
    assert SUSPECT in page.text
    assert count(place) == 0
    _token, _nonce, question = asked(page.text)
    assert question.words in page.text


def test_nobody_else_is_asked(house: Builders, browser: Browser, easy: None) -> None:
    topic = house.question()
    for person in (house.customer(), house.executive()):
        browser.sign_in(person)
        text = SUSPECT if person.is_staff else "Обычный вопрос без ссылок."
        assert "challenge" not in browser.get(f"/topics/{topic.id}").text.split("<main")[1]
        assert browser.post(f"/topics/{topic.id}/comments", {"body": text}).status_code == 303


def test_the_machine_s_work_opens_the_door(place: Any) -> None:
    token, nonce, _question = asked(place().text)
    assert place(challenge=token, challenge_work=worked(nonce)).status_code == 303
    assert count(place) == 1


@pytest.mark.parametrize("spelled", [str, str.upper, "  {} ".format, "{}.".format])
def test_so_does_the_person_s_answer_however_it_is_spelled(place: Any, spelled: Any) -> None:
    token, _nonce, question = asked(place().text)
    said = spelled(right(question))
    assert place(challenge=token, challenge_answer=said).status_code == 303
    assert count(place) == 1


def test_it_opens_one_door_once(place: Any, house: Builders) -> None:
    token, nonce, _question = asked(place().text)
    done = {"challenge": token, "challenge_work": worked(nonce)}
    assert place(**done).status_code == 303
    again = place(body=SUSPECT + " и ещё раз", **done)
    assert again.status_code == 422
    assert asked(again.text)[0] != token
    assert count(place) == 1


def test_three_tries_and_then_another_question(place: Any) -> None:
    token, _nonce, question = asked(place().text)
    for _ in range(2):
        page = place(challenge=token, challenge_answer="не знаю")
        assert asked(page.text)[0] == token
    assert asked(place(challenge=token, challenge_answer="не знаю").text)[0] != token
    late = place(challenge=token, challenge_answer=right(question))
    assert late.status_code == 422
    assert count(place) == 0


def test_what_is_not_ours_is_worth_nothing(place: Any) -> None:
    token, nonce, question = asked(place().text)
    flipped = token[:-1] + ("0" if token[-1] != "0" else "1")
    other = ".".join([token.split(".")[0][::-1], *token.split(".")[1:]])
    for forged in (flipped, other, "", "a.b.c.d.e", "x" * 500, token.replace(".", "..")):
        sent = {"challenge": forged, "challenge_answer": right(question)}
        assert place(**sent, challenge_work=worked(nonce)).status_code == 422
    assert count(place) == 0


def test_work_for_another_nonce_or_too_little_is_no_work(place: Any) -> None:
    token, nonce, _question = asked(place().text)
    good = worked(nonce).split(",")
    for bad in (worked("0" * 32), ",".join(good[:-1]), ",".join(["0"] * 8), "9" * 5000, ",,,"):
        if not challenge.is_done(nonce, bad):
            assert place(challenge=token, challenge_work=bad).status_code == 422
            token, nonce, _question = asked(place().text)
    assert count(place) == 0


def test_it_holds_for_an_hour(place: Any) -> None:
    token, nonce, _question = asked(place().text)
    with time_machine.travel(clock.now() + timedelta(minutes=61)):
        assert place(challenge=token, challenge_work=worked(nonce)).status_code == 422
    assert count(place) == 0


def test_one_door_s_challenge_opens_no_other(place: Any, browser: Browser, house: Builders) -> None:
    token, nonce, _question = asked(place().text)
    fields = {
        "kind": "question",
        "title": "Смотрите сюда скорее",
        "body": SUSPECT,
        "category_id": str(house.category().id),
        "seen_similar": "1",
    }
    done = {"challenge": token, "challenge_work": worked(nonce)}
    page = browser.post("/ask", {**fields, **done})
    assert page.status_code == 422
    token, nonce, _question = asked(page.text)
    assert "Смотрите сюда скорее" in page.text
    assert (
        browser.post(
            "/ask", {**fields, "challenge": token, "challenge_work": worked(nonce)}
        ).status_code
        == 303
    )


def test_asked_twice_of_the_same_name_the_first_counts(place: Any, browser: Browser) -> None:
    """Check 70: a field sent twice decides nothing twice."""
    token, nonce, _question = asked(place().text)
    sent = {"body": [SUSPECT, "другое"], "challenge": ["forged", token],
            "challenge_work": [worked(nonce), worked(nonce)]}  # fmt: skip
    path = f"/topics/{place.topic.id}/comments"
    assert browser.post(path, sent).status_code == 422
    assert count(place) == 0


# --------------------------------------------------------------------------------- the questions


@pytest.mark.parametrize("locale", ["ru", "uk", "en"])
def test_our_own_questions_can_be_read_and_answered(locale: str, transaction: None) -> None:
    known = questions.questions(locale)
    assert len(known) >= questions.FEWEST
    assert all(question.answers for question in known)
    assert len({question.words for question in known}) == len(known)


def test_managers_write_their_own(house: Builders, browser: Browser) -> None:
    browser.sign_in(house.manager())
    assert "Какого цвета снег?" in browser.get("/manage/questions").text
    ours = "Сколько лап у кота? | четыре | 4\nДва и два? | 4\nНебо какое? | синее | голубое"
    assert browser.post("/manage/questions/ru", {"lines": ours}).status_code == 303
    assert questions.questions("ru")[0].answers == {"четыре", "4"}
    for wrong in ("Один вопрос | да", "Без ответа\nА? | б\nВ? | г", "| нет\nА? | б\nВ? | г"):
        page = browser.post("/manage/questions/ru", {"lines": wrong})
        assert page.status_code == 422
    browser.sign_in(house.customer())
    assert browser.get("/manage/questions").status_code == 404


# ------------------------------------------------------------------------- where accounts begin


@pytest.fixture
def paced() -> Iterator[None]:
    limits.init({"RATE_LIMITS": True})
    yield
    limits.init({"RATE_LIMITS": False})


def test_a_crowd_of_new_accounts_is_asked(
    house: Builders, browser: Browser, paced: None, easy: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.brand()
    monkeypatch.setattr("app.accounts.passwords.hashed", lambda _password: "x")

    def sign_up(n: int, **more: str) -> Any:
        fields = {"name": "Ольга", "password": "длинный пароль", "email": f"p{n}@example.org"}
        near = {"REMOTE_ADDR": f"203.0.113.{n}"}
        return browser.post("/sign-up", {**fields, **more}, environ_base=near)

    assert [sign_up(n).status_code for n in range(6)] == [200] * 6
    page = sign_up(7)
    assert page.status_code == 422
    assert 'value="Ольга"' in page.text
    token, nonce, _question = asked(page.text)
    assert sign_up(7, challenge=token, challenge_work=worked(nonce)).status_code == 200
    # On the page itself, before anything is typed in vain; and nobody far away is asked.
    for address, is_asked in (("203.0.113.9", True), ("198.51.100.1", False)):
        shown = browser.get("/sign-up", environ_base={"REMOTE_ADDR": address}).text
        assert ('name="challenge"' in shown) is is_asked


def test_many_wrong_passwords_from_one_place_ask_for_it(
    house: Builders, browser: Browser, paced: None, easy: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.brand()
    monkeypatch.setattr("app.accounts.passwords.fits", lambda _stored, said: said == "right")
    house.customer(with_password=True, email="anna@example.org")

    def enter(email: str, password: str, **more: str) -> Any:
        return browser.post("/sign-in", {"email": email, "password": password, **more})

    pages = [enter(f"p{n}@example.org", "wrong") for n in range(15)]
    assert all(page.status_code == 422 for page in pages)
    assert 'name="challenge"' not in pages[13].text
    token, nonce, _question = asked(pages[14].text)
    assert enter("anna@example.org", "right").status_code == 422
    done = {"challenge": token, "challenge_work": worked(nonce)}
    assert enter("anna@example.org", "right", **done).status_code == 303


def test_the_browser_s_counter_and_the_server_count_alike() -> None:
    """Eight puzzles at full difficulty, as a browser would find them."""
    nonce = "ab" * 16
    assert challenge.is_done(nonce, worked(nonce))
    assert not challenge.is_done("cd" * 16, worked(nonce))
