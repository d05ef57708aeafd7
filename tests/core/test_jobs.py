"""Hints on both storages: signed, never pickled, harmless to lose, and a worker that stops well."""

import json
import pickletools
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from huey.registry import Message
from itsdangerous import BadSignature
from sqlalchemy.exc import OperationalError

from app.core import jobs

ROOT = Path(__file__).parents[2]
QUEUE = "huey.redis.otklik"


@pytest.fixture(params=["sqlite", pytest.param("valkey", marks=pytest.mark.valkey)])
def config(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, str]]:
    settings = {
        "SECRET_KEY": "a secret for tests",
        "JOBS_PATH": str(tmp_path / "jobs.sqlite3"),
        "DIARY": str(tmp_path / "diary"),
    }
    if request.param == "valkey":
        settings["REDIS_URL"] = request.getfixturevalue("valkey_url")
        with redis.Redis.from_url(settings["REDIS_URL"]) as client:
            client.flushdb()
    with opened(settings):
        yield settings


class opened:  # noqa: N801 - reads as a word
    """`jobs.init` for a block, with what it opened closed at the end."""

    def __init__(self, settings: dict[str, str]) -> None:
        self.settings = settings
        self.before = jobs._door

    def __enter__(self) -> None:
        jobs._door = jobs._Door()
        jobs.init(self.settings)
        jobs._queue()  # opened now: it waits for whoever needs it

    def __exit__(self, *_: object) -> None:
        storage = jobs._queue().storage
        if "REDIS_URL" in self.settings:
            storage.pool.disconnect()
        else:
            storage.close()
        jobs._door = self.before


class Worker:
    """`jobs_worker.py` running with `config`."""

    def __init__(self, config: dict[str, str]) -> None:
        self.diary = Path(config["DIARY"])
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("jobs_worker.py")), json.dumps(config)],
            cwd=ROOT,
            env={"PYTHONPATH": str(ROOT)},
            stderr=subprocess.PIPE,
            text=True,
        )

    def lines(self) -> list[str]:
        return self.diary.read_text().splitlines() if self.diary.exists() else []

    def wait_for(self, line: str, times: int = 1) -> None:
        until = time.monotonic() + 15
        while self.lines().count(line) < times:
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < until, f"no {line!r} in {self.lines()}"
            time.sleep(0.02)

    def stop(self, signum: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(signum)
        return self.process.wait(25)

    def said(self) -> str:
        assert self.process.stderr is not None
        return self.process.stderr.read()


@pytest.fixture
def start(config: dict[str, str]) -> Iterator[Callable[[], Worker]]:
    workers: list[Worker] = []

    def begin() -> Worker:
        workers.append(Worker(config))
        return workers[-1]

    yield begin
    for worker in workers:
        worker.process.kill()
        worker.process.wait()
        assert worker.process.stderr is not None
        worker.process.stderr.close()


def stored(config: dict[str, str]) -> list[bytes]:
    """The messages as they lie in the storage."""
    if "REDIS_URL" in config:
        with redis.Redis.from_url(config["REDIS_URL"]) as client:
            lying: Any = client.lrange(QUEUE, 0, -1)
            return list(lying)
    with sqlite3.connect(config["JOBS_PATH"]) as connection:
        rows = connection.execute("SELECT data FROM task ORDER BY id").fetchall()
    connection.close()
    return [bytes(data) for (data,) in rows]


def store(config: dict[str, str], data: bytes) -> None:
    if "REDIS_URL" in config:
        with redis.Redis.from_url(config["REDIS_URL"]) as client:
            client.lpush(QUEUE, data)
        return
    with sqlite3.connect(config["JOBS_PATH"]) as connection:
        connection.execute("INSERT INTO task (queue, data) VALUES ('otklik', ?)", [data])
    connection.close()


def test_a_message_is_readable_signed_json_and_no_pickle(config: dict[str, str]) -> None:
    jobs.enqueue("greet", "Ганна", 7, None, ["a"], {"b": 1.5})

    (data,) = stored(config)
    text, _signature = data.rsplit(b".", 1)
    assert json.loads(text)["args"] == ["greet", ["Ганна", 7, None, ["a"], {"b": 1.5}]]
    with pytest.raises(ValueError, match=r"opcode|exhausted|expected"):
        list(pickletools.genops(data))


def test_a_message_changed_by_another_hand_is_refused(config: dict[str, str]) -> None:
    jobs.enqueue("greet", "Anna")
    (data,) = stored(config)

    queue = jobs._queue()
    assert queue.deserialize_task(data).args == ("greet", ["Anna"])
    with pytest.raises(BadSignature):
        queue.deserialize_task(data.replace(b"Anna", b"Berta"))
    with pytest.raises(BadSignature):
        queue.deserialize_task(data.rsplit(b".", 1)[0])
    with opened(config | {"SECRET_KEY": "another"}), pytest.raises(BadSignature):
        jobs._queue().deserialize_task(data)


def test_what_is_not_json_fails_where_it_is_written(config: dict[str, str]) -> None:
    with pytest.raises(TypeError):
        jobs.enqueue("greet", object())  # type: ignore[arg-type]
    assert stored(config) == []


def test_hints_are_counted(config: dict[str, str]) -> None:
    assert jobs.waiting() == 0
    jobs.enqueue("greet", "Anna")
    jobs.enqueue("greet", "Berta")
    assert jobs.waiting() == 2


def test_a_queue_out_of_reach_costs_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    away = {"SECRET_KEY": "x", "REDIS_URL": f"unix://{tmp_path / 'nobody.sock'}"}
    with opened(away):
        began = time.monotonic()
        for _ in range(100):
            jobs.enqueue("greet", "Anna")
        assert time.monotonic() - began < 2
        assert len([r for r in caplog.records if "was lost" in r.message]) == 1
        with pytest.raises(redis.ConnectionError):
            jobs.waiting()


def test_a_broken_file_never_fails_a_request(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "jobs.sqlite3"
    with opened({"SECRET_KEY": "x", "JOBS_PATH": str(path)}):
        with sqlite3.connect(path) as connection:
            connection.execute("DROP TABLE task")
        connection.close()
        jobs.enqueue("greet", "Anna")
    assert "was lost" in caplog.text


def test_without_a_queue_a_hint_is_silently_left_to_the_sweep() -> None:
    before, jobs._door = jobs._door, jobs._Door()
    try:
        jobs.enqueue("greet", "Anna")
        with pytest.raises(jobs.NotReadyError):
            jobs.waiting()
    finally:
        jobs._door = before


def test_a_name_belongs_to_one_function(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "_tasks", {})
    monkeypatch.setattr(jobs, "_sweeps", {})

    def one() -> None: ...

    def two() -> None: ...

    jobs.task("name")(one)
    jobs.task("name")(one)
    jobs.every(1, "name")(one)
    with pytest.raises(ValueError, match="already the name"):
        jobs.task("name")(two)
    with pytest.raises(ValueError, match="already the name"):
        jobs.every(1, "name")(two)


def test_a_worker_does_what_it_is_told_and_survives_nonsense(
    config: dict[str, str], start: Callable[[], Worker]
) -> None:
    store(config, b"not a message")
    jobs.enqueue("nobody knows this")
    jobs.enqueue("fail")
    (_, forged, _) = stored(config)[:3] if "REDIS_URL" not in config else stored(config)[::-1]
    store(config, forged.replace(b"nobody", b"greet "))
    jobs.enqueue("greet", "Ганна")

    worker = start()
    worker.wait_for("hello Ганна")
    worker.wait_for("swept", times=3)
    worker.wait_for("broke", times=3)

    assert worker.stop() == 0
    assert worker.lines()[-4:] == ["enter", "gave back", "leave", "returned"]
    said = worker.said()
    assert "Nobody here knows how to do 'nobody knows this'" in said
    assert said.count("BadSignature") >= 2
    assert "broken sweep failed" in said


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT], ids=lambda s: s.name)
def test_a_worker_finishes_what_runs_and_takes_nothing_new(
    config: dict[str, str], start: Callable[[], Worker], signum: signal.Signals
) -> None:
    worker = start()
    jobs.enqueue("take long", 1.5)
    worker.wait_for("begun")
    jobs.enqueue("greet", "Anna")

    began = time.monotonic()
    assert worker.stop(signum) == 0
    assert time.monotonic() - began < 8
    lines = worker.lines()
    assert lines.index("finished") < lines.index("gave back") < lines.index("returned")
    assert "hello Anna" not in lines
    assert jobs.waiting() == 1


