"""The record: one unbroken chain, of which nothing can be changed without being found."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

import pytest
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.exc import DatabaseError

from app.core import chain, checkpoints, transactions, verifying
from app.core.chain import PERSONS, Entry, Head, Pseudonym, document
from app.core.db import session
from app.core.digests import NOTHING, canonical, digest, instant, uuid7
from app.core.events import Event, Fact, TextInEventError, record
from tests.tampering import without_guards

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask

    from tests.builders import Builders

AT = datetime(2026, 11, 22, 9, 0, 0, 123456, tzinfo=UTC)


@dataclass(frozen=True)
class ChainRattled(Event):
    topic_id: int
    post_id: int | None = None
    person_id: int | None = None
    guest: str | None = None
    how: str = "softly"


@dataclass(frozen=True)
class ChainWeighed(Event):
    weight: float


def entries() -> list[Entry]:
    return list(session.scalars(select(Entry).order_by(Entry.seq)))


def rattle(times: int, **fields: Any) -> list[Fact]:
    made = [record(ChainRattled(topic_id=n, **fields), by=1, at=AT) for n in range(1, times + 1)]
    session.commit()
    return made


@pytest.fixture
def places(app: Flask, tmp_path: Path, transaction: None) -> Iterator[Path]:
    """Checkpoints of this test's own; copies go to a folder beside."""
    given = {"INSTANCE_PATH": tmp_path, "ARCHIVE_KEY": "", "ARCHIVE_COPY": str(tmp_path / "worm")}
    checkpoints.init(given)
    yield tmp_path
    checkpoints.init(app.config)


# ————— what is written


def test_canonical_json_is_that_of_the_rfc() -> None:
    told = {"я": "\u20ac$\u000f\nA'\u0042\u0022\u005c\"/", "b": [1, True, None, -7], "a": {}}

    assert canonical(told) == (
        '{"a":{},"b":[1,true,null,-7],"я":"€$\\u000f\\nA\'B\\"\\\\\\"/"}'.encode()
    )
    with pytest.raises(TypeError):
        canonical({"b": [0.5]})


def test_a_hash_is_that_of_the_one_before_and_of_the_entry() -> None:
    own = hashlib.sha256(b"\x01" + bytes(32) + b'{"seq":1}')

    assert digest(NOTHING, {"seq": 1}) == own.hexdigest()
    assert digest(own.hexdigest(), {"seq": 1}) != own.hexdigest()


def test_names_of_entries_begin_with_their_instant() -> None:
    name = uuid7(AT)

    assert re.fullmatch(
        r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", name
    )
    assert int(name.replace("-", "")[:12], 16) == int(AT.timestamp() * 1000)
    assert uuid7(AT) != name


def test_every_fact_is_chained_with_who_in_which_role_and_no_person(house: Builders) -> None:
    session.commit()
    before = session.execute(select(Head.seq, Head.hash)).first()
    customer, manager = house.customer(), house.manager()

    fact = record(ChainRattled(7, 9, customer.id, guest="ab12"), by=manager.id, at=AT)
    record(ChainRattled(8))
    session.commit()

    first, second = entries()[-2:]
    seq, last = (before.seq, before.hash) if before else (0, NOTHING)
    assert (first.seq, second.seq) == (seq + 1, seq + 2)
    assert (first.prev_hash, second.prev_hash) == (last, first.hash)
    assert first.hash == digest(first.prev_hash, document(first))
    assert (first.fact_id, first.at, first.action) == (fact.id, AT, "ChainRattled")
    assert (first.role, first.topic_id, first.object) == ("manager", 7, "post:9")
    assert first.actor == chain.name_of(manager.id)
    assert first.payload == {
        "topic_id": 7, "post_id": 9, "person_id": chain.name_of(customer.id), "how": "softly",
    }  # fmt: skip
    assert (second.actor, second.role, second.object) == (None, None, "topic:8")
    head = session.execute(select(Head.seq, Head.hash)).one()
    assert tuple(head) == (second.seq, second.hash)
    assert document(first)["at"] == "2026-11-22T09:00:00.123456Z" == instant(AT)


