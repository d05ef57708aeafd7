"""Kept from writing or from signing in: with a reason, an end and a way to appeal."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from PIL import Image as Picture
from sqlalchemy import func, select

from app.accounts.models import Session
from app.core import clock
from app.core.db import session
from app.media.models import Image
from app.moderation import queries, service
from app.moderation.models import Act, Appeal, Restraint
from app.topics.models import Post, Topic
from tests.builders import PASSWORD
from tests.notify.conftest import mailbag, sent, text_of  # noqa: F401 (fixtures)

if TYPE_CHECKING:
    from collections.abc import Callable

    import time_machine

    from app.accounts.models import Person
    from tests.builders import Builders
    from tests.conftest import Browser
    from tests.notify.conftest import Mailbag

    Sent = Callable[[], Mailbag]

REASON = "Оскорбляет других."


@pytest.fixture
def person(house: Builders) -> Person:
    house.brand()
    return house.customer(name="Глеб Шумный", locale="en", with_password=True)


@pytest.fixture
def moderator(house: Builders) -> Person:
    return house.manager(name="Нина Порядок", locale="en")


def page_of(person: Person) -> str:
    return f"/manage/people/{person.id}/moderation"


def posts() -> int:
    counted = select(func.count()).select_from(Post)
    return (session.scalar(counted) or 0) + (
        session.scalar(select(func.count()).select_from(Topic)) or 0
    )


def test_the_silenced_read_and_do_not_write_anywhere(
    browser: Browser, house: Builders, person: Person, moderator: Person
) -> None:
    category = house.category()
    topic = house.question(category=category)
    own = house.question(category=category, asker=person)
    said = house.comment(topic, "Раньше.", author=person)
    house.answer(own)
    before = posts()
    service.restrain(moderator, person, "silence", REASON, clock.now() + timedelta(days=7))
    browser.sign_in(person)

    assert browser.get(f"/topics/{topic.id}").status_code == 200
    words = {"body": "Новое слово, длинное и понятное."}
    ask = {"kind": "question", "title": "Почему так?", "category_id": category.id, **words}
    for path, fields in (
        ("/ask", {**ask, "tags": "", "seen_similar": "1"}),
        (f"/topics/{topic.id}/comments", words),
        (f"/topics/{own.id}/dispute", words),
        (f"/topics/{own.id}/edit", {**words, "title": own.title, "language": "ru", "tags": ""}),
        (f"/posts/{said.id}/edit", words),
    ):
        answer = browser.post(path, fields)
        assert answer.status_code == 422, path
        assert words["body"] in answer.text, path
    assert posts() == before
    assert session.get_one(Post, said.id).body == "Раньше."
    assert session.get_one(Topic, own.id).state == "answered"
    profile = browser.get("/profile").text
    assert f"/restraints/{service.token_of(queries.in_force(person)[0])}" in profile


def test_it_ends_by_time(
    browser: Browser,
    house: Builders,
    person: Person,
    moderator: Person,
    time_machine: time_machine.TimeMachineFixture,
) -> None:
    topic = house.question()
    service.restrain(moderator, person, "silence", REASON, clock.now() + timedelta(days=1))
    time_machine.move_to(clock.now() + timedelta(days=1, seconds=1))
    browser.sign_in(person)

    assert browser.post(f"/topics/{topic.id}/comments", {"body": "Спасибо."}).status_code == 303
    assert queries.in_force(person) == []
    # What has ended may be decided anew.
    again = service.restrain(moderator, person, "silence", REASON, None)
    assert again.is_in_force


def test_the_suspended_are_out_at_once_and_told_why_when_they_come_back(
    browser: Browser,
    new_browser: Callable[[], Browser],
    house: Builders,
    person: Person,
    moderator: Person,
    sent: Sent,  # noqa: F811
) -> None:
    browser.sign_in(person)
    assert browser.get("/profile").status_code == 200
    manager = new_browser().sign_in(moderator)
    fields = {"kind": "suspend", "days": "30", "reason": REASON}

    assert manager.post(page_of(person), {**fields, "reason": ""}).status_code == 422
    assert manager.post(page_of(person), fields).status_code == 303
    assert manager.post(page_of(person), fields).status_code == 422

    assert browser.get("/profile").status_code == 303
    rows = select(func.count()).select_from(Session).where(Session.person_id == person.id)
    assert session.scalar(rows) == 0
    wrong = new_browser().post("/sign-in", {"email": person.email, "password": "не тот пароль"})
    assert REASON not in wrong.text
    right = new_browser().post("/sign-in", {"email": person.email, "password": PASSWORD})
    assert right.status_code == 422
    assert REASON in right.text
    restraint = queries.in_force(person)[0]
    token = service.token_of(restraint)
    assert token in right.text
    letter = sent().letter(str(person.email))
    assert REASON in text_of(letter)
    assert token in text_of(letter)


def test_they_appeal_without_signing_in_and_somebody_else_lifts_it(
    browser: Browser, house: Builders, person: Person, moderator: Person
) -> None:
    restraint = service.restrain(moderator, person, "suspend", REASON, None)
    token = service.token_of(restraint)

    assert browser.get(f"/restraints/{restraint.id}.{'0' * 40}").status_code == 404
    assert REASON in browser.get(f"/restraints/{token}").text
    browser.post(f"/restraints/{token}", {"words": "Это был не я, проверьте."})
    browser.post(f"/restraints/{token}", {"words": "Это был не я, проверьте."})
    appeal = session.scalars(select(Appeal)).one()
    other = house.administrator()
    with pytest.raises(service.SecondPersonError):
        service.decide(moderator, appeal, "Нет.", grant=True)
    service.decide(other, appeal, "Да, это были не вы.", grant=True)

    assert not person.is_suspended
    assert person.is_active
    assert [a.name for a in session.scalars(select(Act).order_by(Act.id))] == [
        "suspend",
        "unsuspend",
    ]


def test_it_is_lifted_by_hand_with_a_reason(
    browser: Browser,
    person: Person,
    moderator: Person,
    sent: Sent,  # noqa: F811
) -> None:
    restraint = service.restrain(moderator, person, "silence", REASON, None)
    browser.sign_in(moderator)
    path = f"{page_of(person)}/lift/{restraint.id}"

    assert browser.post(path, {"reason": ""}).status_code == 422
    assert browser.post(path, {"reason": "Извинился."}).status_code == 303

    assert not session.get_one(Restraint, restraint.id).is_in_force
    assert "Извинился." in browser.get("/manage/acts").text
    assert REASON in browser.get("/manage/acts").text
    assert sent().kinds(str(person.email)) == ["restrained", "released"]


def test_nobody_restrains_the_bank_s_people_or_themselves(
    browser: Browser, house: Builders, moderator: Person
) -> None:
    executive = house.executive()
    fields = {"kind": "suspend", "days": "7", "reason": REASON}
    browser.sign_in(moderator)

    for somebody in (executive, moderator, house.administrator()):
        assert browser.post(page_of(somebody), fields).status_code == 404
        with pytest.raises(service.NotTheirsError):
            service.restrain(moderator, somebody, "silence", REASON, None)
    browser.sign_in(executive)
    assert browser.post(page_of(house.customer()), fields).status_code == 404


def test_a_withdrawal_s_reason_is_no_way_around(
    browser: Browser, house: Builders, person: Person
) -> None:
    topic = house.question(asker=person, category=house.category(gate="everybody"))
    browser.sign_in(person)

    path = f"/topics/{topic.id}/withdrawal"
    assert browser.post(path, {"reason": "Купите у нас дешевле"}).status_code == 422
    assert session.get_one(Topic, topic.id).closed_at is None
    assert browser.post(path, {"reason": ""}).status_code == 303


def test_the_silenced_neither_vote_nor_upload(
    browser: Browser, house: Builders, person: Person, moderator: Person
) -> None:
    topic = house.question()
    before = topic.votes_count
    browser.sign_in(person)
    assert "vote-button" in browser.get(f"/topics/{topic.id}").text
    service.restrain(moderator, person, "silence", REASON, clock.now() + timedelta(days=1))
    session.commit()

    assert "vote-button" not in browser.get(f"/topics/{topic.id}").text
    assert browser.post(f"/topics/{topic.id}/vote").status_code == 404
    session.refresh(topic)
    assert topic.votes_count == before
    picture = io.BytesIO()
    Picture.new("RGB", (6, 4), "teal").save(picture, "PNG")
    fields = {"file": (io.BytesIO(picture.getvalue()), "x.png")}
    answer = browser.post("/media", fields, headers={"Accept": "application/json"})
    assert answer.status_code == 403
    assert answer.json["error"]
    assert session.scalar(select(func.count()).select_from(Image)) == 0
