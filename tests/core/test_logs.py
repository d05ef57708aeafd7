"""The log: everything that happened, nothing about anybody, one line each."""

from __future__ import annotations

import json
import logging
import sys
from typing import TYPE_CHECKING, Any

import pytest

from app.core import logs
from app.core.db import session
from app.core.logs import scrubbed
from app.factory import create_app
from tests.builders import PASSWORD
from tests.conftest import BASE_URL, settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask

    from tests.builders import Builders
    from tests.conftest import Browser

    Written = Callable[[str], list[str]]

SAID = "Кракозябра"


@pytest.fixture
def written(app: Flask, capsys: pytest.CaptureFixture[str]) -> Iterator[Written]:
    """What was said since, in the form asked for at the beginning."""
    root, requests = logging.getLogger(), logging.getLogger("app.requests")
    before, level = list(root.handlers), requests.level

    def listen(form: str) -> list[str]:
        if form:
            logs._handle(form, "DEBUG", alone=False)
            requests.setLevel(logging.DEBUG)
        return capsys.readouterr().err.splitlines()

    yield listen
    root.handlers[:] = before
    requests.setLevel(level)


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("to vera.k+1@bank-mail.example.org now", "to [e-mail] now"),
        ("email=vera%40example.org", "email=[e-mail]"),
        ("from 203.0.113.7:443", "from [address]:443"),
        ("from 2001:db8:1:2:3:4:5:6", "from [address]"),
        ("from 2001:db8::1 to ::1", "from [address] to [address]"),
        ("GET /search?q=моя+зарплата&x=1 200", "GET /search?… 200"),
        ("card 4111 1111 1111 1111.", "card [number]."),
        ("+7 (916) 123-45-67 called", "[number] called"),
        ("account 40817810099910004312", "account [number]"),
        ("DETAIL: Key (name)=(Вера) already exists", "DETAIL: Key (name)=(…) already exists"),
        ("one\r\n2026-01-01 INFO two", "one\\r\\n2026-01-01 INFO two"),
        ("\x1b[31mred\x1b[0m \x9b31m", "\\x1b[31mred\\x1b[0m \\x9b31m"),
        ("\u2028next \u202eturned", "\\u2028next \\u202eturned"),
        # What stays, for it is nobody's.
        ("delivery 1234567 (letters) failed at 12:30:45 on 2026-11-22", None),
        ("topic 7: Topic::ask of 10.5 ms, version 3.11.7", None),
        ("Почему так? Потому что 100 000 ₽", None),
    ],
)
def test_nothing_about_anybody_stays_in_a_line(said: str, left: str | None) -> None:
    assert scrubbed(said) == (said if left is None else left)


def test_long_nonsense_is_read_quickly() -> None:
    for each in ("a" * 50_000, "1 " * 25_000, "a@" * 25_000, ":" * 50_000, "a.b" * 20_000):
        scrubbed(each)


@pytest.mark.parametrize("form", ["console", "json"])
def test_a_request_is_told_without_its_address(
    house: Builders, browser: Browser, written: Written, form: str
) -> None:
    house.brand()
    person = house.customer(with_password=True)
    email, topic_id = person.email or "", house.question().id
    written(form)
    browser.get(f"/search?q={SAID}")
    browser.get("/reset/12.abcdef0123456789")
    browser.get(f"/nothing/{SAID}/{email}")
    browser.post("/sign-in", {"email": email, "password": PASSWORD})
    browser.sign_in(person).get(f"/topics/{topic_id}", headers={"User-Agent": f"x {email}"})
    lines = written("")
    said = "\n".join(lines)
    assert len(lines) >= 5
    for secret in (SAID, "abcdef0123456789", email, person.name, "127.0.0.1", PASSWORD):
        assert secret not in said
    assert "/reset/<token>" in said
    assert "/topics/<int:topic_id>" in said
    if form == "json":
        last = json.loads(lines[-1])
        assert last["route"] == "/topics/<int:topic_id>"
        assert (last["method"], last["status"], last["level"]) == ("GET", 200, "info")
        assert last["person"] == str(person.id)
        assert {"timestamp", "request", "ms", "logger", "event"} <= last.keys()
    else:
        assert f"person={person.id}" in lines[-1]


