"""What is counted of the promises that fell due in a period, and what may be said of it.

Everything that shows a figure shows one of these: the scoreboard, a category's page, an
executive's card, the front page's sentence and `flask figures`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from app.insight.statistics import ENOUGH, Interval, wilson

if TYPE_CHECKING:
    from collections.abc import Mapping

# By the address; the third is what is shown when nobody asked for another.
PERIODS = ("month", "last-month", "90-days", "all")
USUAL = "90-days"
WHOLE = "all"


@dataclass(frozen=True)
class Period:
    """A stretch of the bank's calendar; promises belong to the one they fell due in.

    `ends` None: what was kept early counts though its hour lies ahead, as in the present month.
    """

    name: str
    begins: datetime | None
    ends: datetime | None


def periods(now: datetime, zone: str) -> dict[str, Period]:
    """The periods as they lie at an instant, by their names."""
    today = now.astimezone(ZoneInfo(zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    first = today.replace(day=1)
    long_ago = datetime.fromordinal(today.toordinal() - 89).replace(tzinfo=today.tzinfo)
    found = (
        Period("month", first, _months_on(first, 1)),
        Period("last-month", _months_on(first, -1), first),
        Period("90-days", long_ago, None),
        Period("all", None, None),
    )
    return {period.name: period for period in found}


def _months_on(first: datetime, months: int) -> datetime:
    number = first.year * 12 + first.month - 1 + months
    return first.replace(year=number // 12, month=number % 12 + 1)


@dataclass
class Times:
    """How long something took, in seconds: of `count` that ended, and of those still open, too.

    `median`, `p90`: of the ended ones only. `fair_median`, `fair_p90`: by Kaplan and Meier, with
    those that still wait; None when so many wait that it is not known yet.
    """

    count: int = 0
    waiting: int = 0
    median: float | None = None
    p90: float | None = None
    fair_median: float | None = None
    fair_p90: float | None = None

    @property
    def enough(self) -> bool:
        """Whether there are enough to speak of a usual time."""
        return self.count + self.waiting >= ENOUGH


@dataclass
class Share:
    """`part` of `whole`, with what may be said of it."""

    part: int = 0
    whole: int = 0

    def add(self, other: Share) -> None:
        """Count others in."""
        self.part += other.part
        self.whole += other.whole

    @property
    def enough(self) -> bool:
        """Whether it says more about the bank than about chance."""
        return self.whole >= ENOUGH

    @property
    def interval(self) -> Interval:
        """Where the share probably lies."""
        return wilson(self.part, self.whole)


@dataclass
class Measures:
    """Counts of one scope in one period.

    `met`, `late`, `broken`: promises kept, fulfilled too late, and broken and still open, whether
    or not the scheduler has noticed. `kinds`: the same three by kind. `in_person`: fulfilled by the
    executive in whose name they were given; `inherited`: broken, but passed on to them when little
    time was left. `excluded`: cancelled ones by their reason. Overdue seconds are of `late` and
    `broken`: by the calendar's open time and by the clock on the wall.

    Topics belong where their first answer fell due: `asked` those whose hour has passed or that
    were answered before it, `answered` of them. `within_day`, `within_week`: of topics at least so
    old. `topics`: all of them, answered or not, due or not. Of those the signals are counted:
    `transfers`, `clarified` (topics whose clock the bank stopped by asking back), `reopened`
    (topics), `retracted` of `answers`, `disputed` of `no_reply` ("no reply needed").

    As things stand now, whatever the period: `waiting`, promises not yet due; `unanswered`, topics
    without a first answer, half of them since `half_since` or longer, the first since `oldest`.
    """

    met: int = 0
    late: int = 0
    broken: int = 0
    kinds: dict[str, list[int]] = field(default_factory=dict)
    in_person: int = 0
    inherited: int = 0
    excluded: dict[str, int] = field(default_factory=dict)
    overdue_s: float = 0.0
    overdue_wall_s: float = 0.0
    worst_s: float = 0.0
    worst_wall_s: float = 0.0

    topics: int = 0
    asked: int = 0
    answered: int = 0
    within_day: Share = field(default_factory=Share)
    within_week: Share = field(default_factory=Share)
    wall: Times = field(default_factory=Times)
    open: Times = field(default_factory=Times)
    solved: Times = field(default_factory=Times)
    solved_bank: Times = field(default_factory=Times)
    transfers: int = 0
    clarified: int = 0
    reopened: int = 0
    answers: int = 0
    retracted: int = 0
    no_reply: int = 0
    disputed: int = 0

    waiting: int = 0
    unanswered: int = 0
    half_since: datetime | None = None
    oldest: datetime | None = None

    @property
    def due(self) -> int:
        """Promises that have come to be kept or broken."""
        return self.met + self.late + self.broken

    @property
    def kept(self) -> Share:
        """The attainment: those kept, of all that have come to be kept or broken."""
        return Share(self.met, self.due)

    @property
    def response(self) -> Share:
        """Topics that have an official answer, of those that ought to."""
        return Share(self.answered, self.asked)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was ever promised here."""
        return not (self.due or self.topics or self.waiting or self.unanswered or self.excluded)

    def to_json(self) -> dict[str, Any]:
        """As a row keeps it."""
        said = asdict(self)
        for name in ("half_since", "oldest"):
            said[name] = said[name].isoformat() if said[name] else None
        return said


NESTED = {
    "within_day": Share,
    "within_week": Share,
    "wall": Times,
    "open": Times,
    "solved": Times,
    "solved_bank": Times,
}
KNOWN = {f.name for f in fields(Measures)}


def from_json(said: Mapping[str, Any]) -> Measures:
    """What a row keeps; what another version of the house counted beside it is passed over."""
    values: dict[str, Any] = {name: value for name, value in said.items() if name in KNOWN}
    for name, kind in NESTED.items():
        if name in values:
            values[name] = kind(**values[name])
    for name in ("half_since", "oldest"):
        if values.get(name):
            values[name] = datetime.fromisoformat(values[name])
    return Measures(**values)
