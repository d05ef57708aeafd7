"""A restored backup brings nobody back, and `flask retention run` cleans up."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from app.accounts.models import Person
from app.commands.database import migrate
from app.core import clock, files, mail
from app.core.db import db, session
from app.factory import create_app
from app.privacy import ledger, service
from app.search import shelf
from app.topics.models import Draft, Topic
from tests.builders import Builders
from tests.conftest import settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask import Flask

NAME, TITLE = "Акулина Перепёлкина", "Почему терминал съел перепёлок"


@pytest.fixture
def own(tmp_path: Path, app: Flask) -> Iterator[Flask]:
    """An installation of this test's own, on a SQLite file that can be copied."""
    if app.config["SQLALCHEMY_DATABASE_URI"].startswith("postgres"):
        pytest.skip("a database file is SQLite's; reinserted rows are in tests/privacy")
    own = create_app(settings(tmp_path))
    with own.app_context():
        session.remove()
        migrate()
        yield own
        session.remove()
        db.engine.dispose()
    for part in (mail, files, ledger, shelf):
        part.init(app.config)


def erased(person_id: int) -> bool:
    session.remove()
    person = session.get_one(Person, person_id)
    return person.given_name == "" and person.email is None


def test_an_old_copy_is_brought_up_to_the_ledger(own: Flask, tmp_path: Path) -> None:
    house, file = Builders(), tmp_path / "otklik.sqlite3"
    house.brand()
    person = house.customer(name=NAME)
    topic = house.topic(asker=person, title=TITLE)
    session.commit()
    person_id, topic_id = person.id, topic.id
    with db.engine.connect() as connection:
        connection.connection.dbapi_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    session.remove()
    db.engine.dispose()
    shutil.copy(file, tmp_path / "backup")

    person = session.get_one(Person, person_id)
    erasure = service.request_erasure(person, words=True)
    erasure.due_at = clock.now()
    service.erase(erasure)
    session.commit()
    assert erased(person_id)
    with db.engine.connect() as connection:
        connection.connection.dbapi_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    # Not even between the rows of the file.
    assert NAME.encode() not in file.read_bytes()
    assert TITLE.encode() not in file.read_bytes()

    session.remove()
    db.engine.dispose()
    for left_over in tmp_path.glob("otklik.sqlite3*"):
        left_over.unlink()
    shutil.copy(tmp_path / "backup", file)
    assert not erased(person_id)
    runner = own.test_cli_runner()
    assert "Erased again: 1" in runner.invoke(args=["erasures", "reapply"]).output
    assert erased(person_id)
    assert session.get_one(Topic, topic_id).title != TITLE
    assert "Everybody who was erased still is" in runner.invoke(args=["erasures", "reapply"]).output
    assert str(person_id) in runner.invoke(args=["erasures", "list"]).output

    session.remove()
    db.engine.dispose()
    for left_over in tmp_path.glob("otklik.sqlite3*"):
        left_over.unlink()
    shutil.copy(tmp_path / "backup", file)
    migrate()  # as every start and every upgrade does
    assert erased(person_id)


def told(output: str, name: str) -> list[str]:
    """The cells of one term's row."""
    (row,) = (line for line in output.splitlines() if f" {name} " in line)
    return [cell.strip() for cell in row.split("│")[1:-1]]


def test_retention_counts_first_and_deletes_then(app: Flask, house: Builders) -> None:
    long_ago = clock.now().replace(year=2020)
    person = house.customer()
    session.add(Draft(about="new", person_id=person.id, fields={}, changed_at=long_ago))
    session.commit()
    runner = app.test_cli_runner()
    counted = runner.invoke(args=["retention", "run", "--dry-run"]).output
    assert told(counted, "drafts") == ["drafts", "180", "1", "—"]
    assert session.query(Draft).count() == 1
    done = runner.invoke(args=["retention", "run"]).output
    assert told(done, "drafts") == ["drafts", "180", "1", "1"]
    assert session.query(Draft).count() == 0
