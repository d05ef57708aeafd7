"""Facts chained by their hashes, and nothing that changes them

Revision: 0013, after 0012
"""

import json
import secrets
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from app.core.chain import PERSONS, STAFF, object_of, public
from app.core.digests import NOTHING, digest, instant, uuid7

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

BATCH = 1000

# Rows that are written once. Of a fact, who did it may be forgotten and nothing else.
FROZEN = ("record", "facts", "pseudonyms")
KEPT = (*FROZEN, "record_head")
REFUSAL = "the record is only ever added to"

_facts = sa.table(
    "facts",
    sa.column("id", sa.Integer),
    sa.column("name", sa.String),
    sa.column("data", sa.JSON),
    sa.column("stream", sa.String),
    sa.column("actor_id", sa.Integer),
    sa.column("at", sa.DateTime(timezone=True)),
)
_posts = sa.table("posts", sa.column("id", sa.Integer), sa.column("retraction", sa.Text))
_people = sa.table("people", sa.column("id", sa.Integer), sa.column("role", sa.String))
_pseudonyms = sa.table(
    "pseudonyms", sa.column("person_id", sa.Integer), sa.column("name", sa.String)
)


def upgrade() -> None:
    op.add_column("posts", sa.Column("retraction", sa.Text(), nullable=True))
    record = op.create_table(
        "record",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("fact_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=16), nullable=True),
        sa.Column("role", sa.String(length=20), nullable=True),
        sa.Column("action", sa.String(length=80), nullable=False),
        sa.Column("object", sa.String(length=80), nullable=True),
        sa.Column("topic_id", sa.Integer(), nullable=True),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("of_staff", sa.Boolean(), nullable=False),
        sa.Column("prev_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_record")),
        sa.UniqueConstraint("fact_id", name=op.f("uq_record_fact_id")),
    )
    op.create_index("ix_record_of_staff", "record", ["of_staff", "seq"])
    op.create_index("ix_record_actor", "record", ["actor", "seq"])
    head = op.create_table(
        "record_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_record_head")),
    )
    op.create_table(
        "pseudonyms",
        sa.Column("person_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_pseudonyms")),
        sa.UniqueConstraint("name", name=op.f("uq_pseudonyms_name")),
    )
    op.create_table(
        "record_checks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("checkpoints", sa.Integer(), nullable=False),
        sa.Column("problems", sa.Integer(), nullable=False),
        sa.Column("first_seq", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_record_checks")),
    )
    _take_the_words_out()
    seq, last = _chain(record)
    op.get_bind().execute(head.insert().values(id=1, seq=seq, hash=last))
    if op.get_bind().dialect.name == "sqlite":
        _guard_sqlite()
    else:
        _guard_postgresql()


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for table in KEPT:
            op.execute(f"DROP TRIGGER IF EXISTS {table}_no_update")
            op.execute(f"DROP TRIGGER IF EXISTS {table}_no_delete")
    else:
        for table in KEPT:
            op.execute(f"DROP TRIGGER IF EXISTS {table}_only_grows ON {table}")
            op.execute(f"DROP TRIGGER IF EXISTS {table}_no_truncate ON {table}")
        op.execute("DROP TRIGGER IF EXISTS facts_no_update ON facts")
        op.execute("DROP FUNCTION IF EXISTS otklik_refuse()")
    _put_the_words_back()
    for table in ("record_checks", "pseudonyms", "record_head", "record"):
        op.drop_table(table)
    op.drop_column("posts", "retraction")


def _guard_sqlite() -> None:
    refuse = f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
    same = " AND ".join(f"NEW.{c} IS OLD.{c}" for c in ("id", "name", "data", "stream", "at"))
    for table in FROZEN:
        but = f"WHEN NOT ({same} AND NEW.actor_id IS NULL)" if table == "facts" else ""
        op.execute(f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {but} {refuse}")
    for table in ("record", "facts", "record_head"):
        op.execute(f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}")


def _guard_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION otklik_refuse() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN RAISE EXCEPTION '{REFUSAL}'; END $$"
    )
    same = " AND ".join(
        f"NEW.{c} IS NOT DISTINCT FROM OLD.{c}"
        for c in ("id", "name", "data::text", "stream", "at")
    )
    call = "EXECUTE FUNCTION otklik_refuse()"
    for table, what in {
        "record": "UPDATE OR DELETE",
        "facts": "DELETE",
        "pseudonyms": "UPDATE",
        "record_head": "DELETE",
    }.items():
        op.execute(
            f"CREATE TRIGGER {table}_only_grows BEFORE {what} ON {table} FOR EACH ROW {call}"
        )
    op.execute(
        "CREATE TRIGGER facts_no_update BEFORE UPDATE ON facts FOR EACH ROW"
        f" WHEN (NOT ({same} AND NEW.actor_id IS NULL)) {call}"
    )
    for table in KEPT:
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}"
            f" FOR EACH STATEMENT {call}"
        )


