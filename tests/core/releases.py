"""Two releases of a made-up change, after all real migrations: a parcel's `name` is cut in two."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core import schema

if TYPE_CHECKING:
    from pathlib import Path

HEAD = '''"""{title}"""

import sqlalchemy as sa
from alembic import op

from migrations import online

revision = "{revision}"
down_revision = "{before}"
branch_labels = None
depends_on = None
phase = "{phase}"
'''

PARCELS = """
def upgrade() -> None:
    op.create_table(
        "parcels",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parcels")),
    )


def downgrade() -> None:
    op.drop_table("parcels")
"""

MIRROR = """
backfill = online.Mirror(
    "parcels",
    forward={
        "family": {
            "sqlite": "substr(new.name, 1, instr(new.name || ' ', ' ') - 1)",
            "postgresql": "substr(new.name, 1, strpos(new.name || ' ', ' ') - 1)",
        },
        "given": {
            "sqlite": "substr(new.name, instr(new.name || ' ', ' ') + 1)",
            "postgresql": "substr(new.name, strpos(new.name || ' ', ' ') + 1)",
        },
    },
    backward={"name": "new.family || ' ' || new.given"},
)
"""

SPLIT = """

def upgrade() -> None:
    op.add_column("parcels", sa.Column("family", sa.Text(), nullable=True))
    op.add_column("parcels", sa.Column("given", sa.Text(), nullable=True))
    online.loosen("parcels", "name")
    backfill.begin()


def downgrade() -> None:
    backfill.end()
    op.execute("UPDATE parcels SET name = '' WHERE name IS NULL")
    online.require("parcels", "name")
    op.drop_column("parcels", "given")
    op.drop_column("parcels", "family")
"""

DROP = """
def upgrade() -> None:
    names.end()
    op.drop_column("parcels", "name")
    online.require("parcels", "family")
    online.add_index("ix_parcels_family", "parcels", ["family", "id"])


def downgrade() -> None:
    online.drop_index("ix_parcels_family", "parcels")
    op.add_column("parcels", sa.Column("name", sa.Text(), nullable=True))
    online.loosen("parcels", "family")
    op.execute("UPDATE parcels SET name = family || ' ' || given")
    names.begin()
"""


def step(revision: str, before: str, phase: str, body: str) -> str:
    """A migration that does only this."""
    head = HEAD.format(revision=revision, before=before, phase=phase, title="Something")
    rest = "\n\ndef downgrade() -> None:\n    pass\n"
    return f"{head}\n\ndef upgrade() -> None:\n    {body}\n{rest}"


def written(folder: Path) -> tuple[list[Path], list[Path]]:
    """The folders of migrations that the old release knows, and the new one."""
    before = schema.newest()
    old, new = folder / "old", folder / "new"
    old.mkdir()
    new.mkdir()
    _write(old / "9001.py", "9001", before, "expand", "Parcels", PARCELS)
    _write(new / "9002.py", "9002", "9001", "expand", "Names in two columns", MIRROR + SPLIT)
    mirror = MIRROR.replace("\nbackfill =", "\nnames =")
    _write(new / "9003.py", "9003", "9002", "contract", "Names in one column go", mirror + DROP)
    return [*schema.FOLDERS, old], [*schema.FOLDERS, old, new]


def _write(path: Path, revision: str, before: str, phase: str, title: str, body: str) -> None:
    head = HEAD.format(revision=revision, before=before, phase=phase, title=title)
    path.write_text(head + body, encoding="utf-8")
