"""What tests of the core need: a database in which commits last, and reactions of a test's own."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine, create_engine, text

from app.core import events
from app.core.db import Base, _teach_sqlite, db, session
from tests.services import database_name, postgres, run_folder
from tests.tampering import without_guards

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask import Flask


@pytest.fixture
def lasting(app: Flask) -> Iterator[Flask]:
    """The application without a transaction around the test: several workers see one another.

    Whatever was written is deleted afterwards.
    """
    with app.app_context():
        try:
            yield app
        finally:
            session.remove()
            _empty()


def _empty() -> None:
    tables = Base.metadata.sorted_tables
    with db.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            # Topics and posts point at one another, so no order of deletion would do.
            connection.exec_driver_sql("ROLLBACK")
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            with without_guards(connection):
                for table in tables:
                    connection.execute(table.delete())
            connection.commit()
            connection.exec_driver_sql("ROLLBACK")
            connection.exec_driver_sql("PRAGMA foreign_keys=ON")
            connection.exec_driver_sql("BEGIN")
        else:
            names = ", ".join(f'"{table.name}"' for table in tables)
            with without_guards(connection):
                connection.execute(text(f"TRUNCATE {names} CASCADE"))
        connection.commit()


@pytest.fixture
def reactions() -> Iterator[None]:
    """Reactions that a test registers are forgotten after it."""
    now = {kind: list(known) for kind, known in events._now.items()}
    later = {kind: dict(known) for kind, known in events._later.items()}
    yield
    events._now.clear()
    events._now.update(now)
    events._later.clear()
    events._later.update(later)


@pytest.fixture
def empty(app: Flask, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The application over an empty database of this test's own."""
    with app.app_context():
        session.remove()
        usual = db.engine
        if usual.dialect.name == "sqlite":
            yield from _instead_of(usual, app, f"sqlite:///{tmp_path / 'empty.sqlite3'}")
            return
        with postgres(run_folder(tmp_path_factory)) as server:
            name = database_name("otklik_empty")
            yield from _instead_of(usual, app, server.create(name))
            server.drop(name)


@pytest.fixture
def migrated(
    app: Flask, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    """The application over a migrated database of this test's own, whose shape it may change."""
    with app.app_context():
        session.remove()
        usual = db.engine
        if usual.dialect.name == "sqlite":
            path = tmp_path / "migrated.sqlite3"
            # Past the engine, which begins a transaction: a copy is made outside of any.
            with closing(sqlite3.connect(str(usual.url.database))) as source:
                source.execute("VACUUM INTO ?", [str(path)])
            yield from _instead_of(usual, app, f"sqlite:///{path}")
            return
        with postgres(run_folder(tmp_path_factory)) as server:
            name = database_name("otklik_changing")
            yield from _instead_of(usual, app, server.create(name, "otklik_migrated"))
            server.drop(name)


def _instead_of(usual: Engine, app: Flask, url: str) -> Iterator[Engine]:
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        _teach_sqlite(engine)
    db._app_engines[app][None] = engine
    try:
        yield engine
    finally:
        db._app_engines[app][None] = usual
        engine.dispose()
