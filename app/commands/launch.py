"""`bin/run`: everything Otklik is, started together, in one terminal.

Makes the instance folder and its secret, brings the database to its newest shape, fills an empty
one with the demo bank, then keeps the web process and the worker running until one of them dies or
it is asked to stop.
"""

import http.client
import logging
import os
import secrets
import socket
import sys
import time
from pathlib import Path

import click
from dotenv import dotenv_values
from flask import Flask
from gunicorn.app.base import BaseApplication
from rich.console import Console
from rich.table import Table

import config
from app.accounts.queries import administrators
from app.commands.database import migrate
from app.commands.demo import Account, accounts, fill, is_empty
from app.commands.household import ChildDiedError, Household
from app.core import garbage, jobs
from app.core.db import db
from app.factory import create_app

console = Console(highlight=False)

STARTS_WITHIN = 30.0
PORT_TAKEN = 2


@click.command()
@click.option("--port", default=8000, show_default=True, help="Where to listen.")
@click.option("--host", default="127.0.0.1", show_default=True, help="On which address.")
@click.option("--no-demo", is_flag=True, help="Leave an empty database empty.")
@click.option("--workers", default=2, show_default=True, help="How many web processes.")
def launch(port: int, host: str, *, no_demo: bool, workers: int) -> None:
    """Run Otklik on this machine."""
    sock = _listen(host, port)
    address = _address(host, port)
    settings = {**dotenv_values(config.ROOT / ".env"), **os.environ}
    if not settings.get("PUBLIC_URL"):
        os.environ["PUBLIC_URL"] = address
    instance = config.ROOT / (settings.get("INSTANCE_PATH") or "instance")
    make_instance(instance, secret=not settings.get("SECRET_KEY"))
    app = create_app()
    known, has_administrator = _prepare(app, with_demo=not no_demo)
    if known and not settings.get("STAFF_SECOND_FACTOR"):
        # The demo bank's passwords are printed below: a second step would guard nothing.
        app.config["STAFF_SECOND_FACTOR"] = False

    garbage.settle()  # all that is here by now is shared by the processes that follow
    household = Household()
    household.listen_to_signals()
    household.start("web", Web(app, sock, workers).run)
    household.start("worker", lambda: jobs.run_worker(around=app.app_context))
    status = 0
    try:
        deadline = time.monotonic() + STARTS_WITHIN
        household.watch(lambda: _healthy(host, port) or time.monotonic() > deadline)
        if _healthy(host, port):
            _greet(address, known)
            if not has_administrator:
                _say_how_to_begin(os.environ.get("PUBLIC_URL", ""))
            household.watch()
        elif not household.asked_to_stop:
            console.print(
                f"[red]{address}/healthz did not answer in {STARTS_WITHIN:.0f} seconds.[/]"
            )
            status = 1
    except ChildDiedError as death:
        console.print(f"[red]{death}[/] Stopping the rest.")
        status = 1
    household.stop()
    sys.exit(status)


class Web(BaseApplication):
    """Gunicorn with the application this process has already loaded, on the socket it holds."""

    def __init__(self, app: Flask, sock: socket.socket, workers: int) -> None:
        self.app, self.sock, self.workers = app, sock, workers
        super().__init__()

    def load_config(self) -> None:
        for name, value in {
            "bind": f"fd://{self.sock.fileno()}",
            "workers": self.workers,
            "worker_class": "gthread",
            "threads": 4,
            "graceful_timeout": 10,
            "loglevel": "warning",
            "control_socket_disable": True,
        }.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return self.app


def make_instance(instance: Path, *, secret: bool = True) -> None:
    """The folder for everything that is not code, and a secret nobody else has."""
    instance.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = instance / "secret_key"
    if secret and not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48))


def _prepare(app: Flask, *, with_demo: bool) -> tuple[list[Account], bool]:
    """Bring the database up to date; the demo bank's accounts, and whether anybody manages it."""
    logging.getLogger("alembic").setLevel(logging.WARNING)
    # This terminal is for reading: a line for every request is what servers keep.
    logging.getLogger("app.requests").setLevel(logging.WARNING)
    with app.app_context():
        migrate()
        if with_demo and is_empty():
            console.print("Filling the empty database with the demo bank …")
            fill()
        known, has_administrator = accounts(), bool(administrators())
        db.engine.dispose()  # a fork must not share its parent's connections
        return known, has_administrator


def _listen(host: str, port: int) -> socket.socket:
    """The socket itself, so that nobody can take the port between this look and the start."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
        sock.listen(512)
    except OSError as error:
        sock.close()
        console.print(
            f"Cannot listen on {host}:{port}: {error.strerror}. "
            f"Stop what uses it, or choose another: ./bin/run --port {port + 1}",
            soft_wrap=True,
        )
        sys.exit(PORT_TAKEN)
    return sock


def _reachable(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104


def _address(host: str, port: int) -> str:
    name = _reachable(host)
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def _healthy(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(_reachable(host), port, timeout=2)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _greet(address: str, known: list[Account]) -> None:
    console.print(f"\n[bold]Otklik is at {address}[/]   (Ctrl-C stops it)\n")
    if not known:
        return
    table = Table("Who", "Sign in with", "Password", box=None, pad_edge=False, padding=(0, 3, 0, 0))
    for account in known:
        table.add_row(account.who, account.email, account.password)
    console.print(table)


def _say_how_to_begin(public: str) -> None:
    # The link that is printed there must lead to where this process listens.
    where = f"PUBLIC_URL={public} " if public else ""
    console.print(
        "Nobody manages it yet. In another terminal, make the first administrator:\n"
        f"  {where}.venv/bin/flask create-admin you@bank.example --name 'Your Name'\n",
        soft_wrap=True,
        markup=False,
    )


if __name__ == "__main__":
    launch()
