"""Changes of tables that are in use: what old code does not see, and readers do not wait for.

On PostgreSQL each is made of steps that hold no lock for long; on SQLite, where a change is one
transaction among others, each is plain. See CONTRIBUTING.md, "How to write a migration".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa
from alembic import op

from migrations.locks import WITHIN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    # SQL that is the same everywhere, or one for each: {"sqlite": …, "postgresql": …}
    Sql = str | Mapping[str, str]


def add_index(
    name: str, table: str, columns: Sequence[str], *, unique: bool = False, where: str | None = None
) -> None:
    """Make an index while the table is read and written."""
    only = None if where is None else sa.text(where)
    if not _is_postgresql():
        op.create_index(name, table, columns, unique=unique, sqlite_where=only, if_not_exists=True)
        return
    with op.get_context().autocommit_block():
        _without_haste()
        # One that was interrupted stays behind, useless and in the way.
        op.drop_index(name, table, postgresql_concurrently=True, if_exists=True)
        op.create_index(
            name,
            table,
            columns,
            unique=unique,
            postgresql_where=only,
            postgresql_concurrently=True,
        )
        _with_haste()


def drop_index(name: str, table: str) -> None:
    """Drop an index without waiting in anybody's way."""
    if not _is_postgresql():
        op.drop_index(name, table, if_exists=True)
        return
    with op.get_context().autocommit_block():
        _without_haste()
        op.drop_index(name, table, postgresql_concurrently=True, if_exists=True)
        _with_haste()


def loosen(table: str, column: str) -> None:
    """Let a column be empty, which newer code will leave so."""
    _nullable(table, column, nullable=True)


def require(table: str, column: str) -> None:
    """Let a column be empty no more: looked through first, while everybody goes on."""
    if not _is_postgresql():
        _nullable(table, column, nullable=False)
        return
    name = f"ck_{table}_{column}_there"
    op.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}")
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({column} IS NOT NULL) NOT VALID")
    with op.get_context().autocommit_block():
        op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")
    # It takes the constraint's word for it and reads nothing.
    op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL")
    op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")


def add_foreign_key(name: str, table: str, column: str, other: str, ondelete: str) -> None:
    """Bind a column to a table's `id`, which is looked through while everybody goes on."""
    if not _is_postgresql():
        with op.batch_alter_table(table) as batch:
            batch.create_foreign_key(name, other, [column], ["id"], ondelete=ondelete)
        return
    op.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}")
    op.create_foreign_key(
        name, table, other, [column], ["id"], ondelete=ondelete, postgresql_not_valid=True
    )
    with op.get_context().autocommit_block():
        op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")


def _nullable(table: str, column: str, *, nullable: bool) -> None:
    if _is_postgresql():
        op.alter_column(table, column, nullable=nullable)
        return
    # SQLite makes the table anew; its triggers are lost, so this comes before any are made.
    with op.batch_alter_table(table) as batch:
        batch.alter_column(column, nullable=nullable)


def _is_postgresql() -> bool:
    return op.get_context().dialect.name == "postgresql"


def _without_haste() -> None:
    # It waits for transactions to end, and nobody waits for it.
    op.execute("SET lock_timeout = 0")


def _with_haste() -> None:
    op.execute(f"SET lock_timeout = '{WITHIN}'")


# ---------------------------------------------------------------------------------------- backfills


@dataclass(frozen=True)
class Backfill:
    """Fills rows of a table, some thousand keys at a time: `flask database backfill`.

    `statement` is one UPDATE with `:first` and `:last`, the ends of a batch. It must change nothing
    when it is run again, and nothing that newer code has written: "… AND new_column IS NULL".
    """

    table: str
    statement: Sql
    key: str = "id"

    def fill(self, connection: sa.Connection, first: int, last: int) -> int:
        """Fill the rows with these keys; how many there were to fill."""
        statement = sa.text(_in(connection.dialect.name, self.statement))
        return connection.execute(statement, {"first": first, "last": last}).rowcount


