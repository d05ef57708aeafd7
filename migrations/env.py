"""Alembic's environment: our models, our engine, batch mode for SQLite."""

from __future__ import annotations

from typing import Any

from alembic import context
from flask import has_app_context

from app.core.db import Base, UTCDateTime, db
from app.factory import create_app


def render_item(kind: str, item: Any, _: Any) -> str | bool:
    """Migrations name plain column types: our own may change, what they made may not."""
    if kind == "type" and isinstance(item, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def run() -> None:
    """Run the migrations in one transaction."""
    with db.engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_as_batch=connection.dialect.name == "sqlite",
            render_item=render_item,
            transactional_ddl=True,
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()


if has_app_context():
    run()
else:
    with create_app().app_context():
        run()
