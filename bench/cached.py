"""Pages for who is not signed in, beside a bare WSGI "hello" of the same bytes on the same server.

.venv/bin/python bench/cached.py [--topics 10000] [--seconds 4] [--workers 1] [--server gthread]

Both run in the same minutes, turn about, so that a busy machine is busy for both. The readers are
processes of their own with plain sockets that read no more than a length; how much of a processor
they took is printed, for whoever doubts that they are quick enough. With `wrk` installed it reads.
"""

from __future__ import annotations

import multiprocessing
import os
import re
import selectors
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]

import pages  # noqa: E402 (the line above finds it)

if TYPE_CHECKING:
    from collections.abc import Iterator

console = Console(highlight=False, width=120)
TICK = os.sysconf("SC_CLK_TCK")
QUESTION2ANSWER = 330
HELLO = """
def app(environ, start_response):
    size = int(environ["PATH_INFO"].strip("/") or 1)
    start_response("200 OK", [("Content-Type", "text/html"), ("Content-Length", str(size))])
    return [BODY[:size]]


BODY = b"x" * 10_000_000
"""
HEADERS = "Accept-Encoding: gzip, br\r\nAccept-Language: ru\r\nUser-Agent: bench Firefox\r\n"


@dataclass(frozen=True)
class Measured:
    """What so many seconds of asking were like; `cpu` in milliseconds of the server a request."""

    rate: float
    p50: float
    p99: float
    cpu: float
    readers: float


# ------------------------------------------------------------------------------------- the servers


@contextmanager
def served(
    application: str, folder: Path, environ: dict[str, str], how: list[str]
) -> Iterator[int]:
    """Gunicorn on a port; the number of its process."""
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "gunicorn", "--bind", environ["AT"], "--log-level", "error"),
            *("--no-control-socket", "--backlog", "512", *how, application),
        ],
        cwd=folder,
        env=environ,
    )
    try:
        host, _, port = environ["AT"].partition(":")
        until = time.monotonic() + 60
        while time.monotonic() < until and server.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex((host, int(port))) == 0:
                    break
            time.sleep(0.1)
        yield server.pid
    finally:
        server.terminate()
        server.wait(30)


def processor_time(parent: int) -> float:
    """Seconds that a server's processes have worked."""
    total = 0
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(entry.name) == parent or int(fields[1]) == parent:
            total += int(fields[11]) + int(fields[12])
    return total / TICK


# ------------------------------------------------------------------------------------- the readers


def _request(port: int, path: str, afterwards: str) -> bytes:
    first = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
    return f"{first}{HEADERS}Connection: {afterwards}\r\n\r\n".encode()


def fetch(port: int, path: str) -> bytes:
    """One whole answer, as it came."""
    with socket.create_connection(("127.0.0.1", port), 60) as line:
        request = (
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{HEADERS}Connection: close\r\n\r\n"
        )
        line.sendall(request.encode())
        return b"".join(iter(lambda: line.recv(1 << 16), b""))


class _Readers:
    """So many connections from one process; on each, one request after another."""

    def __init__(self, port: int, path: str) -> None:
        self.port = port
        self.request = _request(port, path, "keep-alive")
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
        line.sendall(self.request)

    def _again(self, line: socket.socket) -> None:
        self.ready.unregister(line)
        line.close()
        self._connect()

    def _take(self, line: socket.socket, state: list[Any]) -> None:
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


def _read(port: int, path: str, seconds: float, lines: int, told: Any) -> None:
    readers = _Readers(port, path)
    readers.read(seconds, lines)
    used = os.times()
    told.put((readers.took, readers.failed, used.user + used.system))


