"""The database's shape: at which migration it is, and which one this code needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import inspect, text

import config as settings
from app.core.db import session
from app.core.lazily import lazily

if TYPE_CHECKING:
    from alembic import config, script
else:
    config, script = lazily("alembic.config"), lazily("alembic.script")


def alembic_config() -> config.Config:
    """Alembic's settings: where the migrations lie."""
    found = config.Config()
    found.set_main_option("script_location", str(settings.ROOT / "migrations"))
    return found


def current() -> str | None:
    """The revision the database is at; None when it is empty."""
    # Alembic's own way logs two lines at every look, and probes look often.
    if not inspect(session.connection()).has_table("alembic_version"):
        return None
    found: str | None = session.scalar(text("select version_num from alembic_version"))
    return found


def newest() -> str | None:
    """The revision this code needs."""
    return script.ScriptDirectory.from_config(alembic_config()).get_current_head()