@pytest.mark.parametrize(
    ("by", "about", "shown"),
    [("manager", None, True), ("customer", None, False), (None, "executive", True),
     (None, "customer", False), (None, None, False), ("customer", "executive", False)],
)  # fmt: skip
def test_what_staff_do_and_what_befalls_them_is_found_apart(
    house: Builders, by: str | None, about: str | None, shown: bool
) -> None:
    who = house.person(by).id if by else None
    whom = house.person(about).id if about else None

    record(ChainRattled(1, person_id=whom), by=who)
    session.commit()

    assert entries()[-1].of_staff is shown


def test_what_a_savepoint_undid_is_not_chained(house: Builders) -> None:
    record(ChainRattled(1))
    inner = session.begin_nested()
    record(ChainRattled(2))
    inner.rollback()
    with session.begin_nested():
        record(ChainRattled(3))
    session.commit()
    record(ChainRattled(4))
    transactions.rollback()
    record(ChainRattled(5))
    session.commit()

    chained = [entry.topic_id for entry in entries() if entry.action == "ChainRattled"]
    assert chained == [1, 3, 5]
    assert verifying.look().holds


def test_an_event_with_words_of_somebody_is_refused(house: Builders) -> None:
    for how in ("Иванов", "two words", "a@example.org", "x" * 81):
        with pytest.raises(TextInEventError):
            record(ChainRattled(1, how=how))
    with pytest.raises(TextInEventError):
        record(ChainWeighed(0.5))


def test_the_end_is_the_last_thing_a_transaction_waits_for(
    house: Builders, count_sql: Callable[[], Any]
) -> None:
    topic = house.question()
    session.commit()

    with count_sql() as statements:
        house.comment(topic, author=topic.asker)
        session.commit()

    own = [s for s in statements if "record" in s or "pseudonyms" in s]
    assert statements[-len(own) :] == own
    assert [s.split()[0] for s in own] == ["SELECT", "SELECT", "INSERT", "UPDATE"]
    waits = session.get_bind().dialect.name == "postgresql"
    assert ("FOR UPDATE" in own[1]) is waits


def test_fifty_writers_at_once_make_one_unbroken_chain(
    committed: Builders, at_once: Callable[..., list[BaseException | None]]
) -> None:
    def write(number: int) -> Callable[[], None]:
        # In two orders: nobody may wait for somebody who waits for them.
        persons = (1, 2) if number % 2 else (2, 1)

        def act() -> None:
            for person in persons:
                record(ChainRattled(number, person_id=person + 10), by=person)

        return act

    errors = at_once(*(write(number) for number in range(50)))

    assert errors == [None] * 50
    assert [entry.seq for entry in entries()] == list(range(1, 101))
    found = verifying.look()
    assert (found.entries, found.problems) == (100, [])


# ————— what the database refuses

WRITES = ("INSERT", "UPDATE", "DELETE", "TRUNCATE")
ROOT = Path(__file__).parents[2]

TAMPERING = {
    "change an entry": update(Entry).values(action="Nothing"),
    "delete an entry": delete(Entry),
    "change what happened": update(Fact).values(name="Nothing"),
    "change when": update(Fact).values(at=AT + timedelta(days=1)),
    "change what it said": update(Fact).values(data={}),
    "say somebody else did it": update(Fact).values(actor_id=2),
    "delete a fact": delete(Fact),
    "change a pseudonym": update(Pseudonym).values(person_id=99),
    "delete the end": delete(Head),
}


@pytest.mark.parametrize("way", TAMPERING)
def test_the_database_refuses_to(way: str, transaction: None) -> None:
    rattle(2)

    with pytest.raises(DatabaseError, match="only ever added to"), session.begin_nested():
        session.execute(TAMPERING[way].execution_options(synchronize_session=False))


@pytest.mark.parametrize("name", ["record", "facts", "pseudonyms", "record_head"])
def test_postgresql_refuses_to_empty(name: str, transaction: None) -> None:
    if session.get_bind().dialect.name != "postgresql":
        pytest.skip("SQLite has no TRUNCATE")
    with pytest.raises(DatabaseError, match="only ever added to"), session.begin_nested():
        session.execute(text(f"TRUNCATE {name} CASCADE"))


