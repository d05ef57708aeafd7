"""What processes take in memory while they live, and whether that is flat."""

from __future__ import annotations

import statistics
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

# Flat: the line through the second half of a life rises by less of its median than this.
RISE = 0.03
# Who has lived shorter is still filling what it keeps.
LONG_ENOUGH = 15 * 60.0


@dataclass(frozen=True)
class Sample:
    """Megabytes, and when (monotonic seconds)."""

    at: float
    rss: float
    pss: float


@dataclass
class Life:
    """A process from its birth, or from the beginning, to its end."""

    sort: str
    pid: int
    samples: list[Sample] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """How long it was looked at."""
        return self.samples[-1].at - self.samples[0].at

    @property
    def second_half(self) -> list[Sample]:
        """The samples of the last half of its life."""
        middle = (self.samples[0].at + self.samples[-1].at) / 2
        return [each for each in self.samples if each.at >= middle]

    @property
    def slope(self) -> float:
        """Megabytes (RSS) a minute in the second half: the median of all lines between samples."""
        half = self.second_half
        lines = [(b.rss - a.rss) / (b.at - a.at) for a, b in combinations(half, 2) if b.at > a.at]
        return statistics.median(lines) * 60 if lines else 0.0

    @property
    def rise(self) -> float:
        """What that makes of the median, over the second half."""
        half = self.second_half
        minutes = (half[-1].at - half[0].at) / 60
        return self.slope * minutes / statistics.median(each.rss for each in self.samples)

    @property
    def is_long(self) -> bool:
        """Whether it lived long enough for a verdict."""
        return self.seconds >= LONG_ENOUGH

    @property
    def is_flat(self) -> bool:
        """Whether it grew no more."""
        return self.rise < RISE


class Memory:
    """Looks at all processes every so many seconds, in a thread."""

    def __init__(self, processes: Callable[[], Iterable[tuple[str, int]]], every: float) -> None:
        self.processes, self.every = processes, every
        self.lives: dict[int, Life] = {}
        self.halt = threading.Event()
        self.thread = threading.Thread(target=self._look, daemon=True)

    def start(self) -> None:
        """Begin."""
        self.thread.start()

    def stop(self) -> None:
        """End."""
        self.halt.set()
        self.thread.join()

    def _look(self) -> None:
        while not self.halt.wait(self.every):
            for sort, pid in self.processes():
                sample = _sample(pid)
                if sample is not None:
                    self.lives.setdefault(pid, Life(sort, pid)).samples.append(sample)

    def latest(self) -> dict[str, float]:
        """The megabytes of each sort's largest process that was just seen."""
        found: dict[str, float] = defaultdict(float)
        recent = time.monotonic() - 2 * self.every
        for life in list(self.lives.values()):
            if life.samples[-1].at > recent:
                found[life.sort] = max(found[life.sort], life.samples[-1].rss)
        return dict(found)

    def grown(self) -> list[Life]:
        """Those that lived long enough and are not flat."""
        return [each for each in self.lives.values() if each.is_long and not each.is_flat]

    def lines(self) -> Iterator[str]:
        """Every sample, for whoever wants to draw them."""
        yield "sort,pid,at,rss,pss"
        for life in list(self.lives.values()):
            for each in life.samples:
                yield f"{life.sort},{life.pid},{each.at:.1f},{each.rss:.2f},{each.pss:.2f}"

    def table(self, spared: set[int]) -> Table:
        """The longest lives of each sort."""
        table = Table(
            *("Process", "Minutes", "RSS first", "median", "last", "most", "PSS last"),
            *("MB a minute", "Rise", "Verdict"),
            title="Memory, MB; slope and rise of the second half of each life",
        )
        for column in table.columns[1:-1]:
            column.justify = "right"
        lives = [life for life in self.lives.values() if len(life.samples) > 3]
        for life in sorted(lives, key=lambda each: (each.sort, -each.seconds)):
            sizes = [each.rss for each in life.samples]
            verdict = "too short to say"
            if life.is_long:
                verdict = "flat" if life.is_flat else "[red]grows[/]"
            if life.pid not in spared and not life.is_long:
                continue
            table.add_row(
                f"{life.sort}{', never killed' if life.pid in spared else ''}",
                f"{life.seconds / 60:.1f}",
                *(f"{n:.0f}" for n in (sizes[0], statistics.median(sizes), sizes[-1], max(sizes))),
                f"{life.samples[-1].pss:.0f}",
                f"{life.slope:+.2f}",
                f"{life.rise:+.1%}",
                verdict,
            )
        return table


def _sample(pid: int) -> Sample | None:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return None
    sizes = {line.split()[0]: int(line.split()[1]) / 1024 for line in lines[1:]}
    return Sample(time.monotonic(), sizes["Rss:"], sizes["Pss:"]) if sizes else None
