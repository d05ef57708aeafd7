"""A worker as a program, for test_jobs.py: it writes what happens to it into a file."""

import json
import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.core import jobs

config = json.loads(sys.argv[1])
diary = Path(config["DIARY"])


def write(line: str) -> None:
    with diary.open("a") as file:
        file.write(line + "\n")


@contextmanager
def around() -> Iterator[None]:
    write("enter")
    yield
    write("leave")


@jobs.task("greet")
def greet(name: str) -> None:
    write(f"hello {name}")


@jobs.task("take long")
def take_long(seconds: float) -> None:
    write("begun")
    time.sleep(seconds)
    write("finished")


@jobs.task("fail")
def fail() -> None:
    message = "as intended"
    raise RuntimeError(message)


@jobs.every(0.2, "sweep")
def sweep() -> None:
    write("swept")
    write(f"up {os.getpid()}")


@jobs.every(0.2, "broken sweep")
def broken_sweep() -> None:
    write("broke")
    message = "as intended"
    raise RuntimeError(message)


@jobs.on_stop
def give_back() -> None:
    write("gave back")


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    jobs.init(config)
    jobs.run_worker(threads=1, around=around)
    write("returned")
