"""Otklik on several machines, each part killed and cut off under a crowd; and what people saw.

    .venv/bin/python bench/machines.py                    # as root; a quarter of an hour
    .venv/bin/python bench/machines.py --only web --only database
    .venv/bin/python bench/machines.py --clean            # after a run that was killed itself

Machines are network namespaces (`bench/stage.py`): PostgreSQL and a replica, Valkey, files, two web
machines with a worker each, nginx in front; the crowd asks nginx from outside. To kill is SIGKILL;
to cut is to drop every packet, so that whoever waits for an answer is told nothing.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

import config  # noqa: E402 (the line above finds it)
from app.accounts.passwords import hashed  # noqa: E402
from bench.accounts import settle  # noqa: E402
from bench.crowd import Crowd  # noqa: E402
from bench.oldness import Oldness  # noqa: E402
from bench.pictures import Pictures  # noqa: E402
from bench.stage import WEB_PORT, Stage, answers, clean, missing, until  # noqa: E402

if TYPE_CHECKING:
    from bench.told import Told
    from bench.visitor import Asked

console = Console(highlight=False, width=130)
TOPICS = 2000
PASSWORD = "a crowd of their own"  # noqa: S105 (of invented people)
# In the bank of bench/bank.py: executives of the first categories, and customers.
EXECUTIVES, CUSTOMERS = range(5, 8), range(46, 62)
CATEGORIES = (1, 2, 3)
ROUND = ("web1", "web2")
# Seconds from one machine to the next: longer than nginx stays away from one that failed.
APART = 6
GROUPS = {
    "reading": ("front", "topic", "category", "feed", "search", "type-ahead"),
    "signed in": ("signed in", "form", "desk", "sign in"),
    "writing": ("ask", "comment", "vote", "answer"),
    "pictures": ("picture", "upload"),
}


@dataclass(frozen=True)
class Scenario:
    """Something that goes wrong, and how it is put right."""

    name: str
    part: str
    fault: Callable[[Stage], object]
    repair: Callable[[Stage], object] = lambda _stage: None
    # How much longer than usual it lasts.
    longer: float = 1.0
    needs: str = ""


@dataclass
class Seen:
    """What people saw of one scenario; instants in monotonic seconds."""

    name: str
    began: float
    fault: float
    repair: float
    ended: float
    told: Told
    oldest: dict[str, float] = field(default_factory=dict)
    unmeasured: list[str] = field(default_factory=list)

    def of(self, group: str, begin: float, end: float) -> list[Asked]:
        """Requests of that group that ended within."""
        kinds = GROUPS[group]
        return [a for a in self.told.asked if a.kind in kinds and begin <= a.ended < end]


# ------------------------------------------------------------------------------------ what happens


def kill_a_process(stage: Stage) -> None:
    """One of the web processes of the first machine, while it serves."""
    os.kill(random.choice(stage["web1"].children("web")), signal.SIGKILL)


def start_machine(stage: Stage, name: str = "web1") -> None:
    stage.start_web(name)
    stage.start_worker(name)


def kill_workers(*names: str) -> Callable[[Stage], None]:
    def kill(stage: Stage) -> None:
        for name in names:
            stage[name].kill_group("worker")

    return kill


def start_workers(*names: str) -> Callable[[Stage], None]:
    def start(stage: Stage) -> None:
        for name in names:
            stage.start_worker(name)

    return start


def cut(name: str) -> Callable[[Stage], None]:
    return lambda stage: stage[name].cut()


def mend(name: str) -> Callable[[Stage], None]:
    return lambda stage: stage[name].mend()


def kill(name: str) -> Callable[[Stage], None]:
    return lambda stage: stage[name].kill_all()


def hold_back(stage: Stage) -> None:
    """The replica takes what comes and shows none of it."""
    stage.ask("SELECT pg_wal_replay_pause()", name="db2")


def catch_up(stage: Stage) -> None:
    stage.ask("SELECT pg_wal_replay_resume()", name="db2")


def reload_front(stage: Stage) -> None:
    for _ in range(3):
        stage.reload()
        time.sleep(1)


def one_by_one(stage: Stage) -> None:
    """As an upgrade does it: nobody is sent there, what runs may finish, then it is started."""
    for name in ROUND:
        stage.arrange(down=name)
        time.sleep(2)
        _restart(stage, name)
        stage.arrange()
        time.sleep(APART)


def one_by_one_at_once(stage: Stage) -> None:
    """The same, and nginx is told nothing of it."""
    for name in ROUND:
        _restart(stage, name)
        time.sleep(APART)


def _restart(stage: Stage, name: str) -> None:
    stage[name].stop("web")
    stage[name].stop("worker")
    stage.start_web(name)
    until(f"{name} is up again", lambda: stage.web_is_up(name))
    stage.start_worker(name)


SCENARIOS = (
    Scenario("nothing", "nothing", lambda _stage: None),
    Scenario("a web process is killed", "web", kill_a_process),
    Scenario("a web machine is killed", "web", kill("web1"), start_machine),
    Scenario("a web machine is cut off", "web", cut("web1"), mend("web1"), 2.0),
    Scenario("a worker is killed", "worker", kill_workers("web1"), start_workers("web1")),
    Scenario("both workers are killed", "worker", kill_workers(*ROUND), start_workers(*ROUND)),
    Scenario("Valkey is killed", "valkey", kill("valkey"), Stage.start_valkey),
    Scenario("Valkey is cut off", "valkey", cut("valkey"), mend("valkey")),
    Scenario("PostgreSQL is killed", "database", kill("db"), Stage.start_database),
    Scenario("PostgreSQL is cut off", "database", cut("db"), mend("db"), 2.0),
    Scenario("the replica is killed", "replica", kill("db2"),
             lambda stage: stage.start_database("db2"), needs="replica"),
    Scenario("the replica is cut off", "replica", cut("db2"), mend("db2"), needs="replica"),
    Scenario("the replica falls behind", "replica", hold_back, catch_up, needs="replica"),
    Scenario("the files are killed", "files", Stage.shut_files, Stage.open_files, needs="files"),
    Scenario("the files are cut off", "files", cut("files"), mend("files"), needs="files"),
    Scenario("nginx is reloaded three times", "front", reload_front),
    Scenario("web machines restarted, one by one", "restart", one_by_one),
    Scenario("the same, nginx not told", "restart", one_by_one_at_once),
)  # fmt: skip


# -------------------------------------------------------------------------------------- the evening


def play(stage: Stage, crowd: Crowd, scenario: Scenario, seconds: float) -> Seen:
    """Before, the fault, during, the repair, after; the crowd goes on all the time."""
    began = time.monotonic()
    time.sleep(seconds)
    with Oldness(stage) as oldness:
        fault = time.monotonic()
        scenario.fault(stage)
        left = fault + seconds * 2 * scenario.longer - time.monotonic()
        time.sleep(max(left, seconds))
        repair = time.monotonic()
        scenario.repair(stage)
        time.sleep(seconds * 2)
    # Nobody is judged for what the next fault does.
    until("everything is well again", lambda: all(map(stage.web_is_up, ROUND)))
    ended = time.monotonic()
    return Seen(
        scenario.name, began, fault, repair, ended, crowd.told().between(began, ended),
        oldness.oldest(), oldness.failed,
    )  # fmt: skip


def show(seen: Seen) -> None:
    """One scenario."""
    spans = {
        "before": (seen.began, seen.fault),
        "while": (seen.fault, seen.repair),
        "after": (seen.repair, seen.ended),
    }
    table = Table("", "Requests", "p50 ms", "p99 ms", "longest s", "not as it should be",
                  title=f"\n[bold]{seen.name}[/] ({seen.repair - seen.fault:.0f} s)",
                  title_justify="left")  # fmt: skip
    for column in table.columns[1:5]:
        column.justify = "right"
    for group in GROUPS:
        for when, span in spans.items():
            found = seen.of(group, *span)
            if found:
                table.add_row(f"{group}, {when}", *_figures(found))
    console.print(table)
    console.print(f"after the repair: {after_repair(seen)}; {_oldness(seen)}")


def _figures(found: list[Asked]) -> tuple[str, ...]:
    took = sorted(a.took for a in found)
    return (
        f"{len(found):,}",
        f"{took[len(took) // 2] * 1000:.0f}",
        f"{took[min(len(took) - 1, len(took) * 99 // 100)] * 1000:.0f}",
        f"{took[-1]:.1f}",
        wrong(found),
    )


def wrong(found: Iterable[Asked]) -> str:
    """What was not as it should be, by status or trouble."""
    counted = Counter(a.outcome for a in found if not a.is_expected)
    return ", ".join(f"{what} × {number}" for what, number in counted.most_common())


def after_repair(seen: Seen) -> str:
    """How long the first good answer took to come, and the last bad one."""
    asked = [a for a in seen.told.asked if a.ended >= seen.repair and a.at < seen.ended]
    good = [a.ended for a in asked if a.is_expected and a.at >= seen.fault]
    bad = [a.ended for a in asked if not a.is_expected]
    first = f"first good answer in {min(good) - seen.repair:.1f} s" if good else "none is good"
    return (
        f"{first}, {f'the last bad one in {max(bad) - seen.repair:.1f} s' if bad else 'none bad'}"
    )


def _oldness(seen: Seen) -> str:
    if not seen.oldest:
        return f"no page was measured ({', '.join(seen.unmeasured)})"
    said = ", ".join(f"on {name} {age:.2f} s" for name, age in seen.oldest.items())
    return f"what was written was seen by all within: {said}"


def markdown(every: list[Seen]) -> str:
    """The table of docs/several-machines.md."""
    lines = [
        f"| Part | For | {' | '.join(GROUPS)} | Longest wait | Well again | Seen within |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for seen in every:
        cells = [seen.name, f"{seen.repair - seen.fault:.0f} s"]
        for group in GROUPS:
            found = seen.of(group, seen.fault, seen.ended)
            bad = sum(not a.is_expected for a in found)
            said = f"{bad} of {len(found)}: {wrong(found)}" if bad else f"all {len(found)} well"
            cells.append(said)
        longest = max((a.took for a in seen.told.asked if a.ended >= seen.fault), default=0)
        bad_after = [a.ended for a in seen.told.asked
                     if not a.is_expected and a.ended >= seen.repair]  # fmt: skip
        cells.append(f"{longest:.1f} s")
        cells.append(f"{max(bad_after) - seen.repair:.1f} s" if bad_after else "at once")
        cells.append(f"{max(seen.oldest.values()):.2f} s" if seen.oldest else "–")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


# ---------------------------------------------------------------------------------------- the house


def raise_curtain(stage: Stage, topics: int) -> list[tuple[str, str]]:
    """Start everything in order; the people of the crowd."""
    with console.status("the network, PostgreSQL, Valkey") as status:
        stage.build()
        stage.make_database()
        stage.start_valkey()
        stage.start_files()
        status.update(f"a bank with {topics:,} topics")
        _python(stage, "bench/fill.py", str(topics))
        people = [f"p{number}@bench.example" for number in (*EXECUTIVES, *CUSTOMERS)]
        stage.ask("UPDATE people SET password_hash = %s WHERE email = ANY(%s)",
                  hashed(PASSWORD), [*people, Oldness.email])  # fmt: skip
        status.update("the replica")
        stage.make_replica()
        status.update("two web machines")
        for name in ROUND:
            start_machine(stage, name)
        for name in ROUND:
            until(f"{name} is up", lambda name=name: stage.web_is_up(name))  # type: ignore[misc]
        stage.start_front()
        until("the front page", lambda: answers(stage["front"].address, 80, "/"))
        status.update("both search indexes")
        for name in ROUND:
            until(f"{name} finds something", lambda name=name: _finds(stage, name))  # type: ignore[misc]
    for what, there in (("replica", stage.has_replica), ("S3 server", stage.has_files)):
        if not there:
            console.print(f"[yellow]No {what} here: what needs one is left out.[/]")
    return [(email, PASSWORD) for email in people]


def _finds(stage: Stage, name: str) -> bool:
    return (stage[name].folder / "instance" / "index").exists() and answers(
        stage[name].address, WEB_PORT, "/search?q=%D0%BA%D0%B0%D1%80%D1%82%D0%B0",
        stage["front"].address,
    )  # fmt: skip


def _python(stage: Stage, *command: str) -> None:
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=stage.whole_environment("web1"),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise click.ClickException(f"{command}: {done.stdout}{done.stderr}")


@click.command()
@click.option("--only", multiple=True, type=click.Choice(sorted({s.part for s in SCENARIOS})),
              help="Only what happens to this part; may be repeated.")  # fmt: skip
@click.option("--seconds", default=8.0, show_default=True,
              help="Before each fault; twice as long during it, and afterwards.")  # fmt: skip
@click.option("--topics", default=TOPICS, show_default=True, help="Of the bank.")
@click.option("--readers", default=4, show_default=True, help="Of the crowd.")
@click.option("--pause", default=0.8, show_default=True, help="Seconds a reader thinks.")
@click.option("--keep", type=click.Path(path_type=Path), help="Keep logs and data here.")
@click.option("--clean", "only_clean", is_flag=True, help="Only take away what a run has left.")
def main(
    *, only: tuple[str, ...], seconds: float, topics: int, readers: int, pause: float,
    keep: Path | None, only_clean: bool,
) -> None:  # fmt: skip
    """Show what people see when a part of it is away."""
    wanted = missing()
    if wanted:
        console.print(f"[red]This needs: {', '.join(wanted)}.[/]")
        sys.exit(2)
    if only_clean:
        clean()
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    folder = keep or Path(tempfile.mkdtemp(prefix="otklik-machines-"))
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise click.ClickException(f"{folder} is not empty.")
    stage = Stage(folder, {setting.name for setting in config.SETTINGS})
    try:
        people = raise_curtain(stage, topics)
        crowd = Crowd(stage.address, people, readers=readers, searchers=1, pause=pause, timeout=40,
                      categories=CATEGORIES)  # fmt: skip
        crowd.start()
        pictures = Pictures(crowd)
        pictures.start()
        every: list[Seen] = []
        try:
            for scenario in SCENARIOS:
                needed = not scenario.needs or getattr(stage, f"has_{scenario.needs}")
                if needed and (not only or scenario.part in only):
                    with console.status(scenario.name):
                        seen = play(stage, crowd, scenario, seconds)
                    show(seen)
                    every.append(seen)
        finally:
            told = crowd.stop()
            pictures.join(60)
        console.print(told.table("\nThe whole evening"))
        for line in (*told.lines(), *settle(stage, told)):
            console.print(line)
        console.print(f"pictures kept: {len(pictures.kept)}, lost: {len(pictures.lost())}")
        print(f"\n{markdown(every)}")
    finally:
        clean()
        if keep is None:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
