"""No letter is lost and none goes out twice, though workers are killed at any instant."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOPICS = 12


@pytest.mark.slow
def test_workers_killed_again_and_again_send_each_letter_once(tmp_path: Path) -> None:
    seed = random.getrandbits(32)
    run = subprocess.run(
        [sys.executable, "-m", "tests.notify.killed", str(tmp_path), str(seed)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert run.returncode == 0, f"seed {seed}: {run.stderr[-3000:]}"
    told = json.loads(run.stdout.splitlines()[-1])

    # A receipt and the comment for each topic.
    assert told["letters"] == 2 * TOPICS, seed
    assert told["files"] == told["posted"] == len(told["ids"]) == 2 * TOPICS, (seed, told)
    assert told["dead"] == 0, seed
    assert told["deaths"] >= 5, "too few deaths to prove anything"
