"""Processes that live and end together."""

import logging
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

log = logging.getLogger(__name__)

# The worker gives itself 25 seconds to finish what runs and return its leases.
STOPS_WITHIN = 26.0


class ChildDiedError(RuntimeError):
    """One of the processes ended by itself."""


@dataclass
class Household:
    """Child processes that live and end together, in a process group of their own.

    The group keeps the terminal's Ctrl-C for us alone: we pass it on as one SIGTERM to each.
    """

    folder: Path
    environment: Mapping[str, str]
    children: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    asked_to_stop: bool = False

    def start(self, name: str, command: list[str], passing: tuple[int, ...] = ()) -> None:
        first = next(iter(self.children.values()), None)
        self.children[name] = subprocess.Popen(  # noqa: S603 - our own commands
            command,
            cwd=self.folder,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            pass_fds=passing,
            process_group=first.pid if first else 0,
        )

    def listen_to_signals(self) -> None:
        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(signum, self._note)

    def _note(self, _signum: int, _frame: FrameType | None) -> None:
        self.asked_to_stop = True

    def watch(self, until: Callable[[], bool] = lambda: False) -> None:
        """Return when `until()` holds or a stop was asked for; raise when a child died."""
        while not self.asked_to_stop and not until():
            for name, child in self.children.items():
                if (status := child.poll()) is not None:
                    message = f"The {name} process ended by itself with status {status}."
                    raise ChildDiedError(message)
            time.sleep(0.05)

    def stop(self) -> None:
        """Ask everyone to finish; after `STOPS_WITHIN` seconds end them."""
        for child in self.children.values():
            child.terminate()
        until = time.monotonic() + STOPS_WITHIN
        for name, child in self.children.items():
            try:
                child.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                log.warning("The %s process did not stop in time and was ended.", name)
                child.kill()
                child.wait()
