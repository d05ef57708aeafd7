"""What the widget weighs and asks for: before anybody presses it, and when it is opened.

.venv/bin/python bench/widget.py
"""

from __future__ import annotations

import gzip
import importlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from contextlib import contextmanager
from http import HTTPStatus
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import urlopen

import click
from playwright.sync_api import Browser, Response, sync_playwright
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.browsers import ADVICE, ARGUMENTS, find  # noqa: E402 (the line above finds it)

if TYPE_CHECKING:
    from collections.abc import Iterator

console = Console(highlight=False, width=100)
DEMO = tomllib.loads((ROOT / "app" / "commands" / "story" / "widget.toml").read_text())["site"][0]
# Where the demo bank lets its site be while somebody builds it.
PORTS = (8080, 8001)
PAGE = (
    '<!doctype html><html lang="ru"><title>Карты</title><h1>Карты</h1>'
    '<script async src="{url}/widget/v1.js" data-site="{key}"></script>'
)
PATIENCE = 120.0


@contextmanager
def otklik() -> Iterator[str]:
    """The demo bank in a folder of its own; its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory(prefix="otklik-bench-") as folder:
        house = subprocess.Popen(
            [sys.executable, "-m", "app.commands.launch", "--port", str(port), "--workers", "1"],
            cwd=ROOT,
            env={
                "PATH": os.environ["PATH"],
                "INSTANCE_PATH": str(Path(folder) / "instance"),
                "PUBLIC_URL": url,
                "LOG_LEVEL": "ERROR",
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait_for(url, house)
            yield url
        finally:
            house.send_signal(signal.SIGTERM)
            house.wait(30)


def _wait_for(url: str, house: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and house.poll() is None:
        try:
            with urlopen(f"{url}/healthz"):  # noqa: S310 (our own server)
                return
        except (OSError, HTTPException):
            time.sleep(0.2)
    raise click.ClickException("Otklik did not start")


@contextmanager
def bank(url: str) -> Iterator[str]:
    """A page of the bank with the line in it, on another origin; its address."""
    page = PAGE.format(url=url, key=DEMO["key"]).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_: object) -> None:
            """Nothing: the figures are the output."""

    for port in PORTS:
        try:
            server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
            break
        except OSError:
            continue
    else:
        raise click.ClickException(f"Something listens on each of these ports: {PORTS}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://localhost:{port}/cards"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def visit(
    browser: Browser, url: str, host: str
) -> tuple[list[tuple[str, bytes]], list[tuple[str, bytes]]]:
    """What was fetched before the button was pressed, and then until the frame was shown."""
    with browser.new_context(locale="ru-RU") as context:
        page = context.new_page()
        seen: list[Response] = []
        page.on("response", lambda each: each.url.startswith(url) and seen.append(each))
        page.goto(host, wait_until="load")
        page.wait_for_timeout(1000)
        before = len(seen)
        page.evaluate("() => new Promise((shown) => { Otklik('on', 'open', shown);"
                      " Otklik('open'); setTimeout(shown, 20000); })")  # fmt: skip
        page.wait_for_load_state("networkidle")
        return _bodies(seen[:before]), _bodies(seen[before:])


def _bodies(responses: list[Response]) -> list[tuple[str, bytes]]:
    return [
        (urlsplit(each.url).path, b"" if each.status == HTTPStatus.NO_CONTENT else each.body())
        for each in responses
    ]


def packed(name: str, body: bytes) -> tuple[int, int, int | None]:
    """As it is, by gzip -6, and by brotli where there is one. Nobody packs fonts and pictures."""
    if name.endswith((".woff2", ".webp")) or not body:
        return len(body), len(body), len(body)
    try:
        brotli = importlib.import_module("brotli")
    except ImportError:
        return len(body), len(gzip.compress(body, 6)), None
    return len(body), len(gzip.compress(body, 6)), len(brotli.compress(body, quality=5))


def table(title: str, bodies: list[tuple[str, bytes]]) -> Table:
    """One line each, and their sum."""
    made = Table("What", "Bytes", "gzip", "brotli", title=title, title_justify="left")
    for column in made.columns[1:]:
        column.justify = "right"
    rows = [(name, *packed(name, body)) for name, body in bodies]
    for name, *sizes in rows:
        made.add_row(name, *(_said(each) for each in sizes))
    made.add_section()
    sums = [
        None if any(row[n] is None for row in rows) else sum(row[n] or 0 for row in rows)  # type: ignore[misc]
        for n in (1, 2, 3)
    ]
    made.add_row(f"Requests: {len(rows)}", *(_said(each) for each in sums))
    return made


def _said(size: int | None) -> str:
    return "–" if size is None else f"{size:,}"


@click.command()
def main() -> None:
    """Open the widget in a page of another origin and print what came over the wire."""
    path = find()
    if path is None:
        raise click.ClickException(ADVICE)
    with otklik() as url, bank(url) as host, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*ARGUMENTS])
        before, after = visit(browser, url, host)
        browser.close()
    console.print(table("Before anybody presses the button", before))
    console.print(table("When it is opened: the frame, its styles, scripts and answers", after))


if __name__ == "__main__":
    main()