def measure(server: int, port: int, path: str, seconds: float, lines: int) -> Measured:
    """So many connections for so many seconds."""
    fetch(port, path)
    if wrk := shutil.which("wrk"):
        return _by_wrk(wrk, server, port, path, seconds, lines)
    processes = min(2, lines)
    told: multiprocessing.Queue = multiprocessing.Queue()
    shares = [lines // processes + (n < lines % processes) for n in range(processes)]
    before, began = processor_time(server), time.perf_counter()
    readers = [
        multiprocessing.Process(target=_read, args=(port, path, seconds, share, told))
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
    if failed or not took:
        raise click.ClickException(f"{path}: {failed} of {len(took)} failed")
    busy = sum(each[2] for each in found) / whole
    cpu = (processor_time(server) - before) / len(took) * 1000
    parts = statistics.quantiles(took, n=100)
    return Measured(len(took) / seconds, parts[49] * 1000, parts[98] * 1000, cpu, busy)


def _by_wrk(wrk: str, server: int, port: int, path: str, seconds: float, lines: int) -> Measured:
    headers = [part for line in HEADERS.strip().split("\r\n") for part in ("-H", line)]
    before = processor_time(server)
    said = subprocess.run(
        [wrk, "-t1", f"-c{lines}", f"-d{max(1, round(seconds))}s", "--latency", *headers,
         f"http://127.0.0.1:{port}{path}"],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    if "Non-2xx" in said:
        raise click.ClickException(f"{path}: {said}")
    number = int(re.search(r"(\d+) requests in", said)[1])  # type: ignore[index]
    cpu = (processor_time(server) - before) / number * 1000
    parts = {name: _milliseconds(value) for name, value in re.findall(r"(50|99)%\s+(\S+)", said)}
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1])  # type: ignore[index]
    return Measured(rate, parts["50"], parts["99"], cpu, 0.0)


def _milliseconds(said: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", said).groups()  # type: ignore[union-attr]
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


# -------------------------------------------------------------------------------------- the report


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@click.command()
@click.option("--topics", default=10_000, show_default=True, help="Topics of the bank.")
@click.option("--seconds", default=4.0, show_default=True, help="Of asking, for each figure.")
@click.option("--workers", default=1, show_default=True, help="Processes of the server.")
@click.option("--server", default="sync", show_default=True, help="sync or gthread.")
@click.option("--uncached", is_flag=True, help="Also without the cache.")
def main(*, topics: int, seconds: float, workers: int, server: str, uncached: bool) -> None:
    """Measure what most readers get."""
    table = Table("Page", "Bytes", "At once", "req/s", "p50 ms", "p99 ms", "CPU ms", "hello req/s",
                  "hello CPU", "ratio", "CPU ratio", "readers' CPUs")  # fmt: skip
    for column in table.columns[1:]:
        column.justify = "right"
    how = ["--workers", str(workers), "--worker-class", server]
    how += ["--threads", "4"] if server == "gthread" else []
    with tempfile.TemporaryDirectory(prefix="otklik-bench-") as root:
        folder = Path(root)
        (folder / "hello.py").write_text(HELLO)
        instance = folder / "bank"
        instance.mkdir()
        pages.fill(instance, topics)
        ours, bare = free_port(), free_port()
        usual = {**pages.environment(instance), "PUBLIC_URL": f"http://127.0.0.1:{ours}"}
        if uncached:
            usual["PAGE_CACHE_MB"] = "0"
        asked = {
            "front": "/",
            "topic": f"/topics/{topics // 2}",
            "category": "/categories/c1",
            "search": "/search?q=%D0%BA%D0%B0%D1%80%D1%82%D0%B0+%D0%BB%D0%B8%D0%BC%D0%B8%D1%82",
        }
        with (
            served("wsgi:app", ROOT, {**usual, "AT": f"127.0.0.1:{ours}"}, how) as our_server,
            served("hello:app", folder, {**usual, "AT": f"127.0.0.1:{bare}"}, how) as bare_server,
        ):
            for name, path in asked.items():
                size = len(fetch(ours, path).partition(b"\r\n\r\n")[2])
                for lines in (1, 16, 64):
                    seen = measure(our_server, ours, path, seconds, lines)
                    hello = measure(bare_server, bare, f"/{size}", seconds, lines)
                    table.add_row(
                        name, f"{size:,}", str(lines), f"{seen.rate:,.0f}", f"{seen.p50:.2f}",
                        f"{seen.p99:.1f}", f"{seen.cpu:.2f}", f"{hello.rate:,.0f}",
                        f"{hello.cpu:.2f}", f"{seen.rate / hello.rate:.2f}",
                        f"{hello.cpu / seen.cpu:.2f}", f"{seen.readers:.2f}",
                    )  # fmt: skip
    console.print(table)
    console.print(
        f"{topics:,} topics, SQLite; gunicorn {server}, {workers} process(es); {seconds:g} s each;"
        f" Brotli; Python {sys.version.split()[0]}; {os.cpu_count()} processors."
        f" Ten times Question2Answer: {10 * QUESTION2ANSWER:,} req/s."
    )


if __name__ == "__main__":
    main()
