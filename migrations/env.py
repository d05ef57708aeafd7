"""Alembic's environment: our models, our engine, batch mode for SQLite."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from alembic import context
from flask import has_app_context
from sqlalchemy import delete, insert, inspect

from app.core import clock
from app.core.db import Base, UTCDateTime, db
from app.core.schema import CONTRACT, steps, upgrades
from app.factory import create_app
from migrations.locks import alone, patiently

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alembic.runtime.migration import MigrationContext, MigrationInfo
    from sqlalchemy import Connection


def render_item(kind: str, item: Any, _: Any) -> str | bool:
    """Migrations name plain column types: our own may change, what they made may not."""
    if kind == "type" and isinstance(item, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def run() -> None:
    """Run the migrations: on PostgreSQL a transaction each, on SQLite one for all."""
    with db.engine.connect() as connection, alone(connection), _tables_may_be_remade(connection):
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_as_batch=connection.dialect.name == "sqlite",
            render_item=render_item,
            transactional_ddl=True,
            transaction_per_migration=connection.dialect.name == "postgresql",
            on_version_apply=_note,
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()


def _note(ctx: MigrationContext, step: MigrationInfo, **_: Any) -> None:
    """Leave word for code that cannot read this migration, in its own transaction."""
    connection, revision = ctx.connection, step.up_revision_id
    if connection is None or not inspect(connection).has_table(upgrades.name):
        return
    known = {each.revision: each for each in steps()}
    contracts = known[revision].phase == CONTRACT
    if contracts or not step.is_upgrade:
        connection.execute(delete(upgrades).where(upgrades.c.revision == revision))
    if contracts and step.is_upgrade:
        done = {"phase": CONTRACT, "position": 0, "done_at": clock.now()}
        connection.execute(insert(upgrades).values(revision=revision, **done))


@contextmanager
def _tables_may_be_remade(connection: Connection) -> Iterator[None]:
    """SQLite alters a table by making it anew and dropping the old one: with keys enforced, that
    would delete every row of other tables that names one of it."""
    if connection.dialect.name != "sqlite":
        yield
        return
    # Outside any transaction, where alone SQLite listens to it.
    driver: Any = connection.connection.dbapi_connection
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
        broken = driver.execute("PRAGMA foreign_key_check").fetchall()
        if broken:
            message = f"the migration left rows that name nothing: {broken[:5]}"
            raise RuntimeError(message)
    finally:
        driver.execute("PRAGMA foreign_keys=ON")


if has_app_context():
    patiently(run)
else:
    with create_app().app_context():
        patiently(run)
