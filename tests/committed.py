"""For tests of what happens at the same instant: real transactions, that others can see."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from app.core.db import Base, db, session
from tests.builders import Builders
from tests.tampering import without_guards

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask

    Act = Callable[[], object]


@pytest.fixture
def committed(app: Flask) -> Iterator[Builders]:
    """Builders whose work is really committed; everything is gone after the test."""
    with app.app_context():
        try:
            yield Builders()
        finally:
            session.remove()
            _empty()


def _empty() -> None:
    names = ", ".join(Base.metadata.tables)
    with db.engine.connect() as connection:
        if db.engine.dialect.name == "postgresql":
            with without_guards(connection):
                connection.execute(text(f"TRUNCATE {names} CASCADE"))
        else:
            connection.exec_driver_sql("ROLLBACK")
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            with without_guards(connection):
                for name in Base.metadata.tables:
                    connection.exec_driver_sql(f"DELETE FROM {name}")  # noqa: S608 (our own tables)
            connection.exec_driver_sql("PRAGMA foreign_keys=ON")
            return
        connection.commit()


@pytest.fixture
def at_once(app: Flask) -> Callable[..., list[BaseException | None]]:
    """Do every act in a thread and a transaction of its own, all at once; what each raised."""

    def run(*acts: Act) -> list[BaseException | None]:
        session.commit()
        ready = Barrier(len(acts))

        def do(act: Act) -> BaseException | None:
            with app.app_context():
                try:
                    ready.wait(10)
                    act()
                    session.commit()
                except Exception as error:  # noqa: BLE001 (that is what is looked at)
                    session.rollback()
                    return error
                finally:
                    session.remove()
            return None

        with ThreadPoolExecutor(len(acts)) as pool:
            return list(pool.map(do, acts))

    return run