@dataclass(frozen=True)
class Mirror:
    """Columns that old and new code write in their own ways, kept equal by the database itself.

    `forward` says what becomes of a new column, in SQL of `new.<old column>`; `backward` what old
    code shall read, in SQL of `new.<new column>`. Between `begin` (expand, before anything else
    writes the new columns) and `end` (contract) neither code need know of the other; what stood in
    the table before is filled as a backfill, for which a `Mirror` may stand.
    """

    table: str
    forward: Mapping[str, Sql]
    backward: Mapping[str, Sql]
    key: str = "id"

    @property
    def name(self) -> str:
        """Of its triggers."""
        return f"{self.table}_{'_'.join(self.forward)}"[:50]

    def begin(self) -> None:
        """Keep them equal from now on."""
        for statement in self._postgresql() if _is_postgresql() else self._sqlite():
            op.execute(statement)

    def end(self) -> None:
        """Leave them alone, before one of them goes."""
        if _is_postgresql():
            op.execute(f"DROP TRIGGER IF EXISTS {self.name} ON {self.table}")
            op.execute(f"DROP FUNCTION IF EXISTS {self.name}()")
            return
        for part in ("born_old", "born_new", "old", "new"):
            op.execute(f"DROP TRIGGER IF EXISTS {self.name}_{part}")

    def fill(self, connection: sa.Connection, first: int, last: int) -> int:
        """Fill the rows with these keys that nobody has written since `begin`."""
        dialect = connection.dialect.name
        new = ", ".join(f"{c} = {sql}" for c, sql in self._said(dialect, self.forward))
        statement = sa.text(
            f"UPDATE {self.table} AS new SET {new}"  # noqa: S608 (our own words)
            f" WHERE {self.key} BETWEEN :first AND :last AND {self._empty()}"
        )
        return connection.execute(statement, {"first": first, "last": last}).rowcount

    def _said(self, dialect: str, these: Mapping[str, Sql]) -> Iterator[tuple[str, str]]:
        for column, sql in these.items():
            yield column, f"({_in(dialect, sql)})"

    def _empty(self) -> str:
        return " AND ".join(f"new.{column} IS NULL" for column in self.forward)

    def _differs(self, dialect: str, these: Mapping[str, Sql]) -> str:
        """Whether what stands in these columns is not what the others make of them."""
        other = "IS DISTINCT FROM" if dialect == "postgresql" else "IS NOT"
        pairs = (f"new.{column} {other} {sql}" for column, sql in self._said(dialect, these))
        return f"({' OR '.join(pairs)})"

    def _changed(self, these: Mapping[str, Sql], other: str) -> str:
        return f"({' OR '.join(f'new.{column} {other} old.{column}' for column in these)})"

    def _postgresql(self) -> Iterator[str]:
        forward, backward = (
            " ".join(f"new.{c} := {sql};" for c, sql in self._said("postgresql", these))
            for these in (self.forward, self.backward)
        )
        news = self._changed(self.forward, "IS DISTINCT FROM")
        olds = self._changed(self.backward, "IS DISTINCT FROM")
        written = f"(TG_OP = 'INSERT' AND NOT ({self._empty()}) OR TG_OP = 'UPDATE' AND {news})"
        yield (
            f"CREATE OR REPLACE FUNCTION {self.name}() RETURNS trigger LANGUAGE plpgsql AS $$"
            f" BEGIN IF {written} THEN"
            f" IF {self._differs('postgresql', self.forward)} THEN {backward} END IF;"
            f" ELSIF TG_OP = 'INSERT' OR {olds} THEN {forward} END IF;"
            " RETURN new; END $$"
        )
        yield (
            f"CREATE TRIGGER {self.name} BEFORE INSERT OR UPDATE ON {self.table}"
            f" FOR EACH ROW EXECUTE FUNCTION {self.name}()"
        )

    def _sqlite(self) -> Iterator[str]:
        # A trigger's own change sets off the others: each acts only where its side is the one that
        # was written, which shows in that the two sides differ.
        forward, backward = (
            f"BEGIN UPDATE {self.table} SET"  # noqa: S608 (our own words)
            f" {', '.join(f'{c} = {sql}' for c, sql in self._said('sqlite', these))}"
            " WHERE rowid = new.rowid; END"
            for these in (self.forward, self.backward)
        )
        news, olds = (self._changed(t, "IS NOT") for t in (self.forward, self.backward))
        apart = self._differs("sqlite", self.forward)
        astray = self._differs("sqlite", self.backward)
        for part, event, when, act in (
            ("born_old", "INSERT", self._empty(), forward),
            ("born_new", "INSERT", f"NOT ({self._empty()}) AND {apart}", backward),
            ("old", "UPDATE", f"{olds} AND NOT {news} AND {astray}", forward),
            ("new", "UPDATE", f"{news} AND {apart}", backward),
        ):
            yield (
                f"CREATE TRIGGER {self.name}_{part} AFTER {event} ON {self.table} WHEN {when} {act}"
            )


def _in(dialect: str, sql: Sql) -> str:
    return sql if isinstance(sql, str) else sql[dialect]
