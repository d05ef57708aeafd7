"""Migrations: up, down and up again on both databases, and what they make is what models say."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    DateTime,
    Engine,
    Integer,
    MetaData,
    Table,
    inspect,
    select,
)

from app.commands.database import migrate
from app.core import clock, verifying
from app.core.db import Base, session
from app.core.schema import alembic_config, newest
from app.sla.models import Promise
from app.topics.models import Topic

if TYPE_CHECKING:
    from datetime import datetime


def tables(engine: Engine) -> set[str]:
    return set(inspect(engine).get_table_names()) - {"alembic_version"}


def current(engine: Engine) -> str | None:
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def test_up_down_and_up_again_makes_what_the_models_say(empty: Engine) -> None:
    assert current(empty) is None
    migrate()
    assert tables(empty) == set(Base.metadata.tables)

    command.downgrade(alembic_config(), "base")
    assert tables(empty) == set()
    assert current(empty) is None

    migrate()
    assert current(empty) == newest()
    with empty.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_every_step_can_be_taken_alone_there_and_back(empty: Engine) -> None:
    script = ScriptDirectory.from_config(alembic_config())
    assert len(script.get_heads()) == 1, "two migrations claim to be the newest"
    steps = [step.revision for step in reversed(list(script.walk_revisions()))]
    before = [set(tables(empty))]

    for revision in steps:
        migrate(revision)
        assert current(empty) == revision
        before.append(tables(empty))
    for shape in reversed(before[:-1]):
        command.downgrade(alembic_config(), "-1")
        assert tables(empty) == shape


def test_an_upgrade_makes_the_promises_of_what_was_asked_before(empty: Engine) -> None:
    migrate("0002")
    asked = clock.now() - timedelta(days=3)
    with empty.begin() as connection:
        write = _Writer(connection, asked)
        write.into("people", {"id": 1, "name": "А", "role": "executive"})
        write.into("people", {"id": 2, "name": "Б", "role": "customer"})
        write.into("people", {"id": 3, "name": "В", "role": "executive"})
        write.into("categories", {"id": 1, "slug": "cards", "name": "Карты", "owner_id": 1})
        for topic_id in (1, 2):
            write.into("topics", {"id": topic_id, "category_id": 1, "asker_id": 2})
            name = {"name": "TopicOpened", "stream": f"topic:{topic_id}", "actor_id": 2}
            write.into("facts", {**name, "data": {"topic_id": topic_id}})
        answered = asked + timedelta(hours=2)
        post = {"id": 1, "topic_id": 1, "seq": 1, "kind": "answer", "author_id": 1}
        write.into("posts", {**post, "published_at": answered})
        promise = {"topic_id": 1, "category_id": 1, "kind": "first_answer", "cycle": 1}
        write.into("promises", {**promise, "state": "met", "accountable_id": 3})
        # Brought in from elsewhere: it was never promised anything.
        write.into("topics", {"id": 3, "category_id": 1, "asker_id": 2})

    migrate()

    found = session.scalars(select(Promise).order_by(Promise.topic_id)).all()
    assert [(p.topic_id, p.state, p.due_at) for p in found] == [
        (1, "met", asked + timedelta(days=1)),
        (2, "breached", asked + timedelta(days=1)),
    ]
    assert found[0].fulfilled_at == answered
    assert found[0].answer_id == 1
    # Its owner was another one then, and it stays in their name.
    assert [p.accountable_id for p in found] == [3, 1]
    assert [t.is_awaiting for t in session.scalars(select(Topic).order_by(Topic.id)).unique()] == [
        False,
        True,
        False,
    ]
    session.remove()


def test_an_upgrade_chains_what_happened_before(empty: Engine) -> None:
    migrate("0012")
    asked = clock.now() - timedelta(days=3)
    with empty.begin() as connection:
        write = _Writer(connection, asked)
        write.into("people", {"id": 1, "name": "А", "role": "executive"})
        write.into("people", {"id": 2, "name": "Б", "role": "customer"})
        write.into("categories", {"id": 1, "slug": "cards", "name": "Карты", "owner_id": 1})
        write.into("topics", {"id": 1, "category_id": 1, "asker_id": 2})
        post = {"id": 1, "topic_id": 1, "seq": 1, "kind": "answer", "author_id": 1}
        write.into("posts", {**post, "published_at": asked})
        about = {"stream": "topic:1", "actor_id": 1}
        told = {"topic_id": 1, "post_id": 1, "reason": "Ошиблись"}
        write.into("facts", {**about, "id": 5, "name": "AnswerRetracted", "data": told})
        write.into("facts", {"id": 9, "name": "PersonShutOut", "data": {"person_id": 2}})

    migrate("0013")

    with empty.connect() as connection:
        read = {name: Table(name, MetaData(), autoload_with=connection) for name in tables(empty)}
        rows = connection.execute(read["record"].select().order_by(read["record"].c.seq)).all()
        names = dict(connection.execute(read["pseudonyms"].select()).tuples().all())
        facts = {row.id: row.data for row in connection.execute(read["facts"].select())}
        why = connection.execute(select(read["posts"].c.retraction)).scalar_one()
        head = connection.execute(read["record_head"].select()).one()
    assert [(r.seq, r.fact_id, r.actor, r.role, r.of_staff) for r in rows] == [
        (1, 5, names[1], "executive", True),
        (2, 9, None, None, False),
    ]
    assert rows[0].payload == facts[5] == {"topic_id": 1, "post_id": 1}
    assert rows[1].payload == {"person_id": names[2]}
    assert why == "Ошиблись"
    assert tuple(head) == (1, 2, rows[1].hash)
    assert rows[1].prev_hash == rows[0].hash

    command.downgrade(alembic_config(), "0012")
    with empty.connect() as connection:
        facts_then = Table("facts", MetaData(), autoload_with=connection)
        was = connection.execute(select(facts_then.c.data).where(facts_then.c.id == 5))
        assert was.scalar_one() == told

    migrate()
    assert verifying.look().problems == []
    session.remove()


class _Writer:
    """Writes rows into tables as they are in the database, filling what must not be empty."""

    def __init__(self, connection: Connection, at: datetime) -> None:
        self.connection, self.at = connection, at
        self.tables = MetaData()

    def into(self, name: str, values: dict[str, object]) -> None:
        table = Table(name, self.tables, autoload_with=self.connection, resolve_fks=False)
        row = {c.name: self._filled(c) for c in table.columns if not c.nullable}
        row.pop("id", None)
        self.connection.execute(table.insert(), row | values)

    def _filled(self, column: Column[object]) -> object:
        kind = column.type
        if isinstance(kind, DateTime):
            return self.at
        if isinstance(kind, Boolean):
            return False
        if isinstance(kind, Integer):
            return 0
        return {} if isinstance(kind, JSON) else ""
