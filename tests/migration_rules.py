"""What a migration may do in its phase, judged by the SQL it would run on PostgreSQL.

Not by its Python: whatever way a statement comes about, it is the statement that old code meets.
An expansion therefore asks the database nothing; what looks at rows is a backfill.
"""

from __future__ import annotations

import io
import re
from types import ModuleType

from alembic.migration import MigrationContext
from alembic.operations import Operations

PHASES = {"expand", "contract"}

_NAME = r'"?(\w+)"?'
_MADE = re.compile(rf"CREATE TABLE (?:IF NOT EXISTS )?{_NAME}", re.IGNORECASE)
_ALTERS = re.compile(
    rf"(?:ALTER TABLE|DROP TABLE|ON|TRUNCATE) (?:ONLY |IF EXISTS )?{_NAME}", re.IGNORECASE
)
_WRITES = re.compile(rf"(?:UPDATE|DELETE FROM|INSERT INTO) {_NAME}", re.IGNORECASE)

# What breaks code that does not know of it.
BREAKS = {
    "drops a table that old code uses": r"^DROP TABLE",
    "drops a column that old code names": r"^ALTER TABLE .* DROP COLUMN",
    "renames what old code calls by its name": r"^ALTER (?:TABLE|INDEX|SEQUENCE) .* RENAME",
    "changes the type of a column under old code": r"ALTER COLUMN \S+ (?:SET DATA )?TYPE ",
    "requires a column that old code leaves empty": r"ALTER COLUMN \S+ SET NOT NULL",
    "takes away a default that old code rests on": r"ALTER COLUMN \S+ DROP DEFAULT",
    "adds a column that old code cannot leave empty": (
        r"ADD COLUMN (?!.*\b(?:DEFAULT|GENERATED)\b).*\bNOT NULL\b"
    ),
    "forbids what old code may write (unique)": (
        r"ADD (?:CONSTRAINT \S+ )?UNIQUE|ADD COLUMN .*\bUNIQUE\b|^CREATE UNIQUE INDEX"
    ),
    "forbids what old code may write (check)": r"ADD (?:CONSTRAINT \S+ )?CHECK",
    "drops an index that old code is quick by": r"^DROP INDEX",
    "removes what keeps old and new code equal": r"^DROP (?:TRIGGER|FUNCTION)",
    "changes rows, which is a backfill's work": r"^(?:UPDATE|DELETE|TRUNCATE|MERGE)\b",
}
# What has everybody wait, in any phase.
WAITS = {
    "makes an index while nobody can write: online.add_index": (
        r"^CREATE (?:UNIQUE )?INDEX (?!CONCURRENTLY)"
    ),
    "drops an index in everybody's way: online.drop_index": r"^DROP INDEX (?!CONCURRENTLY)",
    "looks through a table while nobody can write: online.add_foreign_key": (
        r"ADD (?:CONSTRAINT \S+ )?(?:(?:FOREIGN KEY|CHECK)(?!.*NOT VALID)|UNIQUE ?\()"
    ),
    "writes a whole table anew": (
        r"ADD COLUMN .*(?:\bGENERATED\b|SERIAL\b|DEFAULT (?!now\(|current_)\w+\()"
        r"|ALTER COLUMN \S+ (?:SET DATA )?TYPE "
    ),
}


def statements(module: ModuleType) -> list[str]:
    """The SQL of its `upgrade` on PostgreSQL, a line each; raises when it asks the database."""
    said = io.StringIO()
    context = MigrationContext.configure(
        dialect_name="postgresql", opts={"as_sql": True, "output_buffer": said}
    )
    with Operations.context(context):
        module.upgrade()
    found = re.split(r";\s*\n\s*\n", said.getvalue())
    return [line for each in found if (line := " ".join(each.split()))]


def broken(module: ModuleType) -> list[str]:
    """The rules this migration breaks, in words."""
    phase = getattr(module, "phase", None)
    if phase not in PHASES:
        return [f"does not say its phase: {' or '.join(sorted(PHASES))}"]
    try:
        run = statements(module)
    except Exception as error:  # noqa: BLE001 (whatever it asked for was not there)
        if phase == "contract":
            return []
        return [f"asks the database, which a backfill does: {type(error).__name__}: {error}"]
    made = {name for each in run for name in _MADE.findall(each)}
    rules = WAITS if phase == "contract" else {**BREAKS, **WAITS}
    return [
        f"{words}: {each}"
        for each in run
        for words, rule in rules.items()
        if re.search(rule, each, re.IGNORECASE) and not _is_new(each, made, run)
    ]


def _is_new(statement: str, made: set[str], run: list[str]) -> bool:
    """Whether this is about a table, or an index, that this very migration makes."""
    if statement.upper().startswith("DROP INDEX"):
        name = statement.rstrip(";").split()[-1].strip('"')
        return any(re.match(rf"CREATE .*INDEX .*\b{name}\b ON", each) for each in run)
    if statement.upper().startswith("DROP"):
        name = statement.rstrip(";").split()[-1].strip('"').removesuffix("()")
        begun = re.compile(rf"CREATE (?:OR REPLACE )?(?:TRIGGER|FUNCTION) {name}\b")
        return any(begun.match(each) for each in run)
    about = _WRITES.match(statement) or _ALTERS.search(statement)
    return about is not None and about[1] in made
