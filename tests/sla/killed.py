"""Schedulers that are killed at random statements of theirs, as a program, for test_races.py.

It loads Otklik once and forks schedulers from it, several at a time, each at its own hour. Each
kills itself with SIGKILL at a statement or around a commit that a dice chose, while others work and
somebody answers. At the end one lives and finishes; what is in the database then is printed as
JSON.
"""

from __future__ import annotations

import json
import logging
import os
import random
import sys
from datetime import timedelta
from email import message_from_bytes
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

import config
from app.commands.database import migrate
from app.core import clock, deliveries
from app.core.db import db, session
from app.core.events import Delivery, Fact
from app.factory import create_app
from app.notify.models import Letter
from app.sla.models import PolicyVersion, Promise, RungSent
from app.sla.service import ticking
from app.topics import service
from app.topics.models import Topic
from tests.builders import Builders
from tests.journeys.killing import die, table
from tests.programs import fork

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from flask import Flask

TOPICS, SCHEDULERS, ANSWERED = 6, 3, 2
# One hour is promised; these hours of the story, two mornings among them, see some die.
HOURS = (0.1, 0.55, 0.9, 1.2, 2.1, 60)
LADDER = [["r50", "pct", 50], ["r80", "pct", 80], ["due", "off", 0]]
LADDER += [[f"esc{n}", "off", n * 20 * 60] for n in (1, 2, 3)]


class Story:
    def __init__(self, app: Flask, chance: random.Random) -> None:
        self.app, self.chance, self.deaths = app, chance, 0
        with app.app_context():
            migrate()
            house = Builders()
            house.brand()
            house.manager()
            day = clock.now() - timedelta(days=20)
            self.began = day.replace(hour=8, minute=0, second=0, microsecond=0)
            spec = {"first_answer_s": 3600, "ladder": LADDER, "quiet": None}
            since = self.began - timedelta(days=1)
            session.add(PolicyVersion(scope="all", version=1, spec=spec, made_at=since))
            session.flush()
            categories = [house.category(deputy=house.executive()) for _ in "ab"]
            topics = [
                house.question(category=categories[n % 2], at=self.began) for n in range(TOPICS)
            ]
            self.to_answer = [t.id for t in topics[:ANSWERED]]
            session.commit()
        self._let_go()

    def _let_go(self) -> None:
        """A fork must not share its parent's connections."""
        with self.app.app_context():
            session.remove()
            db.engine.dispose()

    def at(self, hours: float) -> datetime:
        return self.began + timedelta(hours=hours)

    def schedule(self, now: datetime, seed: int | None) -> Callable[[], None]:
        """Rounds until nothing is left to do at `now`; with a seed, until it dies of that."""

        def life() -> None:
            if seed is not None:
                _die_some_day(random.Random(seed))
            with self.app.app_context():
                while ticking.tick(now, limit=4 if seed is not None else TOPICS):
                    session.commit()
                session.rollback()

        return life

    def answer(self, topic_id: int, at: datetime) -> Callable[[], None]:
        def life() -> None:
            with self.app.app_context():
                topic = session.get_one(Topic, topic_id)
                service.answer(topic.category.owner, topic, "Починили.", at=at)
                session.commit()

        return life

    def live_and_die(self) -> None:
        answered = iter(self.to_answer)
        for hours in HOURS:
            skew = (self.chance.uniform(0, 0.02) for _ in range(SCHEDULERS))
            lives = [self.schedule(self.at(hours + s), self.chance.getrandbits(32)) for s in skew]
            if (topic_id := next(answered, None)) is not None:
                lives.append(self.answer(topic_id, self.at(hours + 0.02)))
            self.deaths += sum(not self._ended_well(child) for child in [fork(x) for x in lives])

    def survive(self) -> None:
        def life() -> None:
            for hours in HOURS:
                self.schedule(self.at(hours), None)()
            with self.app.app_context():
                while deliveries.run_due():
                    pass

        if not self._ended_well(fork(life)):
            raise RuntimeError("the survivor did not survive")

    def _ended_well(self, child: int) -> bool:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def _die_some_day(chance: random.Random) -> None:
    """At a statement, or right before or after a commit."""
    left = chance.randint(1, 60)
    last = chance.choice(["statement", "statement", "commit", "committed"])

    def count(*_: Any) -> None:
        nonlocal left
        left -= 1
        if left <= 0 and last == "statement":
            die()

    event.listen(Engine, "before_cursor_execute", count)
    if last == "commit":
        event.listen(Engine, "commit", lambda _: die() if left <= 0 else None)
    if last == "committed":
        event.listen(session, "after_commit", lambda _: die() if left <= 0 else None)


def main(instance: Path, seed: int) -> None:
    logging.disable(logging.WARNING)
    app = create_app(config.load())
    story = Story(app, random.Random(seed))
    story.live_and_die()
    story.survive()
    with app.app_context():
        kept = {m.__tablename__: table(m) for m in (Promise, RungSent, Fact, Letter, Delivery)}
        mail = [message_from_bytes(p.read_bytes()) for p in (instance / "mail").glob("*.eml")]
        ids = [str(each["Message-ID"]) for each in mail]
        end = {"deaths": story.deaths, "ids": ids, "answered": story.to_answer, **kept}
        sys.stdout.write(json.dumps(end, default=str))


if __name__ == "__main__":
    main(Path(os.environ["INSTANCE_PATH"]), int(sys.argv[1]))
