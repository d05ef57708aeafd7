"""`flask database upgrade|downgrade|revise`: Alembic with our settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from flask.cli import AppGroup

from app.accounts.service import fold_names_anew
from app.commands.erasures import reapply
from app.core import transactions
from app.core.lazily import lazily
from app.core.schema import alembic_config
from app.sla.service.verifying import project_what_never_was

if TYPE_CHECKING:
    from alembic import command
else:
    command = lazily("alembic.command")

database = AppGroup("database", help="The database's migrations.")


@database.command("upgrade")
@click.argument("revision", default="head")
def upgrade(revision: str = "head") -> None:
    """Bring the database to REVISION (the newest by default)."""
    migrate(revision)


def migrate(revision: str = "head") -> None:
    """Bring the database to `revision`, for commands and the launcher."""
    command.upgrade(alembic_config(), revision)
    if revision == "head":
        project_what_never_was()
        fold_names_anew()
        transactions.commit()
        # A database from a backup may hold people who were erased since.
        reapply()


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
