"""Lists read the rows they show: no query of theirs sorts or copies a table."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event

from app.core import clock
from app.core.db import db, session
from app.core.policy import PUBLIC
from app.core.upkeep import look_at_the_tables
from app.topics import queries

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask

    from tests.builders import Builders


@pytest.fixture
def asked(app: Flask, transaction: None) -> Iterator[list[tuple[str, Any]]]:
    """Every statement with its parameters; for SQLite, whose planner is the one easily misled."""
    if db.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL's planner knows its tables; this is about SQLite's")
    statements: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        statements.append((statement, parameters))

    connection = session.connection()
    event.listen(connection, "before_cursor_execute", note)
    yield statements
    event.remove(connection, "before_cursor_execute", note)


@pytest.mark.parametrize("view", queries.VIEWS)
@pytest.mark.parametrize("analysed", [False, True], ids=["new", "looked-at"])
def test_a_list_walks_an_index(
    house: Builders, asked: list[tuple[str, Any]], view: str, *, analysed: bool
) -> None:
    category = house.category()
    for hours in range(30):
        at = clock.now() - timedelta(hours=hours)
        topic = house.idea(category=category, at=at)
        if hours % 2:
            house.answer(topic, at=at + timedelta(minutes=5))
    if analysed:
        look_at_the_tables()
    first = queries.topics(PUBLIC, view)
    asked.clear()

    queries.topics(PUBLIC, view, cursor=first.older)

    statement, parameters = asked[0]
    plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
    steps = [row[-1] for row in plan]
    assert "topics USING INDEX" in steps[0], steps
    assert not [s for s in steps if "TEMP B-TREE" in s or "MATERIALIZE" in s], steps


def test_looking_at_the_tables_harms_no_database(house: Builders) -> None:
    house.question()
    look_at_the_tables()
    assert queries.topics(PUBLIC).items
