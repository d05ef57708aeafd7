"""Figures for the machine room: for who may, of everything, about nobody."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from app.core import clock
from app.core.deliveries import count
from app.core.heartbeat import beat

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.builders import Builders
    from tests.conftest import Browser

TOKEN = "a-long-token-for-whoever-collects"


@pytest.fixture
def token(app: Flask, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setitem(app.config, "METRICS_TOKEN", TOKEN)
    return TOKEN


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def number(text: str, name: str) -> float:
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    assert found, name
    return float(found[1])


@pytest.mark.parametrize("role", ["guest", "customer", "executive", "manager"])
def test_who_may_not_see_it_finds_nothing(
    house: Builders, browser: Browser, token: str, role: str
) -> None:
    house.brand()
    if role != "guest":
        browser.sign_in(house.person(role))
    for headers in (
        {},
        bearer("x"),
        bearer(""),
        bearer(token[:-1]),
        bearer(f"{token}x"),
        {"Authorization": f"Basic {token}"},
        {"Authorization": token},
        {"Authorization": "Bearer тайна".encode().decode("latin-1")},
    ):
        assert browser.get("/metrics", headers=headers).status_code == 404, headers


def test_without_a_token_of_ours_none_opens_it(house: Builders, browser: Browser) -> None:
    house.brand()
    for headers in (bearer(""), {"Authorization": "Bearer"}, {"Authorization": ""}):
        assert browser.get("/metrics", headers=headers).status_code == 404


def test_the_token_and_an_administrator_open_it(
    house: Builders, browser: Browser, new_browser: Callable[[], Browser], token: str
) -> None:
    house.brand()
    for answer in (
        browser.get("/metrics", headers=bearer(token)),
        new_browser().sign_in(house.administrator()).get("/metrics"),
    ):
        assert answer.status_code == 200
        assert answer.mimetype == "text/plain"
        assert answer.headers["Cache-Control"] == "no-store"


def test_it_tells_how_everything_goes(house: Builders, browser: Browser, token: str) -> None:
    house.brand()
    house.question(at=clock.now() - timedelta(days=60))
    beat()
    browser.get("/?q=Кракозябра")
    browser.get("/no/such/page/Кракозябра")
    text = browser.get("/metrics", headers=bearer(token)).text

    assert re.search(r'^otklik_requests_total\{method="GET",process="\d+",route="/",status="200"\}',
                     text, re.MULTILINE)  # fmt: skip
    assert 'route="none",status="404"' in text
    assert "otklik_request_seconds_bucket" in text
    assert number(text, "otklik_promises_overdue") == 1
    assert number(text, "otklik_deliveries_waiting") == count("pending") > 0
    assert number(text, "otklik_deliveries_dead") == 0
    assert 0 <= number(text, "otklik_worker_beat_seconds") < 60
    assert number(text, "otklik_deliveries_oldest_seconds") >= 0
    assert "otklik_search_waiting" in text
    assert "Кракозябра" not in text
    assert "example.org" not in text


def test_a_stranger_makes_no_new_names(house: Builders, browser: Browser, token: str) -> None:
    house.brand()
    for each in range(3):
        browser.client.open(f"/x{each}", method=f"M{each}", base_url="http://otklik.test")
    text = browser.get("/metrics", headers=bearer(token)).text
    assert 'method="other"' in text
    assert "M1" not in text
    assert "/x1" not in text
