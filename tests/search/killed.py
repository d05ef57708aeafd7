"""An index whose keeper is killed again and again while people write, as a program.

For test_killed.py. It loads Otklik once and forks: two writers, who publish, edit, hide and undo,
and one keeper of the index after another, each SIGKILLed at a random instant. At the end what the
index holds is printed as JSON, before and after it is built anew, and how soon a worker that is
left alone makes findable what is published.
"""

from __future__ import annotations

import json
import logging
import os
import random
import select
import signal
import sys
import time
from typing import TYPE_CHECKING, Any

import config
from app.accounts.models import Person
from app.accounts.sessions import Guest
from app.commands.database import migrate
from app.core import jobs, transactions
from app.core.db import db, session
from app.factory import create_app
from app.moderation import service as moderation
from app.search import shelf
from app.search.index import Filters, Index
from app.search.service import finding, following, keeping
from app.topics import service
from app.topics.models import Category, Topic
from tests.builders import Builders
from tests.programs import fork

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from flask import Flask

WORDS = "карта перевод вклад банкомат кредит лимит выписка пароль турникет справка".split()  # noqa: SIM905
KINDS = ("question", "problem", "idea")
# Every keeper in so many builds the whole index instead of following.
REBUILDS = 12
# Seconds after a write began. Most die in their first one, some in a later one or between two.
LONGEST_LIFE = 0.1
LIVE_ON = 0.3
PATIENCE = 5.0
PUBLISHED = 5
COMES_WITHIN = 20.0


