"""The record: every fact once more, without persons, in one chain of hashes.

Each `Entry` carries the hash of the one before it, so none can be changed, left out, moved or put
in between without all that follow showing it. Entries are written in the transaction of their
facts, at its very end: the one row they queue for (`Head`) is the last lock a transaction takes, so
nobody waits for it in vain and it is held for a millisecond.

Nobody is named in an entry. Who did it is a pseudonym, whose meaning stands in a table of its own:
`forget` takes the meaning away, and the chain still holds.
"""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import Index, Row, String, bindparam, column, event, select, table, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column, object_session

from app.core import clock
from app.core.db import Model, session
from app.core.digests import NOTHING, digest, instant, uuid7
from app.core.events import Fact

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import Connection, Table
    from sqlalchemy.orm import Mapper, SessionTransaction

    # Of a fact: number, name, data, who did it, when.
    Noted = tuple[int, str, dict[str, Any], int | None, datetime]

# Fields of events that name a person: an entry says their pseudonym.
PERSONS = frozenset({"person_id", "by_id", "for_id", "owner_id", "author_id", "reporter_id"})
# What binds a fact to somebody's browser has no place among what is kept for ever.
LEFT_OUT = frozenset({"guest"})
STAFF = frozenset({"executive", "manager", "administrator"})
# Done by somebody at the terminal of the server, whom nobody there can name.
AT_THE_TERMINAL = frozenset({"RecordExported", "RecordFoundBroken", "RecordRestored"})
# In one statement; SQLite takes a limited number of values.
BATCH = 500

_WAITING = "facts_to_chain"
_IN_DOUBT = "facts_may_be_undone"
# The core knows nobody: only that people have numbers and roles.
_people = table("people", column("id"), column("role"))


class Entry(Model):
    """One fact in the chain. `seq` has no holes and follows the order of commits.

    `fact_id` and `of_staff` (done by somebody of the bank, or by nobody to one of them, or at the
    terminal) are there for finding and are not hashed: `core.verifying` compares them with what is.
    """

    __tablename__ = "record"
    __table_args__ = (
        Index("ix_record_of_staff", "of_staff", "seq"),
        Index("ix_record_actor", "actor", "seq"),
    )

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[str] = mapped_column(String(36))
    fact_id: Mapped[int] = mapped_column(unique=True)
    at: Mapped[datetime]
    actor: Mapped[str | None] = mapped_column(String(16))
    role: Mapped[str | None] = mapped_column(String(20))
    action: Mapped[str] = mapped_column(String(80))
    object: Mapped[str | None] = mapped_column(String(80))
    topic_id: Mapped[int | None]
    payload: Mapped[dict[str, Any]]
    of_staff: Mapped[bool] = mapped_column(default=False)
    prev_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class Head(Model):
    """The end of the chain: one row, which everybody who writes to it holds until they commit."""

    __tablename__ = "record_head"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int]
    hash: Mapped[str] = mapped_column(String(64))


class Pseudonym(Model):
    """What a person is called in the record: chance, and therefore nothing without this row."""

    __tablename__ = "pseudonyms"

    person_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(16), unique=True)


def document(entry: Entry | Row[Any]) -> dict[str, Any]:
    """What is hashed of an entry, and what an export says of it."""
    return {
        "seq": entry.seq,
        "id": entry.id,
        "at": instant(entry.at),
        "actor": entry.actor,
        "role": entry.role,
        "action": entry.action,
        "object": entry.object,
        "topic": entry.topic_id,
        "payload": entry.payload,
    }


def public(data: Mapping[str, Any], names: Mapping[int, str]) -> dict[str, Any]:
    """The fields of an event as an entry carries them: persons by their pseudonyms."""
    return {
        key: names.get(value, value) if key in PERSONS and value is not None else value
        for key, value in data.items()
        if key not in LEFT_OUT
    }


def object_of(payload: Mapping[str, Any]) -> str | None:
    """What it happened to, more closely than by its topic: "post:9", "person:3f…"."""
    ids = [key for key, value in payload.items() if key.endswith("_id") and value is not None]
    nearest = [key for key in ids if key != "topic_id"] or ids
    return f"{nearest[0].removesuffix('_id')}:{payload[nearest[0]]}" if nearest else None


def forget(person_id: int) -> None:
    """Take away what a person's pseudonym means; the record keeps what was done by somebody."""
    session.flush()
    session.execute(Pseudonym.__table__.delete().where(Pseudonym.person_id == person_id))  # type: ignore[attr-defined]


def name_of(person_id: int) -> str | None:
    """A person's pseudonym, when anything was ever recorded of them."""
    return session.scalar(select(Pseudonym.name).where(Pseudonym.person_id == person_id))


# ————— at the end of a transaction


@event.listens_for(Fact, "after_insert")
def _note(_mapper: Mapper[Fact], _connection: object, fact: Fact) -> None:
    owner = object_session(fact)
    if owner is not None:
        noted = (fact.id, fact.name, fact.data, fact.actor_id, fact.at)
        owner.info.setdefault(_WAITING, []).append(noted)


@event.listens_for(session, "before_commit")
def _chain_what_happened(which: Session) -> None:
    if which.in_nested_transaction():
        return
    which.flush()
    waiting = which.info.pop(_WAITING, None)
    if not waiting:
        return
    if which.info.pop(_IN_DOUBT, False):
        waiting = _still_there(which, waiting)
    if waiting:
        append(which, sorted(waiting, key=lambda noted: noted[0]))


