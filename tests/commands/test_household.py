"""Child processes live together and end together."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.commands import household
from app.commands.household import ChildDiedError, Household

SLEEPS = [sys.executable, "-c", "import time; time.sleep(60)"]
DEAF_PROGRAM = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
open("ready", "w").close()
time.sleep(60)
"""
DEAF = [sys.executable, "-c", DEAF_PROGRAM]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Household]:
    made = Household(tmp_path, os.environ)
    yield made
    for child in made.children.values():
        child.kill()
        child.wait()


def test_the_death_of_one_is_told(home: Household) -> None:
    home.start("web", SLEEPS)
    home.start("worker", [sys.executable, "-c", "raise SystemExit(7)"])
    with pytest.raises(ChildDiedError, match="worker process ended by itself with status 7"):
        home.watch()
    home.stop()
    assert home.children["web"].returncode == -signal.SIGTERM


def test_they_have_a_group_of_their_own(home: Household) -> None:
    home.start("web", SLEEPS)
    home.start("worker", SLEEPS)
    groups = {os.getpgid(child.pid) for child in home.children.values()}
    assert groups == {home.children["web"].pid}
    home.stop()


def test_one_who_does_not_listen_is_ended(
    home: Household, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(household, "STOPS_WITHIN", 0.2)
    home.start("worker", DEAF)
    home.watch((home.folder / "ready").exists)
    home.stop()
    assert home.children["worker"].returncode == -signal.SIGKILL
    assert "did not stop in time" in caplog.text


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_watch(tmp_path: Path, signum: signal.Signals) -> None:
    program = (
        "import os, sys; from pathlib import Path\n"
        "from app.commands.household import Household\n"
        "home = Household(Path('.'), os.environ)\n"
        "home.listen_to_signals()\n"
        "home.start('web', [sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(home.children['web'].pid, flush=True)\n"
        "home.watch()\n"
        "home.stop()\n"
        "print(home.children['web'].returncode, flush=True)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
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
