"""Asking from the bank's own pages: by whom it knows, and by a link in a letter."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
import time_machine
from sqlalchemy import func, select

from app.accounts import consents, factors, paces
from app.accounts import queries as people
from app.accounts import service as accounts
from app.accounts.models import Consent, OutsideIdentity, Person, Ticket
from app.core import clock, limits
from app.core.db import session
from app.core.events import Fact
from app.moderation import queries as moderated
from app.moderation import service as moderation
from app.moderation.service import watching
from app.privacy import service as privacy
from app.topics.models import Draft, Topic
from app.widget import bearers
from app.widget.models import Enquiry
from app.widget.service import asking, uses
from tests.accounts.test_factors import AT, with_app
from tests.widget.signing import Secret
from tests.widget.signing import site as a_site

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from app.topics.models import Category
    from app.widget.models import Site
    from tests.builders import Builders
    from tests.conftest import Browser

PAGE = "https://bank.example/cards/gold"
TITLE = "Почему карта не работает в метро?"
BODY = "Сегодня утром турникет не принял карту, хотя деньги есть."
GUEST = "guest@example.org"


@pytest.fixture(autouse=True)
def noon() -> Any:
    with time_machine.travel(AT, tick=False) as traveller:
        yield traveller


@pytest.fixture
def cards(house: Builders) -> Category:
    house.brand()
    return house.category(name="Карты", words="карта метро", owner=house.executive(name="Марина"))


@pytest.fixture
def site(cards: Category) -> Site:
    return a_site(category_id=cards.id)


def fields(category: Category, **more: str) -> dict[str, str]:
    return {
        "kind": "question",
        "title": TITLE,
        "body": BODY,
        "category_id": str(category.id),
        "email": GUEST,
        "page": PAGE,
        "page_title": "Золотая карта",
        "context": json.dumps({"товар": "Золотая карта"}),
        "origin": "https://bank.example",
        **more,
    }


def ask(browser: Browser, site: Site, sent: dict[str, str], bearer: str = "") -> Any:
    headers = {"X-Fragment": "1", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin"}
    if bearer:
        headers["Authorization"] = f"Bearer {bearer}"
    return browser.post(f"/embed/{site.key}/ask", sent, headers=headers)


def known_as(
    house: Builders, site: Site, person: Person | None = None, **more: Any
) -> bearers.Bearer:
    """What the frame carries for somebody the bank has identified."""
    key = Secret(house.administrator(), site).row
    if person is not None:
        accounts_link(person, site)
    return bearers.Bearer(
        **{
            "site_key": site.key,
            "key_id": key.id,
            "issuer": site.issuer,
            "subject": "customer-7",
            "name": "Анна",
            "email": "",
            "person_id": person.id if person else None,
            "issued_at": clock.now(),
            **more,
        }
    )


def accounts_link(person: Person, site: Site) -> None:
    session.add(OutsideIdentity(person_id=person.id, issuer=site.issuer, subject="customer-7"))
    session.flush()


def tickets() -> list[Ticket]:
    return list(session.scalars(select(Ticket).order_by(Ticket.id)).unique())


def link() -> str:
    return f"/asked/{accounts.token(tickets()[-1])}"


def topics() -> list[Topic]:
    return list(session.scalars(select(Topic).order_by(Topic.id)).unique())


def enquiries() -> list[Enquiry]:
    return list(session.scalars(select(Enquiry).order_by(Enquiry.id)).unique())


def facts(name: str) -> list[Fact]:
    return list(session.scalars(select(Fact).where(Fact.name == name).order_by(Fact.id)))


def legal(house: Builders) -> Any:
    return consents.publish(house.administrator(), "privacy", {"ru": "Мы храним адрес."})


# ————— the form


def test_the_form_is_made_for_the_page_and_the_words(
    house: Builders, browser: Browser, site: Site, cards: Category
) -> None:
    deposits = house.category(name="Вклады", words="вклад")
    headers = {"X-Page": quote(PAGE), "X-Page-Title": quote("Золотая карта")}

    page = browser.get(f"/embed/{site.key}/ask?words=Где+мой+вклад", headers=headers).text

    assert 'value="Где мой вклад"' in page
    assert re.search(rf'value="{deposits.id}"[^>]*checked|checked[^>]*value="{deposits.id}"', page)
    assert "Золотая карта" in page
    assert 'name="leave_out"' in page
    assert 'name="email"' in page
    assert 'name="name"' not in page
    empty = browser.get(f"/embed/{site.key}/ask").text
    assert re.search(rf'checked[^>]*value="{cards.id}"', empty)
    assert 'name="leave_out"' not in empty


def test_errors_stand_beside_the_fields_and_what_was_typed_stays(
    browser: Browser, site: Site, cards: Category
) -> None:
    page = ask(browser, site, fields(cards, title="x", email="nobody"))

    assert page.status_code == 422
    assert BODY in page.text
    assert 'id="title-error"' in page.text
    assert 'id="email-error"' in page.text
    assert 'class="summary"' in page.text
    unchosen = ask(browser, site, fields(cards, category_id=""))
    assert unchosen.status_code == 422
    assert re.search(rf'checked[^>]*value="{cards.id}"', unchosen.text)
    assert not tickets()


def test_a_shut_or_unknown_site_has_no_form(browser: Browser, site: Site, cards: Category) -> None:
    assert browser.get("/embed/unknown/ask").status_code == 404
    site.disabled_at = clock.now()
    assert ask(browser, site, fields(cards)).status_code == 404
    assert not tickets()


# ————— whom the bank knows


def test_somebody_we_know_publishes_at_once_and_reads_the_promise(
    house: Builders, browser: Browser, site: Site, cards: Category
) -> None:
    anna = house.customer(name="Анна")
    bearer = bearers.sealed(known_as(house, site, anna))

    page = ask(browser, site, fields(cards), bearer)

    [topic] = topics()
    assert (topic.title, topic.asker_id, topic.category_id) == (TITLE, anna.id, cards.id)
    assert page.status_code == 200
    assert 'data-said="asked"' in page.text
    assert "data-waits" not in page.text
    assert "is-waiting" in page.text
    assert "Марина" in page.text
    assert "Set-Cookie" not in page.headers
    [enquiry] = enquiries()
    assert (enquiry.topic_id, enquiry.person_id, enquiry.guest) == (topic.id, anna.id, None)
    assert (enquiry.page, enquiry.page_title) == (PAGE, "Золотая карта")
    assert enquiry.context == {"товар": "Золотая карта"}
    [fact] = facts("AskedFromSite")
    assert fact.data == {"topic_id": topic.id, "enquiry_id": enquiry.id}
    # The same form again is the same question.
    ask(browser, site, fields(cards), bearer)
    assert len(topics()) == len(enquiries()) == len(facts("AskedFromSite")) == 1


def test_an_unknown_customer_says_what_to_call_them_and_agrees(
    house: Builders, browser: Browser, site: Site, cards: Category
) -> None:
    text = legal(house)
    bearer = bearers.sealed(known_as(house, site))
    auth = {"Authorization": f"Bearer {bearer}"}
    form = browser.get(f"/embed/{site.key}/ask", headers=auth).text
    assert 'value="Анна"' in form
    assert 'name="email"' not in form

    assert ask(browser, site, fields(cards, name="Анна"), bearer).status_code == 422
    assert session.scalar(select(func.count()).select_from(Topic)) == 0
    page = ask(browser, site, fields(cards, name="Анна К.", agreed="y"), bearer)

    [topic] = topics()
    assert topic.asker.name == "Анна К."
    assert session.scalars(select(Consent.text_id)).all() == [text.id]
    later = bearers.read(site.key, page.headers["X-Bearer"])
    assert later is not None
    assert later.person_id == topic.asker_id
    # The old bearer and the new one mean the same person.
    mine = browser.get(
        f"/embed/{site.key}/mine", headers={"Authorization": f"Bearer {page.headers['X-Bearer']}"}
    )
    assert TITLE in mine.text


def test_a_bank_s_name_is_not_offered_and_not_taken(
    house: Builders, browser: Browser, site: Site, cards: Category
) -> None:
    bearer = bearers.sealed(known_as(house, site, name="Марина"))
    form = browser.get(f"/embed/{site.key}/ask", headers={"Authorization": f"Bearer {bearer}"})
    assert 'value="Марина"' not in form.text
    assert ask(browser, site, fields(cards, name="Марина"), bearer).status_code == 422
    assert not topics()


def test_whose_address_has_an_account_proves_it_by_mail(
    house: Builders, browser: Browser, site: Site, cards: Category
) -> None:
    house.customer(email=GUEST)
    bearer = bearers.sealed(known_as(house, site, email=GUEST))

    page = ask(browser, site, fields(cards, name="Анна"), bearer)

    assert "data-waits" in page.text
    assert not topics()
    assert [t.purpose for t in tickets()] == ["publish"]


def test_what_is_read_first_says_so_and_keeps_its_page(
    house: Builders, browser: Browser, site: Site, cards: Category
) -> None:
    cards.gate = "everybody"
    anna = house.customer()
    page = ask(browser, site, fields(cards), bearers.sealed(known_as(house, site, anna)))

    assert "data-waits" in page.text
    [enquiry] = enquiries()
    assert enquiry.topic_id is None
    text = moderated.text(enquiry.submission_id or 0)
    assert text is not None
    topic = moderation.approve(house.manager(), text)
    session.flush()
    assert enquiry.topic_id == topic.id
    assert [f.data["enquiry_id"] for f in facts("AskedFromSite")] == [enquiry.id]


def test_who_may_not_write_is_told_and_keeps_the_text(
    house: Builders, browser: Browser, site: Site, cards: Category
) -> None:
    anna = house.customer(silenced_until=AT + timedelta(days=1))
    page = ask(browser, site, fields(cards), bearers.sealed(known_as(house, site, anna)))

    assert page.status_code == 422
    assert BODY in page.text
    assert not topics()
    assert not enquiries()


def test_what_is_refused_opens_no_account(
    house: Builders, browser: Browser, site: Site, cards: Category, refusing: None
) -> None:
    bearer = bearers.sealed(known_as(house, site))
    before = session.scalar(select(func.count()).select_from(Person))
    page = ask(browser, site, fields(cards, name="Анна"), bearer)

    assert page.status_code == 422
    assert "X-Bearer" not in page.headers
    assert session.scalar(select(func.count()).select_from(Person)) == before
    assert not enquiries()


@pytest.fixture
def refusing(house: Builders) -> None:
    """A watched word that is refused."""
    watching.add(house.manager(), [watching.Entry("block", "турникет")])


# ————— guests


def test_a_guest_s_question_appears_when_the_address_is_proved(
    house: Builders, browser: Browser, new_browser: Any, site: Site, cards: Category
) -> None:
    page = ask(browser, site, fields(cards))
    assert page.status_code == 200
    assert 'data-said="asked" data-waits' in page.text
    assert "Set-Cookie" not in page.headers
    assert not topics()
    [ticket] = tickets()
    assert (ticket.purpose, ticket.person_id) == ("publish", None)
    assert ticket.expires_at == AT + timedelta(days=7)

    phone = new_browser()
    shown = phone.get(link())
    assert (shown.status_code, topics()) == (200, [])
    assert phone.client.head(link(), base_url="http://otklik.test").status_code == 200
    for words in (TITLE, BODY, "Марина", GUEST):
        assert words in shown.text
    nameless = phone.post(link(), {"act": "publish"})
    assert nameless.status_code == 422
    opened = link()
    answer = phone.post(opened, {"name": "Анна", "act": "publish"})

    [topic] = topics()
    assert answer.status_code == 303
    assert answer.location.endswith(f"/topics/{topic.id}")
    assert (topic.asker.name, topic.asker.email) == ("Анна", GUEST)
    assert topic.asker.confirmed_at == AT
    assert topic.due_at is not None
    # Signed in where the letter was opened, and nowhere else.
    assert phone.get("/profile").status_code == 200
    assert browser.get("/profile").status_code == 303
    [enquiry] = enquiries()
    assert (enquiry.topic_id, enquiry.person_id) == (topic.id, topic.asker_id)
    assert session.scalar(select(func.count()).select_from(Draft)) == 0
    for method in (phone.get, phone.post):
        assert method(opened).status_code == 410
    assert len(topics()) == 1


def test_the_same_follows_whatever_address_it_is(
    house: Builders, browser: Browser, site: Site, cards: Category
) -> None:
    house.customer(email="anna@example.org")
    house.manager(email="staff@example.org")
    house.customer(email="out@example.org", disabled_at=AT)
    house.customer(email="away@example.org", suspended_until=AT + timedelta(days=1))
    house.customer(email="begun@example.org", confirmed_at=None)
    said = set()
    for who in ("anna", "staff", "out", "away", "begun", "nobody"):
        page = ask(browser, site, fields(cards, email=f"{who}@example.org"))
        said.add((page.status_code, re.sub(r"\w+@example.org", "", page.text)))
    assert len(said) == 1
    assert [t.purpose for t in tickets()] == [
        "publish", "no_publish", "no_publish", "no_publish", "publish", "publish",
    ]  # fmt: skip
    # Of those who may not, nothing is kept.
    assert len(enquiries()) == session.scalar(select(func.count()).select_from(Draft)) == 3


def test_the_letters(
    house: Builders,
    browser: Browser,
    site: Site,
    cards: Category,
    app: Flask,
    work: Callable[[], None],
) -> None:
    folder = app.config["MAIL_PATH"]
    for path in folder.glob("*.eml"):
        path.unlink()
    house.manager(email="staff@example.org", locale="ru")
    ask(browser, site, fields(cards))
    opened = link()
    ask(browser, site, fields(cards, email="staff@example.org"))
    ask(browser, site, fields(cards, title="Выигрыш на casino.example", email="a@example.org"))
    work()
    letters: dict[str, Any] = {}
    for path in folder.glob("*.eml"):
        letter: Any = message_from_bytes(path.read_bytes(), policy=policy.default)
        letters[letter["To"]] = letter
    plain = {to: each.get_body(("plain",)).get_content() for to, each in letters.items()}
    assert letters[GUEST]["X-Otklik-Letter"] == "publish"
    assert f"http://otklik.test{opened}" in plain[GUEST]
    assert TITLE in plain[GUEST]
    assert TITLE in letters[GUEST].get_body(("html",)).get_content()
    assert TITLE not in letters[GUEST]["Subject"]
    # Anybody can have a letter sent to anybody: no way to elsewhere stands in it.
    assert "casino" not in letters["a@example.org"].as_string()
    assert "casino" not in plain["a@example.org"]
    assert "/asked/" in plain["a@example.org"]
    assert letters["staff@example.org"]["X-Otklik-Letter"] == "no_publish"
    assert TITLE not in plain["staff@example.org"]


def test_sent_twice_it_is_mailed_and_published_once(
    house: Builders, browser: Browser, new_browser: Any, site: Site, cards: Category
) -> None:
    ask(browser, site, fields(cards))
    ask(browser, site, fields(cards))
    assert len(tickets()) == 1
    ask(browser, site, fields(cards, body=f"{BODY} И вчера."))
    assert len(tickets()) == 2
    opened = link()
    assert new_browser().post(opened, {"name": "Анна"}).status_code == 303
    assert new_browser().post(opened, {"name": "Анна"}).status_code == 410
    assert len(topics()) == 1


def test_a_link_is_nobody_else_s(
    house: Builders, browser: Browser, site: Site, cards: Category, noon: Any
) -> None:
    ask(browser, site, fields(cards))
    good = link()
    sign_in = accounts.ask_link("nobody@example.org", "ru")
    forged = (good[:-1] + ("0" if good[-1] != "0" else "1"), "/asked/x", "/asked/1.x")
    for path in (*forged, f"/asked/{accounts.token(sign_in)}"):
        assert browser.get(path).status_code == 410
        assert browser.post(path, {"name": "Анна"}).status_code == 410
    noon.shift(timedelta(days=7))
    assert browser.post(good, {"name": "Анна"}).status_code == 410
    assert not topics()


def test_who_is_barred_or_hired_meanwhile_publishes_nothing(
    house: Builders, browser: Browser, site: Site, cards: Category
) -> None:
    anna = house.customer(email=GUEST)
    ask(browser, site, fields(cards))
    for barred in (
        {"disabled_at": AT},
        {"suspended_until": AT + timedelta(1)},
        {"role": "manager"},
    ):
        was = {name: getattr(anna, name) for name in barred}
        for name, value in barred.items():
            setattr(anna, name, value)
        assert browser.post(link(), {}).status_code == 410, barred
        for name, value in was.items():
            setattr(anna, name, value)
    assert browser.post(link(), {}).status_code == 303
    assert topics()[0].asker_id == anna.id


def test_an_account_begun_by_somebody_else_is_begun_anew(
    house: Builders, browser: Browser, site: Site, cards: Category
) -> None:
    begun = house.customer(email=GUEST, confirmed_at=None, with_password=True, name="Чужой")
    ask(browser, site, fields(cards))
    assert browser.post(link(), {"name": "Анна"}).status_code == 303
    session.refresh(begun)
    assert (begun.name, begun.password_hash, begun.confirmed_at) == ("Анна", None, AT)


def test_who_has_a_second_factor_signs_in_first(
    house: Builders, browser: Browser, site: Site, cards: Category
) -> None:
    anna = house.customer(email=GUEST)
    with_app(anna)
    ask(browser, site, fields(cards))
    answer = browser.post(link(), {})

    assert answer.status_code == 303
    assert answer.location.startswith("/sign-in?next=")
    assert not topics()
    assert browser.get("/profile").status_code == 303
    browser.sign_in(anna)
    form = browser.get("/ask?seen=1").text
    assert TITLE in form
    sent = {**fields(cards), "seen_similar": "1"}
    assert browser.post("/ask", sent).status_code == 303
    [topic], [enquiry] = topics(), enquiries()
    assert (enquiry.topic_id, enquiry.page) == (topic.id, PAGE)
    assert factors.of(anna)


def test_it_can_be_changed_first(
    house: Builders, browser: Browser, site: Site, cards: Category
) -> None:
    ask(browser, site, fields(cards))
    answer = browser.post(link(), {"name": "Анна", "act": "change"})
    assert answer.location.startswith("/ask?seen=1")
    assert not topics()
    assert BODY in browser.get("/ask?seen=1").text
    sent = {**fields(cards, body=f"{BODY} Уже второй раз."), "seen_similar": "1"}
    browser.post("/ask", sent)
    [topic], [enquiry] = topics(), enquiries()
    assert topic.body.endswith("второй раз.")
    assert (enquiry.topic_id, enquiry.person_id) == (topic.id, topic.asker_id)
    # What is asked next has nothing to do with that page.
    other = house.question(asker=topic.asker, title="Как закрыть вклад?")
    assert asking.enquiry_of(other) is None


def test_a_refused_text_stays_and_the_link_stays_good(
    house: Builders, browser: Browser, site: Site, cards: Category, refusing: None
) -> None:
    ask(browser, site, fields(cards))
    page = browser.post(link(), {"name": "Анна", "act": "publish"})
    assert page.status_code == 422
    assert BODY in page.text
    assert people.by_email(GUEST) is None
    assert tickets()[0].used_at is None
    assert browser.post(link(), {"name": "Анна", "act": "change"}).status_code == 303
    assert BODY in browser.get("/ask?seen=1").text


def test_a_guest_s_text_may_wait_to_be_read(
    house: Builders, browser: Browser, site: Site, cards: Category
) -> None:
    cards.gate = "everybody"
    ask(browser, site, fields(cards))
    answer = browser.post(link(), {"name": "Анна"})
    [enquiry] = enquiries()
    assert answer.location.endswith(f"/submissions/{enquiry.submission_id}")
    assert browser.get(answer.location).status_code == 200
    assert not topics()


def test_who_publishes_agrees_to_what_stands(
    house: Builders, browser: Browser, site: Site, cards: Category
) -> None:
    text = legal(house)
    ask(browser, site, fields(cards))
    assert browser.post(link(), {"name": "Анна"}).status_code == 422
    assert browser.post(link(), {"name": "Анна", "agreed": "y"}).status_code == 303
    given = session.scalars(select(Consent)).unique().one()
    assert (given.text_id, given.how, given.person_id) == (
        text.id,
        "question",
        topics()[0].asker_id,
    )


def test_a_closed_category_is_chosen_anew(
    house: Builders, browser: Browser, site: Site, cards: Category
) -> None:
    loans = house.category(name="Кредиты", words="заём")
    ask(browser, site, fields(loans, title="Как погасить раньше?", body="Хочу погасить раньше."))
    loans.archived_at = AT
    page = browser.get(link()).text
    assert 'value="publish"' not in page
    assert browser.post(link(), {"name": "Анна"}).location.startswith("/ask")
    assert not topics()


def test_letters_are_limited_politely(
    house: Builders, browser: Browser, site: Site, cards: Category, app: Flask
) -> None:
    limits.init({**app.config, "RATE_LIMITS": True})
    try:
        statuses = [
            ask(browser, site, fields(cards, email=f"a{n}@example.org", challenge="")).status_code
            for n in range(13)
        ]
        # The crowd is asked a plain question, before anybody is turned away.
        assert statuses[:12] == [200] * 12
        assert statuses[12] == 422
        limits.init({**app.config, "RATE_LIMITS": True})
        for _ in range(paces.LETTERS.guests):
            browser.post("/sign-in/link", {"email": "c@example.org"})
        page = ask(browser, site, fields(cards, email="b@example.org"))
        assert page.status_code == 429
        assert int(page.headers["Retry-After"]) > 0
        assert BODY in page.text
    finally:
        limits.init(app.config)


def test_one_address_gets_so_many_letters_and_nobody_is_told(
    house: Builders, browser: Browser, site: Site, cards: Category, app: Flask
) -> None:
    limits.init({**app.config, "RATE_LIMITS": True})
    try:
        said = [
            ask(browser, site, fields(cards, title=f"Почему карта не работает {'раз' * n}?"))
            for n in range(1, 8)
        ]
    finally:
        limits.init(app.config)
    assert {page.status_code for page in said} == {200}
    assert len(tickets()) == 5


# ————— what is kept of the page


@pytest.mark.parametrize(
    ("page", "kept"),
    [
        (f"{PAGE}?token=abc#top", PAGE),
        ("http://bank.example/cards", ""),
        ("https://evil.example/cards", ""),
        ("https://bank.example.evil.example/", ""),
        ("https://bank.example@evil.example/", ""),
        ("javascript:alert(1)//https://bank.example", ""),
        ("https://[", ""),
        ("https://bank.example/" + "a" * 900, ("https://bank.example/" + "a" * 900)[:500]),
    ],
)
def test_only_a_page_of_the_site_is_kept(site: Site, page: str, kept: str) -> None:
    assert asking.taken(site, page, "", {}).page == kept


def test_context_is_few_short_texts_without_bank_data(site: Site) -> None:
    said: dict[str, object] = {
        "товар": "Золотая карта",
        "x" * 41: "длинное имя",
        "<b>": "разметка",
        "карта": "4111 1111 1111 1111",
        "long": "я" * 300,
        "list": ["a"],
        "number": 7,
        **{f"n{n}": "v" for n in range(20)},
    }
    kept = asking.taken(site, PAGE, "Ваша карта 4111 1111 1111 1111", said)
    assert kept.context is not None
    assert len(kept.context) == 10
    assert kept.context["товар"] == "Золотая карта"
    assert len(kept.context["long"]) == 200
    assert not {"x" * 41, "<b>", "list", "number"} & set(kept.context)
    assert "4111" not in f"{kept.context} {kept.title}"


def test_bank_data_is_hidden_everywhere_and_the_asker_is_told(
    house: Builders, browser: Browser, site: Site, cards: Category
) -> None:
    card = "4111 1111 1111 1111"
    escaped = json.dumps({"карта": "".join(f"\\u003{c}" for c in "4111111111111111")})
    sent = fields(cards, body=f"{BODY} Карта {card}.", context=escaped.replace("\\\\", "\\"))
    page = ask(browser, site, {**sent, "page_title": f"Карта {card}"})
    assert "notice--risk" in page.text
    assert "notice--risk" not in ask(browser, site, fields(cards, email="b@example.org")).text
    draft, enquiry = session.scalars(select(Draft)).all()[0], enquiries()[0]
    assert "4111" not in f"{draft.fields} {enquiry.page_title} {enquiry.context}"
    [fact] = facts("BankDataHidden")
    assert fact.data["which"] == "widget.ask"


def test_the_page_is_left_out_when_the_asker_says_so(
    house: Builders, browser: Browser, site: Site, cards: Category
) -> None:
    ask(browser, site, fields(cards, leave_out="y"))
    [enquiry] = enquiries()
    assert (enquiry.page, enquiry.page_title, enquiry.context) == ("", "", {})


def test_staff_see_the_page_and_nobody_else(
    house: Builders, new_browser: Any, site: Site, cards: Category
) -> None:
    anna = house.customer()
    ask(new_browser(), site, fields(cards), bearers.sealed(known_as(house, site, anna)))
    [topic] = topics()
    address = f"/topics/{topic.id}"
    for reader in (None, anna, house.customer()):
        seen = new_browser().sign_in(reader) if reader else new_browser()
        page = seen.get(address).text
        assert "bank.example/cards" not in page
        assert "Золотая карта" not in page
    for reader in (cards.owner, house.manager()):
        page = new_browser().sign_in(reader).get(address).text
        assert "Золотая карта" in page
        assert "bank.example%2Fcards%2Fgold" in page or PAGE in page
    assert "Золотая карта" in new_browser().sign_in(cards.owner).get("/desk").text


def test_erasing_somebody_takes_their_pages_away(
    house: Builders, browser: Browser, site: Site, cards: Category
) -> None:
    ask(browser, site, fields(cards))
    browser.post(link(), {"name": "Анна"})
    anna = topics()[0].asker
    privacy.erase(
        privacy.order_erasure(
            house.administrator(), anna, words=False, basis="letter", reference="№ 7"
        )
    )
    assert not enquiries()
    assert topics()[0].title == TITLE


def test_a_use_is_counted_when_it_is_published(
    house: Builders, browser: Browser, site: Site, cards: Category
) -> None:
    uses._uses.flush()
    ask(browser, site, fields(cards))
    assert not any(c["asked"] for c in uses._uses._counts.values())
    browser.post(link(), {"name": "Анна"})
    counted = uses._uses._counts
    assert [c["asked"] for k, c in counted.items() if k[0] == site.id] == [1]
