"""Otklik as bin/run starts it, whose processes may be killed; and what brings them back."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bench.asking import Server, fetch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[1]
STARTS_WITHIN = 120.0
# As systemd does: RestartSec of deploy/systemd/otklik-worker.service.
COMES_BACK_AFTER = 2.0
# What a log says of a line: those of the house, and gunicorn's.
GRAVE = re.compile(r"^\S+ (?:error|critical)\b|\[(?:ERROR|CRITICAL)\]|Traceback")
WEB = """
import sys
from app.commands.launch import Web, _listen
from wsgi import app
Web(app, _listen("127.0.0.1", int(sys.argv[1])), int(sys.argv[2])).run()
"""


@dataclass
class Worker:
    """A place that a worker always stands in, whoever it is."""

    name: str
    process: subprocess.Popen[bytes]
    ended_at: float = 0.0


@dataclass(frozen=True)
class Kill:
    """Who was killed, and when (monotonic seconds)."""

    at: float
    what: str
    pid: int


@dataclass
class House:
    """One address, `web` processes behind it, `workers`; all of their words in one log.

    The first process of each sort is never killed: what it takes in memory over the whole time is
    what a process takes that nobody kills.
    """

    folder: Path
    settings: dict[str, str]
    port: int
    web: int = 2
    workers: int = 2
    server: Server = field(init=False)
    spared: set[int] = field(default_factory=set)
    places: list[Worker] = field(default_factory=list)
    kills: list[Kill] = field(default_factory=list)
    mishaps: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Nothing runs yet."""
        self.environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **self.settings}
        self.log = self.folder / "log"
        self.closing = threading.Event()
        self.keeper = threading.Thread(target=self._keep, daemon=True)
        self.master: subprocess.Popen[bytes] | None = None

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """One of our commands, to its end."""
        return subprocess.run(
            [sys.executable, *command],
            cwd=ROOT,
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
        )

    def flask(self, *command: str) -> subprocess.CompletedProcess[str]:
        """`flask …`."""
        return self.run("-m", "flask", "--app", "wsgi", *command)

    def start(self) -> None:
        """Web and workers; comes back when the front page does."""
        self.master = self._begin("-c", WEB, str(self.port), str(self.web))
        self.server = Server("web", self.master.pid, self.port)
        self.places = [Worker(f"worker {n + 1}", self._work()) for n in range(self.workers)]
        wait_for(self._answers, "the front page", STARTS_WITHIN)
        wait_for(lambda: len(self.web_processes()) == self.web, "the web processes", 30)
        self.spared = {self.web_processes()[0], self.places[0].process.pid}
        self.keeper.start()

    def stop(self) -> None:
        """Ask all to end, then end them."""
        self.closing.set()
        if self.keeper.is_alive():
            self.keeper.join(10)
        ours = [place.process for place in self.places]
        ours += [self.master] if self.master is not None else []
        for process in ours:
            process.terminate()
        for process in ours:
            try:
                process.wait(35)
            except subprocess.TimeoutExpired:
                self.mishaps.append(f"process {process.pid} did not stop when it was asked to")
                for pid in Server("", process.pid, 0).processes():
                    os.kill(pid, signal.SIGKILL)
                process.wait()

    def web_processes(self) -> list[int]:
        """Those that answer, the oldest first; one that is just being born is not among them."""
        return self.server.processes()[1:]

    def processes(self) -> Iterator[tuple[str, int]]:
        """All whose memory is of interest, as a sort and a number."""
        yield from (("web", pid) for pid in self.web_processes())
        yield from (("worker", p.process.pid) for p in self.places if p.process.poll() is None)

    def kill(self, what: str) -> Kill | None:
        """SIGKILL one: "web", "worker", or "index", the worker that writes the search index."""
        pid = {"web": self._some_web, "worker": self._some_worker, "index": self._index_keeper}[
            what
        ]()
        if pid is None:
            return None
        at = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        self.kills.append(Kill(at, what, pid))
        return self.kills[-1]

    def complaints(self) -> list[str]:
        """Lines of the log that somebody should look at, but those about who was killed."""
        pids = {f"(pid:{each.pid}) was sent SIGKILL" for each in self.kills}
        lines = self.log.read_text(errors="replace").splitlines()
        grave = (line for line in lines if GRAVE.search(line))
        return [line for line in grave if not any(each in line for each in pids)]

    def is_whole(self) -> bool:
        """Whether everybody is back."""
        workers = [place for place in self.places if place.process.poll() is None]
        return len(workers) == self.workers and len(self.web_processes()) == self.web

    def _some_web(self) -> int | None:
        return next((p for p in self.web_processes() if p not in self.spared), None)

    def _some_worker(self) -> int | None:
        alive = (p.process.pid for p in self.places if p.process.poll() is None)
        return next((pid for pid in alive if pid not in self.spared), None)

    def _index_keeper(self) -> int | None:
        """Who has the follower's turn at the index, in the very moment."""
        role = self.folder / "instance" / "index" / "follower"
        number, until = role.stat().st_ino, time.monotonic() + 15
        mortal = {p.process.pid for p in self.places} - self.spared
        while time.monotonic() < until:
            held = re.findall(
                rf"FLOCK +ADVISORY +WRITE (\d+) \w+:\w+:{number} ",
                Path("/proc/locks").read_text(),
            )
            found = mortal.intersection(map(int, held))
            if found:
                return found.pop()
        return None

    def _begin(self, *command: str) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as said:
            return subprocess.Popen(
                [sys.executable, *command], cwd=ROOT, env=self.environ, stdout=said, stderr=said
            )

    def _work(self) -> subprocess.Popen[bytes]:
        return self._begin("-m", "flask", "--app", "wsgi", "worker")

    def _keep(self) -> None:
        while not self.closing.wait(0.1):
            if self.master is not None and self.master.poll() is not None:
                self.mishaps.append(f"the web's master ended with {self.master.returncode}")
                return
            for place in self.places:
                self._bring_back(place)

    def _bring_back(self, place: Worker) -> None:
        status = place.process.poll()
        if status is None:
            return
        if not place.ended_at:
            place.ended_at = time.monotonic()
            if place.process.pid not in {each.pid for each in self.kills}:
                self.mishaps.append(f"{place.name} ended by itself with {status}")
        elif time.monotonic() > place.ended_at + COMES_BACK_AFTER:
            place.process, place.ended_at = self._work(), 0.0

    def _answers(self) -> bool:
        if self.master is not None and self.master.poll() is not None:
            raise click.ClickException(f"the web did not start:\n{self.log.read_text()[-3000:]}")
        try:
            return fetch(self.port, "/")[0] == 200
        except OSError:
            return False


def wait_for(look: Callable[[], Any], what: str, within: float) -> None:
    """Until `look` finds something."""
    until = time.monotonic() + within
    while not look():
        if time.monotonic() > until:
            raise click.ClickException(f"{what} did not come within {within:.0f} s")
        time.sleep(0.1)