@event.listens_for(session, "after_soft_rollback")
def _doubt(which: Session, undone: SessionTransaction) -> None:
    if undone.nested and which.info.get(_WAITING):
        which.info[_IN_DOUBT] = True


@event.listens_for(session, "after_transaction_end")
def _let_go(which: Session, ended: SessionTransaction) -> None:
    if ended.parent is None:
        which.info.pop(_WAITING, None)
        which.info.pop(_IN_DOUBT, None)


def _still_there(which: Session, waiting: Sequence[Noted]) -> list[Noted]:
    """A savepoint was undone: what was noted inside it never happened.

    Or another thing did under its number, for SQLite gives it again.
    """
    ids = {noted[0] for noted in waiting}
    there: list[Noted] = []
    asked = select(Fact.id, Fact.name, Fact.data, Fact.actor_id, Fact.at)
    for some in _in_batches(ids):
        there.extend(which.execute(asked.where(Fact.id.in_(some))).tuples())
    return there


# Tables, not classes: this runs at the end of every act, and the ORM would take twice the time.
_records = cast("Table", Entry.__table__)
_heads = cast("Table", Head.__table__)
_pseudonyms = cast("Table", Pseudonym.__table__)
_HEAD = select(_heads.c.seq, _heads.c.hash).where(_heads.c.id == 1).with_for_update()
_MOVE = (
    update(_heads)
    .where(_heads.c.id == 1)
    .values(seq=bindparam("new_seq"), hash=bindparam("new_hash"))
)
_WHO = select(_people.c.id, _people.c.role, _pseudonyms.c.name).outerjoin_from(
    _people, _pseudonyms, _pseudonyms.c.person_id == _people.c.id
)
_CALLED = select(_pseudonyms.c.person_id, _pseudonyms.c.name)


def append(which: Session, facts: Sequence[Noted]) -> None:
    """Chain these facts; whoever comes next waits for the commit."""
    database = which.connection()
    roles, names = _who(database, facts)
    now = clock.now()
    head = database.execute(_HEAD).first() or _begun(database)
    seq, last = head.seq, head.hash
    entries = []
    for fact_id, action, data, actor_id, at in facts:
        seq += 1
        payload = public(data, names)
        hashed = {
            "seq": seq,
            "id": uuid7(now),
            "at": instant(at),
            "actor": None if actor_id is None else names[actor_id],
            "role": None if actor_id is None else roles[actor_id],
            "action": action,
            "object": object_of(payload),
            "topic": data.get("topic_id"),
            "payload": payload,
        }
        concerned = [actor_id] if actor_id is not None else _persons(data)
        written = {**hashed, "at": at, "topic_id": hashed["topic"], "fact_id": fact_id}
        del written["topic"]
        of_staff = any(roles[each] in STAFF for each in concerned)
        written["of_staff"] = of_staff or action in AT_THE_TERMINAL
        written["prev_hash"] = last
        written["hash"] = last = digest(last, hashed)
        entries.append(written)
    for start in range(0, len(entries), BATCH):
        database.execute(_records.insert(), entries[start : start + BATCH])
    database.execute(_MOVE, {"new_seq": seq, "new_hash": last})


def _persons(data: Mapping[str, Any]) -> list[int]:
    return [value for key, value in data.items() if key in PERSONS and isinstance(value, int)]


def _who(
    database: Connection, facts: Iterable[Noted]
) -> tuple[dict[int, str | None], dict[int, str]]:
    """The role that everybody in these facts has now, and their pseudonym.

    Pseudonyms are made before the end is held, and in one order, so that nobody waits in a ring.
    """
    ids: set[int] = set()
    for _, _, data, actor_id, _ in facts:
        ids.update(_persons(data))
        if actor_id is not None:
            ids.add(actor_id)
    roles: dict[int, str | None] = dict.fromkeys(ids)
    names: dict[int, str] = {}
    for some in _in_batches(ids):
        for person_id, role, name in database.execute(_WHO.where(_people.c.id.in_(some))):
            roles[person_id] = role
            if name is not None:
                names[person_id] = name
    nameless = ids - names.keys()
    if nameless:
        made: Any = _inserting(database, _pseudonyms).on_conflict_do_nothing()
        new = [{"person_id": i, "name": secrets.token_hex(8)} for i in sorted(nameless)]
        database.execute(made, new)
        # Somebody may have been first with one of them, and some are no people any more.
        for some in _in_batches(nameless):
            rows = database.execute(_CALLED.where(_pseudonyms.c.person_id.in_(some)))
            names.update(rows.tuples().all())
    return roles, names


def _in_batches(ids: Iterable[int]) -> Iterator[list[int]]:
    ordered = sorted(ids)
    for start in range(0, len(ordered), BATCH):
        yield ordered[start : start + BATCH]


def _inserting(database: Connection, into: Table) -> Any:
    return (sqlite if database.dialect.name == "sqlite" else postgresql).insert(into)


def _begun(database: Connection) -> Row[Any]:
    """The end of a chain that has not begun."""
    made = _inserting(database, _heads).on_conflict_do_nothing()
    database.execute(made, {"id": 1, "seq": 0, "hash": NOTHING})
    return database.execute(_HEAD).one()
