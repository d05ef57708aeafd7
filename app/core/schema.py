"""The database's shape: at which migration it is, and which one this code needs."""

from __future__ import annotations

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

import config as settings
from app.core.db import session


def alembic_config() -> Config:
    """Alembic's settings: where the migrations lie."""
    found = Config()
    found.set_main_option("script_location", str(settings.ROOT / "migrations"))
    return found


def current() -> str | None:
    """The revision the database is at; None when it is empty."""
    return MigrationContext.configure(session.connection()).get_current_revision()


def newest() -> str | None:
    """The revision this code needs."""
    return ScriptDirectory.from_config(alembic_config()).get_current_head()