def test_the_role_for_postgresql_cannot_change_the_record(transaction: None) -> None:
    if session.get_bind().dialect.name != "postgresql":
        pytest.skip("SQLite has no roles")
    session.connection().exec_driver_sql((ROOT / "deploy" / "record-role.sql").read_text())

    def may(what: str, name: str) -> bool:
        asked = select(func.has_table_privilege("otklik", name, what))
        return bool(session.scalar(asked))

    assert [w for w in WRITES if may(w, "record")] == ["INSERT"]
    assert [w for w in WRITES if may(w, "facts")] == ["INSERT"]
    assert [w for w in WRITES if may(w, "record_head")] == ["INSERT", "UPDATE"]
    assert [w for w in WRITES if may(w, "pseudonyms")] == ["INSERT", "DELETE"]
    assert [w for w in WRITES if may(w, "upgrades")] == []
    assert [w for w in WRITES if may(w, "topics")] == ["INSERT", "UPDATE", "DELETE"]
    session.execute(text("SET LOCAL ROLE otklik"))
    rattle(2)
    assert [entry.topic_id for entry in entries()[-2:]] == [1, 2]
    session.execute(text("RESET ROLE"))


def test_a_person_can_be_forgotten_and_the_record_holds(house: Builders) -> None:
    gone, kept = house.customer(), house.manager()
    record(ChainRattled(1, person_id=gone.id), by=gone.id)
    record(ChainRattled(2, person_id=gone.id), by=kept.id)
    session.commit()
    called = chain.name_of(gone.id)

    chain.forget(gone.id)
    session.execute(update(Fact).where(Fact.actor_id == gone.id).values(actor_id=None))
    session.commit()

    assert chain.name_of(gone.id) is None
    assert [e.actor for e in entries()[-2:]] == [called, chain.name_of(kept.id)]
    assert verifying.look().holds
    record(ChainRattled(3), by=gone.id)
    session.commit()
    assert entries()[-1].actor not in {None, called}


# ————— what is found when the database did not refuse


def rechain(start: int) -> None:
    """Give every entry from `start` on the hash it would have, and the end too."""
    rows = session.execute(select(Entry.__table__).order_by(Entry.seq)).all()
    last = NOTHING
    for row in rows:
        if row.seq >= start:
            own = digest(last, document(row))
            values = {"prev_hash": last, "hash": own}
            session.execute(update(Entry).where(Entry.seq == row.seq).values(values))
            last = own
        else:
            last = row.hash
    session.execute(update(Head).values(seq=rows[-1].seq, hash=last))


def change(seq: int, **values: Any) -> None:
    session.execute(update(Entry).where(Entry.seq == seq).values(values))


def change_fact(seq: int, **values: Any) -> None:
    fact_id = session.scalar(select(Entry.fact_id).where(Entry.seq == seq))
    session.execute(update(Fact).where(Fact.id == fact_id).values(values))


def remove(seq: int, *, fact: bool = False) -> None:
    fact_id = session.scalar(select(Entry.fact_id).where(Entry.seq == seq))
    session.execute(delete(Entry).where(Entry.seq == seq))
    if fact:
        session.execute(delete(Fact).where(Fact.id == fact_id))


def swap(one: int, other: int) -> None:
    for seq, to in ((one, -1), (other, one), (-1, other)):
        session.execute(update(Entry).where(Entry.seq == seq).values(seq=to))


def put_in(seq: int) -> None:
    """One more between two, everything after it moved on; it even has a fact."""
    row = session.execute(select(Entry.__table__).where(Entry.seq == seq)).one()
    later = session.scalars(select(Entry.seq).where(Entry.seq >= seq).order_by(Entry.seq.desc()))
    for each in later.all():
        session.execute(update(Entry).where(Entry.seq == each).values(seq=each + 1))
    fact = {"name": row.action, "data": row.payload, "at": row.at, "stream": None}
    made = session.execute(insert(Fact).values(fact).returning(Fact.id)).scalar_one()
    session.execute(
        insert(Entry).values({**row._mapping, "fact_id": made, "actor": None, "role": None})
    )


def forge_the_tail(seq: int) -> None:
    """Another story from here on, told without a fault: facts, hashes, the end."""
    change(seq, action="Nothing")
    change_fact(seq, name="Nothing")
    rechain(seq)


def cut_the_tail(seq: int) -> None:
    """The last ones never were, the end and the facts say so too."""
    last = session.scalar(select(func.max(Entry.seq)))
    for each in range(seq, last + 1):
        remove(each, fact=True)
    rechain(seq)


