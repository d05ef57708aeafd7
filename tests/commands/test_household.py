"""Child processes live together and end together."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from app.commands import household
from app.commands.household import ChildDiedError, Household


def sleep() -> None:
    time.sleep(60)


def hear_nothing(ready: Path) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    ready.touch()
    time.sleep(60)


@pytest.fixture
def home() -> Iterator[Household]:
    made = Household()
    yield made
    for child in made.children.values():
        child.kill()
        child.join()


def test_the_death_of_one_is_told(home: Household) -> None:
    home.start("web", sleep)
    home.start("worker", partial(sys.exit, 7))
    with pytest.raises(ChildDiedError, match="worker process ended by itself with status 7"):
        home.watch()
    home.stop()
    assert home.children["web"].exitcode == -signal.SIGTERM


def test_they_have_a_group_of_their_own(home: Household) -> None:
    home.start("web", sleep)
    home.start("worker", sleep)
    groups = {os.getpgid(child.pid or 0) for child in home.children.values()}
    assert groups == {home.children["web"].pid}
    home.stop()


def test_one_who_does_not_listen_is_ended(
    home: Household,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(household, "STOPS_WITHIN", 0.2)
    ready = tmp_path / "ready"
    home.start("worker", partial(hear_nothing, ready))
    home.watch(ready.exists)
    home.stop()
    assert home.children["worker"].exitcode == -signal.SIGKILL
    assert "did not stop in time" in caplog.text


PARENT = """
import time
from app.commands.household import Household
home = Household()
home.listen_to_signals()
home.start("web", lambda: time.sleep(60))
print(home.children["web"].pid, flush=True)
home.watch()
home.stop()
print(home.children["web"].exitcode, flush=True)
"""


@pytest.mark.parametrize("signum", household.SIGNALS, ids=lambda signum: signum.name)
def test_a_signal_ends_the_watch(signum: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        parent.stdout.readline()
        time.sleep(0.1)
        parent.send_signal(signum)
        assert parent.stdout.read() == f"{-signal.SIGTERM}\n"
    assert parent.returncode == 0
