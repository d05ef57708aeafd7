"""No list reads a large table from end to end, nor much more of it than it shows: PostgreSQL.

A bank of four thousand topics is filled once, every list is asked for as its reader would, and each
statement that it led to is explained and run again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from app.core.db import db, session
from app.factory import create_app
from bench.bank import LARGE
from bench.fill import make
from bench.growth import client_of, get
from bench.lists import asked, every_list, nodes, read
from tests.conftest import made_of, settings
from tests.services import database_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask

    from bench.lists import Listed
    from tests.services import Postgres

pytestmark = pytest.mark.postgres

TOPICS = 4_000
# Tables that grow with the years, those too that the filled bank leaves empty.
GROW = {
    *LARGE, "appeals", "asked_words", "deliveries", "drafts", "idea_changes", "letters",
    "moderation_acts", "people", "reports", "revisions", "rungs_sent", "sessions", "site_visits",
    "submissions", "tags", "text_traces", "tickets", "topic_help", "topic_views", "topic_visits",
}  # fmt: skip
# A page of twenty, a thousand of what is counted "up to", and what one day or one topic brings.
MOST = 1_500
# What is large on purpose: ten thousand addresses, and a report of thirty days.
LONG = {"sitemap, first page", "broken promises", "who holds what"}

Statements = dict[str, list[tuple[str, Any]]]


@pytest.fixture(scope="module")
def bank(postgres_server: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    instance = tmp_path_factory.mktemp("plans")

    def migrated(url: str) -> None:
        made_of(settings(instance, DATABASE_URL=url))

    postgres_server.template("otklik_migrated", migrated)
    address = postgres_server.create(database_name("plans"), "otklik_migrated")
    app = create_app(settings(instance, DATABASE_URL=address, PAGE_CACHE_MB="0"))
    with app.app_context():
        make(TOPICS, figures=False, quiet=True)
        session.remove()
        yield app
        session.remove()
        db.engine.dispose()


@pytest.fixture(scope="module")
def statements(bank: Flask) -> Statements:
    """What each list asks the database."""
    found: list[Listed] = every_list(TOPICS)
    session.remove()
    said: Statements = {}
    for listed in found:
        client = client_of(bank, listed)
        with asked() as those:
            get(client, listed.address)
        said[listed.name] = those
    return said


def scanned(statements: Statements) -> list[tuple[str, str, str]]:
    """Page, table and statement of whatever would be read from end to end."""
    found = []
    with db.engine.connect() as connection:
        connection.exec_driver_sql("SET enable_seqscan = off")
        for name, those in statements.items():
            for statement, parameters in those:
                explained = connection.exec_driver_sql(
                    f"EXPLAIN (FORMAT JSON) {statement}", parameters
                )
                steps = nodes(explained.scalar()[0]["Plan"])
                tables = (s["Relation Name"] for s in steps if s["Node Type"] == "Seq Scan")
                found.extend((name, table, statement) for table in tables if table in GROW)
        connection.rollback()
    return found


def test_every_list_finds_an_index(bank: Flask, statements: Statements) -> None:
    """Told to do without, PostgreSQL reads a table from end to end only when nothing else works."""
    assert scanned(statements) == []


def test_no_list_reads_much_more_than_it_shows(bank: Flask, statements: Statements) -> None:
    """Of four thousand, a narrow table is a few pages, and to read it whole would be no mistake."""
    too_much = []
    with db.engine.connect() as connection:
        connection.exec_driver_sql("SET enable_seqscan = off")
        for name, those in statements.items():
            if name in LONG:
                continue
            for each in those:
                was_read = read([each], connection)
                large = {t: n for t, n in was_read.by_table.items() if t in LARGE}
                if was_read.scanned & large.keys() or max(large.values(), default=0) > MOST:
                    too_much.append((name, large, was_read.scanned & large.keys(), each[0]))
        connection.rollback()
    assert too_much == []


def test_the_test_would_see_it(bank: Flask) -> None:
    """A list in an order that no index has."""
    with asked() as those, db.engine.connect() as connection:
        connection.exec_driver_sql("SELECT id FROM topics ORDER BY title LIMIT 20")
        connection.exec_driver_sql("SELECT id FROM posts WHERE language = 'uk' LIMIT 20")
        connection.rollback()
    assert {table for _, table, _ in scanned({"made up": those})} == {"topics", "posts"}


def test_lists_cost_a_fixed_number_of_statements(statements: Statements) -> None:
    assert len(statements) > 60
    assert max(len(those) for those in statements.values()) < 90
