"""Otklik as people meet it: started by its launcher, with the demo bank, seen in a real browser."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browsers import ARGUMENTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from email.message import EmailMessage

    from playwright.sync_api import StorageState

ROOT = Path(__file__).parents[1]
# On a machine that does many things at once the demo bank takes its time.
STARTS_WITHIN = 120.0
COMES_WITHIN = 60.0
PASSWORD = "otklik-demo"


def eventually(look: Callable[[], Any], what: str, within: float = COMES_WITHIN) -> Any:
    """What `look` finds, as soon as it finds something."""
    until = time.monotonic() + within
    while time.monotonic() < until:
        if found := look():
            return found
        time.sleep(0.1)
    raise AssertionError(f"{what} did not come within {within:.0f} s")


@dataclass(frozen=True)
class Live:
    """A running Otklik: where it is, and the folder its letters fall into."""

    url: str
    mail: Path

    @contextmanager
    def database(self) -> Iterator[sqlite3.Connection]:
        """What it knows, to be read only."""
        path = self.mail.parent / "otklik.sqlite3"
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            yield connection

    def stay_awake(self) -> None:
        """No quiet hours: at whatever hour the tests run, who answers is written to at once."""
        path = self.mail.parent / "otklik.sqlite3"
        with closing(sqlite3.connect(path, timeout=30)) as connection, connection:
            last = connection.execute(
                "SELECT version, spec, calendar_id FROM policy_versions"
                " WHERE scope = 'all' ORDER BY version DESC"
            ).fetchone()
            version, spec, calendar_id = last or (0, "{}", None)
            connection.execute(
                "INSERT INTO policy_versions"
                " (scope, version, calendar_id, spec, note, made_at, approval)"
                " VALUES ('all', ?, ?, ?, '', ?, 'free')",
                (
                    version + 1,
                    calendar_id,
                    json.dumps({**json.loads(spec), "quiet": None}),
                    str(datetime.now(UTC).replace(tzinfo=None)),
                ),
            )

    def letters(self, to: str, kind: str) -> list[EmailMessage]:
        """The letters of one kind that came to one address."""
        read = [
            cast("EmailMessage", message_from_bytes(path.read_bytes(), policy=policy.default))
            for path in self.mail.glob("*.eml")
        ]
        return [
            letter
            for letter in read
            if to in str(letter["To"]) and letter["X-Otklik-Letter"] == kind
        ]

    def letter(self, to: str, kind: str, about: str = "") -> EmailMessage:
        """The first such letter that speaks of `about`, waited for."""

        def look() -> EmailMessage | None:
            return next((each for each in self.letters(to, kind) if about in words(each)), None)

        found: EmailMessage = eventually(look, f"the letter {kind!r} to {to}")
        return found


def words(letter: EmailMessage) -> str:
    """A letter's plain text."""
    part = letter.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """The demo bank, web and worker, as `bin/run` starts them."""
    folder = tmp_path_factory.mktemp("live")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = folder / "log"
    with log.open("wb") as said:
        house = subprocess.Popen(
            [sys.executable, "-m", "app.commands.launch", "--port", str(port), "--workers", "1"],
            cwd=ROOT,
            env={
                "PATH": os.environ["PATH"],
                "INSTANCE_PATH": str(folder / "instance"),
                # A name and not a number: browsers offer passkeys at names only.
                "PUBLIC_URL": f"http://localhost:{port}",
                "LOG_LEVEL": "WARNING",
            },
            stdout=said,
            stderr=said,
        )
    try:
        _wait_for(port, house, log)
        started = Live(f"http://localhost:{port}", folder / "instance" / "mail")
        started.stay_awake()
        yield started
    finally:
        house.send_signal(signal.SIGTERM)
        try:
            house.wait(30)
        except subprocess.TimeoutExpired:
            house.kill()
            house.wait()


def _wait_for(port: int, house: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < until and house.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        try:
            connection.request("GET", "/healthz")
            if connection.getresponse().status == http.HTTPStatus.OK:
                return
        except (OSError, http.client.HTTPException):
            time.sleep(0.1)
        finally:
            connection.close()
    pytest.fail(f"Otklik did not start:\n{log.read_text()}")


@pytest.fixture(scope="session")
def chromium(browser_path: str) -> Iterator[Browser]:
    """One browser for all tests."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=[*ARGUMENTS])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def signed_in(chromium: Browser, live: Live) -> Callable[[str], StorageState]:
    """The cookies of somebody who signed in, once for all tests."""
    known: dict[str, StorageState] = {}

    def cookies(email: str) -> StorageState:
        if email not in known:
            with chromium.new_context(base_url=live.url) as context:
                context.add_cookies([{"name": "lang", "value": "en", "url": live.url}])
                sign_in(context.new_page(), email)
                known[email] = context.storage_state()
        return known[email]

    return cookies


@dataclass
class Watched:
    """What went wrong on a page without anybody saying so."""

    complaints: list[str] = field(default_factory=list)

    def watch(self, page: Page, ours: str) -> None:
        """Note errors, refusals of the content security policy, and requests to anybody else."""
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("console", lambda message: self._hear(message.type, message.text))
        host = urlsplit(ours).netloc
        page.on("request", lambda request: self._see(request.url, host))

    def _hear(self, kind: str, text: str) -> None:
        # A page that is not there is no mistake of the page that says so.
        if kind in {"error", "warning"} and "Failed to load resource" not in text:
            self.complaints.append(f"console: {text}")

    def _see(self, url: str, host: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in {"http", "https", "ws", "wss"} and parts.netloc != host:
            self.complaints.append(f"request to {parts.netloc}: {url}")


@pytest.fixture
def open_page(
    chromium: Browser, live: Live, signed_in: Callable[[str], StorageState]
) -> Iterator[Callable[..., Page]]:
    """Pages in fresh browser profiles, in English; silent mistakes fail the test at its end."""
    watched = Watched()
    contexts = []

    def opened(*, width: int = 1280, scripts: bool = True, by: str | None = None) -> Page:
        context = chromium.new_context(
            storage_state=signed_in(by) if by else None,
            base_url=live.url,
            viewport={"width": width, "height": 800},
            java_script_enabled=scripts,
            reduced_motion="reduce",
            locale="en-GB",
        )
        context.add_cookies([{"name": "lang", "value": "en", "url": live.url}])
        context.set_default_timeout(COMES_WITHIN * 1000)
        contexts.append(context)
        page = context.new_page()
        watched.watch(page, live.url)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert watched.complaints == []


def sign_in(page: Page, email: str, password: str = PASSWORD) -> None:
    """Through the form, as anybody does."""
    page.goto("/sign-in")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(lambda url: "/sign-in" not in url)
