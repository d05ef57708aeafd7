"""How far an index has followed the facts.

Facts are numbered when they are written and seen when they are committed, so a lower number may
appear after a higher one, and a number whose transaction was undone never does. What is missing
below the newest fact is a *hole*, looked at again until it is filled or too old to be waited for.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import and_, or_

from app.core.events import Fact

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement

# Longer than any transaction of ours takes from its first fact to its commit.
PATIENCE = timedelta(minutes=10)
# Each costs a range in a statement; the lowest numbers are the likeliest to be lost for good.
MOST_HOLES = 200


@dataclass(frozen=True, slots=True)
class Hole:
    """Numbers from `first` to `last` that nobody had seen at `since`."""

    first: int
    last: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Cursor:
    """The newest fact that was followed, when that happened, and what was missing below it.

    `at` tells one database from another that has reached the same number, as after a restore.
    """

    last: int = 0
    at: datetime | None = None
    holes: tuple[Hole, ...] = ()

    @classmethod
    def read(cls, words: str) -> Cursor:
        """What `str` wrote; the start when that cannot be read."""
        try:
            known = json.loads(words)
            holes = tuple(Hole(f, t, datetime.fromisoformat(at)) for f, t, at in known["holes"])
            return cls(int(known["last"]), datetime.fromisoformat(known["at"]), holes)
        except (ValueError, TypeError, KeyError):
            return START

    def __str__(self) -> str:
        """For the file that lies beside the index; nothing before the first fact."""
        if self.at is None:
            return ""
        holes = [(hole.first, hole.last, hole.since.isoformat()) for hole in self.holes]
        return json.dumps({"last": self.last, "at": self.at.isoformat(), "holes": holes})

    def within_holes(self) -> ColumnElement[bool] | None:
        """The facts that have appeared below the newest since; None when none can have."""
        if not self.holes:
            return None
        missing = [
            Fact.id == h.first if h.first == h.last else and_(Fact.id >= h.first, Fact.id <= h.last)
            for h in self.holes
        ]
        # SQLite would walk all facts for the alternatives alone.
        around = and_(Fact.id >= self.holes[0].first, Fact.id <= self.holes[-1].last)
        return and_(around, or_(*missing))

    def unread(self) -> list[ColumnElement[bool]]:
        """The facts that were not followed, in parts: one statement of "or" would walk them all."""
        late = self.within_holes()
        return [Fact.id > self.last, *([] if late is None else [late])]

    def past(self, seen: Sequence[int], *, at: datetime | None, now: datetime) -> Cursor:
        """After the facts `seen`, in order of their numbers; the newest of them happened `at`."""
        after = self._filled([number for number in seen if number <= self.last])
        holes = [hole for hole in after if now - hole.since < PATIENCE]
        last = self.last
        for number in seen:
            if number <= self.last:
                continue
            if number > last + 1:
                holes.append(Hole(last + 1, number - 1, now))
            last = number
        kept = tuple(holes[-MOST_HOLES:])
        return replace(self, last=last, at=at if last > self.last else self.at, holes=kept)

    def _filled(self, seen: Sequence[int]) -> list[Hole]:
        """The holes without the numbers that have appeared in them."""
        left: list[Hole] = []
        for hole in self.holes:
            first = hole.first
            for number in seen:
                if first <= number <= hole.last:
                    if number > first:
                        left.append(Hole(first, number - 1, hole.since))
                    first = number + 1
            if first <= hole.last:
                left.append(Hole(first, hole.last, hole.since))
        return left


START = Cursor()
