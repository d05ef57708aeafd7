"""What tests of letters need: the letters that went out, parsed."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import TYPE_CHECKING

import pytest
import time_machine

from app.sla.service import ticking

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from flask import Flask


# By day for everybody near: by night the ladder's letters wait for the morning.
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def by_day() -> Iterator[None]:
    """Begin every test at noon."""
    with time_machine.travel(NOON):
        yield


class Mailbag:
    """The letters in the folder transport's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def letters(self, to: str | None = None) -> list[EmailMessage]:
        """All of them, or those to one address, as they came."""
        paths = sorted(self.folder.glob("*.eml"), key=lambda path: path.stat().st_mtime_ns)
        read = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in paths]
        return [letter for letter in read if to is None or to in str(letter["To"])]

    def letter(self, to: str | None) -> EmailMessage:
        """The only one to that address."""
        [only] = self.letters(to)
        return only

    def kinds(self, to: str | None) -> list[str]:
        """Which letters went to that address."""
        return [str(letter["X-Otklik-Letter"]) for letter in self.letters(to)]

    def empty(self) -> None:
        """Throw away what came so far."""
        for path in self.folder.glob("*.eml"):
            path.unlink()


@pytest.fixture
def mailbag(app: Flask, transaction: None) -> Iterator[Mailbag]:
    """An empty mailbag; what is sent in this test falls into it."""
    bag = Mailbag(app.config["MAIL_PATH"])
    bag.empty()
    yield bag
    bag.empty()


@pytest.fixture
def sent(mailbag: Mailbag, work: Callable[[], None]) -> Callable[[], Mailbag]:
    """Let the scheduler go a round and the worker work, then look into the mailbag."""

    def after_work() -> Mailbag:
        while ticking.tick():
            pass
        work()
        return mailbag

    return after_work


def text_of(letter: EmailMessage) -> str:
    """Its plain text."""
    part = letter.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def html_of(letter: EmailMessage) -> str:
    """Its HTML."""
    part = letter.get_body(("html",))
    assert part is not None
    return str(part.get_content())