@pytest.mark.parametrize("form", ["console", "json"])
def test_nobody_writes_a_line_of_their_own(written: Written, form: str) -> None:
    log = logging.getLogger("app.test")
    written(form)
    try:
        raise ValueError("a\n2026-01-01T00:00:00Z info app: forged\x1b[2J vera@example.org")  # noqa: TRY301
    except ValueError:
        log.exception("Broken:\r\n%s", "\n2026-01-01T00:00:00Z info app: forged")
    lines = written("")
    forged = [line for line in lines if line.startswith("2026-01-01T00:00:00Z info app: forged")]
    assert forged == []
    said = "\n".join(lines)
    assert "\x1b" not in said
    assert "vera" not in said
    assert "ValueError" in said
    if form == "json":
        assert len(lines) == 1
        assert json.loads(lines[0])["event"].startswith("Broken:\\r\\n")


def test_an_error_of_the_database_tells_no_words_of_anybody(
    house: Builders, browser: Browser, app: Flask, written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.brand()
    person = house.customer(name=SAID)
    session.commit()
    email = person.email

    def twice() -> str:
        house.customer(name=SAID, email=email)
        return ""

    view = app.view_functions["topics.front"]
    twice.may = view.may  # type: ignore[attr-defined]
    monkeypatch.setitem(app.view_functions, "topics.front", twice)
    written("console")
    answer = browser.get("/", headers={"Accept-Language": "uk"})
    said = "\n".join(written(""))
    assert answer.status_code == 500
    assert "IntegrityError" in said
    for secret in (SAID, str(email)):
        assert secret not in said


def test_an_incident_is_found_in_the_log_by_its_number(
    house: Builders, browser: Browser, app: Flask, written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.brand(languages=["ru", "uk", "en"])

    def broken() -> str:
        raise RuntimeError(SAID)

    broken.may = "topics.look_around"  # type: ignore[attr-defined]
    monkeypatch.setitem(app.view_functions, "topics.front", broken)
    written("json")
    pages = {code: browser.get("/", headers={"Accept-Language": code}) for code in ("en", "ru")}
    told = [json.loads(line) for line in written("")]
    incidents = [each["event"].split()[1] for each in told if each["event"].startswith("incident")]
    assert [page.status_code for page in pages.values()] == [500, 500]
    for page, incident in zip(pages.values(), incidents, strict=True):
        assert incident in page.text
        for secret in (SAID, "RuntimeError", "Traceback", "site-packages", ".py"):
            assert secret not in page.text
        assert any(each["request"] == incident and "exception" in each for each in told)
    assert "Something broke on our side" in pages["en"].text
    assert 'lang="ru"' in pages["ru"].text
    assert "Something broke on our side" not in pages["ru"].text


def test_when_the_page_of_an_incident_breaks_too_there_is_a_sentence(
    house: Builders, browser: Browser, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.brand()

    def broken(*_: Any, **__: Any) -> str:
        raise RuntimeError(SAID)

    monkeypatch.setattr("app.core.errors.render_template", broken)
    monkeypatch.setitem(app.view_functions, "topics.front", broken)
    broken.may = "topics.look_around"  # type: ignore[attr-defined]
    answer = browser.get("/")
    assert answer.status_code == 500
    assert answer.mimetype == "text/plain"
    assert "Name this number" in answer.text
    assert SAID not in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_the_form_is_one_of_two(tmp_path: Any) -> None:
    with pytest.raises(ValueError, match="LOG_FORMAT"):
        settings(tmp_path, LOG_FORMAT="xml")


def test_starting_twice_says_everything_once(tmp_path: Any) -> None:
    root = logging.getLogger()
    before = list(root.handlers)
    try:
        for _ in range(2):
            create_app(settings(tmp_path, LOG_FORMAT="json"))
        assert sum(isinstance(each, logs._Stderr) for each in root.handlers) == 1
    finally:
        root.handlers[:] = before


def test_a_host_in_the_log_is_nobody_s_either(
    house: Builders, browser: Browser, written: Written
) -> None:
    house.brand()
    written("console")
    browser.client.get("/", base_url=BASE_URL, headers={"X-Forwarded-For": "198.51.100.9"})
    assert "198.51.100.9" not in "\n".join(written(""))
    assert sys.stderr is not None
