"""Polite limits: whose they are, how long they last, and what happens when Redis is away."""

from __future__ import annotations

import logging
import socket
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
import redis
from flask import Flask
from flask_login import LoginManager

from app.accounts.sessions import Guest
from app.core import limits
from app.core.limits import Limit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PACE = Limit("test", guests=3, people=5, seconds=60)


class Somebody(Guest):
    is_authenticated = True

    def __init__(self, number: int) -> None:
        self.id = number


@pytest.fixture(params=["memory", pytest.param("valkey", marks=pytest.mark.valkey)])
def redis_url(request: pytest.FixtureRequest) -> str:
    if request.param == "memory":
        return ""
    url = str(request.getfixturevalue("valkey_url"))
    with redis.Redis.from_url(url) as client:
        client.flushdb()
    return url


class Door:
    """An application of this test's own, and who asks it."""

    def __init__(self) -> None:
        self.flask = Flask(__name__)
        self.flask.config.update(TRUSTED_PROXIES=0, SECRET_KEY="x")
        login = LoginManager(self.flask)
        login.anonymous_user = Guest
        login.request_loader(lambda asked: _somebody(asked.headers.get("Person")))

    def asks(
        self, address: str, person: int | None = None, pace: Limit = PACE, **headers: str
    ) -> int:
        if person is not None:
            headers["Person"] = str(person)
        asked = self.flask.test_request_context(
            environ_base={"REMOTE_ADDR": address}, headers=headers
        )
        with asked:
            return limits.wait(pace)


def _somebody(number: str | None) -> Somebody | None:
    return Somebody(int(number)) if number else None


@pytest.fixture
def door(redis_url: str) -> Iterator[Door]:
    before = (limits._Door.is_open, limits._Door.redis_url)
    limits.init({"RATE_LIMITS": True, "REDIS_URL": redis_url})
    yield Door()
    counter = limits._Door.counter
    if redis_url and counter is not None:
        counter.storage.get_connection().close()  # type: ignore[union-attr]
    limits._Door.is_open, limits._Door.redis_url = before
    limits._Door.forget()


def test_a_visitor_waits_after_so_many(door: Door) -> None:
    assert [door.asks("203.0.113.7") for _ in range(3)] == [0, 0, 0]
    assert 50 < door.asks("203.0.113.7") <= 60
    assert door.asks("203.0.113.8") == 0


def test_one_limit_spends_nothing_of_another(door: Door) -> None:
    for _ in range(4):
        door.asks("203.0.113.7")
    assert door.asks("203.0.113.7", pace=Limit("other", 1, 1, 60)) == 0


def test_time_gives_it_back(door: Door) -> None:
    brief = Limit("brief", guests=2, people=2, seconds=1)
    assert [door.asks("203.0.113.7", pace=brief) for _ in range(3)] == [0, 0, 1]
    time.sleep(1.1)
    assert door.asks("203.0.113.7", pace=brief) == 0


def test_who_is_refused_again_and_again_is_not_refused_for_longer(door: Door) -> None:
    brief = Limit("brief", guests=1, people=1, seconds=1)
    until = time.monotonic() + 1.2
    door.asks("203.0.113.7", pace=brief)
    while time.monotonic() < until:
        time.sleep(0.05)
        if door.asks("203.0.113.7", pace=brief) == 0:
            return
    pytest.fail("knocking kept the door shut")


def test_people_are_counted_by_their_account(door: Door) -> None:
    """Neighbours behind one address spend nothing of each other's; a phone on the move the same."""
    assert [door.asks("203.0.113.7", person=1) for _ in range(5)] == [0] * 5
    assert door.asks("198.51.100.1", person=1) > 0
    assert door.asks("203.0.113.7", person=2) == 0
    assert door.asks("203.0.113.7") == 0


def test_a_network_of_a_household_is_one_visitor(door: Door) -> None:
    assert [door.asks(f"2001:db8:1:2::{n:x}") for n in range(3)] == [0, 0, 0]
    assert door.asks("2001:db8:1:2:ffff:ffff:ffff:ffff") > 0
    assert door.asks("2001:db8:1:3::1") == 0


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unknown", "unknown"),
    ],
)
def test_an_address_is_counted_as(address: str, counted: str) -> None:
    assert limits.household(address) == counted


def test_behind_a_proxy_nobody_spoke_of_nobody_is_limited(
    door: Door, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the whole bank would be one visitor. It is said once."""
    monkeypatch.setattr(limits._Door, "has_warned", False)
    with caplog.at_level(logging.WARNING):
        said = [door.asks("10.0.0.2", **{"X-Forwarded-For": "203.0.113.7"}) for _ in range(9)]
    assert said == [0] * 9
    assert len([r for r in caplog.records if "TRUSTED_PROXIES" in r.message]) == 1


def test_a_visitor_cannot_talk_themselves_out_of_it(door: Door) -> None:
    said = [door.asks("93.184.216.34", **{"X-Forwarded-For": f"10.0.0.{n}"}) for n in range(4)]
    assert said[:3] == [0, 0, 0]
    assert said[3] > 0


def test_without_an_address_nobody_is_limited(door: Door) -> None:
    assert [door.asks("") for _ in range(9)] == [0] * 9


def test_it_can_be_switched_off(door: Door) -> None:
    limits.init({"RATE_LIMITS": False})
    assert [door.asks("203.0.113.7") for _ in range(9)] == [0] * 9


def test_redis_away_limits_nobody_and_costs_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("is_open", True), ("redis_url", ""), ("silent_until", 0.0)):
        monkeypatch.setattr(limits._Door, name, value)
    limits.init({"RATE_LIMITS": True, "REDIS_URL": f"unix://{tmp_path / 'nobody.sock'}"})
    door, began = Door(), time.monotonic()
    with caplog.at_level(logging.WARNING):
        assert [door.asks("203.0.113.7") for _ in range(50)] == [0] * 50
    assert time.monotonic() - began < 2
    assert len([r for r in caplog.records if "out of reach" in r.message]) == 1
    limits._Door.forget()


def test_redis_that_does_not_answer_is_given_up_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("is_open", True), ("redis_url", ""), ("silent_until", 0.0)):
        monkeypatch.setattr(limits._Door, name, value)
    with _deaf() as port:
        limits.init({"RATE_LIMITS": True, "REDIS_URL": f"redis://127.0.0.1:{port}/0"})
        door, began = Door(), time.monotonic()
        assert [door.asks("203.0.113.7") for _ in range(20)] == [0] * 20
        assert time.monotonic() - began < 2
    limits._Door.forget()


@contextmanager
def _deaf() -> Iterator[int]:
    """A server that takes connections and never says a word."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(8)
        yield server.getsockname()[1]