def test_a_killed_worker_and_two_at_once_do_no_harm(
    config: dict[str, str], start: Callable[[], Worker]
) -> None:
    first = start()
    jobs.enqueue("take long", 30)
    first.wait_for("begun")
    first.process.kill()
    first.process.wait()

    second, third = start(), start()
    for worker in (second, third):
        worker.wait_for(f"up {worker.process.pid}")
    for number in range(20):
        jobs.enqueue("greet", str(number))
    for number in range(20):
        second.wait_for(f"hello {number}")
    assert second.stop() == 0
    assert third.stop() == 0
    greeted = [line for line in third.lines() if line.startswith("hello")]
    assert len(greeted) == len(set(greeted)) == 20


def test_a_message_of_an_unknown_kind_is_not_run(config: dict[str, str]) -> None:
    serializer = jobs._SignedJson(config["SECRET_KEY"])
    data = serializer.serialize(Message(id="1", name="os.system", args=("true",), kwargs={}))
    with pytest.raises(Exception, match="not found in TaskRegistry"):
        jobs._queue().deserialize_task(data)


def test_a_queue_that_says_nothing_holds_a_request_up_for_a_moment_only() -> None:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        door.listen(4)
        settings = {"SECRET_KEY": "x", "REDIS_URL": f"redis://127.0.0.1:{door.getsockname()[1]}"}
        before, jobs._door = jobs._door, jobs._Door()
        try:
            jobs.init(settings)
            kept = jobs._queue().storage.pool.connection_kwargs
            assert kept["socket_timeout"] <= jobs.HINT_PATIENCE < 1
            jobs.enqueue("of no matter")  # lost, and nobody is told
            assert jobs._door.silent_until > 0
        finally:
            jobs._door = before


def test_a_sweep_whose_database_is_away_says_so_in_one_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stop = threading.Event()

    def sweep() -> None:
        stop.set()
        raise OperationalError("SELECT 1", {}, Exception("nobody listens"))

    jobs._repeat(jobs._Sweep("tests.away", 60, sweep), stop)

    assert [record.exc_info for record in caplog.records] == [None]
    assert "nobody listens" in caplog.text
