"""Python's search for garbage, in a process of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

SETTLED = """
import gc
from app.core import garbage
garbage.hold_off()
assert not gc.isenabled()
kept = [[] for _ in range(1000)]
garbage.settle()
assert gc.isenabled()
assert gc.get_freeze_count() >= 1000
assert gc.get_threshold()[0] == garbage.YOUNG > 700
begun = gc.get_stats()[0]["collections"]
class Knot:
    def __init__(self):
        self.own = self
for _ in range(3 * garbage.YOUNG):
    Knot()
assert gc.get_stats()[0]["collections"] > begun
assert sum(isinstance(each, Knot) for each in gc.get_objects()) < 2 * garbage.YOUNG
"""


def in_a_process(code: str) -> None:
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_what_is_loaded_stays_and_what_comes_later_is_looked_through() -> None:
    in_a_process(SETTLED)


@pytest.mark.parametrize("start", ["wsgi.py", "app/commands/__main__.py"])
def test_every_way_of_starting_goes_through_it(start: str) -> None:
    """Before anything else of ours is loaded."""
    lines = (ROOT / start).read_text(encoding="utf-8").splitlines()
    code = [line for line in lines if line.startswith(("from ", "import ", "garbage."))]
    assert code[:2] == ["from app.core import garbage", "garbage.hold_off()"]
    assert "garbage.settle()" in code
