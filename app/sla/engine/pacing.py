"""When a scheduler may trust its clock enough to send something."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

# The wall clock and the steady one may drift apart by so much between two ticks.
TRUSTED = timedelta(minutes=2)
# A restarted scheduler may find itself before the last tick by so much.
BACKWARDS = timedelta(seconds=2)
# Ticks in a row that must agree before anything is sent again.
AGREEING = 2


@dataclass
class Pacemaker:
    """Compares, in one process, the steps of the wall clock with those of the steady clock.

    Nothing is compared with the clock of another host: who can say which of the two is wrong?
    """

    wall: datetime | None = None
    steady: float | None = None
    doubts: int = 0

    def admits(self, wall: datetime, steady: float | None, last_tick: datetime | None) -> bool:
        """Whether this tick may send. `steady`: seconds of a clock that only runs forward.

        `last_tick`: the last one written down on this host; asked of a process's first tick.
        """
        if not self._agrees(wall, steady, last_tick):
            self.doubts = AGREEING
        elif self.doubts:
            self.doubts -= 1
        self.wall, self.steady = wall, steady
        return self.doubts == 0

    def _agrees(self, wall: datetime, steady: float | None, last_tick: datetime | None) -> bool:
        if self.wall is not None and self.steady is not None and steady is not None:
            step = timedelta(seconds=steady - self.steady)
            return abs((wall - self.wall) - step) <= TRUSTED
        return last_tick is None or wall >= last_tick - BACKWARDS
