"""Asking with a picture is one act: killed between any two steps, all of it is there or nothing."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from tests.conftest import DATABASES
from tests.programs import databases, run

if TYPE_CHECKING:
    from pathlib import Path

ALWAYS = ("topics", "promises", "images", "follows", "facts", "deliveries")


@pytest.mark.slow
@pytest.mark.parametrize("kind", DATABASES)
def test_a_question_its_picture_and_who_is_told_are_there_together_or_not_at_all(
    kind: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    for settings in databases("otklik_asking", kind, tmp_path, tmp_path_factory):
        settings |= {"RATE_LIMITS": "no"}
        left = run("tests.journeys.asking", settings=settings, within=180)["left"]
        committed, *deaths, last = left

        # Killed after its commit, it lacks nothing; the worker finds what waits.
        assert committed["status"] == -signal.SIGKILL
        whole = {name: last[name] for name in ALWAYS}
        assert all(whole.values()), whole
        assert {name: committed[name] for name in ALWAYS} == whole
        assert len(deaths) > 15
        for number, death in enumerate(deaths, 1):
            assert death["status"] == -signal.SIGKILL
            assert not any(death[name] for name in ALWAYS), (number, death)
