"""Tests that are programs of their own: they load Otklik, fork, and kill what they forked."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.services import database_name, postgres, run_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pytest

ROOT = Path(__file__).parents[1]


def databases(
    name: str, kind: str, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    """The settings of an instance of its own in `folder`, over an empty database of the kind."""
    settings = {
        "SECRET_KEY": "only-for-tests-" * 3,
        "INSTANCE_PATH": str(folder),
        "PUBLIC_URL": "http://otklik.test",
        "DATABASE_URL": "",
    }
    if kind == "sqlite":
        yield settings
        return
    with postgres(run_folder(tmp_path_factory)) as server:
        named = database_name(name)
        yield {**settings, "DATABASE_URL": server.create(named)}
        server.drop(named)


def run(module: str, *args: object, settings: dict[str, str], within: float) -> dict[str, Any]:
    """What the program printed as JSON, given a seed to draw from and `args`, within seconds."""
    seed = random.SystemRandom().randrange(10**6)
    done = subprocess.run(
        [sys.executable, "-m", module, str(seed), *map(str, args)],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **settings},
        capture_output=True,
        text=True,
        timeout=within,
        check=False,
    )
    assert done.returncode == 0, f"seed {seed}: {done.stderr[-4000:]}"
    print(f"seed {seed}\n{done.stderr[-4000:]}")  # noqa: T201 (pytest shows it beside a failure)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def fork(life: Callable[[], object]) -> int:
    """A child that lives `life` and nothing of its parent's."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        life()
        status = 0
    except BaseException:  # noqa: BLE001 (it is told, and this child must not become its parent)
        traceback.print_exc()
    finally:
        os._exit(status)
