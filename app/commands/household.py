"""Processes that live and end together."""

import logging
import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.context import ForkProcess
from types import FrameType

log = logging.getLogger(__name__)

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# The worker gives itself 25 seconds to finish what runs and return its leases.
STOPS_WITHIN = 26.0


class ChildDiedError(RuntimeError):
    """One of the processes ended by itself."""


@dataclass
class Household:
    """Forks of this process, so that what it has loaded is loaded once, in a group of their own.

    The group keeps the terminal's Ctrl-C for us alone: we pass it on as one SIGTERM to each.
    """

    children: dict[str, ForkProcess] = field(default_factory=dict)
    asked_to_stop: bool = False

    def start(self, name: str, run: Callable[[], object]) -> None:
        """Begin `run()` in a process of its own."""
        child = multiprocessing.get_context("fork").Process(target=_begin, args=(run,), name=name)
        child.start()
        self.children[name] = child
        group = next(iter(self.children.values())).pid
        if child.pid is not None and group is not None:
            with suppress(OSError):  # it has ended already; `watch` will tell
                os.setpgid(child.pid, group)

    def listen_to_signals(self) -> None:
        for signum in SIGNALS:
            signal.signal(signum, self._note)

    def _note(self, _signum: int, _frame: FrameType | None) -> None:
        self.asked_to_stop = True

    def watch(self, until: Callable[[], bool] = lambda: False) -> None:
        """Return when `until()` holds or a stop was asked for; raise when a child died."""
        while not self.asked_to_stop and not until():
            for name, child in self.children.items():
                if child.exitcode is not None:
                    message = f"The {name} process ended by itself with status {child.exitcode}."
                    raise ChildDiedError(message)
            time.sleep(0.05)

    def stop(self) -> None:
        """Ask everyone to finish; after `STOPS_WITHIN` seconds end them."""
        for child in self.children.values():
            child.terminate()
        until = time.monotonic() + STOPS_WITHIN
        for name, child in self.children.items():
            child.join(max(0.1, until - time.monotonic()))
            if child.exitcode is None:
                log.warning("The %s process did not stop in time and was ended.", name)
                child.kill()
                child.join()


def _begin(run: Callable[[], object]) -> None:
    for signum in SIGNALS:
        signal.signal(signum, signal.SIG_DFL)
    run()
