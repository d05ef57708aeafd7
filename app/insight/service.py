"""Counting: the only thing insight writes is its own table."""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from app.core import clock
from app.core.db import session
from app.insight.measures import PERIODS, WHOLE, Measures, Share, Times
from app.insight.models import Figures
from app.insight.queries import sources
from app.insight.queries.figures import periods
from app.insight.statistics import percentile, reached, survival

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from app.insight.measures import Period

DAY, WEEK = timedelta(days=1), timedelta(days=7)
# Counting may take a twentieth of the worker's time and no more, however much there is to count.
REST = 20


@dataclass
class _Spans:
    """How long things took that have ended, and how long those have lasted that have not."""

    done: list[float] = field(default_factory=list)
    still: list[float] = field(default_factory=list)

    def add(self, other: _Spans) -> None:
        self.done += other.done
        self.still += other.still

    def times(self) -> Times:
        curve = survival(self.done, self.still)
        return Times(
            len(self.done),
            len(self.still),
            percentile(self.done, 0.5),
            percentile(self.done, 0.9),
            reached(curve, 0.5),
            reached(curve, 0.9),
        )


@dataclass
class _Count:
    """One scope in one period while it is counted."""

    found: Measures = field(default_factory=Measures)
    wall: _Spans = field(default_factory=_Spans)
    open: _Spans = field(default_factory=_Spans)
    solved: _Spans = field(default_factory=_Spans)
    solved_bank: _Spans = field(default_factory=_Spans)
    unanswered: list[datetime] = field(default_factory=list)

    def finished(self) -> Measures:
        found = self.found
        found.wall, found.open = self.wall.times(), self.open.times()
        found.solved, found.solved_bank = self.solved.times(), self.solved_bank.times()
        waiting = sorted(self.unanswered)
        found.unanswered = len(waiting)
        if waiting:
            found.oldest, found.half_since = waiting[0], waiting[(len(waiting) - 1) // 2]
        return found


class _Counts:
    """All scopes in all periods."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names
        self.by: defaultdict[tuple[str, str], _Count] = defaultdict(_Count)
        for name in names:
            self.by[WHOLE, name] = _Count()

    def of(self, category_id: int, person_id: int, flags: Sequence[int]) -> Iterator[_Count]:
        """Every count that something belongs to, by its category, person and periods."""
        for scope in (WHOLE, f"category:{category_id}", f"person:{person_id}"):
            for name, flag in zip(self.names, flags, strict=True):
                if flag:
                    yield self.by[scope, name]

    def always(self, category_id: int, person_id: int) -> Iterator[_Count]:
        """Those of every period: how things stand now."""
        return self.of(category_id, person_id, [1] * len(self.names))


@dataclass(frozen=True)
class Counted:
    """All figures at an instant, not yet written down."""

    at: datetime
    fact_id: int
    took_s: float
    begins: Mapping[str, datetime | None]
    made: Mapping[tuple[str, str], dict[str, Any]]


def counted_if_stale() -> Counted | None:
    """Count when anything happened or fell due since the last count, or a day began; only reads."""
    known = session.get(Figures, (WHOLE, WHOLE), populate_existing=True)
    return counted() if known is None or _is_stale(known) else None


def _is_stale(known: Figures) -> bool:
    passed = clock.now() - known.counted_at
    # A count from the future was made when the clock was wrong.
    if timedelta(0) <= passed < timedelta(seconds=REST * known.took_s):
        return False
    days = session.get(Figures, (WHOLE, "90-days"), populate_existing=True)
    return (
        passed < timedelta(0)
        or known.fact_id != sources.last_fact_id()
        or days is None
        or days.begins != periods()["90-days"].begins
        or sources.fell_due_since(known.counted_at)
    )


def counted() -> Counted:
    """Count everything; only reads."""
    fact_id, now, began = sources.last_fact_id(), clock.now(), time.perf_counter()
    those = periods()
    counts = _Counts(PERIODS)
    _count_promises(counts, those, now)
    _count_answers(counts, those, now)
    _count_solved(counts, those)
    _count_signals(counts, those)
    made = {key: each.finished().to_json() for key, each in counts.by.items()}
    took = time.perf_counter() - began
    return Counted(now, fact_id, took, {p.name: p.begins for p in those.values()}, made)


def write(found: Counted) -> None:
    """Write figures down, unless another worker's are newer."""
    known = {
        (row.scope, row.period): row
        for row in session.scalars(
            select(Figures).with_for_update().execution_options(populate_existing=True)
        )
    }
    if any(found.at < row.counted_at <= clock.now() for row in known.values()):
        return
    for key in known.keys() - found.made.keys():
        session.delete(known[key])
    for (scope, name), said in found.made.items():
        row = known.get((scope, name)) or Figures(scope=scope, period=name)
        session.add(row)
        row.begins, row.counted = found.begins[name], said
        row.fact_id, row.counted_at, row.took_s = found.fact_id, found.at, found.took_s
    session.flush()


def count() -> None:
    """Count everything and write it down, in this transaction."""
    write(counted())


def _count_promises(counts: _Counts, those: Mapping[str, Period], now: datetime) -> None:
    for row in sources.promises_by_fate(those, now):
        category_id, person_id, flags = row[0], row[1], row[2 : 2 + len(those)]
        kind, fate, reason, in_person, inherited = row[2 + len(those) : 7 + len(those)]
        number, *overdue = row[7 + len(those) :]
        if fate == sources.NEVER:
            continue
        if fate == "open":
            for each in counts.always(category_id, person_id):
                each.found.waiting += number
            continue
        for each in counts.of(category_id, person_id, flags):
            found = each.found
            if fate == "excluded":
                why = reason or "other"
                found.excluded[why] = found.excluded.get(why, 0) + number
                continue
            place = ("met", "late", "broken").index(fate)
            found.kinds.setdefault(kind, [0, 0, 0])[place] += number
            setattr(found, fate, getattr(found, fate) + number)
            found.in_person += number * in_person
            found.inherited += number * inherited
            _add_overdue(found, overdue)
    for late in sources.still_broken(those, now):
        for each in counts.of(late.category_id, late.person_id, late.flags):
            _add_overdue(each.found, (late.open_s, late.open_s, late.wall_s, late.wall_s))


def _add_overdue(found: Measures, overdue: Iterable[float]) -> None:
    total, most, wall_total, wall_most = overdue
    found.overdue_s += total
    found.worst_s = max(found.worst_s, most)
    found.overdue_wall_s += wall_total
    found.worst_wall_s = max(found.worst_wall_s, wall_most)


@dataclass
class _Cell:
    """First answers of one category, person and choice of periods: they are counted as one."""

    wall: _Spans = field(default_factory=_Spans)
    open: _Spans = field(default_factory=_Spans)
    asked: int = 0
    day: Share = field(default_factory=Share)
    week: Share = field(default_factory=Share)
    unanswered: list[datetime] = field(default_factory=list)


def _count_answers(counts: _Counts, those: Mapping[str, Period], now: datetime) -> None:
    cells: defaultdict[tuple[int, int, tuple[int, ...]], _Cell] = defaultdict(_Cell)
    day_ago, week_ago = now - DAY, now - WEEK
    for first in sources.first_answers(those, now):
        cell = cells[first.category_id, first.person_id, first.flags]
        cell.asked += first.done or first.due
        if first.started_at <= day_ago:
            cell.day.whole += 1
            cell.day.part += first.done and first.wall_s <= DAY.total_seconds()
        if first.started_at <= week_ago:
            cell.week.whole += 1
            cell.week.part += first.done and first.wall_s <= WEEK.total_seconds()
        (cell.wall.done if first.done else cell.wall.still).append(first.wall_s)
        (cell.open.done if first.done else cell.open.still).append(first.open_s)
        if first.shown and not first.done:
            cell.unanswered.append(first.started_at)
    for (category_id, person_id, flags), cell in cells.items():
        for each in counts.of(category_id, person_id, flags):
            found = each.found
            found.topics += len(cell.wall.done) + len(cell.wall.still)
            found.asked += cell.asked
            found.answered += len(cell.wall.done)
            found.within_day.add(cell.day)
            found.within_week.add(cell.week)
            each.wall.add(cell.wall)
            each.open.add(cell.open)
        for each in counts.always(category_id, person_id):
            each.unanswered += cell.unanswered


def _count_solved(counts: _Counts, those: Mapping[str, Period]) -> None:
    for category_id, person_id, opened_at, solved_at, bank_s, *flags in sources.solved(those):
        for each in counts.of(category_id, person_id, flags):
            each.solved.done.append((solved_at - opened_at).total_seconds())
            each.solved_bank.done.append(bank_s or 0.0)


def _count_signals(counts: _Counts, those: Mapping[str, Period]) -> None:
    for row in sources.signals(those):
        category_id, person_id, flags = row[0], row[1], row[2 : 2 + len(those)]
        what, times, on = row[2 + len(those) :]
        for each in counts.of(category_id, person_id, flags):
            found = each.found
            if what == "transfer":
                found.transfers += times
            elif what == "clarification":
                found.clarified += on
            elif what == sources.REOPENED:
                found.reopened += on
            elif what == "official_answer":
                found.answers += times
            elif what == "answer_retracted":
                found.retracted += times
            elif what == "no_reply_needed":
                found.no_reply += times
            elif what == "no_reply_disputed":
                found.disputed += times
