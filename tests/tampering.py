"""Changing the record as somebody can who owns the database: the guards are taken off first."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection


@contextmanager
def without_guards(connection: Connection) -> Iterator[None]:
    """No trigger of the record fires inside this; afterwards they all do again."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET session_replication_role = replica"))
        try:
            yield
        finally:
            connection.execute(text("SET session_replication_role = DEFAULT"))
        return
    found = connection.exec_driver_sql(
        "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
    ).all()
    for name, _sql in found:
        connection.exec_driver_sql(f"DROP TRIGGER {name}")
    try:
        yield
    finally:
        for _name, sql in found:
            connection.exec_driver_sql(sql)
