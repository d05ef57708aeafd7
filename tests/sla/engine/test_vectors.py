"""The worked deadlines of the specification, each as one test."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from app.commands.vectors import compute, left_out

ROOT = Path(__file__).parents[3]
DATA = Path(os.environ.get("OTKLIK_DATA", ROOT.parent / "shared" / "data"))
FILE = DATA / "sla" / "vectors.json"
GIVEN: dict[str, Any] = (
    json.loads(FILE.read_text()) if FILE.exists() else {"calendars": {}, "vectors": []}
)
needs_file = pytest.mark.skipif(
    not FILE.exists(), reason=f"no {FILE}: set OTKLIK_DATA to the folder with the test data"
)


@needs_file
@pytest.mark.parametrize("vector", GIVEN["vectors"], ids=lambda vector: vector["id"])
def test_a_worked_deadline_comes_out(vector: dict[str, Any]) -> None:
    computed = dict(compute({"calendars": GIVEN["calendars"], "vectors": [vector]}))
    assert computed == {vector["id"]: vector["expected"]}


@needs_file
def test_the_file_is_whole_and_wholly_understood() -> None:
    assert len(GIVEN["vectors"]) >= 68
    assert list(left_out(GIVEN)) == []
