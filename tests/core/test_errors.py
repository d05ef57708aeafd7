"""Pages for when something is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from flask import g
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, OperationalError, PendingRollbackError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoneFreeError

from app.brand.models import Brand
from app.brand.queries import brand
from app.core import transactions
from app.core.db import db, session
from app.factory import create_app
from tests.conftest import BASE_URL, settings

if TYPE_CHECKING:
    from pathlib import Path

    from tests.builders import Builders
    from tests.conftest import Browser


def test_without_a_database_there_is_still_a_page(tmp_path: Path) -> None:
    away = f"sqlite:///{tmp_path / 'no such folder' / 'otklik.sqlite3'}"
    client = create_app(settings(tmp_path, DATABASE_URL=away)).test_client()
    client.set_cookie("sid", "x" * 43, domain="otklik.test")

    answer = client.get("/", base_url=BASE_URL, headers={"Accept-Language": "en"})

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "60"
    assert "<h1>" in answer.text
    assert "sqlite" not in answer.text.lower()


@pytest.mark.parametrize("path", ["/ask", "/following", "/desk"])
def test_nobody_is_led_to_sign_in_because_the_database_is_away(tmp_path: Path, path: str) -> None:
    away = f"sqlite:///{tmp_path / 'no such folder' / 'otklik.sqlite3'}"
    client = create_app(settings(tmp_path, DATABASE_URL=away)).test_client()
    client.set_cookie("sid", "x" * 43, domain="otklik.test")

    answer = client.get(path, base_url=BASE_URL)

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "60"
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (PendingRollbackError("the line broke off", code="8s2b"), 503),
        (PendingRollbackError("a flush failed", code="7s2a"), 500),
        (NoneFreeError("every connection is in use"), 503),
        (DBAPIError("SELECT", {}, Exception(), connection_invalidated=True), 503),
        (DBAPIError("SELECT", {}, Exception()), 500),
    ],
)
def test_what_is_not_our_mistake_is_told_apart(
    tmp_path: Path, error: SQLAlchemyError, code: int
) -> None:
    app = create_app(settings(tmp_path))

    @app.get("/breaks")
    def breaks() -> str:
        raise error

    breaks.may = "insight.probe"  # type: ignore[attr-defined]
    answer = app.test_client().get("/breaks", base_url=BASE_URL)

    assert answer.status_code == code
    assert ("Retry-After" in answer.headers) == (code == 503)


def test_what_breaks_off_half_way_says_so_and_asks_for_nothing_more(tmp_path: Path) -> None:
    app = create_app(settings(tmp_path))
    asked: list[str] = []

    @app.get("/breaks")
    def breaks() -> str:
        # What every page shows was read before; the line is gone since.
        g.brand = brand()
        assert g.brand.name == "Банк у моря"
        event.listen(db.engine, "before_cursor_execute", lambda *said: asked.append(said[2]))
        raise OperationalError("SELECT 1", {}, Exception(), connection_invalidated=True)

    breaks.may = "insight.probe"  # type: ignore[attr-defined]
    with app.app_context():
        db.create_all()
        session.add(Brand(name="Банк у моря"))
        session.commit()

    answer = app.test_client().get("/breaks", base_url=BASE_URL)

    assert answer.status_code == 503
    assert "<h1>" in answer.text
    assert asked == []


def test_a_transaction_that_cannot_be_undone_takes_no_answer_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = create_app(settings(tmp_path))

    @app.get("/answers")
    def answers() -> str:
        monkeypatch.setattr(transactions, "rollback", gone)
        return "here"

    def gone() -> None:
        raise OperationalError("ROLLBACK", {}, Exception(), connection_invalidated=True)

    answers.may = "insight.probe"  # type: ignore[attr-defined]

    assert app.test_client().get("/answers", base_url=BASE_URL).text == "here"


@pytest.mark.parametrize("path", ["/nothing", "/topics/999999", "/categories/nothing"])
def test_what_is_not_there_says_so_and_leads_on(
    house: Builders, browser: Browser, path: str
) -> None:
    house.brand()
    answer = browser.get(path)
    assert answer.status_code == 404
    assert 'href="/"' in answer.text


def test_a_host_that_is_not_ours_gets_no_page(tmp_path: Path) -> None:
    client = create_app(settings(tmp_path, TRUSTED_HOSTS="otklik.test")).test_client()

    answer = client.get("/", base_url="http://evil.example")

    assert answer.status_code == 400
    assert "evil" not in answer.text