# What is done, and the first entry that is said to be wrong.
WAYS: dict[str, tuple[Callable[[], None], int | None, str]] = {
    "the payload": (lambda: change(3, payload={"topic_id": 4, "how": "softly"}), 3, "changed"),
    "the instant": (lambda: change(3, at=AT + timedelta(microseconds=1)), 3, "changed"),
    "the actor": (lambda: change(3, actor="0" * 16), 3, "changed"),
    "the role": (lambda: change(3, role="administrator"), 3, "changed"),
    "the action": (lambda: change(3, action="ChainRattlee"), 3, "changed"),
    "the name": (lambda: change(3, id=uuid7(AT)), 3, "changed"),
    "the topic": (lambda: change(3, topic_id=None), 3, "changed"),
    "its hash": (lambda: change(3, hash="0" * 64), 3, "changed"),
    "the hash before": (lambda: change(3, prev_hash="0" * 64), 3, "unlinked"),
    "whose it is": (lambda: change(3, fact_id=99_999), 3, "fact_missing"),
    "who sees it": (lambda: change(3, of_staff=False), 3, "mislabelled"),
    "a middle one deleted": (lambda: remove(3), 3, "missing"),
    "the first deleted": (lambda: remove(1), 1, "missing"),
    "the last deleted": (lambda: remove(6), 6, "missing"),
    "two swapped": (lambda: swap(2, 4), 2, "changed"),
    "one put in": (lambda: put_in(3), 3, "changed"),
    "the end": (lambda: session.execute(update(Head).values(seq=5)), 5, "end"),  # type: ignore[dict-item,return-value]
    "a fact's name": (lambda: change_fact(3, name="Nothing"), 3, "fact_changed"),
    "a fact's instant": (lambda: change_fact(3, at=AT + timedelta(hours=1)), 3, "fact_changed"),
    "a fact's data": (
        lambda: change_fact(3, data={"topic_id": 3, "how": "loudly"}), 3, "fact_changed",
    ),
    "a fact's actor": (lambda: change_fact(3, actor_id=2), 3, "fact_changed"),
    "a fact's actor gone": (lambda: change_fact(3, actor_id=None), 3, "fact_changed"),
    "the tail forged": (lambda: forge_the_tail(3), 3, "rewritten"),
    "the tail cut": (lambda: cut_the_tail(4), 4, "cut"),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_it_is_found_that_somebody_changed(way: str, places: Path, house: Builders) -> None:
    # Person 1 is nobody here; in their place somebody whose acts staff must see.
    who = house.manager().id
    for n in range(1, 7):
        record(ChainRattled(n), by=who, at=AT)
        session.commit()
        if n == 2:
            checkpoints.sign()
    checkpoints.sign()
    assert verifying.look().problems == []
    do, first, what = WAYS[way]

    with without_guards(session.connection()):
        do()
        session.flush()
    session.expire_all()

    found = verifying.look()
    assert not found.holds
    assert found.first_seq == first
    assert what in {problem.what for problem in found.problems if problem.first == first}


def test_facts_written_past_the_record_are_found(places: Path) -> None:
    rattle(1)
    session.execute(insert(Fact).values(name="Nothing", data={}, at=AT))

    assert [str(p) for p in verifying.look().problems] == ["facts were written past the record"]


def test_it_is_found_that_the_guards_are_gone(places: Path) -> None:
    rattle(1)
    on = "" if session.get_bind().dialect.name == "sqlite" else " ON facts"
    session.execute(text(f"DROP TRIGGER facts_no_update{on}"))

    assert [p.what for p in verifying.look().problems] == ["unguarded"]


# ————— checkpoints


def test_a_checkpoint_is_signed_kept_and_copied(places: Path) -> None:
    assert checkpoints.sign() is None
    rattle(2)

    signed = checkpoints.sign_if_it_grew()

    assert signed is not None
    assert signed.is_ours
    assert (signed.seq, signed.count, signed.hash) == (2, 2, entries()[-1].hash)
    assert checkpoints.sign_if_it_grew() is None
    assert list(checkpoints.kept()) == [signed] == [checkpoints.latest()]
    assert [checkpoints.read(p.read_text()) for p in (places / "worm").iterdir()] == [signed]
    assert (places / "archive_key.pem").stat().st_mode & 0o777 == 0o600
    assert checkpoints.path().stat().st_mode & 0o777 == 0o600
    assert checkpoints.public_key().startswith("-----BEGIN PUBLIC KEY-----")
    found = verifying.look()
    assert (found.checkpoints, found.problems, found.notes) == (1, [], [])


@pytest.mark.parametrize(
    "line",
    [
        '{"seq": 1, "hash": "%s", "count": 1, "time": "x", "key": "y", "signature": "AAAA"}',
        "no json",
        "[]",
        '{"seq": "1"}',
        '{"seq": 1.5, "hash": "", "count": 1, "time": "", "key": "", "signature": ""}',
    ],
)
def test_a_checkpoint_that_is_not_ours_is_found(places: Path, line: str) -> None:
    rattle(1)
    checkpoints.sign()
    with checkpoints.path().open("a") as file:
        file.write(line.replace("%s", entries()[-1].hash) + "\n")

    assert [p.what for p in verifying.look().problems] == ["unsigned"]


def test_a_changed_checkpoint_is_found(places: Path) -> None:
    rattle(2)
    signed = checkpoints.sign()
    assert signed is not None
    told = json.loads(str(signed))
    checkpoints.path().write_text(json.dumps({**told, "seq": 1, "count": 1}) + "\n")

    assert [p.what for p in verifying.look().problems] == ["unsigned"]


def test_a_backup_put_back_is_said_and_then_no_fault(places: Path) -> None:
    rattle(4)
    checkpoints.sign()
    with without_guards(session.connection()):
        cut_the_tail(3)
    session.expire_all()
    assert [(p.what, p.first, p.last) for p in verifying.look().problems] == [("cut", 3, 4)]

    assert verifying.last_agreed() == (0, 4)
    checkpoints.sign(lost_after=2)
    rattle(3)
    checkpoints.sign()

    found = verifying.look()
    assert found.problems == []
    assert len(found.notes) == 1
    assert "entries 3 to 4" in found.notes[0]
    assert verifying.last_agreed()[0] == verifying.length()


def test_a_key_that_is_none_is_said(places: Path) -> None:
    rattle(1)
    (places / "archive_key.pem").write_text("nothing")

    with pytest.raises(checkpoints.UnusableKeyError):
        checkpoints.sign()


# ————— what events may carry

# Words out of a list, instants, hashes: what they are is said where the event is.
WORDS = {
    "approval", "basis", "change", "code", "door", "fields", "guest", "kind", "kinds", "locale",
    "method", "names", "reason", "reminders", "role", "second", "since", "verdict", "which", "why",
}  # fmt: skip
PLAIN = {int, bool, type(None)}


def kinds() -> list[type[Event]]:
    return [kind for kind in Event.kinds.values() if kind.__module__.startswith("app.")]


def parts(hint: Any) -> set[Any]:
    inner = get_args(hint)
    return set().union(*map(parts, inner)) if inner else {hint}


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.__name__)
def test_an_event_carries_ids_numbers_and_words_out_of_lists(kind: type[Event]) -> None:
    for name, hint in get_type_hints(kind).items():
        if name == "kinds":
            continue
        if "Literal" in str(hint) and str in {type(word) for word in get_args(hint)}:
            continue
        found = parts(hint)
        assert found <= PLAIN | {str}, f"{kind.__name__}.{name} is {hint}"
        if str in found:
            assert name in WORDS, f"{kind.__name__}.{name}: no text is chained for ever"


# What the ids of events name. An id of a person is chained as a pseudonym: PERSONS says which.
THINGS = {
    "act", "appeal", "calendar", "category", "change", "check", "enquiry", "erasure", "export",
    "group", "hold", "identity", "into", "joined", "key", "letter", "parted", "passkey", "post",
    "promise", "report", "restraint", "revision", "site", "submission", "text", "ticket", "topic",
    "version",
}  # fmt: skip


def test_it_is_known_of_every_id_whether_it_names_a_person() -> None:
    fields = {name for kind in kinds() for name in get_type_hints(kind)}
    ids = {name for name in fields if re.search(r"_ids?$", name)}
    unknown = {n for n in ids if n not in PERSONS and re.sub(r"_ids?$", "", n) not in THINGS}

    assert unknown == set(), "say in core/chain.py PERSONS, or here in THINGS, what they name"
    assert not any(name.startswith("person") and name not in PERSONS for name in ids)
