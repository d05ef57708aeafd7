"""What a crowd has seen: every answer by kind, and what became of everything that it wrote."""

from __future__ import annotations

import statistics
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bench.visitor import Asked

WRITTEN, REFUSED, HELD, UNSURE = "written", "refused", "held", "unsure"


@dataclass(slots=True)
class Written:
    """A text or a voice of somebody's. `marker` is a word that stands nowhere else.

    `state`: written (it was said so: 303), held (a moderator reads it first), refused, or unsure:
    the connection ended after it was sent, so it stands there once or not at all. `tries` counts
    how often the same form was sent. `address` is where its author was led.
    """

    kind: str
    marker: str
    by: str
    at: float
    topic_id: int = 0
    address: str = ""
    state: str = UNSURE
    tries: int = 0
    why: str = ""


@dataclass(frozen=True)
class Kind:
    """All requests of one kind; times in milliseconds, of those that were answered."""

    number: int
    outcomes: Counter[str]
    unexpected: int
    p50: float
    p99: float
    longest: float


@dataclass
class Told:
    """The accounts of a crowd between two instants (monotonic seconds).

    `mistakes` are the crowd's own: pages that it did not understand.
    """

    began: float
    ended: float
    asked: list[Asked] = field(default_factory=list)
    written: list[Written] = field(default_factory=list)
    mistakes: list[str] = field(default_factory=list)

    def between(self, begin: float, end: float) -> Told:
        """What was under way or was sent within this time."""
        return Told(
            max(begin, self.began),
            min(end, self.ended),
            [each for each in self.asked if each.at < end and each.ended > begin],
            [each for each in self.written if begin <= each.at < end],
            self.mistakes,
        )

    def unexpected(self) -> list[Asked]:
        """Errors, refusals, and connections that ended, in the order in which they came."""
        found = [each for each in self.asked if not each.is_expected]
        return sorted(found, key=lambda each: each.ended)

    def wrote(self, state: str, kind: str = "") -> list[Written]:
        """What has become that."""
        return [w for w in self.written if w.state == state and kind in {"", w.kind}]

    @property
    def unsure(self) -> list[Written]:
        """What may have been written or not."""
        return self.wrote(UNSURE)

    @property
    def kinds(self) -> dict[str, Kind]:
        """The figures by kind, the most frequent first."""
        counted = Counter(each.kind for each in self.asked)
        return {
            kind: _kind([each for each in self.asked if each.kind == kind])
            for kind, _number in counted.most_common()
        }

    def table(self, title: str = "") -> Table:
        """The same for people."""
        table = Table("Kind", "Requests", "Answers", "p50 ms", "p99 ms", "longest", title=title)
        for column in ("Requests", "p50 ms", "p99 ms", "longest"):
            next(c for c in table.columns if c.header == column).justify = "right"
        for name, kind in self.kinds.items():
            said = ", ".join(f"{what} × {n:,}" for what, n in kind.outcomes.most_common())
            table.add_row(
                f"[red]{name}[/]" if kind.unexpected else name,
                f"{kind.number:,}",
                said,
                f"{kind.p50:.0f}",
                f"{kind.p99:.0f}",
                f"{kind.longest:.0f}",
            )
        return table

    def lines(self) -> Iterator[str]:
        """What was written, in a line for each kind; and what the crowd did not understand."""
        for kind in sorted({each.kind for each in self.written}):
            states = Counter(each.state for each in self.written if each.kind == kind)
            again = sum(each.tries > 1 for each in self.written if each.kind == kind)
            said = ", ".join(f"{state} {n}" for state, n in states.most_common())
            yield f"{kind}: {said}" + (f" ({again} of them sent again)" if again else "")
        yield from (f"the crowd's own mistake: {each}" for each in self.mistakes[:10])


def _kind(asked: Iterable[Asked]) -> Kind:
    asked = list(asked)
    took = sorted(each.took * 1000 for each in asked if each.status) or [0.0]
    parts = statistics.quantiles(took, n=100) if len(took) > 1 else took * 99
    return Kind(
        len(asked),
        Counter(each.outcome for each in asked),
        sum(not each.is_expected for each in asked),
        parts[49],
        parts[98],
        max(each.took * 1000 for each in asked),
    )
