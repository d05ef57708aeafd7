"""The pages: asking to be erased, staying after all, ordering, holding, keeping."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from app.core import clock, retention
from app.core.db import session
from app.core.events import Fact
from app.notify.models import Letter
from app.privacy import queries, service
from app.privacy.models import Erasure, Hold
from tests.builders import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.builders import Builders
    from tests.conftest import Browser


def test_one_asks_is_signed_out_and_stays_by_signing_in(
    house: Builders, browser: Browser, work: Callable[[], None]
) -> None:
    person = house.customer(with_password=True)
    browser.sign_in(person)
    assert "/profile/data/erasure" in browser.get("/profile/data").text
    assert browser.post("/profile/data/erasure", {"scope": "words"}).status_code == 422
    asked = browser.post("/profile/data/erasure", {"scope": "words", "understood": "y"})
    assert asked.location == "/sign-in"
    assert browser.get("/profile").location.startswith("/sign-in")
    work()
    assert session.scalars(select(Letter.kind)).all() == ["erasure_asked"]
    browser.post("/sign-in", {"email": person.email, "password": PASSWORD})
    assert browser.get("/").location == "/profile/data"
    assert "/profile/data/erasure/cancel" in browser.get("/profile/data").text
    browser.post("/profile/data/erasure/cancel")
    assert browser.get("/").status_code == 200
    assert queries.waiting_erasure(person.id) is None


def test_staff_is_told_why_not(house: Builders, browser: Browser) -> None:
    browser.sign_in(house.executive())
    sent = {"scope": "name", "understood": "y"}
    assert browser.post("/profile/data/erasure", sent).status_code == 422
    assert session.scalar(select(Erasure)) is None


def test_an_administrator_erases_at_once_and_prints_the_act(
    house: Builders, browser: Browser, ledger_path: Path
) -> None:
    person = house.customer(name="Устинья Гороховая", email="ustinya@mail.example")
    house.question(asker=person)
    service.request_erasure(person, words=False)
    browser.sign_in(house.administrator())
    page = f"/manage/people/{person.id}/erasure"
    assert page in browser.get(f"/manage/people/{person.id}").text
    sent = {"scope": "words", "understood": "y", "basis": "letter", "reference": "вх. 17/4"}
    assert browser.post(page, {**sent, "reference": ""}).status_code == 422
    act = browser.post(page, sent).location
    (erasure_id,) = queries.erasures_due()
    erasure = queries.held_erasure(erasure_id)
    assert erasure is not None
    service.erase(erasure)
    printed = browser.get(act)
    as_json = browser.get(f"{act}.json")
    for text in (printed.text, as_json.text):
        assert "Устинья" not in text
        assert "ustinya" not in text
        assert "PersonErased" in text
    said = as_json.json
    assert said["destroyed"]["tables"]["people"] == 1
    assert said["basis"] == "letter"
    assert said["reference"] == "вх. 17/4"
    assert [line["event"] for line in said["log"]] == ["ErasureAsked", "PersonErased"]
    assert all(line["seq"] and len(line["hash"]) == 64 for line in said["log"])
    assert act in browser.get("/manage/erasures").text
    by = session.scalars(select(Fact.actor_id).where(Fact.name == "PersonErased")).one()
    assert by == erasure.asked_by_id != person.id


def test_a_hold_is_placed_reviewed_and_lifted(house: Builders, browser: Browser) -> None:
    person = house.customer()
    browser.sign_in(house.administrator())
    page = f"/manage/people/{person.id}/hold"
    far = (clock.now() + timedelta(days=200)).date().isoformat()
    assert browser.post(page, {"reason": "Суд", "review_on": far}).status_code == 422
    soon = (clock.now() + timedelta(days=30)).date().isoformat()
    assert browser.post(page, {"reason": "Суд", "review_on": soon}).status_code == 303
    hold = session.scalars(select(Hold)).one()
    assert "Суд" in browser.get("/manage/holds").text
    assert queries.held_people() == {person.id}
    browser.post(f"/manage/holds/{hold.id}/lift")
    assert queries.held_people() == set()


def test_periods_are_chosen_by_the_administrator(house: Builders, browser: Browser) -> None:
    browser.sign_in(house.administrator())
    days = {term.name: str(term.days) for term in retention.terms()}
    assert browser.post("/manage/retention", {**days, "letters": "0"}).status_code == 422
    assert browser.post("/manage/retention", {**days, "letters": "31"}).status_code == 303
    assert retention.days("letters") == 31
    fact = session.scalars(select(Fact).where(Fact.name == "PeriodsChosen")).one()
    assert fact.data == {"names": ["letters"]}
    assert browser.post("/manage/retention", days).status_code == 303
    assert retention.chosen() == {term.name: term.days for term in retention.terms()}


def test_customers_and_managers_see_none_of_it(
    house: Builders, new_browser: Callable[[], Browser]
) -> None:
    person = house.customer()
    for reader in (house.customer(), house.manager()):
        theirs = new_browser().sign_in(reader)
        for page in ("erasures", "holds", "retention", "texts", f"people/{person.id}/hold"):
            assert theirs.get(f"/manage/{page}").status_code == 404
