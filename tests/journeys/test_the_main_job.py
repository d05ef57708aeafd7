"""The main job, whole: a customer asks, a named executive answers, the next customer finds it."""

from __future__ import annotations

import re
from datetime import timedelta
from email import message_from_bytes, policy
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from app.core import clock
from app.core.db import session
from app.sla.models import PolicyVersion
from app.sla.service import ticking
from tests.live import eventually, sign_in, words

if TYPE_CHECKING:
    from collections.abc import Callable
    from email.message import EmailMessage

    from flask import Flask
    from playwright.sync_api import Page

    from tests.builders import Builders
    from tests.conftest import Browser
    from tests.live import Live

LINK = re.compile(r"https?://[^/\s]+(/confirm/\S+)")
SIMILAR = "Не успела выбрать категории кэшбэка до 5-го. Всё пропало?"
BODY = "Вспомнила шестого числа, а выбор уже закрыт. Кэшбэк за месяц пропадает?"
# Newcomers who send the same words are asked whether they are people.
OTHER_BODY = "Была в отъезде и опомнилась вчера вечером. Что теперь будет с баллами за покупки?"
ANSWER = "Мы открыли вам выбор до конца дня: зайдите в раздел «Кэшбэк» ещё раз."
PASSWORD = "a lamp and a ladder"


# --------------------------------------------------------------- through the door, both databases


def test_from_a_question_to_the_next_customer(  # noqa: PLR0915 (one story in one piece)
    app: Flask,
    house: Builders,
    new_browser: Callable[[], Browser],
    work: Callable[[], None],
) -> None:
    mailbox = app.config["MAIL_PATH"]
    for old in mailbox.glob("*.eml"):
        old.unlink()
    house.brand(locale="en", languages=["ru", "uk", "en"])
    # Whenever this test runs, it is day.
    since = clock.now() - timedelta(days=1)
    session.add(PolicyVersion(scope="all", version=1, spec={"quiet": None}, made_at=since))
    owner = house.executive(name="Марина Зорина", locale="en")
    category = house.category(owner=owner)
    house.answer(house.question(category=category, title="Карта не работает в метро"))
    work()

    def letters(to: str, kind: str) -> list[EmailMessage]:
        read = [
            message_from_bytes(p.read_bytes(), policy=policy.default) for p in mailbox.iterdir()
        ]
        return [m for m in read if to in str(m["To"]) and m["X-Otklik-Letter"] == kind]

    # Writing comes before identifying.
    guest = new_browser()
    guest.client.set_cookie("lang", "en", domain="otklik.test")
    title = "Почему карта не работает в метро на аметистовой линии?"
    assert title in guest.post("/ask", {"text": title}).text
    sent = {
        "kind": "question",
        "title": title,
        "body": BODY,
        "category_id": str(category.id),
        "tags": "",
    }
    between = re.sub("</?mark>", "", guest.post("/ask", sent).text)
    assert "Карта не работает в метро" in between
    assert 'name="seen_similar" value="1"' in between
    gone = guest.post("/ask", {**sent, "seen_similar": "1"})
    assert (gone.status_code, gone.headers["Location"][:9]) == (303, "/sign-in?")
    back = "/ask?seen=1"

    # Who it is, proved by a letter.
    said = {"name": "Вера", "email": "vera@example.org", "password": PASSWORD, "next": back}
    assert "vera@example.org" in guest.post("/sign-up", said).text
    work()
    [letter] = letters("vera@example.org", "confirm")
    [link] = LINK.findall(words(letter))
    assert "button" in guest.get(link).text
    welcomed = guest.post(link)
    assert welcomed.headers["Location"] == back

    # The draft is still there, and is published.
    assert BODY in guest.get(back).text
    published = guest.post("/ask", {**sent, "seen_similar": "1"})
    address = published.headers["Location"]
    page = guest.get(address).text
    assert title in page
    assert owner.name in page
    assert "The answer comes by" in page
    assert BODY not in guest.get("/ask").text

    # Who answers is told, and finds it on the desk.
    ticking.tick()
    work()
    assert len(letters("vera@example.org", "receipt")) == 1
    asked = [m for m in letters(owner.email, "question") if title in words(m)]
    assert len(asked) == 1
    executive = new_browser().sign_in(owner)
    assert title in executive.get("/desk").text
    assert executive.post(f"{address}/answers", {"body": ANSWER}).status_code == 303

    # The asker is told once, however often the worker looks.
    work()
    work()
    [told] = letters("vera@example.org", "answer")
    assert ANSWER in words(told)
    assert ANSWER in guest.get(address).text

    # Solved, and found by whoever comes next.
    assert guest.post(f"{address}/acceptance").status_code == 303
    work()
    assert len(letters(owner.email, "solved")) == 1
    found = new_browser().get("/search?q=аметистовая").text
    assert f'href="{address}"' in found
    assert len(letters("vera@example.org", "answer")) == 1


