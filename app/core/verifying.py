"""Looking the record over: whether the chain holds and is the one that was signed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core import checkpoints, clock
from app.core.chain import (
    AT_THE_TERMINAL,
    LEFT_OUT,
    PERSONS,
    STAFF,
    Entry,
    Head,
    Pseudonym,
    document,
)
from app.core.db import Model, intpk, session
from app.core.digests import NOTHING, digest
from app.core.events import Event, Fact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sqlalchemy import Row

    from app.core.checkpoints import Checkpoint

BATCH = 1000
# More than anybody reads; how many there are is counted all the same.
MOST_TOLD = 200
GUARDS = {
    "sqlite": {
        "facts_no_delete",
        "facts_no_update",
        "pseudonyms_no_update",
        "record_head_no_delete",
        "record_no_delete",
        "record_no_update",
    },
    "postgresql": {
        "facts_no_truncate",
        "facts_no_update",
        "facts_only_grows",
        "pseudonyms_no_truncate",
        "pseudonyms_only_grows",
        "record_head_no_truncate",
        "record_head_only_grows",
        "record_no_truncate",
        "record_only_grows",
    },
}
_TRIGGERS = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'",
}

SAID = {
    "changed": "was changed after it was written",
    "unlinked": "does not follow the entry before it",
    "missing": "is missing",
    "beyond": "stands beyond the end of the record",
    "end": "is not what the end of the record says",
    "fact_missing": "has lost its fact",
    "fact_changed": "is not what its fact says",
    "mislabelled": "is kept out of the staff's sight",
    "unchained": "facts were written past the record",
    "unsigned": "a checkpoint that was not signed by our key",
    "rewritten": "is not what was signed",
    "cut": "was signed and is gone",
    "unguarded": "the database would let the record be changed: its triggers are gone",
}


class RecordCheck(Model):
    """How the record was found when it was last looked over."""

    __tablename__ = "record_checks"

    id: Mapped[intpk]
    at: Mapped[datetime] = mapped_column(default=clock.now)
    entries: Mapped[int]
    checkpoints: Mapped[int]
    problems: Mapped[int]
    first_seq: Mapped[int | None]


@dataclass(frozen=True)
class RecordFoundBroken(Event):
    """Entries were changed, are missing or were put in: `problems` of them, from `first_seq` on."""

    check_id: int
    problems: int
    first_seq: int | None = None


@dataclass(frozen=True)
class RecordExported(Event):
    """Somebody took a copy of the record, of one topic or from a day on: so many entries."""

    entries: int
    topic_id: int | None = None
    since: str | None = None


@dataclass(frozen=True)
class RecordRestored(Event):
    """The database was put back from a backup: what was signed after `seq` is known to be lost."""

    seq: int
    lost: int


@dataclass(frozen=True)
class Problem:
    """What is wrong, and with which entries; `first` is None for what has no place among them."""

    what: str
    first: int | None = None
    last: int | None = None

    def __str__(self) -> str:
        """As a terminal says it."""
        if self.first is None:
            return SAID[self.what]
        if self.last is not None and self.last > self.first:
            return f"entries {self.first} to {self.last}: each {SAID[self.what]}"
        return f"entry {self.first}: {SAID[self.what]}"


@dataclass
class Verdict:
    """What was found: how many entries and checkpoints were looked at, what is wrong, `notes`."""

    entries: int = 0
    checkpoints: int = 0
    count: int = 0
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong."""
        return not self.count

    @property
    def first_seq(self) -> int | None:
        """Where the first wrong entry stands."""
        return min((p.first for p in self.problems if p.first is not None), default=None)

    def add(self, what: str, first: int | None = None, last: int | None = None) -> None:
        """Something is wrong."""
        self.count += 1 if first is None or last is None else last - first + 1
        if len(self.problems) < MOST_TOLD:
            self.problems.append(Problem(what, first, last))


def length() -> int:
    """How many entries the record says it has."""
    return session.scalar(select(Head.seq)) or 0


def last_agreed() -> tuple[int, int]:
    """The last checkpoint that the record agrees with, and the last that was signed."""
    kept = [each for each in checkpoints.kept() if each is not None and each.is_ours]
    agreed = 0
    for start in range(0, len(kept), BATCH):
        some = {each.seq: each.hash for each in kept[start : start + BATCH]}
        rows = session.execute(select(Entry.seq, Entry.hash).where(Entry.seq.in_(some)))
        agreed = max([agreed, *(seq for seq, own in rows if some[seq] == own)])
    return agreed, max((each.seq for each in kept), default=0)


def look(step: Callable[[int], object] = lambda _count: None) -> Verdict:
    """Read everything, in batches; `step` is told how many more entries were read."""
    found, signed = Verdict(), _Signed(list(checkpoints.kept()))
    head = session.execute(select(Head.seq, Head.hash)).first()
    end, last = (head.seq, head.hash) if head else (0, NOTHING)
    seq, link = 0, NOTHING
    for rows in _batches(end):
        _compare_with_facts(found, rows)
        for row in rows:
            if row.seq > seq + 1:
                found.add("missing", seq + 1, row.seq - 1)
            elif row.prev_hash != link:
                found.add("unlinked", row.seq)
            if _own_hash(row) != row.hash:
                found.add("changed", row.seq)
            seq, link = row.seq, row.hash
            signed.meet(seq, link)
        found.entries += len(rows)
        step(len(rows))
    if seq < end:
        found.add("missing", seq + 1, end)
    elif link != last:
        found.add("end", end or None)
    _look_beyond(found)
    signed.judge(found, end)
    _look_at_the_guards(found)
    found.problems.sort(key=lambda p: (p.first is None, p.first or 0))
    return found


