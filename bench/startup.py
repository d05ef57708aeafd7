"""Prints what it costs to start: import, memory of an idle web process, first page, `bin/run`.

    .venv/bin/python bench/startup.py                  five times each, the median
    .venv/bin/python bench/startup.py --without-run    leaves out bin/run

CPU seconds beside seconds on the clock: on a busy machine only the former mean much.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import click

ROOT = Path(__file__).parents[1]
PATIENCE = 120.0
ASKED = {"import": 1000.0, "page": 300.0, "memory": 120.0, "run": 3000.0}
HEAVIEST = 10
LINE = re.compile(r"import time:\s+(\d+) \|\s+\d+ \| +(\S+)")
PROCESS = """
import json, os, sys, time
wall, cpu = time.perf_counter(), time.process_time()
import wsgi
said = {"import": time.perf_counter() - wall, "import CPU": time.process_time() - cpu,
        "modules": len(sys.modules)}
if os.path.exists("/proc/self/smaps_rollup"):
    for line in open("/proc/self/smaps_rollup"):
        if line.startswith(("Rss:", "Pss:")):
            said[line[:3]] = int(line.split()[1]) / 1024
wall, cpu = time.perf_counter(), time.process_time()
page = wsgi.app.test_client().get("/", base_url=os.environ["PUBLIC_URL"])
assert page.status_code == 200, page.status
said |= {"page": time.perf_counter() - wall, "page CPU": time.process_time() - cpu}
print(json.dumps(said))
"""


def environment(instance: Path, port: int) -> dict[str, str]:
    """A house of its own, with the demo bank in it."""
    return {
        **os.environ,
        "SECRET_KEY": "only-for-measuring-" * 3,
        "INSTANCE_PATH": str(instance),
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "LOG_LEVEL": "ERROR",
        "PYTHONPATH": str(ROOT),
    }


def one_start(env: dict[str, str]) -> dict[str, float]:
    """A process that makes the application and one page."""
    command = [sys.executable, "-c", PROCESS]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    said: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return said


def one_run(env: dict[str, str], port: int) -> float:
    """How long `bin/run` takes until it says where it is; then it is stopped."""
    began = time.perf_counter()
    command = ["./bin/run", "--port", str(port)]
    process = subprocess.Popen(
        command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        for line in process.stdout or ():
            if "Otklik is at" in line:
                return time.perf_counter() - began
        raise click.ClickException("bin/run ended before it was up")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)


def heaviest(env: dict[str, str]) -> list[tuple[str, float]]:
    """The packages that took most of the import, in milliseconds of their own."""
    command = [sys.executable, "-X", "importtime", "-c", "import wsgi"]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    cost: Counter[str] = Counter()
    for own, module in LINE.findall(done.stderr):
        cost[module.partition(".")[0]] += int(own)
    return [(name, own / 1000) for name, own in cost.most_common(HEAVIEST)]


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def row(what: str, value: float, unit: str, asked: float | None = None) -> None:
    print(f"{what:<38}{value:>9.0f} {unit:<4}" + (f" (at most {asked:.0f})" if asked else ""))


@click.command()
@click.option("--times", default=5, show_default=True, help="The median of so many.")
@click.option("--without-run", is_flag=True, help="Leave out bin/run.")
def main(times: int, *, without_run: bool) -> None:
    """Measure a start of Otklik on this machine."""
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        env = environment(Path(folder), port)
        one_run(env, port)  # makes the database
        one_start(env)  # compiles what is kept
        starts = [one_start(env) for _ in range(times)]
        runs = [] if without_run else [one_run(env, port) for _ in range(times)]
        packages = heaviest(env)
    found: dict[str, Any] = {k: statistics.median(s[k] for s in starts) for k in starts[0]}
    row("Import of the app", found["import"] * 1000, "ms", ASKED["import"])
    row("  of it CPU", found["import CPU"] * 1000, "ms")
    row("Modules loaded", found["modules"], "")
    for kind in ("Rss", "Pss"):
        if kind in found:
            row(f"Idle web process, {kind.upper()}", found[kind], "MB", ASKED["memory"])
    row("Cold first page", found["page"] * 1000, "ms", ASKED["page"])
    row("  of it CPU", found["page CPU"] * 1000, "ms")
    if runs:
        row("Second bin/run", statistics.median(runs) * 1000, "ms", ASKED["run"])
    print("\nHeaviest packages, by the time of their own (importtime makes all slower):")
    for name, own in packages:
        row(f"  {name}", own, "ms")


if __name__ == "__main__":
    main()
