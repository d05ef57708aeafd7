"""Managing categories, and what follows for those who wait."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from app.core import clock
from app.core.db import session
from app.sla.queries import promises
from app.topics import queries

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.accounts.models import Person
    from app.topics.models import Category
    from tests.builders import Builders
    from tests.conftest import Browser


def form(owner: Person, **fields: Any) -> dict[str, Any]:
    """What a browser sends for a category."""
    return {
        "name": "Карты",
        "slug": "cards",
        "description": "Дебетовые и кредитные",
        "words": "карта кэшбэк",
        "owner_id": str(owner.id),
        "deputy_id": "0",
        **fields,
    }


@pytest.fixture
def manager(house: Builders, browser: Browser) -> Browser:
    """The community manager's browser."""
    return browser.sign_in(house.manager())


def found(slug: str) -> Category:
    category = queries.category_by_slug(None, slug)  # type: ignore[arg-type]
    assert category is not None
    return category


def test_a_manager_opens_a_category(house: Builders, manager: Browser) -> None:
    anna, oleg, sonya = house.executive(), house.executive(), house.executive()
    sent = form(anna, deputy_id=str(oleg.id), delegate_ids=[str(sonya.id)])

    assert manager.post("/manage/categories/new", sent).status_code == 303

    cards = found("cards")
    assert cards.name == "Карты"
    assert cards.words == "карта кэшбэк"
    assert (cards.owner_id, cards.deputy_id) == (anna.id, oleg.id)
    assert cards.is_answered_by(sonya.id)
    assert manager.get("/categories/cards").status_code == 200
    assert "Карты" in manager.get("/manage/categories").text


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": " "},
        {"slug": "Карты"},
        {"slug": "two words"},
        {"slug": "taken"},
        {"owner_id": "0"},
        {"owner_id": "customer"},
        {"owner_id": "left"},
        {"owner_id": "x"},
        {"deputy_id": "owner"},
        {"deputy_id": "customer"},
        {"delegate_ids": ["customer"]},
    ],
    ids=str,
)
def test_a_category_that_cannot_be_is_refused_and_nothing_typed_is_lost(
    house: Builders, manager: Browser, wrong: dict[str, Any]
) -> None:
    owner = house.executive()
    house.category(slug="taken")
    people = {
        "owner": owner.id,
        "customer": house.customer().id,
        "left": house.executive(disabled_at=clock.now()).id,
    }

    def number(value: Any) -> Any:
        if isinstance(value, list):
            return [number(each) for each in value]
        return str(people.get(value, value))

    answer = manager.post(
        "/manage/categories/new", form(owner, **{k: number(v) for k, v in wrong.items()})
    )

    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert "карта кэшбэк" in answer.text
    assert [c.slug for c in queries.categories()] == ["taken"]


def test_its_address_stands_when_it_is_changed(house: Builders, manager: Browser) -> None:
    category = house.category(slug="cards", delegates=[house.executive()])
    sent = form(category.owner, name="Карты и счета", slug="accounts")

    assert manager.post("/manage/categories/cards", sent).status_code == 303

    assert found("cards").name == "Карты и счета"
    assert found("cards").delegates == []
    assert not queries.slug_is_taken("accounts")


def test_the_form_shows_what_is_kept(house: Builders, manager: Browser) -> None:
    sonya = house.executive(name="Соня Минина")
    category = house.category(name="Карты", delegates=[sonya], deputy=house.executive())

    page = manager.get(f"/manage/categories/{category.slug}").text

    assert 'value="Карты"' in page
    assert f'<option selected value="{category.owner_id}"' in page
    assert f'<option selected value="{category.deputy_id}"' in page
    boxes = [part.split(">")[0] for part in page.split("<input")[1:] if "checkbox" in part]
    ticked = [box for box in boxes if "checked" in box]
    assert len(ticked) == 1
    assert f'value="{sonya.id}"' in ticked[0]


def test_a_new_owner_takes_over_what_waits(
    house: Builders, manager: Browser, work: Callable[[], None]
) -> None:
    category = house.category(slug="cards")
    before, oleg = category.owner, house.executive()
    waiting = house.question(category=category)
    answered = house.question(category=category)
    house.answer(answered)
    due = waiting.due_at

    manager.post("/manage/categories/cards", form(oleg))
    work()

    assert waiting.responsible_id == oleg.id
    assert waiting.due_at == due
    [promise] = promises.promises_of(waiting)
    assert promise.accountable_id == oleg.id
    assert answered.responsible_id == before.id
    assert promises.promises_of(answered)[0].accountable_id == before.id


def test_categories_change_places(house: Builders, manager: Browser) -> None:
    for slug in ("first", "second", "third"):
        house.category(slug=slug)

    def order() -> list[str]:
        return [c.slug for c in queries.categories()]

    manager.post("/manage/categories/third/place", {"way": "up"})
    assert order() == ["first", "third", "second"]
    manager.post("/manage/categories/first/place", {"way": "down"})
    assert order() == ["third", "first", "second"]
    manager.post("/manage/categories/third/place", {"way": "up"})
    assert order() == ["third", "first", "second"]


def test_a_category_is_not_archived_while_anybody_waits(house: Builders, manager: Browser) -> None:
    category = house.category(slug="cards")
    topic = house.question(category=category)

    refused = manager.post("/manage/categories/cards/archive")
    assert refused.location == "/desk?category=cards"
    assert found("cards").archived_at is None

    house.answer(topic)
    manager.post("/manage/categories/cards/archive")
    assert found("cards").archived_at is not None
    assert queries.categories() == []
    assert manager.get(f"/topics/{topic.id}").status_code == 200

    manager.post("/manage/categories/cards/reopen")
    assert [c.slug for c in queries.categories()] == ["cards"]


@pytest.mark.parametrize("role", ["customer", "executive"])
def test_only_managers_manage(
    house: Builders, browser: Browser, new_browser: Callable[[], Browser], role: str
) -> None:
    category = house.category(slug="cards")
    session.commit()
    browser.sign_in(house.person(role))

    for path in ("/manage/categories", "/manage/categories/new", "/manage/categories/cards"):
        assert browser.get(path).status_code == 404
        assert new_browser().get(path).status_code == 303
    for act in ("place", "archive", "reopen"):
        assert browser.post(f"/manage/categories/cards/{act}").status_code == 404
    assert category.archived_at is None
