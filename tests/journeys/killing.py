"""A house in which everybody is killed again and again, as a program, for test_kills.py.

It loads Otklik once and forks publishers (the web's part) and workers from it; both are SIGKILLed
at random instants, some publishers exactly between their commit and the hint to the worker. At the
end one worker survives. What is then in the database is printed as JSON.
"""

from __future__ import annotations

import json
import logging
import os
import random
import signal
import sys
import time
from datetime import timedelta
from select import select as select_ready
from typing import TYPE_CHECKING, Any, NoReturn

from sqlalchemy import select

import config
from app.accounts.models import Person
from app.commands.database import migrate
from app.core import clock, deliveries, jobs, transactions
from app.core.db import db, session
from app.core.events import Delivery, Fact
from app.factory import create_app
from app.notify.models import Letter
from app.search.service import keeping as search
from app.sla.models import PolicyVersion, Promise, RungSent
from app.sla.queries import promises
from app.topics import service
from app.topics.models import Category, Topic
from tests.builders import Builders
from tests.programs import fork

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from app.core.db import Base

# A killed worker's work is taken over after this, instead of after two minutes.
deliveries.LEASE = timedelta(seconds=1)
deliveries.FIRST_PAUSE = timedelta(seconds=0.2)
# On a busy machine fewer die.
PATIENCE = 12.0
SURVIVOR_NEEDS = 60.0
SURVIVORS = 3
STOPS_WITHIN = 25.0
TABLES = (Topic, Promise, RungSent, Fact, Delivery, Letter)


def kill(child: int) -> bool:
    """Whether it was still alive."""
    gone, _status = os.waitpid(child, os.WNOHANG)
    if gone:
        return False
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return True


def die(*_: object) -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)
    raise AssertionError("unreachable")


class House:
    def __init__(self, app: Flask, chance: random.Random) -> None:
        self.app, self.chance = app, chance
        with app.app_context():
            migrate()
            build = Builders()
            build.brand()
            build.manager()
            # Whenever this runs, it is day, and who answers is written to.
            since = clock.now() - timedelta(days=9)
            session.add(PolicyVersion(scope="all", version=1, spec={"quiet": None}, made_at=since))
            self.categories = [build.category().id for _ in "ab"]
            self.askers = [build.customer().id for _ in "abc"]
            # One story without deaths, so that what is forked is warm and dies at work.
            build.question(category=session.get_one(Category, self.categories[0]))
            session.commit()
            while deliveries.run_due():
                pass
            session.remove()
            # A fork must not share its parent's connections.
            db.engine.dispose()
            jobs._queue().storage.close()
        self.told, self.tell = os.pipe()

    def work(self) -> None:
        """A worker as `flask worker` runs it."""
        jobs.run_worker(around=self.app.app_context)

    def publish(self, seed: int) -> Callable[[], None]:
        """The web's part: questions and answers by the real services, until killed."""

        def life() -> None:
            chance = random.Random(seed)
            dies_at = chance.randint(1, 4)
            with self.app.app_context():
                for number in range(1, 5):
                    self._publish(chance, f"{seed}-{number}")
                    if number == dies_at:
                        jobs.enqueue = die  # between the commit and the hint
                    # One in four loses its hint without dying: the queue was out of reach.
                    commit = session.commit if chance.random() < 0.25 else transactions.commit
                    commit()
                    os.write(self.tell, b".")

        return life

    def _publish(self, chance: random.Random, name: str) -> None:
        waiting = session.scalars(
            select(Topic).where(Topic.is_awaiting.is_(True)).order_by(Topic.id).limit(1)
        ).first()
        if waiting is not None and chance.random() < 0.4:
            service.answer(waiting.category.owner, waiting, "Турникеты починили, проверьте.")
            return
        category = session.get_one(Category, chance.choice(self.categories))
        person = session.get_one(Person, chance.choice(self.askers))
        words = service.Words("question", f"Вопрос {name}", "Карта не работает.", category)
        overdue = chance.random() < 0.25
        service.ask(person, words, at=clock.now() - timedelta(hours=25 if overdue else 0))

    def live_and_die(self, kills: int) -> int:
        """Fork and kill until so many were killed, or time is over; how many were."""
        killed = 0
        until = time.monotonic() + PATIENCE
        workers = [fork(self.work) for _ in "ab"]
        while killed < kills and time.monotonic() < until:
            publisher = fork(self.publish(self.chance.randrange(10**9)))
            self._wait_for_commits(publisher, self.chance.randint(0, 3))
            time.sleep(self.chance.uniform(0.0, 0.1))
            victim = self.chance.randrange(len(workers))
            killed += kill(workers[victim])
            workers[victim] = fork(self.work)
            time.sleep(self.chance.uniform(0.0, 0.15))
            killed += kill(publisher)
        for worker in workers:
            killed += kill(worker)
        return killed

    def _wait_for_commits(self, publisher: int, how_many: int) -> None:
        """Until the publisher has told of so many, or has died before."""
        look = os.WEXITED | os.WNOHANG | os.WNOWAIT
        while how_many > 0 and os.waitid(os.P_PID, publisher, look) is None:
            if select_ready([self.told], [], [], 0.05)[0]:
                how_many -= len(os.read(self.told, 1))

    def survive(self) -> int:
        """One worker finishes what is left, and then stops when asked; its exit status.

        On a machine that does much beside, it may be asked before a last round: then another goes.
        """
        status = -1
        for _ in range(SURVIVORS):
            status = self._one_survives()
            if status != 0 or self._nothing_is_left():
                break
        return status

    def _one_survives(self) -> int:
        with self.app.app_context():
            # A child must not inherit what was opened to look.
            session.remove()
            db.engine.dispose()
        worker = fork(self.work)
        until = time.monotonic() + SURVIVOR_NEEDS
        while time.monotonic() < until and not self._nothing_is_left():
            time.sleep(0.1)
        os.kill(worker, signal.SIGTERM)
        until = time.monotonic() + STOPS_WITHIN
        while time.monotonic() < until:
            gone, status = os.waitpid(worker, os.WNOHANG)
            if gone:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.05)
        kill(worker)
        return -1

    def _nothing_is_left(self) -> bool:
        """No delivery waits, nor what the scheduler has yet to look at or the index to be told."""
        with self.app.app_context():
            session.rollback()
            unnoticed = promises.oldest_unnoticed()
            seen = unnoticed is None or unnoticed > clock.now()
            index = search.standing()
            told = index.held == index.wanted and not index.waiting
            return seen and told and not deliveries.count("pending")


def table(model: type[Base]) -> list[dict[str, Any]]:
    return [
        {c.key: getattr(row, c.key) for c in model.__table__.columns}
        for row in session.scalars(select(model)).unique()
    ]


def main() -> None:
    logging.disable(logging.WARNING)
    seed, kills = int(sys.argv[1]), int(sys.argv[2])
    app = create_app(config.load())
    house = House(app, random.Random(seed))
    killed = house.live_and_die(kills)
    stopped = house.survive()
    with app.app_context():
        found = {m.__tablename__: table(m) for m in TABLES}
        end = {"killed": killed, "stopped": stopped, "indexed": search.count(), **found}
        sys.stdout.write(json.dumps(end, default=str))


if __name__ == "__main__":
    main()
