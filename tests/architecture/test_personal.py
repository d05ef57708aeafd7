"""No table that could say who somebody is may be forgotten: every such column has its fate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import JSON, Column, Integer, MetaData, String, Table, Text

from app.core import personal, retention
from app.core.db import Base

if TYPE_CHECKING:
    from flask import Flask

# Words from a list are short; what is longer may be what somebody wrote.
LONGEST_WORD_OF_A_LIST = 40
# Numbers of people without a key to their table, and what tells one browser from another.
TELLING = {
    "actor_id", "asked_by_id", "by_id", "owner_id", "person_id", "guest", "address", "email",
    "key_hash", "code_hash", "address_hash",
}  # fmt: skip


def may_tell(column: Column[object]) -> bool:
    """Whether a column could say who somebody is, or hold what they wrote."""
    if column.name in TELLING or any(k.column.table.name == "people" for k in column.foreign_keys):
        return True
    if isinstance(column.type, Text | JSON):
        return True
    return isinstance(column.type, String) and (column.type.length or 1000) > LONGEST_WORD_OF_A_LIST


def telling(metadata: MetaData) -> set[str]:
    return {
        f"{table.name}.{column.name}"
        for table in metadata.sorted_tables
        for column in table.columns
        if may_tell(column)
    }


def test_every_column_that_may_tell_is_declared(app: Flask) -> None:
    missing = telling(Base.metadata) - personal.declared().keys()
    assert not missing, f"say in the slice's personal.py what becomes of: {sorted(missing)}"


def test_what_is_declared_is_there(app: Flask) -> None:
    there = {f"{t.name}.{c.name}" for t in Base.metadata.sorted_tables for c in t.columns}
    assert personal.declared().keys() <= there


@pytest.mark.parametrize(
    "column",
    [
        Column("author_id", Integer),
        Column("words", Text),
        Column("fields", JSON),
        Column("email", String(20)),
        Column("note", String(200)),
    ],
    ids=lambda column: column.name,
)
def test_a_new_table_would_be_noticed(column: Column[object]) -> None:
    metadata = MetaData()
    people = Table("people", metadata, Column("id", Integer, primary_key=True))
    if column.name == "author_id":
        column.append_foreign_key(__import__("sqlalchemy").ForeignKey(people.c.id))
    Table("letters_to_the_editor", metadata, Column("id", Integer, primary_key=True), column)
    assert telling(metadata) == {f"letters_to_the_editor.{column.name}"}


def test_every_term_is_said_in_words_and_days(app: Flask) -> None:
    assert retention.terms()
    assert all(term.days > 0 and str(term.about) for term in retention.terms())
