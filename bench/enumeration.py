"""Whether how long an answer takes tells if an address has an account.

.venv/bin/python bench/enumeration.py [--tries 60]

Known and unknown addresses in turn, each one once; the quicker half of each is kept. A ratio of one
tells nothing. What takes the time is counted exactly in tests/accounts/test_enumeration.py.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

import config  # noqa: E402 (the line above finds it)
from app.accounts import service  # noqa: E402
from app.accounts.models import Person  # noqa: E402
from app.brand.models import Brand  # noqa: E402
from app.commands.database import migrate  # noqa: E402
from app.core import clock  # noqa: E402
from app.core.db import session  # noqa: E402
from app.factory import create_app  # noqa: E402

if TYPE_CHECKING:
    from flask import Flask

HERE = "http://127.0.0.1:8000"
WAYS = {
    "/sign-up": {"name": "Олег", "password": "совсем другой пароль"},
    "/sign-in": {"password": "не тот пароль"},
    "/reset": {},
    "/sign-in/link": {},
}


def made(folder: str, people: int) -> Flask:
    """An instance in which known0@, known1@, … have accounts."""
    app = create_app(
        config.load({
            "SECRET_KEY": "only-for-measuring-" * 3, "INSTANCE_PATH": folder, "PUBLIC_URL": HERE,
            "RATE_LIMITS": "no", "LOG_LEVEL": "ERROR",
        })
    )  # fmt: skip
    with app.app_context():
        migrate()
        session.add(Brand(name="Банк", locale="ru", timezone="Europe/Moscow"))
        for number in range(people):
            person = Person(email=f"known{number}@example.org", confirmed_at=clock.now(), name="")
            service.rename(person, "Олег")
            service.set_password(person, "тот самый пароль")
            session.add(person)
        session.commit()
    return app


def asked(app: Flask, path: str, email: str) -> float:
    """Milliseconds until a browser nobody has seen is answered."""
    client = app.test_client()
    began = time.perf_counter()
    client.post(
        path, data={**WAYS[path], "email": email}, base_url=HERE, headers={"Origin": HERE}
    ).close()
    return (time.perf_counter() - began) * 1000


def quick_half(times: list[float]) -> float:
    """The middle of the quicker half: the slower one is the machine's other work."""
    return statistics.median(sorted(times)[: len(times) // 2])


@click.command()
@click.option("--tries", default=60, help="Addresses of each sort for each page.")
def main(tries: int) -> None:
    """Print what a known and an unknown address take, and the ratio."""
    table = Table("page", "known, ms", "unknown, ms", "ratio")
    with tempfile.TemporaryDirectory() as folder:
        app = made(folder, tries)
        for path in WAYS:
            times: dict[str, list[float]] = {"known": [], "unknown": []}
            for number in range(tries):
                for sort, kept in times.items():
                    # Each page its own strangers: signing up makes them known.
                    name = f"{sort}{number}" if sort == "known" else f"no{path[1:3]}{number}"
                    kept.append(asked(app, path, f"{name}@example.org"))
            known, unknown = quick_half(times["known"]), quick_half(times["unknown"])
            table.add_row(path, f"{known:.1f}", f"{unknown:.1f}", f"{known / unknown:.2f}")
    Console(highlight=False, width=100).print(table)


if __name__ == "__main__":
    main()
