"""The administrator keeps the people: roles, posts, invitations, who is shut out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from app.accounts import queries, service
from app.accounts.models import Person, Session, Ticket
from app.core.db import session
from app.core.events import Fact
from app.topics.answering import answers_today
from tests.builders import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.builders import Builders
    from tests.conftest import Browser

INVITED = {
    "name": "Рита Новая",
    "email": "Rita@bank.example.org",
    "role": "executive",
    "post": "Директор по вкладам",
}


@pytest.fixture
def admin(house: Builders, browser: Browser) -> Person:
    house.brand()
    made: Person = house.administrator(name="Анна Главная")
    browser.sign_in(made)
    return made


def facts(name: str) -> list[Any]:
    return list(session.scalars(select(Fact).where(Fact.name == name)))


@pytest.mark.parametrize("role", ["customer", "executive", "manager"])
def test_only_administrators_keep_people(house: Builders, browser: Browser, role: str) -> None:
    house.brand()
    someone = house.customer()
    where = f"/manage/people/{someone.id}"
    assert browser.get("/manage/people").location.startswith("/sign-in")
    browser.sign_in(house.person(role))
    for page in ("/manage/people", "/manage/people/invite", where):
        assert browser.get(page).status_code == 404
    assert browser.post(where, {"role": "administrator", "post": "Я"}).status_code == 404
    assert browser.post(f"{where}/disable").status_code == 404
    assert browser.post(f"{where}/enable").status_code == 404
    assert browser.post("/manage/people/invite", INVITED).status_code == 404
    assert (someone.role, someone.disabled_at) == ("customer", None)


def test_the_list_shows_staff_and_finds_everybody(
    house: Builders, browser: Browser, admin: Person
) -> None:
    customer = house.customer(name="Ольга Покупатель", email="olga@mail.example")
    staff = browser.get("/manage/people").text
    assert admin.name in staff
    assert customer.name not in staff
    for words in ("ольга", "ОЛЬГА  пок", "olga@", "Olga@mail"):
        assert customer.name in browser.get("/manage/people", query_string={"q": words}).text
    for words in ("льга", "%", "_", "зззз", "x" * 500):
        page = browser.get("/manage/people", query_string={"q": words})
        assert page.status_code == 200
        assert customer.name not in page.text


def test_people_have_pages(house: Builders, browser: Browser, admin: Person) -> None:
    for n in range(25):
        house.executive(name=f"Сотрудник {'абвгдежзиклмнопрстуфхцчшщ'[n]}")
    first = browser.get("/manage/people").text
    assert first.count('class="people__one"') == 20
    older = first.split('rel="next" href="', 1)[1].split('"', 1)[0].replace("&amp;", "&")
    assert browser.get(older).text.count('class="people__one"') == 6


def test_a_role_and_a_post_are_given_and_recorded(
    house: Builders, browser: Browser, admin: Person
) -> None:
    someone = house.customer()
    where = f"/manage/people/{someone.id}"
    assert browser.get(where).status_code == 200
    browser.post(where, {"role": "executive", "post": "Директор по вкладам"})
    assert (someone.role, someone.post) == ("executive", "Директор по вкладам")
    [given] = facts("RoleGiven")
    assert (given.actor_id, given.data) == (
        admin.id,
        {"person_id": someone.id, "role": "executive"},
    )
    browser.post(where, {"role": "customer", "post": "Директор по вкладам"})
    assert (someone.role, someone.post) == ("customer", "")


@pytest.mark.parametrize("fields", [{"role": "king"}, {"role": "executive", "post": ""}])
def test_a_role_must_be_one_of_ours_and_executives_have_a_post(
    house: Builders, browser: Browser, admin: Person, fields: dict[str, str]
) -> None:
    someone = house.customer()
    assert browser.post(f"/manage/people/{someone.id}", fields).status_code == 422
    assert someone.role == "customer"


def test_the_last_administrator_stays(house: Builders, browser: Browser, admin: Person) -> None:
    mine = f"/manage/people/{admin.id}"
    assert browser.post(mine, {"role": "manager", "post": "X"}).status_code == 422
    house.administrator(disabled_at=admin.created_at)
    house.administrator(confirmed_at=None)
    assert browser.post(mine, {"role": "manager", "post": "X"}).status_code == 422
    assert admin.role == "administrator"

    house.administrator()
    assert browser.post(mine, {"role": "manager", "post": "X"}).status_code == 303
    assert admin.role == "manager"
    assert browser.get("/manage/people").status_code == 404


def test_nobody_shuts_themselves_out(house: Builders, browser: Browser, admin: Person) -> None:
    house.administrator()
    page = browser.get(f"/manage/people/{admin.id}").text
    assert f"/manage/people/{admin.id}/disable" not in page
    browser.post(f"/manage/people/{admin.id}/disable")
    assert admin.disabled_at is None


def test_shutting_out_ends_every_session_and_letting_in_opens_the_door(
    house: Builders, browser: Browser, new_browser: Callable[[], Browser], admin: Person
) -> None:
    someone = house.manager(with_password=True)
    theirs = new_browser()
    way_in = {"email": someone.email, "password": PASSWORD}
    assert theirs.post("/sign-in", way_in).status_code == 303
    assert theirs.get("/profile").status_code == 200

    browser.post(f"/manage/people/{someone.id}/disable")
    assert someone.disabled_at is not None
    assert not session.scalars(select(Session).where(Session.person_id == someone.id)).all()
    assert theirs.get("/profile").status_code == 303
    assert theirs.post("/sign-in", way_in).status_code == 422
    [shut] = facts("PersonShutOut")
    assert shut.actor_id == admin.id

    browser.post(f"/manage/people/{someone.id}/enable")
    assert theirs.post("/sign-in", way_in).status_code == 303
    assert len(facts("PersonLetIn")) == 1


def test_an_invited_colleague_chooses_a_password_by_the_mailed_link(
    browser: Browser, new_browser: Callable[[], Browser], admin: Person
) -> None:
    assert browser.get("/manage/people/invite").status_code == 200
    assert browser.post("/manage/people/invite", INVITED).status_code == 303
    invited = queries.by_email("rita@bank.example.org")
    assert invited is not None
    assert (invited.role, invited.post, invited.is_active) == (
        "executive",
        "Директор по вкладам",
        False,
    )
    ticket = session.scalars(select(Ticket).where(Ticket.person_id == invited.id)).one()
    assert (ticket.purpose, (ticket.expires_at - ticket.created_at).days) == ("invite", 7)

    theirs = new_browser()
    link = f"/reset/{service.token(ticket)}"
    assert theirs.get(link).status_code == 200
    assert theirs.post(link, {"password": "длинный пароль Риты"}).status_code == 303
    assert theirs.get("/profile").status_code == 200
    assert invited.is_active
    assert new_browser().post(link, {"password": "другой пароль"}).status_code == 410


def test_an_address_with_an_account_is_not_invited_again(
    house: Builders, browser: Browser, admin: Person
) -> None:
    house.customer(email="rita@bank.example.org")
    answer = browser.post("/manage/people/invite", INVITED)
    assert answer.status_code == 422
    assert "email-error" in answer.text


def test_an_unproved_account_s_password_does_not_survive_an_invitation(
    house: Builders, browser: Browser, admin: Person
) -> None:
    squatter = house.customer(email="rita@bank.example.org", confirmed_at=None, with_password=True)
    browser.post("/manage/people/invite", INVITED)
    assert squatter.role == "executive"
    assert squatter.password_hash is None
    assert service.authenticate("rita@bank.example.org", PASSWORD) is None


@pytest.mark.parametrize(
    "change", [{"name": ""}, {"email": "x"}, {"role": "customer"}, {"post": ""}, {"role": ""}]
)
def test_an_invitation_must_be_whole(
    browser: Browser, admin: Person, change: dict[str, str]
) -> None:
    assert browser.post("/manage/people/invite", INVITED | change).status_code == 422
    assert queries.by_email("rita@bank.example.org") is None


def test_the_last_who_answers_in_a_category_stays(
    house: Builders, browser: Browser, admin: Person
) -> None:
    owner, gone = house.executive(), house.executive(disabled_at=admin.created_at)
    cards = house.category(owner, name="Карты на месте", deputy=gone)
    where = f"/manage/people/{owner.id}"
    assert "Карты на месте" in browser.get(where).text

    browser.post(f"{where}/disable")
    assert "Карты на месте" in browser.get(where).text.partition("<main")[0]
    demoted = browser.post(where, {"role": "customer", "post": ""})
    assert demoted.status_code == 422
    assert (owner.role, owner.disabled_at) == ("executive", None)
    assert facts("PersonShutOut") == facts("RoleGiven") == []

    cards.archived_at = admin.created_at
    session.flush()
    assert browser.post(where, {"role": "customer", "post": ""}).status_code == 303
    assert owner.role == "customer"


def test_the_deputy_takes_what_waits_when_the_owner_is_shut_out(
    house: Builders, browser: Browser, admin: Person
) -> None:
    owner, deputy = house.executive(), house.executive()
    topic = house.question(category=house.category(owner, deputy=deputy))
    due = topic.due_at

    browser.post(f"/manage/people/{owner.id}/disable")
    assert owner.disabled_at is not None
    assert (answers_today(topic.category).person, topic.due_at) == (deputy, due)
    # Whose name the promise was made in stays on record.
    assert topic.responsible == owner
    browser.post(f"/manage/people/{owner.id}/enable")
    assert (answers_today(topic.category).person, topic.due_at) == (owner, due)


@pytest.mark.parametrize(
    ("role", "home"),
    [
        ("customer", "/"),
        ("executive", "/desk"),
        ("manager", "/manage/board"),
        ("administrator", "/manage"),
    ],
)
def test_everybody_comes_in_where_their_work_lies(
    house: Builders, browser: Browser, role: str, home: str
) -> None:
    house.brand()
    person = house.person(role, with_password=True)
    signed = browser.post("/sign-in", {"email": person.email or "", "password": PASSWORD})
    assert signed.location == home
