"""What the tests of signing in share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from app.core import addresses, limits
from app.core.db import session
from app.core.events import Fact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask


@pytest.fixture
def facts(transaction: None) -> Callable[[str], list[Fact]]:
    """The facts of one name, the first first."""

    def found(name: str) -> list[Fact]:
        query = select(Fact).where(Fact.name == name).order_by(Fact.id)
        return list(session.scalars(query))

    return found


@pytest.fixture
def counted() -> Iterator[None]:
    """Limits count, each test anew."""
    limits.init({"RATE_LIMITS": True})
    yield
    limits.init({"RATE_LIMITS": False})


@pytest.fixture
def strict(app: Flask) -> Iterator[None]:
    """Staff must show two proofs, as by default."""
    app.config["STAFF_SECOND_FACTOR"] = True
    yield
    app.config["STAFF_SECOND_FACTOR"] = False


@pytest.fixture
def on_https(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where browsers offer passkeys."""
    monkeypatch.setattr(addresses, "_base", "https://otklik.test")


@pytest.fixture
def cookie() -> Callable[[Any], str]:
    """The key that a browser's session cookie holds."""

    def held(browser: Any) -> str:
        found = browser.client.get_cookie("sid", domain="otklik.test")
        return found.value if found else ""

    return held
