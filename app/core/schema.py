"""The database's shape: at which migration it is, which one this code needs, and whether they fit.

Every migration says its phase (docs/decisions/0020): `expand` adds what older code does not see,
`contract` takes away what newer code does not need. So a database may be ahead of the code by any
number of expansions, and only a contraction that the code does not know outgrows it. The database
itself says which were done (`upgrades`), for code cannot read migrations written after it.
"""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from sqlalchemy import BigInteger, Connection, inspect, select, text
from sqlalchemy.orm import Mapped, mapped_column

import config as settings
from app.core.db import Model, db, reads_only, session, word
from app.core.lazily import lazily

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alembic import config
    from sqlalchemy import Table
else:
    config = lazily("alembic.config")

EXPAND: Final = "expand"
BACKFILL: Final = "backfill"
CONTRACT: Final = "contract"
# Those from before migrations said their phase: one release, during which everything stood still.
FIRST: Final = "0020"
# Where migrations lie, the later ones last.
FOLDERS = [settings.ROOT / "migrations" / "versions"]

_SAYS: Final = {
    "revision": re.compile(r"""^revision = ["'](\w+)["']""", re.MULTILINE),
    "phase": re.compile(r"""^phase = ["'](\w+)["']""", re.MULTILINE),
    "title": re.compile(r'\A"""(.+)'),
    "backfill": re.compile(r"^(backfill)\b", re.MULTILINE),
}


class InUseError(RuntimeError):
    """A table was in use for so long that a migration gave up; the message says what to do."""


class Upgrade(Model):
    """How far a step is: a contraction that was done, or a backfill and its position."""

    __tablename__ = "upgrades"

    revision: Mapped[word] = mapped_column(primary_key=True)
    phase: Mapped[word] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger, default=0)
    done_at: Mapped[datetime | None]


upgrades = cast("Table", Upgrade.__table__)


@dataclass(frozen=True)
class Step:
    """A migration as its file speaks of itself."""

    revision: str
    phase: str
    title: str
    has_backfill: bool


@dataclass(frozen=True)
class Standing:
    """Where the database is, seen from this code; `advice` when they do not `fit`."""

    fits: bool
    words: str
    advice: str = ""


def steps() -> tuple[Step, ...]:
    """Every migration this code knows, in order; read without Alembic, which pages never need."""
    return _steps(tuple(FOLDERS))


@cache
def _steps(folders: tuple[Path, ...]) -> tuple[Step, ...]:
    return tuple(_step(path) for folder in folders for path in sorted(folder.glob("[!_]*.py")))


def _step(path: Path) -> Step:
    written = path.read_text(encoding="utf-8")
    says = {what: found[1] for what, how in _SAYS.items() if (found := how.search(written))}
    return Step(
        says["revision"], says.get("phase", EXPAND), says.get("title", ""), "backfill" in says
    )


def alembic_config() -> config.Config:
    """Alembic's settings: where the migrations lie."""
    found = config.Config()
    found.set_main_option("script_location", str(settings.ROOT / "migrations"))
    found.set_main_option("path_separator", "os")
    found.set_main_option("version_locations", os.pathsep.join(map(str, FOLDERS)))
    return found


@contextmanager
def looking() -> Iterator[Connection]:
    """A connection of its own, to look only: whoever migrates must not wait for a session's."""
    token = reads_only.set(True)
    try:
        with db.engine.connect() as connection:
            yield connection
    finally:
        reads_only.reset(token)


def newest() -> str:
    """The last migration this code knows: what it calls itself by."""
    return steps()[-1].revision


def needed() -> str:
    """The revision this code needs: contractions may wait."""
    return [step.revision for step in steps() if step.phase == EXPAND][-1]


def current(connection: Connection | None = None) -> str | None:
    """The revision the database is at; None when it is empty."""
    # Alembic's own way logs two lines at every look, and probes look often.
    asked = connection or session.connection()
    if not inspect(asked).has_table("alembic_version"):
        return None
    found: str | None = asked.scalar(text("select version_num from alembic_version"))
    return found


def contracted(connection: Connection | None = None) -> set[str]:
    """The contractions that were done."""
    asked = connection or session.connection()
    done = select(upgrades.c.revision).where(upgrades.c.phase == CONTRACT)
    return set(asked.scalars(done))


def pending(at: str | None) -> tuple[Step, ...]:
    """What comes after `at`; nothing when the database is ahead of this code."""
    known = [step.revision for step in steps()]
    if at is not None and at not in known:
        return ()
    return steps()[known.index(at) + 1 if at is not None else 0 :]


def standing(connection: Connection | None = None) -> Standing:
    """Whether this code can work with the database."""
    at, wanted = current(connection), needed()
    known = [step.revision for step in steps()]
    if at in known and wanted in known and known.index(at) >= known.index(wanted):
        left = ", ".join(step.revision for step in pending(at))
        more = f"; to be contracted: {left}" if left else ""
        return Standing(fits=True, words=f"at {at}, the code needs {wanted}{more}")
    if at is None or at in known:
        return Standing(
            fits=False,
            words=f"at {at or 'nothing'}, the code needs {wanted}",
            advice="Run `flask database upgrade`; with several machines `flask database expand`.",
        )
    outgrown = contracted(connection).difference(known)
    if outgrown:
        return Standing(
            fits=False,
            words=f"at {at}, contracted by {', '.join(sorted(outgrown))}, which this code"
            f" ({newest()}) does not know",
            advice="Start the newer code here: older code cannot work with this database.",
        )
    return Standing(fits=True, words=f"at {at}, ahead of the code ({newest()}), which may go on")
