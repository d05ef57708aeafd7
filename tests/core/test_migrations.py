"""Migrations: up, down and up again on both databases, and what they make is what models say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, inspect

from app.commands.database import migrate
from app.core.db import Base, _teach_sqlite, db, session
from app.core.schema import alembic_config, newest
from tests.services import database_name, postgres, run_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask import Flask


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


def tables(engine: Engine) -> set[str]:
    return set(inspect(engine).get_table_names()) - {"alembic_version"}


def current(engine: Engine) -> str | None:
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def test_up_down_and_up_again_makes_what_the_models_say(empty: Engine) -> None:
    assert current(empty) is None
    migrate()
    assert tables(empty) == set(Base.metadata.tables)

    command.downgrade(alembic_config(), "base")
    assert tables(empty) == set()
    assert current(empty) is None

    migrate()
    assert current(empty) == newest()
    with empty.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_every_step_can_be_taken_alone_there_and_back(empty: Engine) -> None:
    script = ScriptDirectory.from_config(alembic_config())
    assert len(script.get_heads()) == 1, "two migrations claim to be the newest"
    steps = [step.revision for step in reversed(list(script.walk_revisions()))]
    before = [set(tables(empty))]

    for revision in steps:
        migrate(revision)
        assert current(empty) == revision
        before.append(tables(empty))
    for shape in reversed(before[:-1]):
        command.downgrade(alembic_config(), "-1")
        assert tables(empty) == shape
