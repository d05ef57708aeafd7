"""Letters over SMTP, as a mail server sees them; a failing server only delays them."""

from __future__ import annotations

from datetime import timedelta
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from aiosmtpd.controller import Controller

from app.core import clock, deliveries, mail
from tests.notify.conftest import html_of, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from email.message import EmailMessage

    from tests.builders import Builders

PORT = 8740


class Server:
    """A mail server that keeps what it gets; with `refusal` it takes nothing."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, list[str], bytes]] = []
        self.refusal: str | None = None

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        if self.refusal is not None:
            return self.refusal
        self.taken.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return "250 OK"

    def letter(self, to: str) -> EmailMessage:
        [raw] = [content for _, recipients, content in self.taken if to in recipients]
        return message_from_bytes(raw, policy=policy.default)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Iterator[Server]:
    """A plain server without TLS, and our transport pointed at it."""
    kept = Server()
    controller = Controller(kept, hostname="127.0.0.1", port=PORT)
    controller.start()
    monkeypatch.setattr(mail, "_transport", mail._Transport(f"smtp://127.0.0.1:{PORT}", tmp_path))
    yield kept
    controller.stop()


def test_a_letter_arrives_whole(house: Builders, work: Callable[[], None], server: Server) -> None:
    house.brand(mail_address="answers@bank.example")
    topic = house.question(title="Длинный вопрос " * 8)
    work()

    letter = server.letter(str(topic.asker.email))

    assert server.taken[0][0] == "answers@bank.example"
    assert " ".join(topic.title.split()) in str(letter["Subject"])
    assert topic.title.strip() in text_of(letter)
    assert "cid:" in html_of(letter)
    raw = next(c for _, to, c in server.taken if topic.asker.email in to)
    assert b"\r\nList-Unsubscribe: <http://otklik.test/unsubscribe/" in raw
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998


def test_a_server_that_refuses_is_tried_again_later(
    house: Builders, work: Callable[[], None], server: Server
) -> None:
    topic = house.question()
    server.refusal = "451 Come back later"
    work()
    assert server.taken == []
    assert deliveries.count("pending") == 1

    server.refusal = None
    with time_machine.travel(clock.now() + timedelta(minutes=1)):
        work()

    assert server.letter(str(topic.asker.email))
    assert deliveries.count("pending") == 0


def test_a_server_that_is_away_loses_nothing(
    house: Builders, work: Callable[[], None], monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    house.question()
    nobody = mail._Transport(f"smtp://127.0.0.1:{PORT + 1}", tmp_path)
    monkeypatch.setattr(mail, "_transport", nobody)

    work()

    assert deliveries.count("pending") == 1
    assert deliveries.count("dead") == 0
