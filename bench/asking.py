"""Servers to be measured, and readers who ask them: what `pages.py` and `servers.py` share.

With `wrk` installed it reads. Otherwise readers are processes of their own with plain sockets that
read no more than a length; how much of a processor they took is told, for whoever doubts them.
"""

from __future__ import annotations

import http.client
import multiprocessing
import os
import re
import selectors
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

TICK = os.sysconf("SC_CLK_TCK")
HEADERS = {
    "Accept-Encoding": "gzip, br",
    "Accept-Language": "ru",
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
}
# A bare server of as many bytes as its address says.
HELLO = """
def app(environ, start_response):
    size = int(environ["PATH_INFO"].strip("/") or 1)
    start_response("200 OK", [("Content-Type", "text/html"), ("Content-Length", str(size))])
    return [BODY[:size]]


BODY = b"x" * 10_000_000
"""
# One request after another, each for the next address of a list.
WRK = """
local requests, at = {}, 0
init = function(args)
   for line in io.lines(args[1]) do requests[#requests + 1] = wrk.format("GET", line) end
end
request = function()
   at = at % #requests + 1
   return requests[at]
end
"""
STARTS_WITHIN = 90.0
PATIENCE = 30.0


# ------------------------------------------------------------------------------------- the servers


@dataclass(frozen=True)
class Server:
    """One that runs: what it is called, the process that all others of it come from, its port."""

    kind: str
    pid: int
    port: int

    def processes(self) -> list[int]:
        """All of it, the first one first."""
        parents: dict[int, list[int]] = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    fields = (entry / "stat").read_text().rpartition(")")[2].split()
                except OSError:
                    continue
                parents.setdefault(int(fields[1]), []).append(int(entry.name))
        found = [self.pid]
        for pid in found:  # grows while it is read
            found.extend(sorted(parents.get(pid, ())))
        return found

    def processor_time(self) -> float:
        """Seconds that its processes have worked; those that ended are forgotten."""
        total = 0
        for pid in self.processes():
            try:
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            total += int(fields[11]) + int(fields[12])
        return total / TICK

    def memory(self) -> list[tuple[int, float, float]]:
        """Of each process: its number, its resident and its proportional size in megabytes."""
        found = []
        for pid in self.processes():
            try:
                text = Path(f"/proc/{pid}/smaps_rollup").read_text()
            except OSError:
                continue
            sizes = dict(re.findall(r"^(Rss|Pss): +(\d+)", text, re.MULTILINE))
            if sizes:
                found.append((pid, int(sizes["Rss"]) / 1024, int(sizes["Pss"]) / 1024))
        return found