# ————— what happened before


def _take_the_words_out() -> None:
    """Why an answer was taken back stands with the answer, not among the facts."""
    connection = op.get_bind()
    of_retractions = sa.select(_facts.c.id, _facts.c.data).where(_facts.c.name == "AnswerRetracted")
    for fact_id, data in connection.execute(of_retractions.order_by(_facts.c.id)).all():
        words = data.pop("reason", None)
        if words is None:
            continue
        connection.execute(
            _posts.update().where(_posts.c.id == data["post_id"]).values(retraction=words)
        )
        connection.execute(_facts.update().where(_facts.c.id == fact_id).values(data=data))


def _put_the_words_back() -> None:
    connection = op.get_bind()
    words = dict(
        connection.execute(
            sa.select(_posts.c.id, _posts.c.retraction).where(_posts.c.retraction.is_not(None))
        ).all()
    )
    of_retractions = sa.select(_facts.c.id, _facts.c.data).where(_facts.c.name == "AnswerRetracted")
    for fact_id, data in connection.execute(of_retractions).all():
        data["reason"] = words.get(data["post_id"], "")
        connection.execute(_facts.update().where(_facts.c.id == fact_id).values(data=data))


def _chain(record: sa.Table) -> tuple[int, str]:
    """Every fact there is, in the order of their numbers; the end of the chain."""
    connection = op.get_bind()
    total = connection.execute(sa.select(sa.func.count()).select_from(_facts)).scalar_one()
    seq, last, seen = 0, NOTHING, 0
    if not total:
        return seq, last
    roles = dict(connection.execute(sa.select(_people.c.id, _people.c.role)).all())
    names: dict[int, str] = {}
    eye = Console(stderr=True)
    columns = (TextColumn("Chaining what happened"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=eye, disable=not eye.is_terminal) as bar:
        task = bar.add_task("", total=total)
        while True:
            found = connection.execute(
                sa.select(_facts).where(_facts.c.id > seen).order_by(_facts.c.id).limit(BATCH)
            ).all()
            if not found:
                return seq, last
            seen = found[-1].id
            entries, new = [], []
            for fact in found:
                seq += 1
                entry, last, met = _entry(fact, seq, last, roles, names)
                entries.append(entry)
                new += met
            if new:
                connection.execute(_pseudonyms.insert(), new)
            connection.execute(record.insert(), entries)
            bar.update(task, advance=len(found))


def _entry(
    fact: sa.Row,
    seq: int,
    last: str,
    roles: dict[int, str],
    names: dict[int, str],
) -> tuple[dict[str, object], str, list[dict[str, object]]]:
    data = fact.data if isinstance(fact.data, dict) else json.loads(fact.data)
    persons = [v for k, v in data.items() if k in PERSONS and isinstance(v, int)]
    concerned = persons if fact.actor_id is None else [fact.actor_id]
    new = []
    for person_id in dict.fromkeys([*persons, *concerned]):
        if person_id not in names:
            names[person_id] = secrets.token_hex(8)
            new.append({"person_id": person_id, "name": names[person_id]})
    payload = public(data, names)
    at = fact.at if fact.at.tzinfo else fact.at.replace(tzinfo=UTC)
    hashed = {
        "seq": seq,
        "id": uuid7(datetime.now(UTC)),
        "at": instant(at),
        "actor": None if fact.actor_id is None else names[fact.actor_id],
        "role": None if fact.actor_id is None else roles.get(fact.actor_id),
        "action": fact.name,
        "object": object_of(payload),
        "topic": data.get("topic_id"),
        "payload": payload,
    }
    own = digest(last, hashed)
    row = {key: value for key, value in hashed.items() if key != "topic"} | {
        "at": fact.at,
        "topic_id": hashed["topic"],
        "fact_id": fact.id,
        "of_staff": any(roles.get(each) in STAFF for each in concerned),
        "prev_hash": last,
        "hash": own,
    }
    return row, own, new
