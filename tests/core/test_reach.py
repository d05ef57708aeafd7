"""A PostgreSQL that says nothing: whoever waited tells the others."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from app.core import reach
from app.factory import create_app
from tests.conftest import BASE_URL, settings
from tests.services import Postgres

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def silent() -> Iterator[int]:
    """A port where everything is taken and nothing is answered, like behind a wire that is cut."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        door.listen(16)
        yield door.getsockname()[1]


def address(port: int) -> str:
    return f"postgresql+psycopg://nobody@127.0.0.1:{port}/nothing?sslmode=disable"


def waits(engine: object, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long each attempt to connect was allowed to wait, from now on."""
    found: list[float] = []
    dialect = engine.dialect  # type: ignore[attr-defined]
    connect = dialect.connect

    def counted(*words: object, **named: object) -> object:
        found.append(named["connect_timeout"])  # type: ignore[arg-type]
        return connect(*words, **named)

    monkeypatch.setattr(dialect, "connect", counted)
    return found


def test_one_waits_and_the_others_are_refused_at_once(
    silent: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(reach.WAYS, "connect_timeout", 2)
    monkeypatch.setattr(reach, "SILENCE", 600.0)
    engine = create_engine(address(silent), connect_args=reach.ways(address(silent)))
    reach.watch(engine)
    tried = waits(engine, monkeypatch)

    for _ in range(4):
        with pytest.raises(OperationalError):
            engine.connect()

    assert tried == [2]


def test_a_server_that_refuses_is_asked_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        nobody = door.getsockname()[1]
    engine = create_engine(address(nobody), connect_args=reach.ways(address(nobody)))
    reach.watch(engine)
    tried = waits(engine, monkeypatch)

    for _ in range(3):
        with pytest.raises(OperationalError):
            engine.connect()

    assert len(tried) == 3


def test_when_the_time_is_over_one_tries_for_all() -> None:
    one = reach.Reach()
    one.failed(reach.PATIENCE)
    assert one.is_silent()

    one._silent_until = 0.0
    assert [one.is_silent() for _ in range(3)] == [False, True, True]
    one.came()
    assert [one.is_silent() for _ in range(3)] == [False, False, False]


def test_who_was_refused_at_once_silences_nobody() -> None:
    one = reach.Reach()
    one.failed(0.01)
    assert not one.is_silent()


def test_what_the_address_says_goes_before() -> None:
    said = reach.ways("postgresql+psycopg://x@y/z?connect_timeout=20")
    assert "connect_timeout" not in said
    assert said["tcp_user_timeout"] == reach.WAYS["tcp_user_timeout"]


def test_postgres_takes_these_words(postgres_server: Postgres) -> None:
    url = postgres_server.url()
    engine = create_engine(url, connect_args=reach.ways(url))
    reach.watch(engine)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT 1")).scalar_one() == 1
    engine.dispose()


def test_whoever_asks_gets_a_page_and_is_told_when_to_come_again(
    tmp_path: Path, silent: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(reach.WAYS, "connect_timeout", 2)
    monkeypatch.setattr(reach, "SILENCE", 600.0)
    client = create_app(settings(tmp_path, DATABASE_URL=address(silent))).test_client()
    spoken = {"ru": "Вернёмся через несколько минут", "en": "We are back in a few minutes"}

    for cookie in (True, False):
        if cookie:
            client.set_cookie("sid", "x" * 43, domain="otklik.test")
        else:
            client.delete_cookie("sid", domain="otklik.test")
        for language, words in spoken.items():
            for path in ("/", "/topics/1", "/search?q=card"):
                heard = {"Accept-Language": language}
                answer = client.get(path, base_url=BASE_URL, headers=heard)
                assert answer.status_code == 503
                assert answer.headers["Retry-After"] == "60"
                assert words in answer.text
                assert "psycopg" not in answer.text
