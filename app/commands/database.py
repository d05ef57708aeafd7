"""`flask database upgrade|downgrade|revise`: Alembic with our settings."""

from __future__ import annotations

import click
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask.cli import AppGroup

import config as settings
from app.core.db import db

database = AppGroup("database", help="The database's migrations.")


def alembic_config() -> Config:
    """Alembic's settings: where the migrations lie."""
    found = Config()
    found.set_main_option("script_location", str(settings.ROOT / "migrations"))
    return found


def current() -> str | None:
    """The revision the database is at; None when it is empty."""
    with db.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest() -> str | None:
    """The revision this code needs."""
    return ScriptDirectory.from_config(alembic_config()).get_current_head()


@database.command("upgrade")
@click.argument("revision", default="head")
def upgrade(revision: str = "head") -> None:
    """Bring the database to REVISION (the newest by default)."""
    migrate(revision)


def migrate(revision: str = "head") -> None:
    """Bring the database to `revision`, for commands and the launcher."""
    command.upgrade(alembic_config(), revision)


@database.command("downgrade")
@click.argument("revision")
def downgrade(revision: str) -> None:
    """Take the database back to REVISION ("base" for nothing)."""
    command.downgrade(alembic_config(), revision)


@database.command("revise")
@click.argument("message")
def revise(message: str) -> None:
    """Write a new migration from the difference between the models and the database."""
    command.revision(alembic_config(), message, autogenerate=True)