def command(kind: str, application: str, port: int, workers: int) -> list[str]:
    """How a server is started: `sync`, `gthread` or `granian`, with a number of threads behind."""
    name, _, threads = kind.partition(":")
    if name == "granian":
        return [
            *(sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1"),
            *("--port", str(port), "--workers", str(workers), "--http", "1", "--no-ws"),
            *("--blocking-threads", threads or "4", "--backlog", "512", "--log-level", "error"),
            *("--respawn-failed-workers", application),
        ]
    found = [
        *(sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--workers"),
        *(str(workers), "--worker-class", name, "--backlog", "512", "--log-level", "error"),
        *("--no-control-socket", "--worker-tmp-dir", "/dev/shm"),  # noqa: S108 (memory, as in use)
    ]
    return [*found, *(["--threads", threads or "4"] if name == "gthread" else []), application]


@contextmanager
def served(
    how: list[str], folder: Path, environ: dict[str, str], port: int, kind: str = ""
) -> Iterator[Server]:
    """Run it, once it answers; stopped afterwards, also when we are asked to stop."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(how, cwd=folder, env=environ, stdout=said, stderr=said)
        try:
            until = time.monotonic() + STARTS_WITHIN
            while not _listens(port):
                if process.poll() is not None or time.monotonic() > until:
                    said.seek(0)
                    raise click.ClickException(f"{how} did not start: {said.read()[-2000:]!r}")
                time.sleep(0.05)
            yield Server(kind, process.pid, port)
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


# ------------------------------------------------------------------------------------- the readers


@dataclass(frozen=True)
class Asked:
    """What is asked for, in turn; `cookie` of whoever asks."""

    paths: tuple[str, ...]
    cookie: str = ""
    is_kept_alive: bool = True
    encoding: str = HEADERS["Accept-Encoding"]

    @cached_property
    def headers(self) -> dict[str, str]:
        """What is sent with each."""
        sent = {**HEADERS, "Accept-Encoding": self.encoding}
        if self.cookie:
            sent["Cookie"] = self.cookie
        return {**sent, "Connection": "keep-alive" if self.is_kept_alive else "close"}

    def requests(self, port: int) -> list[bytes]:
        """As they go over the line."""
        headers = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        end = f" HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{headers}\r\n"
        return [f"GET {path}{end}".encode() for path in self.paths]


@dataclass(frozen=True)
class Measured:
    """What so many seconds of asking were like; `cpu` in milliseconds of the server a request."""

    rate: float
    p50: float
    p99: float
    cpu: float
    readers: float = 0.0


def fetch(port: int, path: str, asked: Asked | None = None) -> tuple[int, bytes]:
    """One answer: its status and its body as it came."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        line.request("GET", path, headers=(asked or Asked((path,))).headers)
        answer = line.getresponse()
        return answer.status, answer.read()
    finally:
        line.close()


def warm(server: Server, asked: Asked, times: int = 1) -> list[int]:
    """Ask for everything, so that it is made; the size of each, raising when one does not come."""
    sizes = []
    for path in asked.paths * times:
        status, body = fetch(server.port, path, asked)
        if status != http.HTTPStatus.OK:
            raise click.ClickException(f"{path} answered {status}")
        sizes.append(len(body))
    return sizes[-len(asked.paths) :]


def measure(server: Server, asked: Asked, seconds: float, lines: int) -> Measured:
    """So many connections for so many seconds."""
    if wrk := shutil.which("wrk"):
        return _by_wrk(wrk, server, asked, seconds, lines)
    processes = min(2, lines)
    told: multiprocessing.Queue[Any] = multiprocessing.Queue()
    shares = [lines // processes + (n < lines % processes) for n in range(processes)]
    before, began = server.processor_time(), time.perf_counter()
    readers = [
        multiprocessing.Process(target=_read, args=(server.port, asked, seconds, share, told))
        for share in shares
    ]
    for each in readers:
        each.start()
    found = [told.get() for _ in readers]
    for each in readers:
        each.join()
    whole = min(time.perf_counter() - began, seconds + 0.2)
    took = sorted(second for times, _, _ in found for second in times)
    failed = sum(each[1] for each in found)
    if failed or len(took) < 2:
        raise click.ClickException(f"{asked.paths[0]}: {failed} of {len(took)} failed")
    busy = sum(each[2] for each in found) / whole
    cpu = (server.processor_time() - before) / len(took) * 1000
    parts = statistics.quantiles(took, n=100)
    return Measured(len(took) / seconds, parts[49] * 1000, parts[98] * 1000, cpu, busy)


def _by_wrk(wrk: str, server: Server, asked: Asked, seconds: float, lines: int) -> Measured:
    headers = [part for item in asked.headers.items() for part in ("-H", ": ".join(item))]
    with tempfile.TemporaryDirectory() as root:
        script, paths = Path(root, "turn.lua"), Path(root, "paths")
        script.write_text(WRK)
        paths.write_text("\n".join(asked.paths))
        before = server.processor_time()
        said = subprocess.run(
            [wrk, "-t1", f"-c{lines}", f"-d{max(1, round(seconds))}s", "--latency", *headers,
             "--timeout", "60s", "-s", script, f"http://127.0.0.1:{server.port}", "--", paths],
            check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
    number = int(re.search(r"(\d+) requests in", said)[1])  # type: ignore[index]
    if not number and seconds < PATIENCE:  # a busy machine: the first answers are not here yet
        return _by_wrk(wrk, server, asked, seconds * 5, lines)
    if "Non-2xx" in said or "Socket errors" in said or not number:
        raise click.ClickException(f"{asked.paths[0]}: {said}")
    cpu = (server.processor_time() - before) / number * 1000
    shares = re.findall(r"^ +(50|99)% +(\S+) *$", said, re.MULTILINE)
    parts = {name: _milliseconds(value) for name, value in shares}
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1])  # type: ignore[index]
    return Measured(rate, parts["50"], parts["99"], cpu)


def _milliseconds(said: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", said).groups()  # type: ignore[union-attr]
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


class _Readers:
    """So many connections from one process; on each, one request after another."""

    def __init__(self, port: int, asked: Asked) -> None:
        self.port, self.requests, self.at = port, asked.requests(port), 0
        self.ready = selectors.DefaultSelector()
        self.took: list[float] = []
        self.failed = 0

    def read(self, seconds: float, lines: int) -> None:
        until = time.perf_counter() + seconds
        for _ in range(lines):
            self._connect()
        while time.perf_counter() < until:
            for event, _ in self.ready.select(1):
                self._take(event.fileobj, event.data)

    def _connect(self) -> None:
        line = socket.create_connection(("127.0.0.1", self.port), 60)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # When it was asked, how much is still to come (-1: not known), the headers so far.
        self.ready.register(line, selectors.EVENT_READ, [0.0, -1, b"", False])
        self._ask(line)

    def _ask(self, line: socket.socket) -> None:
        self.ready.get_key(line).data[:] = [time.perf_counter(), -1, b"", False]
        self.at = (self.at + 1) % len(self.requests)
        line.sendall(self.requests[self.at])

    def _again(self, line: socket.socket) -> None:
        self.ready.unregister(line)
        line.close()
        self._connect()

    def _take(self, line: Any, state: list[Any]) -> None:
        some = line.recv(1 << 18)
        if not some:
            self.failed += 1
            self._again(line)
            return
        if state[1] >= 0:
            state[1] -= len(some)
        else:
            state[2] += some
            head, found, rest = state[2].partition(b"\r\n\r\n")
            if not found:
                return
            self.failed += not head.startswith(b"HTTP/1.1 200")
            length = re.search(rb"(?i)content-length: *(\d+)", head)
            state[1] = (int(length[1]) if length else 0) - len(rest)
            state[3] = b"connection: close" in head.lower()
        if state[1] <= 0:
            self.took.append(time.perf_counter() - state[0])
            (self._again if state[3] else self._ask)(line)


def _read(port: int, asked: Asked, seconds: float, lines: int, told: Any) -> None:
    readers = _Readers(port, asked)
    readers.read(seconds, lines)
    used = os.times()
    told.put((readers.took, readers.failed, used.user + used.system))