class House:
    def __init__(self, app: Flask, chance: random.Random) -> None:
        self.app, self.chance = app, chance
        with app.app_context():
            migrate()
            build = Builders()
            build.brand()
            self.manager = build.manager().id
            self.categories = [build.category().id for _ in "ab"]
            self.askers = [build.customer().id for _ in "abc"]
            build.question(category=session.get_one(Category, self.categories[0]))
            session.commit()
            # Warm before the first fork: what dies shall die at work.
            keeping.rebuild()
            shelf.index().close()
            self._let_go()
        self.told, self.tell = os.pipe()

    def _let_go(self) -> None:
        """A fork must not share its parent's connections."""
        session.remove()
        db.engine.dispose()
        jobs._queue().storage.close()

    # ————— the writers

    def write(self, seed: int, of_two: int) -> Callable[[], None]:
        """Publish, edit, hide and undo, until asked to stop; each of two writers in every other."""

        def life() -> None:
            chance, asked = random.Random(seed), []
            signal.signal(signal.SIGTERM, lambda *_: asked.append(1))
            number = 0
            with self.app.app_context():
                while not asked:
                    number += 1
                    self._do_something(chance, f"{seed}х{number}", of_two)
                    time.sleep(chance.uniform(0, 0.004))
                    # A number that is never seen, or seen late, for others write meanwhile.
                    (session.rollback if chance.random() < 0.15 else transactions.commit)()
                    session.remove()
                    time.sleep(chance.uniform(0, 0.02))

        return life

    def _do_something(self, chance: random.Random, name: str, of_two: int) -> None:
        words = " ".join(chance.sample(WORDS, 3))
        last = session.query(Topic.id).order_by(Topic.id.desc()).limit(1).scalar()
        drawn = chance.randint(max(1, last - 30), last)
        topic = session.get(Topic, drawn) if drawn % 2 == of_two else None
        act = chance.random()
        if topic is None or act < 0.35:
            category = session.get_one(Category, chance.choice(self.categories))
            asker = session.get_one(Person, chance.choice(self.askers))
            sent = service.Words(chance.choice(KINDS), f"Тема {words}", f"{name}", category)
            service.ask(asker, sent)
        elif topic.hidden_at is not None:
            moderation.restore(session.get_one(Person, self.manager), topic, "Можно")
        elif act < 0.55:
            service.comment(session.get_one(Person, self.askers[0]), topic, f"{words} {name}")
        elif act < 0.7:
            service.answer(topic.category.owner, topic, f"{words} {name}")
        elif act < 0.85:
            sent = service.Words(topic.kind, f"Тема {words}", f"{words} {name}", topic.category)
            service.edit(topic.asker, topic, sent)
        else:
            moderation.hide(session.get_one(Person, self.manager), topic, "Нельзя")

    # ————— the keepers

    def keep(self) -> None:
        """Follow, and say when a write into the index begins and ends."""
        self._tell_of_writes()
        with self.app.app_context():
            while True:
                following.follow()
                time.sleep(0.002)

    def rebuild(self) -> None:
        """Build the index anew, again and again."""
        self._tell_of_writes()
        with self.app.app_context():
            while True:
                keeping.rebuild()

    def _tell_of_writes(self) -> None:
        put, rebuild = Index.put, Index.rebuild

        def telling(act: Callable[..., Any]) -> Callable[..., Any]:
            def told(*args: Any, **kwargs: Any) -> Any:
                os.write(self.tell, b"(")
                try:
                    return act(*args, **kwargs)
                finally:
                    os.write(self.tell, b")")

            return told

        Index.put, Index.rebuild = telling(put), telling(rebuild)  # type: ignore[method-assign]

    def live_and_die(self, kills: int) -> dict[str, int]:
        """How many keepers were killed, how many of them in a write, and what they had done."""
        writers = [fork(self.write(self.chance.randrange(10**6), each)) for each in (0, 1)]
        killed = interrupted = writes = 0
        try:
            while killed < kills:
                rebuilds = killed % REBUILDS == REBUILDS - 1
                keeper = fork(self.rebuild if rebuilds else self.keep)
                # Long enough to be at work, short enough to be anywhere in it.
                said = self._hear(b")" if self.chance.random() < LIVE_ON else b"(")
                time.sleep(self.chance.uniform(0.0, LONGEST_LIFE))
                os.kill(keeper, signal.SIGKILL)
                _, status = os.waitpid(keeper, 0)
                killed += os.WIFSIGNALED(status)
                said += self._hear(b"")
                writes += said.count(b")")
                interrupted += said.endswith(b"(")
        finally:
            for writer in writers:
                os.kill(writer, signal.SIGTERM)
        stopped = [os.waitstatus_to_exitcode(os.waitpid(writer, 0)[1]) for writer in writers]
        return {
            "killed": killed,
            "interrupted": interrupted,
            "writes": writes,
            "writers_failed": sum(status != 0 for status in stopped),
        }

    def _hear(self, word: bytes) -> bytes:
        """What the keeper says until it says this; what it has said already when that is nothing.

        Not for ever: there may be nothing to write.
        """
        said, until = b"", time.monotonic() + (PATIENCE if word else 0.0)
        while not (word and word in said):
            left = max(0.0, until - time.monotonic())
            if not select.select([self.told], [], [], left)[0]:
                break
            said += os.read(self.told, 100_000)
        return said

    # ————— what is left

    def look(self) -> dict[str, Any]:
        """What the index holds before anybody helps, after it caught up, and built anew."""
        with self.app.app_context():
            first = shelf.index().count()
            while following.follow():
                pass
            caught_up = self._everything()
            keeping.rebuild()
            anew = self._everything()
            public = session.query(Topic.id).filter(Topic.hidden_at.is_(None))
            ids = sorted(topic_id for (topic_id,) in public)
            shelf.index().close()
            self._let_go()
        return {"first": first, "caught_up": caught_up, "anew": anew, "public": ids}

    def _everything(self) -> dict[str, list[int]]:
        """What each word finds, and each filter leaves."""
        index, everything = shelf.index(), 100_000
        asked = {word: index.find(word, limit=everything) for word in ("тема", *WORDS)}
        for kind in KINDS:
            only = Filters(kinds=frozenset({kind}))
            asked[kind] = index.find("тема", filters=only, limit=everything)
        for state in ("waiting", "answered"):
            only = Filters(states=frozenset({state}))
            asked[state] = index.find("тема", filters=only, limit=everything)
        # A list, not a set: nothing may be there twice.
        held = {word: sorted(found.ids) for word, found in asked.items()}
        return {**held, "count": [index.count()]}

    # ————— and how soon

    def measure(self) -> dict[str, list[float]]:
        """Seconds from a commit until a guest finds it, and until what was hidden is out."""
        worker = fork(lambda: jobs.run_worker(around=self.app.app_context))
        found, gone = [], []
        try:
            with self.app.app_context():
                # The first one waits until the worker has started.
                for number in range(PUBLISHED + 1):
                    asker = session.get_one(Person, self.askers[number % 3])
                    category = session.get_one(Category, self.categories[0])
                    word = "абвгдежз"[number] * 9
                    words = service.Words("question", f"Где {word}?", f"Ищу {word}.", category)
                    topic = service.ask(asker, words)
                    transactions.commit()
                    found.append(self._until(lambda word=word: bool(_finds(word))))
                    moderation.hide(session.get_one(Person, self.manager), topic, "Нельзя")
                    transactions.commit()
                    assert not _finds(word)
                    ids = {topic.id}
                    gone.append(self._until(lambda word=word, ids=ids: not _holds(word, ids)))
        finally:
            os.kill(worker, signal.SIGTERM)
            os.waitpid(worker, 0)
        return {"found": found[1:], "gone": gone[1:]}

    def _until(self, there: Callable[[], bool]) -> float:
        began = time.monotonic()
        while not there():
            if time.monotonic() > began + COMES_WITHIN:
                break
            time.sleep(0.02)
        return time.monotonic() - began


def _finds(word: str) -> list[int]:
    session.rollback()
    return [result.topic.id for result in finding.find(Guest(), word).items]


def _holds(word: str, ids: Collection[int]) -> bool:
    return not set(ids).isdisjoint(shelf.index().find(word).ids)


def main() -> None:
    logging.disable(logging.WARNING)
    seed, kills = int(sys.argv[1]), int(sys.argv[2])
    app = create_app(config.load())
    house = House(app, random.Random(seed))
    deaths = house.live_and_die(kills)
    left = house.look()
    sys.stdout.write(json.dumps({**deaths, **left, **house.measure()}))


if __name__ == "__main__":
    main()
