"""Sending letters: to a folder by default, by SMTP when `MAIL_URL` names a server.

A letter's file is named by its Message-ID and written in one rename, so posting it twice leaves one
file. SMTP cannot promise that: a worker killed between the server's "250" and our commit sends the
same Message-ID again, which mail programs fold into one.
"""

from __future__ import annotations

import os
import smtplib
import ssl
from dataclasses import dataclass
from email.policy import SMTP
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from email.message import EmailMessage
    from pathlib import Path

TIMEOUT = 20


@dataclass(frozen=True)
class _Transport:
    url: str
    folder: Path


_transport: _Transport | None = None


def init(config: Mapping[str, Any]) -> None:
    """Take the transport from the application's settings."""
    global _transport  # noqa: PLW0603 (one transport a process, set at start)
    _transport = _Transport(config["MAIL_URL"], config["MAIL_PATH"])


def send(message: EmailMessage) -> None:
    """Hand `message` over; raises OSError or smtplib.SMTPException when it could not be."""
    if _transport is None:
        raise RuntimeError("mail.init was not called")
    if _transport.url:
        _post(message, _transport.url)
    else:
        _keep(message, _transport.folder)


def check() -> str:
    """Where letters go, after trying the way there; raises as `send` does."""
    if _transport is None:
        raise RuntimeError("mail.init was not called")
    if not _transport.url:
        _transport.folder.mkdir(parents=True, exist_ok=True)
        return str(_transport.folder)
    with _connect(_transport.url) as server:
        server.noop()
    return urlsplit(_transport.url).hostname or ""


def kept() -> Iterator[Path]:
    """Letters that lie in the folder, whole or torn off."""
    if _transport is not None and _transport.folder.is_dir():
        yield from sorted(_transport.folder.glob("*.eml"))
        yield from sorted(_transport.folder.glob(".*.eml.*"))


def _keep(message: EmailMessage, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    name = sha256(str(message["Message-ID"]).encode()).hexdigest()[:32] + ".eml"
    part = folder / f".{name}.{os.getpid()}"
    part.write_bytes(message.as_bytes(policy=SMTP))
    part.replace(folder / name)


def _post(message: EmailMessage, url: str) -> None:
    with _connect(url) as server:
        server.send_message(message)


def _connect(url: str) -> smtplib.SMTP:
    parts = urlsplit(url)
    host, port = parts.hostname or "localhost", parts.port
    server: smtplib.SMTP
    if parts.scheme == "smtps":
        context = ssl.create_default_context()
        server = smtplib.SMTP_SSL(host, port or 465, timeout=TIMEOUT, context=context)
    else:
        server = smtplib.SMTP(host, port or 25, timeout=TIMEOUT)
        server.ehlo()
        if server.has_extn("starttls"):
            server.starttls(context=ssl.create_default_context())
            server.ehlo()
    if parts.username:
        server.login(unquote(parts.username), unquote(parts.password or ""))
    return server