def write_down(found: Verdict) -> RecordCheck:
    """Keep what was found."""
    made = RecordCheck(
        entries=found.entries,
        checkpoints=found.checkpoints,
        problems=found.count,
        first_seq=found.first_seq,
    )
    session.add(made)
    session.flush()
    return made


def last_check() -> RecordCheck | None:
    """What was found the last time."""
    return session.scalar(select(RecordCheck).order_by(RecordCheck.id.desc()).limit(1))


def _own_hash(row: Row[Any]) -> str | None:
    try:
        return digest(row.prev_hash, document(row))
    except (TypeError, ValueError, AttributeError):
        return None


def _batches(end: int) -> Iterator[Sequence[Row[Any]]]:
    seen = 0
    while True:
        query = select(Entry.__table__).where(Entry.seq > seen, Entry.seq <= end)
        rows = session.execute(query.order_by(Entry.seq).limit(BATCH)).all()
        if not rows:
            return
        seen = rows[-1].seq
        yield rows


def _compare_with_facts(found: Verdict, rows: Sequence[Row[Any]]) -> None:
    """What pages read are the facts: they must say what the chain says."""
    ids = [row.fact_id for row in rows]
    query = select(Fact.id, Fact.name, Fact.data, Fact.actor_id, Fact.at).where(Fact.id.in_(ids))
    facts = {fact.id: fact for fact in session.execute(query)}
    names = {row.actor for row in rows if row.actor}
    for row in rows:
        if isinstance(row.payload, dict):
            names |= {v for k, v in row.payload.items() if k in PERSONS and isinstance(v, str)}
    known = select(Pseudonym.name, Pseudonym.person_id).where(Pseudonym.name.in_(names))
    persons = dict(session.execute(known).tuples().all())
    for row in rows:
        fact = facts.get(row.fact_id)
        if fact is None:
            found.add("fact_missing", row.seq)
        elif not _says_the_same(row, fact, persons):
            found.add("fact_changed", row.seq)
        if (row.role in STAFF or row.action in AT_THE_TERMINAL) and not row.of_staff:
            found.add("mislabelled", row.seq)


def _says_the_same(row: Row[Any], fact: Row[Any], persons: Mapping[str, int]) -> bool:
    """Persons are compared while their pseudonyms mean anything."""
    if (row.action, row.at, row.topic_id) != (fact.name, fact.at, fact.data.get("topic_id")):
        return False
    if row.actor is None and fact.actor_id is not None:
        return False
    if row.actor in persons and persons[row.actor] != fact.actor_id:
        return False
    told = {key: value for key, value in fact.data.items() if key not in LEFT_OUT}
    if not isinstance(row.payload, dict) or row.payload.keys() != told.keys():
        return False
    return all(
        persons.get(said, told[key]) == told[key]
        if key in PERSONS and isinstance(said, str)
        else said == told[key]
        for key, said in row.payload.items()
    )


def _look_beyond(found: Verdict) -> None:
    """One statement each: what is written meanwhile comes with its entry and its end."""
    end = select(func.coalesce(func.max(Head.seq), 0)).scalar_subquery()
    for seq in session.scalars(select(Entry.seq).where(Entry.seq > end).order_by(Entry.seq)):
        found.add("beyond", seq)
    lost = select(Fact.id).outerjoin(Entry, Entry.fact_id == Fact.id).where(Entry.seq.is_(None))
    for _fact_id in session.scalars(lost):
        found.add("unchained")


def _look_at_the_guards(found: Verdict) -> None:
    dialect = session.get_bind().dialect.name
    there = set(session.scalars(text(_TRIGGERS[dialect])))
    if not there >= GUARDS[dialect]:
        found.add("unguarded")


class _Signed:
    """What was signed, met again while the entries are read."""

    def __init__(self, kept: list[Checkpoint | None]) -> None:
        self.kept = [each for each in kept if each is not None and each.is_ours]
        self.foreign = len(kept) - len(self.kept)
        self.met: dict[int, str] = {}
        self.wanted = {each.seq for each in self.kept}

    def meet(self, seq: int, own: str) -> None:
        """An entry goes by."""
        if seq in self.wanted:
            self.met[seq] = own

    def judge(self, found: Verdict, end: int) -> None:
        """Compare; of what was written anew, say from which entry on at the latest."""
        for _ in range(self.foreign):
            found.add("unsigned")
        found.checkpoints = len(self.kept)
        if found.entries and not self.kept:
            found.notes.append("There is no checkpoint yet: `flask archive checkpoint` makes one.")
        good, cut = 0, 0
        standing = self._standing(found)
        for each in sorted(standing, key=lambda c: c.seq):
            if each.seq > end:
                cut = max(cut, each.seq)
            elif self.met.get(each.seq, each.hash) != each.hash or each.count != each.seq:
                # Where the chain itself shows what was changed, that says it more closely.
                if not any(good < (p.first or 0) <= each.seq for p in found.problems):
                    found.add("rewritten", good + 1, each.seq)
                good = each.seq
            else:
                good = each.seq
        if cut:
            found.add("cut", end + 1, cut)

    def _standing(self, found: Verdict) -> list[Checkpoint]:
        """Without those beyond a backup that was put back, which is known and said."""
        standing: list[Checkpoint] = []
        for each in self.kept:
            if each.lost_after is not None:
                lost = [other.seq for other in standing if other.seq > each.lost_after]
                if lost:
                    found.notes.append(
                        f"On {each.time[:10]} the database was put back from a backup: what was"
                        f" signed of entries {each.lost_after + 1} to {max(lost)} is lost."
                    )
                standing = [other for other in standing if other.seq <= each.lost_after]
            standing.append(each)
        return standing
