"""Counts in memory: added up, written in batches, none lost that need not be, none twice."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from app.core import tallies
from app.core.robots import is_robot
from app.core.tallies import Tally

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flask import Flask

pytestmark = pytest.mark.usefixtures("transaction")

ROOT = Path(__file__).parents[2]


class Book:
    """Where batches are written; out of reach when told to be."""

    def __init__(self) -> None:
        self.batches: list[dict[Any, Counter[str]]] = []
        self.is_away = False

    def write(self, counts: Mapping[Any, Counter[str]]) -> None:
        if self.is_away:
            raise OSError
        self.batches.append({key: Counter(counted) for key, counted in counts.items()})

    @property
    def whole(self) -> Counter[tuple[Any, str]]:
        found: Counter[tuple[Any, str]] = Counter()
        for batch in self.batches:
            for key, counted in batch.items():
                found.update({(key, what): n for what, n in counted.items()})
        return found


@pytest.fixture
def book() -> Book:
    return Book()


@pytest.fixture
def tally(book: Book) -> Tally[str]:
    return Tally("test", book.write)


@pytest.fixture
def by_itself(app: Flask) -> Iterator[None]:
    tallies.init(app.app_context)
    yield
    tallies.init(None)


def test_what_is_counted_is_written_once(tally: Tally[str], book: Book) -> None:
    tally.add("card", searched=1)
    tally.add("card", searched=1, missed=1)
    tally.add("loan", searched=1)
    assert book.batches == []

    assert tally.flush() == 2
    assert tally.flush() == 0

    assert book.batches == [{"card": Counter(searched=2, missed=1), "loan": Counter(searched=1)}]


def test_what_cannot_be_written_is_kept_for_the_next_time(
    tally: Tally[str], book: Book, caplog: pytest.LogCaptureFixture
) -> None:
    tally.add("card", searched=1)
    book.is_away = True
    assert tally.flush() == 0
    tally.add("card", searched=1)
    book.is_away = False

    assert tally.flush() == 1

    assert book.whole == {("card", "searched"): 2}
    assert "could not be written" in caplog.text


def test_memory_is_bounded(tally: Tally[str], book: Book) -> None:
    for n in range(tallies.MOST + 500):
        tally.add(str(n), searched=1)
    tally.add("0", searched=1)
    assert tally.flush() == tallies.MOST
    assert book.whole["0", "searched"] == 2


def test_threads_lose_nothing(tally: Tally[str], book: Book, app: Flask) -> None:
    def count() -> None:
        with app.app_context():
            for n in range(500):
                tally.add(str(n % 7), searched=1)
                if n % 50 == 0:
                    tally.flush()

    threads = [threading.Thread(target=count) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    tally.flush()
    assert sum(book.whole.values()) == 4000


def test_a_batch_is_written_by_itself(
    tally: Tally[str], book: Book, by_itself: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tallies, "SECONDS", 0.1)
    tally.add("card", searched=1)
    tally.add("card", searched=1)
    assert soon(lambda: len(book.batches) == 1)
    tally.add("loan", searched=1)
    assert soon(lambda: len(book.batches) == 2)
    assert book.whole == {("card", "searched"): 2, ("loan", "searched"): 1}


def test_a_large_batch_is_written_at_once(tally: Tally[str], book: Book, by_itself: None) -> None:
    for n in range(tallies.LARGE):
        tally.add(str(n), searched=1)
    assert soon(lambda: sum(book.whole.values()) == tallies.LARGE)


def test_large_batches_do_not_follow_each_other_closely(
    tally: Tally[str], book: Book, by_itself: None
) -> None:
    tally.add("first", searched=1)
    tally.flush()
    for n in range(3 * tallies.LARGE):
        tally.add(str(n), searched=1)
    timer = tally._timer
    assert timer is not None
    timer.cancel()
    assert tallies.APART - 2 < timer.interval <= tallies.APART
    assert len(book.batches) == 1


def test_no_transaction_is_long(tally: Tally[str], book: Book) -> None:
    for n in range(2 * tallies.LARGE + 1):
        tally.add(str(n), searched=1)
    assert tally.flush() == 2 * tallies.LARGE + 1
    assert [len(batch) for batch in book.batches] == [tallies.LARGE, tallies.LARGE, 1]
    assert sum(book.whole.values()) == 2 * tallies.LARGE + 1


def soon(holds: Any) -> bool:
    until = time.monotonic() + 5
    while time.monotonic() < until:
        if holds():
            return True
        time.sleep(0.01)
    return False


def test_a_child_does_not_write_what_its_parent_counted(tally: Tally[str], book: Book) -> None:
    tally.add("card", searched=1)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, str(tally.flush()).encode())
        os._exit(0)
    os.waitpid(child, 0)
    os.close(writing)
    with os.fdopen(reading) as said:
        assert said.read() == "0"
    assert tally.flush() == 1


ENDING = """
import multiprocessing, os, sys
from contextlib import nullcontext
from pathlib import Path
from app.core import tallies
tallies.transactions.commit = tallies.transactions.rollback = lambda: None
book = Path(sys.argv[1])
def write(counts):
    with book.open("a") as file:
        file.write("".join(f"{os.getpid()}:{key}={sum(counts[key].values())}\\n" for key in counts))
tally = tallies.Tally("test", write)
tallies.init(nullcontext)
def serve():
    '''As gunicorn under bin/run: a fork of a child of multiprocessing, which ends by SystemExit.'''
    if os.fork() == 0:
        tally.add("worker", searched=1)
        sys.exit(0)
    os.wait()
    tally.add("master", searched=1)
child = multiprocessing.get_context("fork").Process(target=serve)
child.start()
child.join()
tally.add("parent", searched=1)
"""


def test_the_end_of_a_process_writes_what_is_left(tmp_path: Path) -> None:
    book = tmp_path / "book"
    subprocess.run(
        [sys.executable, "-c", ENDING, str(book)],
        check=True,
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        timeout=30,
    )
    written = [line.partition(":")[2] for line in book.read_text().splitlines()]
    assert sorted(written) == ["master=1", "parent=1", "worker=1"]


@pytest.mark.parametrize(
    "agent",
    [
        *("", "Googlebot/2.1", "Mozilla/5.0 (compatible; bingbot/2.0)"),
        *("Mozilla/5.0 (compatible; YandexBot/3.0)", "facebookexternalhit/1.1", "UptimeRobot/2.0"),
        *("Baiduspider+", "Mediapartners-Google", "AhrefsBot/7.0", "GPTBot", "Chrome-Lighthouse"),
    ],
)  # fmt: skip
def test_machines_are_known(agent: str) -> None:
    assert is_robot(agent)


@pytest.mark.parametrize(
    "agent",
    [
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140 Safari/537.36",
        "Mozilla/5.0 (Linux; Android 12; CUBOT X50) AppleWebKit/537.36",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15",
        "Opera/9.80 (J2ME/MIDP; Opera Mini/9)",
    ],
)  # fmt: skip
def test_people_are_no_machines(agent: str) -> None:
    assert not is_robot(agent)