# ------------------------------------------------------------------------------ in a real browser


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize(
    ("width", "scripts", "line", "body"),
    [
        pytest.param(360, True, "бирюзовой", BODY, id="phone"),
        pytest.param(1280, False, "малахитовой", OTHER_BODY, id="desktop-without-scripts"),
    ],
)
def test_the_main_job_in_a_browser(
    live: Live, open_page: Callable[..., Page], width: int, scripts: bool, line: str, body: str
) -> None:
    title = f"Не успела выбрать категории кэшбэка на {line} карте, всё пропало?"
    email = f"vera-{width}@example.org"
    page = open_page(width=width, scripts=scripts)

    _write(page, title, body, scripts=scripts)
    _sign_up(page, live, email)
    address = _publish(page, title, body)

    owner = "marina.zorina@demo.example"
    live.letter(owner, "question", about=title)
    executive = open_page(width=1280, scripts=scripts)
    _answer_from_the_desk(executive, owner, title)

    told = live.letter(email, "answer")
    assert ANSWER in words(told)
    page.goto(address)
    expect(page.get_by_role("main")).to_contain_text(ANSWER)
    page.get_by_role("button", name="Yes, solved").click()
    expect(page.get_by_role("main")).to_contain_text("You said that it is solved.")
    live.letter(owner, "solved", about=title)

    stranger = open_page(width=width, scripts=scripts)
    _find(stranger, line, title)
    assert len(live.letters(email, "answer")) == 1
    assert len(live.letters(email, "receipt")) == 1


def _write(page: Page, title: str, body: str, *, scripts: bool) -> None:
    """From the box on the front page to the sign-in, by way of what others asked."""
    page.goto("/")
    page.get_by_role("textbox", name="What do you want to ask, suggest, or tell us?").fill(title)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_label("In one sentence")).to_have_value(title)
    page.get_by_role("radio", name=re.compile("Marina Zorina|Марина Зорина")).check(force=True)
    page.locator("#body").fill(body)
    if scripts:
        # Saved while it is typed: a closed tab loses nothing.
        with page.expect_response(lambda response: "/drafts" in response.url):
            page.locator("#body").press("End")
            page.locator("#body").press_sequentially(" ")
        page.goto("/ask")
        expect(page.locator("#body")).to_have_value(re.compile(re.escape(body)))
        sentence = page.get_by_label("In one sentence")
        sentence.press("End")
        sentence.press_sequentially(" ")
        expect(page.locator(".near__name", has_text=SIMILAR)).to_be_visible()
        page.locator("[data-ask-button]").last.click()
    else:
        page.locator("[data-ask-button]").last.click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Perhaps it is answered already")
        expect(page.locator(".near__name", has_text=SIMILAR)).to_be_visible()
        page.get_by_role("button", name="Ask anyway").click()
    page.wait_for_url("**/sign-in?**")


def _sign_up(page: Page, live: Live, email: str) -> None:
    page.get_by_role("link", name="Create an account").click()
    page.get_by_label("Your name").fill("Вера")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("I have read this and agree").check()
    page.get_by_role("button", name="Create the account").click()
    expect(page.get_by_role("main")).to_contain_text(email)
    [link] = LINK.findall(words(live.letter(email, "confirm")))
    page.goto(link)
    page.get_by_role("button", name="Yes, it is mine").click()
    page.wait_for_url("**/ask?**")


def _publish(page: Page, title: str, body: str) -> str:
    """The draft came along; published, it shows who answers and by when."""
    expect(page.locator("#body")).to_have_value(re.compile(re.escape(body)))
    page.locator("[data-ask-button]").last.click()
    page.wait_for_url("**/topics/*")
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    main = page.get_by_role("main")
    expect(main).to_contain_text("The answer comes by")
    expect(main).to_contain_text(re.compile("Marina Zorina|Марина Зорина"))
    return page.url


def _answer_from_the_desk(page: Page, email: str, title: str) -> None:
    sign_in(page, email)
    expect(page.get_by_role("heading", level=1, name="Waiting for you")).to_be_visible()
    page.get_by_role("navigation", name="The pile").get_by_role("link", name=title).click()
    expect(page.get_by_role("heading", level=2, name=title)).to_be_visible()
    page.get_by_role("textbox", name="Your answer").fill(ANSWER)
    page.get_by_role("button", name="Publish the official answer").click()
    expect(page.get_by_role("status").first).to_contain_text("The answer is published")


def _find(page: Page, line: str, title: str) -> None:
    def look() -> bool:
        page.goto(f"/search?q={line}")
        return page.get_by_role("main").get_by_role("link", name=title).count() > 0

    assert eventually(look, "the topic among the results")
