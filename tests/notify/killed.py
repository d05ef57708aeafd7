"""Post letters with workers that are killed, again and again; print what became of the letters.

Run as a process of its own: it forks workers and kills them with SIGKILL, at random instants and
at the two worst ones, right before and right after a letter leaves.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from datetime import timedelta
from email import message_from_bytes
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from app.commands.database import migrate
from app.core import deliveries, mail
from app.core.db import db, session
from app.factory import create_app
from app.notify.models import Letter
from tests.builders import Builders
from tests.conftest import settings

if TYPE_CHECKING:
    from email.message import EmailMessage

    from flask import Flask

TOPICS = 12
DEATHS = 15
LONGEST_LIFE = 0.5


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def be_a_worker_that_dies(app: Flask, seed: int) -> None:
    """Work like any other; now and then drop dead around the sending itself."""
    dice = random.Random(seed)
    send = mail.send

    def send_or_die(message: EmailMessage) -> None:
        fate = dice.random()
        if fate < 0.1:
            die()
        send(message)
        if fate > 0.8:
            die()

    mail.send = send_or_die
    work(app)


def work(app: Flask) -> None:
    with app.app_context():
        while deliveries.count("pending"):
            deliveries.run_due(5)


def in_a_child(app: Flask, seed: int | None, life: float | None) -> bool:
    """Whether the child ended by itself, with nothing left to do."""
    child = os.fork()
    if child == 0:
        if seed is None:
            work(app)
        else:
            be_a_worker_that_dies(app, seed)
        os._exit(0)
    if life is not None:
        time.sleep(life)
        os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def main(instance: Path, seed: int) -> None:
    """One story: some topics, many deaths, one worker that lives."""
    dice = random.Random(seed)
    app = create_app(settings(instance))
    deliveries.LEASE = timedelta(milliseconds=50)
    with app.app_context():
        migrate()
        house = Builders()
        house.brand()
        for _ in range(TOPICS):
            house.comment(house.question())
        session.commit()
        session.remove()
        db.engine.dispose()
    deaths = 0
    while deaths < DEATHS and not in_a_child(
        app, dice.getrandbits(32), dice.uniform(0.02, LONGEST_LIFE)
    ):
        deaths += 1
    in_a_child(app, None, None)
    with app.app_context():
        files = list((instance / "mail").glob("*.eml"))
        print(  # noqa: T201 (it is how the test reads it)
            json.dumps(
                {
                    "deaths": deaths,
                    "files": len(files),
                    "ids": sorted(
                        {str(message_from_bytes(f.read_bytes())["Message-ID"]) for f in files}
                    ),
                    "letters": session.scalar(select(func.count()).select_from(Letter)),
                    "posted": session.scalar(
                        select(func.count()).where(Letter.posted_at.is_not(None))
                    ),
                    "dead": deliveries.count("dead"),
                }
            )
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
