"""Changes of tables in use: what the helpers of migrations do, and what waits for what."""

from __future__ import annotations

import threading
import time
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import click
import pytest
from sqlalchemy import (
    JSON,
    Column,
    Engine,
    Enum,
    Table,
    delete,
    insert,
    inspect,
    literal_column,
    select,
    text,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeDecorator

from app.commands.database import migrate
from app.core import clock, schema
from app.core.db import Base
from migrations import locks
from tests.core.releases import step, written
from tests.tampering import without_guards

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from flask import Flask

SOON = 120.0


@pytest.fixture
def release(
    migrated: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], None]]:
    """Write a migration with this body after the real ones and parcels, and go up to it."""
    old, new = written(tmp_path)
    (new[-1] / "9003.py").unlink()
    (new[-1] / "9002.py").unlink()
    monkeypatch.setattr(schema, "FOLDERS", old)
    migrate("9001")
    monkeypatch.setattr(schema, "FOLDERS", new)
    monkeypatch.setattr(locks, "PAUSE", (0.01, 0.1))

    def upgrade(body: str, phase: str = "expand") -> None:
        (new[-1] / "9002.py").write_text(step("9002", "9001", phase, body), encoding="utf-8")
        schema._steps.cache_clear()
        migrate("9002")

    yield upgrade
    schema._steps.cache_clear()


def test_an_index_is_made_and_one_that_was_left_half_made_replaced(
    release: Callable[[str], None], migrated: Engine
) -> None:
    with migrated.begin() as connection:
        if migrated.dialect.name == "postgresql":
            # What an interrupted one looks like.
            connection.execute(text("CREATE INDEX ix_parcels_name ON parcels (id)"))
        connection.execute(text("INSERT INTO parcels (name) VALUES ('A'), ('B')"))
    release("online.add_index('ix_parcels_name', 'parcels', ['name'], unique=True, where='id > 1')")
    (made,) = inspect(migrated).get_indexes("parcels")
    assert (made["name"], made["column_names"], bool(made["unique"])) == (
        "ix_parcels_name",
        ["name"],
        True,
    )
    with migrated.connect() as connection:
        connection.execute(text("INSERT INTO parcels (name) VALUES ('A')"))
        with pytest.raises(IntegrityError):
            connection.execute(text("INSERT INTO parcels (name) VALUES ('B')"))
        if migrated.dialect.name == "postgresql":
            connection.rollback()
            shown = connection.execute(text("SHOW lock_timeout")).scalar_one()
            assert shown == "0", "a connection goes back to the pool as it was"


def test_a_column_is_required_and_loosened_and_bound(
    release: Callable[[str], None], migrated: Engine
) -> None:
    release(
        "op.add_column('parcels', sa.Column('topic_id', sa.Integer(), nullable=True))\n"
        '    op.execute("UPDATE parcels SET topic_id = 1")\n'
        "    online.require('parcels', 'topic_id')\n"
        "    online.loosen('parcels', 'name')\n"
        "    online.add_foreign_key('fk_parcels_topic_id', 'parcels', 'topic_id', 'topics',"
        " 'CASCADE')",
        phase="contract",
    )
    looked = inspect(migrated)
    nullable = {c["name"]: c["nullable"] for c in looked.get_columns("parcels")}
    assert nullable == {"id": False, "name": True, "topic_id": False}
    (key,) = looked.get_foreign_keys("parcels")
    assert (key["referred_table"], key["options"]) == ("topics", {"ondelete": "CASCADE"})
    assert looked.get_check_constraints("parcels") == []
    with migrated.connect() as connection, pytest.raises(IntegrityError):
        connection.execute(text("INSERT INTO parcels (name, topic_id) VALUES ('A', 7)"))


# ————— patience


