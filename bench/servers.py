"""Which server stands before Otklik: what each of them does under our load, and when it is hurt.

    .venv/bin/python bench/servers.py                         # all of it, a quarter of an hour
    .venv/bin/python bench/servers.py --only speed --only kill
    .venv/bin/python bench/servers.py --minutes 30     # memory, at a low rate

A contender is a server with its number of threads: sync, gthread:4, granian:1. They run side by
side on the same bank and are asked turn about, in short rounds; a figure is the median of the
rounds, and beside it stands a bare "hello" of the same bytes on the same server. See
docs/decisions/0021.
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from bench.asking import (  # noqa: E402 (the line above finds it)
    HELLO,
    Asked,
    Measured,
    Server,
    command,
    free_port,
    measure,
    served,
    warm,
)
from bench.probing import PROBE, probes  # noqa: E402
from bench.ready import ReadyBank, ready_bank  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

console = Console(highlight=False, width=150)
CONTENDERS = ("sync", "gthread:4", "granian:1", "granian:4")
PATIENCE = 10.0


@dataclass
class House:
    """What is measured: the bank, and how each contender is started on it."""

    folder: Path
    bank: ReadyBank
    contenders: tuple[str, ...]
    workers: int
    cookie: str = field(init=False)

    def __post_init__(self) -> None:
        """Sign somebody in."""
        self.cookie = self.bank.cookie

    @contextmanager
    def run(self, kind: str, application: str = "wsgi:app", workers: int = 0) -> Iterator[Server]:
        """One contender."""
        port = free_port()
        where = ROOT if application.startswith("wsgi") else self.folder
        how = command(kind, application, port, workers or self.workers)
        with served(how, where, self.bank.environ(port), port, kind) as server:
            yield server


# --------------------------------------------------------------------------------------- its speed


def speed(house: House, rounds: int) -> None:
    """Pages that are kept, pages that are made, and what is small, beside a bare hello."""
    table = Table("Asked for", "At once", "Server", "req/s", "p50 ms", "p99 ms", "CPU ms",
                  "hello req/s", "of hello", title="Speed, one process each")  # fmt: skip
    topics = house.bank.topics
    with ExitStack() as stack:
        ours = {k: stack.enter_context(house.run(k, workers=1)) for k in house.contenders}
        bare = {k: stack.enter_context(house.run(k, "hello:app", 1)) for k in house.contenders}
        first = next(iter(ours.values()))
        sizes = warm(first, Asked(topics))
        personal = warm(first, Asked(topics[:20], house.cookie))
        cases = {
            "topics, kept": (Asked(topics), sizes),
            "topics, kept, a connection each": (Asked(topics, is_kept_alive=False), sizes),
            "topics, signed in": (Asked(topics, house.cookie), personal),
            "/healthz": (Asked(("/healthz",)), warm(first, Asked(("/healthz",)))),
        }
        for name, (asked, bytes_of) in cases.items():
            for lines in (1, 16, 64):
                found: dict[str, list[tuple[Measured, Measured]]] = defaultdict(list)
                for _ in range(rounds):
                    for kind in house.contenders:
                        # A page is kept for a minute: what is measured is giving, not making.
                        warm(ours[kind], asked if "kept" in name else Asked(asked.paths[:5]))
                        hello = Asked(tuple(f"/{n}" for n in bytes_of), "", asked.is_kept_alive)
                        found[kind].append(
                            (
                                measure(ours[kind], asked, 2, lines),
                                measure(bare[kind], hello, 1, lines),
                            )
                        )
                for kind, pairs in found.items():
                    middle = {
                        what: statistics.median(getattr(m, what) for m, _ in pairs)
                        for what in ("rate", "p50", "p99", "cpu")
                    }
                    table.add_row(
                        *(name, str(lines), kind, f"{middle['rate']:,.0f}"),
                        *(f"{middle['p50']:.2f}", f"{middle['p99']:.1f}", f"{middle['cpu']:.3f}"),
                        f"{statistics.median(h.rate for _, h in pairs):,.0f}",
                        f"{statistics.median(m.rate / h.rate for m, h in pairs):.2f}",
                    )
    right(table, 3)
    console.print(table)


# ------------------------------------------------------------------ readers who see what happens


@dataclass
class Seen:
    """What readers saw. `times`: when each answer was asked for and how long it took."""

    outcomes: Counter[str] = field(default_factory=Counter)
    times: list[tuple[float, float]] = field(default_factory=list)

    def row(self) -> list[str]:
        """For a table: answers, p50, p99, longest, asked again, lost, refused, late, other."""
        took = sorted(ms for _, ms in self.times)
        parts = statistics.quantiles(took, n=100) if len(took) > 1 else [0.0] * 99
        known = ("ok", "again", "lost", "refused", "late")
        other = {what: n for what, n in self.outcomes.items() if what not in known}
        return [
            f"{self.outcomes['ok']:,}",
            *(f"{parts[49]:.1f}", f"{parts[98]:.1f}", f"{(took or [0.0])[-1]:.0f}"),
            *(str(self.outcomes[what]) for what in known[1:]),
            " ".join(f"{what}: {n}" for what, n in other.items()),
        ]


COLUMNS = ("answers", "p50 ms", "p99 ms", "longest", "again", "lost", "refused", "late", "other")


class Readers:
    """Some who read all the time over kept connections, asking ten times a second or so.

    A kept connection that was closed before any byte of an answer is opened anew and asked again,
    as browsers and proxies do ("again"). Lost: a new connection ended without a whole answer, or an
    answer broke off. Late: none within ten seconds.
    """

    def __init__(self, server: Server, asked: Asked, count: int = 8, pause: float = 0.05) -> None:
        self.port, self.requests, self.pause = server.port, asked.requests(server.port), pause
        self.seen, self.is_over = Seen(), threading.Event()
        self.threads = [threading.Thread(target=self._read, args=(n,)) for n in range(count)]

    def __enter__(self) -> Seen:
        """Begin."""
        for each in self.threads:
            each.start()
        time.sleep(1)
        return self.seen

    def __exit__(self, *_: object) -> None:
        self.is_over.set()
        for each in self.threads:
            each.join()

    def _read(self, number: int) -> None:
        line: socket.socket | None = None
        at = number * 7
        while not self.is_over.wait(self.pause):
            at = (at + 1) % len(self.requests)
            began = time.perf_counter()
            is_kept = line is not None
            outcome, line = self._one(line, self.requests[at])
            if outcome == "closed" and is_kept:
                self.seen.outcomes["again"] += 1
                outcome, line = self._one(None, self.requests[at])
            self.seen.outcomes["lost" if outcome == "closed" else outcome] += 1
            if outcome == "ok":
                self.seen.times.append((began, (time.perf_counter() - began) * 1000))
        if line:
            line.close()

    def _one(  # noqa: PLR0911 (each is another end)
        self, line: socket.socket | None, request: bytes
    ) -> tuple[str, socket.socket | None]:
        if line is None:
            try:
                line = socket.create_connection(("127.0.0.1", self.port), PATIENCE)
            except TimeoutError:
                return "late", None
            except OSError:
                return "refused", None
        said = b""
        try:
            line.sendall(request)
            said = line.recv(1 << 16)
            while said and not is_whole(said):
                more = line.recv(1 << 18)
                if not more:
                    line.close()
                    return "lost", None
                said += more
        except TimeoutError:
            line.close()
            return "late", None
        except OSError:
            line.close()
            return ("lost" if said else "closed"), None
        if not said:
            line.close()
            return "closed", None
        status = said[9:12].decode()
        if b"connection: close" in said.partition(b"\r\n\r\n")[0].lower():
            line.close()
            line = None
        return ("ok" if status == "200" else status), line


def is_whole(said: bytes) -> bool:
    """Whether an answer with a length is here to its end."""
    head, found, body = said.partition(b"\r\n\r\n")
    if not found:
        return False
    length = [h for h in head.lower().split(b"\r\n") if h.startswith(b"content-length:")]
    if length:
        return len(body) >= int(length[0].partition(b":")[2])
    return body.endswith(b"0\r\n\r\n") or head[9:12] in {b"304", b"204"}


# ---------------------------------------------------------------------------------- slow visitors


def slow(house: House, count: int, seconds: float) -> None:
    """What others see while so many send or read a byte at a time, or sit there silently."""
    table = Table("Meanwhile", "Server", *COLUMNS, "cut off", "MB more", title="Slow visitors")
    for name, disturb in {
        "nobody": None,
        f"{count} send headers, a byte a second": _slow_headers,
        f"{count} send a form, a byte a second": _slow_bodies,
        f"{count} read an answer slowly": _slow_reading,
        "1,000 sit on kept connections": _idle,
    }.items():
        for kind in house.contenders:
            with house.run(kind) as server:
                asked = Asked(house.bank.topics[:50])
                warm(server, asked, 2)
                before = sum(pss for _, _, pss in server.memory())
                cut, more = 0, 0.0
                with Readers(server, asked) as seen:
                    if disturb is None:
                        time.sleep(seconds)
                    else:
                        cut = disturb(server, 1000 if disturb is _idle else count, seconds)
                    more = sum(pss for _, _, pss in server.memory()) - before
                table.add_row(name, kind, *seen.row(), str(cut), f"{more:.0f}")
        table.add_section()
    right(table, 2)
    console.print(table)


def _slow_headers(server: Server, count: int, seconds: float) -> int:
    request = f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nX-Long: {'x' * 500}".encode()
    return _drip(server, count, seconds, b"", request)


def _slow_bodies(server: Server, count: int, seconds: float) -> int:
    head = (
        f"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nContent-Length: 500\r\n"
        f"Origin: http://127.0.0.1:{server.port}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n\r\nemail="
    )
    return _drip(server, count, seconds, head.encode(), b"x" * 500)


def _drip(server: Server, count: int, seconds: float, first: bytes, rest: bytes) -> int:
    """How many were cut off."""
    lines: list[socket.socket] = []
    sent = 0
    until = time.monotonic() + seconds
    for _ in range(count):
        with suppress(OSError):
            line = socket.create_connection(("127.0.0.1", server.port), 1)
            line.settimeout(0)
            line.send(first or rest[:1])
            lines.append(line)
    while time.monotonic() < until:
        sent += 1
        for line in lines[:]:
            try:
                line.send(rest[sent : sent + 1])
            except BlockingIOError:
                continue
            except OSError:
                lines.remove(line)
        time.sleep(1)
    for line in lines:
        line.close()
    return count - len(lines)


def _slow_reading(server: Server, count: int, seconds: float) -> int:
    """A whole sitemap, some bytes at a time; how many were cut off."""
    asked = Asked(("/sitemap-1.xml",), encoding="identity").requests(server.port)[0]
    lines, cut = [], 0
    for _ in range(count):
        line = socket.socket()
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        try:
            line.settimeout(1)
            line.connect(("127.0.0.1", server.port))
            line.sendall(asked)
        except OSError:
            cut += 1
            continue
        line.settimeout(0)
        lines.append(line)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for line in lines[:]:
            try:
                if not line.recv(100):
                    raise ConnectionResetError
            except BlockingIOError:
                continue
            except OSError:
                lines.remove(line)
                cut += 1
        time.sleep(0.5)
    for line in lines:
        line.close()
    return cut


def _idle(server: Server, count: int, seconds: float) -> int:
    """Ask once each, then stay; how many the server let go of by the end."""
    asked = Asked(("/healthz",)).requests(server.port)[0]
    lines: list[socket.socket] = []
    until = time.monotonic() + seconds
    with selectors.DefaultSelector() as ready:
        for _ in range(count):
            with suppress(OSError):
                line = socket.create_connection(("127.0.0.1", server.port), 2)
                line.settimeout(5)
                line.sendall(asked)
                ready.register(line, selectors.EVENT_READ)
                lines.append(line)
        let_go = count - len(lines)
        while time.monotonic() < until:
            for key, _ in ready.select(0.5):
                line = key.fileobj  # type: ignore[assignment]
                try:
                    is_open = bool(line.recv(1 << 16))
                except OSError:
                    is_open = False
                if not is_open:
                    ready.unregister(line)
                    let_go += 1
    for line in lines:
        line.close()
    return let_go


# ------------------------------------------------------------------------------------- operations


def operate(house: House, _rounds: int) -> None:
    """Reload, stop and kill while sixteen read."""
    table = Table("What", "Server", *COLUMNS, "took", "after it", title="Operations, 16 readers")
    for name, act in {
        "nothing": _nothing,
        "reload (HUP)": _reload,
        "stop (TERM)": _stop,
        "a process killed": _kill,
        "killed, and its successor too": _kill_twice,
        "the first process killed": _behead,
    }.items():
        for kind in house.contenders:
            with house.run(kind) as server:
                asked = Asked(house.bank.topics[:50])
                warm(server, asked, 2)
                with Readers(server, asked, 16, 0.01) as seen:
                    took, said = act(server)
                table.add_row(name, kind, *seen.row(), f"{took:.1f} s", said)
                for pid in server.processes()[1:]:
                    with suppress(OSError):
                        os.kill(pid, signal.SIGKILL)
        table.add_section()
    right(table, 2)
    console.print(table)


def _nothing(_server: Server) -> tuple[float, str]:
    time.sleep(5)
    return 5, ""


def _until(holds: Callable[[], bool], seconds: float = 40) -> float:
    """How long it took until something held."""
    began = time.monotonic()
    while not holds() and time.monotonic() - began < seconds:
        time.sleep(0.05)
    return time.monotonic() - began


def _reload(server: Server) -> tuple[float, str]:
    old = set(server.processes()[1:])
    os.kill(server.pid, signal.SIGHUP)
    took = _until(lambda: not old & set(server.processes()))
    time.sleep(1)
    return took, f"{len(old)} replaced by {len(server.processes()) - 1}"


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _stop(server: Server) -> tuple[float, str]:
    everybody = server.processes()
    os.kill(server.pid, signal.SIGTERM)
    took = _until(lambda: not any(map(_is_alive, everybody)))
    return took, f"{sum(map(_is_alive, everybody))} still run"


def _kill(server: Server) -> tuple[float, str]:
    count, victim = len(server.processes()), server.processes()[1]
    os.kill(victim, signal.SIGKILL)
    took = _until(lambda: _is_back(server, {victim}, count), 20)
    time.sleep(3)
    return took, f"{len(server.processes()) - 1} of {count - 1} run"


def _is_back(server: Server, dead: set[int], count: int) -> bool:
    alive = [pid for pid in server.processes() if _is_alive(pid) and pid not in dead]
    return len(alive) >= count


def _kill_twice(server: Server) -> tuple[float, str]:
    count, known = len(server.processes()), set(server.processes())
    victim = server.processes()[1]
    os.kill(victim, signal.SIGKILL)
    _until(lambda: _is_back(server, {victim}, count), 10)
    fresh = [pid for pid in server.processes() if pid not in known]
    time.sleep(1)
    for pid in fresh:
        os.kill(pid, signal.SIGKILL)
    took = _until(lambda: _is_back(server, {victim, *fresh}, count), 10)
    time.sleep(2)
    alive = [pid for pid in server.processes() if _is_alive(pid)]
    return took, f"{max(0, len(alive) - 1)} of {count - 1} run" if alive else "it ended"


def _behead(server: Server) -> tuple[float, str]:
    rest = server.processes()[1:]
    os.kill(server.pid, signal.SIGKILL)
    took = _until(lambda: not any(map(_is_alive, rest)), 10)
    left = [pid for pid in rest if _is_alive(pid)]
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    return took, f"{len(left)} of {len(rest)} went on without it"


# ------------------------------------------------------------------------------------ what it says


def check(house: House, _rounds: int) -> None:
    """What each makes of requests that are odd, and what the application is told."""
    (house.folder / "probe.py").write_text(PROBE)
    table = Table("Sent", *house.contenders, title="Odd requests", show_lines=True)
    found: dict[str, list[str]] = defaultdict(list)
    for kind in house.contenders:
        with house.run(kind, "probe:app", 1) as server:
            for what, answer in probes(server.port):
                found[what].append(answer)
    for what, answers in found.items():
        table.add_row(what, *answers)
    console.print(table)


# ----------------------------------------------------------------------------------------- memory


def memory(house: House, minutes: float, every: float) -> None:
    """All of them at a low rate, with what is kept, made, and signed in; their memory over time."""
    samples: dict[str, list[list[tuple[int, float, float]]]] = defaultdict(list)
    began = time.monotonic()
    with ExitStack() as stack:
        servers = {k: stack.enter_context(house.run(k)) for k in house.contenders}
        watched = []
        for server in servers.values():
            for asked in (
                Asked(house.bank.topics),
                Asked(("/", "/categories/c1", *house.bank.topics[:50]), house.cookie),
            ):
                readers = Readers(server, asked, 1, 0.4)
                watched.append((server.kind, stack.enter_context(readers)))
        while time.monotonic() - began < minutes * 60:
            for kind, server in servers.items():
                samples[kind].append(server.memory())
            time.sleep(every)
        spent = {kind: server.processor_time() for kind, server in servers.items()}
    table = Table("Server", "Processes", "answers", "not 200", "PSS at 1 min", "half-way", "end",
                  "RSS at the end", "CPU s", title=f"Memory, {minutes:g} minutes, MB")  # fmt: skip
    for kind, rows in samples.items():
        sums = [sum(pss for _, _, pss in row) for row in rows]
        outcomes = sum((seen.outcomes for k, seen in watched if k == kind), Counter())
        table.add_row(
            *(kind, str(len(rows[-1])), f"{outcomes['ok']:,}"),
            str(outcomes.total() - outcomes["ok"] - outcomes["again"]),
            f"{sums[min(len(sums) - 1, int(60 / every))]:.0f}",
            *(f"{sums[len(sums) // 2]:.0f}", f"{sums[-1]:.0f}"),
            " ".join(f"{rss:.0f}" for _, rss, _ in rows[-1]),
            f"{spent[kind]:.0f}",
        )
    right(table, 1)
    console.print(table)
    for kind, rows in samples.items():
        sums = [f"{sum(pss for _, _, pss in row):.0f}" for row in rows]
        console.print(
            f"{kind}, PSS of all its processes: {' '.join(sums[:: max(1, len(sums) // 30)])}"
        )


# ----------------------------------------------------------------------------------------- report


def right(table: Table, first: int) -> None:
    """Figures stand to the right."""
    for column in table.columns[first:]:
        column.justify = "right"


PARTS: dict[str, Any] = {"speed": speed, "slow": None, "operate": operate, "check": check}


@click.command()
@click.option("--only", multiple=True, type=click.Choice([*PARTS]), help="Just this part.")
@click.option("--contender", "contenders", multiple=True, default=CONTENDERS, show_default=True)
@click.option("--topics", default=2_000, show_default=True, help="Topics of the bank.")
@click.option("--workers", default=2, show_default=True, help="Processes, but for speed (one).")
@click.option("--rounds", default=3, show_default=True, help="Of each figure of speed.")
@click.option("--count", default=200, show_default=True, help="Slow visitors.")
@click.option("--minutes", default=0.0, help="Watch memory for so long, and nothing else.")
def main(
    *,
    only: tuple[str, ...],
    contenders: tuple[str, ...],
    topics: int,
    workers: int,
    rounds: int,
    count: int,
    minutes: float,
) -> None:
    """Measure every contender."""
    if find_spec("granian") is None:
        console.print("Granian is left out: it is not installed (pip install granian).")
        contenders = tuple(each for each in contenders if not each.startswith("granian"))
    with tempfile.TemporaryDirectory(prefix="otklik-servers-") as root:
        folder = Path(root)
        (folder / "hello.py").write_text(HELLO)
        house = House(folder, ready_bank(folder, topics), contenders, workers)
        if minutes:
            memory(house, minutes, min(10.0, minutes * 6))
            return
        for name in only or PARTS:
            if name == "slow":
                slow(house, count, 12)
            else:
                PARTS[name](house, rounds)


if __name__ == "__main__":
    main()
