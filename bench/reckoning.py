"""Afterwards: whether everything that a crowd wrote is there once, was told of once, and is found.

Works inside the application's context, on the database as it stands when nothing runs any more.
"""

from __future__ import annotations

import email
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from email import policy
from email.utils import parseaddr
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from app.accounts.models import Person
from app.core.db import session
from app.core.events import Delivery, Fact
from app.notify.models import Follow, Letter
from app.topics.models import Post, Topic, Vote
from bench.told import HELD, REFUSED, UNSURE, WRITTEN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from bench.told import Told
    from bench.visitor import Visitor

MARKER = re.compile(r"zq[bcdfghjkmnprstvwxz]{12}")
# How often what became of a text may stand there.
ALLOWED = {WRITTEN: {1}, UNSURE: {0, 1}, REFUSED: {0}, HELD: {0, 1}}
PUBLISHED = {"answer": "AnswerPublished", "comment": "CommentPublished"}
SHOWN = 5


@dataclass(frozen=True)
class Finding:
    """One account: what was looked at, and what is wrong with it, if anything."""

    words: str
    wrong: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether it is as it should be."""
        return not self.wrong


@dataclass(frozen=True)
class Before:
    """What was there before anybody came: the last topic, post and fact."""

    topic: int
    post: int
    fact: int

    @classmethod
    def look(cls) -> Before:
        """As it stands now."""
        ids = [session.scalar(select(func.max(model.id))) or 0 for model in (Topic, Post, Fact)]
        session.rollback()
        return cls(*ids)


def pending() -> int:
    """Deliveries that wait for a worker."""
    number = session.scalar(select(func.count()).where(Delivery.state == "pending")) or 0
    session.rollback()
    return number


def reckon(before: Before, told: Told, mail: Path) -> Iterator[Finding]:
    """Every account but those that ask the house itself."""
    yield from _texts(before, told)
    yield _votes(told)
    yield _facts(before)
    yield from _deliveries(before)
    yield from _letters(before, mail)


def searched(told: Told, reader: Visitor) -> Finding:
    """Whether each text is found by the word that stands in no other."""
    asked = [w for w in told.wrote(WRITTEN) if w.marker and w.topic_id]
    lost = []
    for written in asked:
        page = reader.get(f"/search?exactly=1&q={written.marker}", "search", (200,))
        if f'"/topics/{written.topic_id}' not in page.text:
            lost.append(f"{written.kind} {written.marker} of topic {written.topic_id}")
    return Finding(f"{len(asked)} texts searched for by their own word", tuple(lost))


# ——— what was written


def _texts(before: Before, told: Told) -> Iterator[Finding]:
    found = {
        "ask": Counter(_markers(select(Topic.title).where(Topic.id > before.topic))),
        "comment": _posts(before, "comment"),
        "answer": _posts(before, "answer"),
    }
    for kind, there in found.items():
        texts = [w for w in told.written if w.kind == kind]
        wrong = [
            f"{w.state} and there {there[w.marker]} times: {w}"
            for w in texts
            if there[w.marker] not in ALLOWED[w.state]
        ]
        ours = {w.marker for w in texts}
        wrong += [f"nobody of the crowd wrote {each}" for each in there.keys() - ours]
        states = ", ".join(
            f"{len(of)} {state} (there: {sum(there[w.marker] for w in of)})"
            for state in ALLOWED
            if (of := [w for w in texts if w.state == state])
        )
        again = sum(w.tries > 1 for w in texts)
        yield Finding(f"{kind}: {states or 'none'}; {again} sent again", tuple(wrong))


def _posts(before: Before, kind: str) -> Counter[str]:
    return Counter(_markers(select(Post.body).where(Post.id > before.post, Post.kind == kind)))


def _markers(query: Any) -> Iterator[str]:
    """The marker of each row; one without any is named whole."""
    for text in session.scalars(query):
        marker = MARKER.search(text)
        yield marker[0] if marker else text


def _votes(told: Told) -> Finding:
    rows = session.execute(
        select(Vote.topic_id, Person.email).join(Person, Person.id == Vote.person_id)
    )
    there = {(topic_id, address) for topic_id, address in rows}
    given = told.wrote(WRITTEN, "vote")
    lost = tuple(f"lost: {v}" for v in given if (v.topic_id, v.by) not in there)
    unsure = told.wrote(UNSURE, "vote")
    came = sum((v.topic_id, v.by) in there for v in unsure)
    return Finding(f"vote: {len(given)} written, {len(unsure)} unsure (there: {came})", lost)


def _facts(before: Before) -> Finding:
    """A topic opens once and a post is published once: everything else hangs on these."""
    facts = session.scalars(select(Fact).where(Fact.id > before.fact)).all()
    told = Counter((f.name, f.data.get("post_id") or f.data.get("topic_id")) for f in facts)
    posts = session.execute(select(Post.id, Post.kind).where(Post.id > before.post))
    wanted = {(PUBLISHED[kind], number) for number, kind in posts if kind in PUBLISHED}
    topics = session.scalars(select(Topic.id).where(Topic.id > before.topic))
    wanted |= {("TopicOpened", number) for number in topics}
    wrong = [f"{name} {number}: {told[name, number]} times" for name, number in wanted
             if told[name, number] != 1]  # fmt: skip
    wrong += [
        f"{name} {number}: without the thing"
        for name, number in told.keys() - wanted
        if name in {"TopicOpened", *PUBLISHED.values()}
    ]
    return Finding(f"{len(wanted)} topics and posts, each with one fact", tuple(wrong))


# ——— what was told of it


def _deliveries(before: Before) -> Iterator[Finding]:
    new = select(Delivery).where(Delivery.fact_id > before.fact)
    rows = session.scalars(new).all()
    wrong = [
        f"{each.state}: {each.reaction} of fact {each.fact_id}: {(each.error or '')[-200:]}"
        for each in rows
        if each.state != "done"
    ]
    again = sum(each.token > 1 for each in rows)
    failed = sum(each.attempts > 0 for each in rows)
    words = f"{len(rows)} deliveries done; {again} claimed again after their worker had gone"
    yield Finding(f"{words}, {failed} failed once and were tried again", tuple(wrong))


def _letters(before: Before, mail: Path) -> Iterator[Finding]:
    letters = session.scalars(select(Letter).where(Letter.fact_id > before.fact)).unique().all()
    yield _owed(before, letters)
    lost = [
        f"letter {each.id} ({each.kind} to {each.address}) never went out"
        for each in letters
        if each.posted_at is None and each.skipped is None
    ]
    skipped = sum(each.skipped is not None for each in letters)
    yield Finding(f"{len(letters)} letters written, {skipped} of them not wanted", tuple(lost))
    posted = Counter((e.kind, e.address) for e in letters if e.posted_at is not None)
    files = [_read(path) for path in mail.glob("*.eml")]
    kept = Counter((kind, address) for _, kind, address in files)
    wrong = [f"{n} posted, not in the folder: {what}" for what, n in (posted - kept).items()]
    wrong += [f"{n} in the folder, not posted: {what}" for what, n in (kept - posted).items()]
    twice = Counter(name for name, _, _ in files)
    wrong += [f"Message-ID {name} in {n} files" for name, n in twice.items() if n > 1]
    torn = len(list(mail.glob(".*.eml.*")))
    words = f"{len(files)} letters in the folder, each once; {torn} begun by a killed worker"
    yield Finding(words, tuple(wrong))


def _read(path: Path) -> tuple[str, str, str]:
    with path.open("rb") as file:
        letter = email.message_from_binary_file(file, policy=policy.default)
    address = parseaddr(str(letter["To"]))[1]
    return str(letter["Message-ID"]), str(letter["X-Otklik-Letter"]), address


def _owed(before: Before, letters: Iterable[Letter]) -> Finding:
    """A receipt to who asked, an answer to them and all who followed by then, a comment to them."""
    sent: dict[int, Counter[tuple[str, int | None]]] = defaultdict(Counter)
    for each in letters:
        sent[each.fact_id][each.kind, each.person_id] += 1
    kinds = {"TopicOpened": "receipt", "AnswerPublished": "answer", "CommentPublished": "comment"}
    facts = session.scalars(
        select(Fact).where(Fact.id > before.fact, Fact.name.in_(kinds)).order_by(Fact.id)
    ).all()
    topics = {fact.data["topic_id"] for fact in facts}
    askers = {
        topic_id: asker_id
        for topic_id, asker_id in session.execute(select(Topic.id, Topic.asker_id))
        if topic_id in topics
    }
    follows = defaultdict(list)
    for follow in session.scalars(select(Follow).where(Follow.ended_at.is_(None))).unique():
        if follow.topic_id in topics:
            follows[follow.topic_id].append(follow)
    wrong, number = [], 0
    for fact in facts:
        kind, topic_id = kinds[fact.name], fact.data["topic_id"]
        owed = {askers[topic_id]}
        if kind == "answer":
            owed |= {f.person_id for f in follows[topic_id] if f.at < fact.at}
        if kind != "receipt":
            owed.discard(fact.actor_id)
        number += len(owed)
        told = sent[fact.id]
        name = f"{kind} of topic {topic_id} (fact {fact.id})"
        wrong += [
            f"{name}: person {person} has {told[kind, person]}"
            for person in owed
            if told[kind, person] != 1
        ]
        wrong += [
            f"{name}: {n} letters {what} to person {who}"
            for (what, who), n in told.items()
            if n > 1 or what != kind
        ]
    return Finding(f"{number} letters owed for {len(facts)} questions and replies", tuple(wrong))
