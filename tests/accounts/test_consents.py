"""Nothing is agreed to for anybody: texts in versions, a tick at signing up, a question later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from app.accounts import consents
from app.accounts.models import Consent, LegalText, Person
from app.core.db import session
from app.core.events import Fact
from tests.builders import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.builders import Builders
    from tests.conftest import Browser

SENT = {"name": "Мария", "email": "maria@mail.example", "password": "четыре слова подряд тут"}


def publish(house: Builders, words: str = "Храним имя и адрес.", **more: bool) -> LegalText:
    return consents.publish(house.administrator(), "privacy", {"ru": words}, **more)


def test_signing_up_takes_a_tick_that_is_not_made_beforehand(
    house: Builders, browser: Browser
) -> None:
    house.brand()
    text = publish(house)
    page = browser.get("/sign-up").text
    assert f"/legal/privacy/{text.version}" in page
    assert 'name="agreed"' in page
    assert "checked" not in page
    assert browser.post("/sign-up", SENT).status_code == 422
    assert session.scalar(select(Person).where(Person.email == SENT["email"])) is None
    assert browser.post("/sign-up", {**SENT, "agreed": "y"}).status_code == 200
    given = session.scalars(select(Consent)).one()
    assert (given.text_id, given.how) == (text.id, "sign_up")
    assert len(given.address_hash) == 40
    assert "127.0.0.1" not in given.address_hash
    fact = session.scalars(select(Fact).where(Fact.name == "ConsentGiven")).one()
    assert fact.data == {"person_id": given.person_id, "text_id": text.id}


def test_a_known_address_agrees_to_nothing(house: Builders, browser: Browser) -> None:
    publish(house)
    owner = house.customer()
    browser.post("/sign-up", {**SENT, "email": owner.email, "agreed": "y"})
    assert session.scalars(select(Consent)).all() == []


def test_without_a_text_nobody_is_asked(house: Builders, browser: Browser) -> None:
    assert "agreed" not in browser.get("/sign-up").text
    assert browser.get("/privacy").status_code == 200
    assert browser.get("/terms").status_code == 404
    assert consents.missing(house.customer()) == []


def test_a_new_version_is_asked_about_at_the_next_sign_in(
    house: Builders, new_browser: Callable[[], Browser]
) -> None:
    house.brand()
    person = house.customer(with_password=True)
    consents.agree(person, [publish(house)], "sign_up", None)
    credentials = {"email": person.email, "password": PASSWORD}
    theirs = new_browser()
    theirs.post("/sign-in", credentials)
    assert theirs.get("/").status_code == 200
    second = publish(house, "Храним ещё и картинку.")
    assert theirs.get("/").status_code == 200  # only whoever signs in anew
    later = new_browser()
    later.post("/sign-in", credentials)
    assert later.get("/ask?kind=idea").location == "/consent?next=/ask?kind%3Didea"
    question = later.get("/consent?next=/ask")
    assert "Храним ещё и картинку" in question.text
    assert "checked" not in question.text
    assert later.post("/consent", {"next": "/ask"}).status_code == 422
    assert later.get("/").status_code == 303
    assert later.post("/consent", {"next": "/ask", "agreed": "y"}).location == "/ask"
    assert later.get("/").status_code == 200
    assert consents.missing(person) == []
    assert {c.text.version for c in session.scalars(select(Consent))} == {1, second.version}


def test_a_slip_of_the_pen_asks_nobody(house: Builders) -> None:
    person, colleague = house.customer(), house.executive()
    consents.agree(person, [publish(house)], "sign_up", None)
    publish(house, "Храним имя и адресс.", asks=False)
    assert consents.missing(person) == []
    assert [t.version for t in consents.missing(house.customer())] == [2]
    assert consents.missing(colleague) == []


def test_the_administrator_publishes_and_everybody_reads(
    house: Builders, new_browser: Callable[[], Browser]
) -> None:
    house.brand()
    administrator = new_browser().sign_in(house.administrator())
    page = "/manage/texts/privacy"
    assert administrator.post(page, {"en": "Only English"}).status_code == 422
    assert administrator.post(page, {"ru": "## Первая\n\n<script>x</script>"}).status_code == 303
    assert administrator.post(page, {"ru": "Вторая", "asks": "y"}).status_code == 303
    assert administrator.post("/manage/texts/other", {"ru": "…"}).status_code == 404
    guest = new_browser()
    now = guest.get("/privacy").text
    assert "Вторая" in now
    assert "/legal/privacy/1" in now
    before = guest.get("/legal/privacy/1").text
    assert "Первая" in before
    assert "<script>x" not in before
    assert guest.get("/legal/privacy/3").status_code == 404
    assert 'href="/privacy"' in guest.get("/").text
    assert new_browser().sign_in(house.manager()).get("/manage/texts").status_code == 404