@pytest.mark.postgres
def test_readers_do_not_wait_behind_a_migration_that_waits(
    release: Callable[[str], None],
    migrated: Engine,
    app: Flask,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if migrated.dialect.name == "sqlite":
        pytest.skip("readers of SQLite never wait")
    monkeypatch.setattr(locks, "ATTEMPTS", 10_000)
    tried: list[int] = []
    waits = locks.is_in_use
    monkeypatch.setattr(locks, "is_in_use", lambda error: tried.append(1) or waits(error))
    done = threading.Event()

    def change() -> None:
        with app.app_context():
            release("op.add_column('parcels', sa.Column('note', sa.Text(), nullable=True))")
        done.set()

    with migrated.connect() as report:
        report.execute(text("SELECT count(*) FROM parcels"))  # a long one: it holds the table
        changing = threading.Thread(target=change)
        changing.start()
        until = time.monotonic() + SOON
        while len(tried) < 2 and time.monotonic() < until:
            with migrated.connect() as reader:
                reader.execute(text("SET LOCAL statement_timeout = '60s'"))
                reader.execute(text("SELECT count(*) FROM parcels"))
        assert len(tried) >= 2
        assert not done.is_set()
    changing.join(SOON)
    assert done.is_set()
    assert "note" in {c["name"] for c in inspect(migrated).get_columns("parcels")}


@pytest.mark.postgres
def test_a_migration_that_finds_a_table_always_in_use_says_so(
    release: Callable[[str], None], migrated: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    if migrated.dialect.name == "sqlite":
        pytest.skip("SQLite has one lock for all")
    monkeypatch.setattr(locks, "ATTEMPTS", 2)
    monkeypatch.setattr(locks, "WITHIN", "50ms")
    with migrated.connect() as report:
        report.execute(text("SELECT count(*) FROM parcels"))
        with pytest.raises(click.ClickException, match="A table stayed in use"):
            release("op.add_column('parcels', sa.Column('note', sa.Text(), nullable=True))")
    with schema.looking() as connection:
        assert schema.current(connection) == "9001"


@pytest.mark.postgres
def test_two_machines_that_migrate_at_once_take_turns(migrated: Engine) -> None:
    if migrated.dialect.name == "sqlite":
        pytest.skip("SQLite has one lock for all")
    inside, most = [], []

    def migrating() -> None:
        with migrated.connect() as connection, locks.alone(connection):
            inside.append(1)
            most.append(len(inside))
            connection.execute(text("SELECT pg_sleep(0.05)"))
            inside.pop()

    machines = [threading.Thread(target=migrating) for _ in range(3)]
    for machine in machines:
        machine.start()
    for machine in machines:
        machine.join(SOON)
    assert most == [1, 1, 1]


# ————— our own models, with a database that is ahead of them


def test_every_model_works_with_tables_that_have_grown(
    release: Callable[[str], None], migrated: Engine
) -> None:
    """What an expansion of the next release may do to each of our tables: this code goes on."""
    release(
        "for table in sa.inspect(op.get_bind()).get_table_names():\n"
        "        if table == 'alembic_version':\n"
        "            continue\n"
        "        op.add_column(table, sa.Column('grown', sa.Text(), nullable=True))\n"
        "        more = sa.Column('more', sa.Integer(), nullable=False, server_default='7')\n"
        "        op.add_column(table, more)\n"
        "    op.create_table('new_things', sa.Column('id', sa.Integer(), primary_key=True))"
    )
    models = [mapper.class_ for mapper in Base.registry.mappers]
    assert len(models) > 50
    with migrated.connect() as connection:
        if migrated.dialect.name == "sqlite":
            # A row may name what is not there: this is about columns. PostgreSQL is told below.
            connection.connection.dbapi_connection.execute("PRAGMA foreign_keys=OFF")
        with without_guards(connection), Session(connection) as session:
            for model in models:
                _write_and_read(session, model)
        connection.rollback()


def _write_and_read(session: Session, model: type[Any]) -> None:
    table = model.__table__
    session.execute(delete(table))
    session.execute(insert(table).values(_row(table)))
    assert session.execute(select(table)).first() is not None, table.name
    session.scalars(select(model)).unique().all()
    grown = select(literal_column("grown"), literal_column("more")).select_from(table)
    assert session.execute(grown).first() == (None, 7), table.name


def _row(table: Table) -> dict[str, Any]:
    return {
        c.key: _something(c)
        for c in table.columns
        if not c.nullable and c.default is None and c is not table.autoincrement_column
    }


def _something(column: Column[Any]) -> Any:
    kind = column.type.impl if isinstance(column.type, TypeDecorator) else column.type
    if isinstance(kind, Enum):
        return kind.enums[0]
    if isinstance(kind, JSON):
        return {}
    at = clock.now()
    instants = {datetime: at, date: at.date()}
    return instants.get(kind.python_type) or kind.python_type()
