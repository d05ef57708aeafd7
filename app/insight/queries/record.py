"""Reading the record: what staff did, and what of it concerns everybody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.accounts.models import Person
from app.core.chain import PERSONS, Entry, Pseudonym, name_of
from app.core.db import session
from app.core.events import Fact
from app.core.pages import SIZE, Order, Page, keyset
from app.core.policy import PUBLIC
from app.insight.told import ROUTINE
from app.moderation.models import Act
from app.topics.models import Category, Post, Topic
from app.topics.policy import visible_topics

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from app.core.policy import Actor

NEWEST: Order[Entry] = Order((Entry.seq,), lambda entry: (entry.seq,))
NEWEST_ACT: Order[Act] = Order((Act.id,), lambda act: (act.id,))
# What is told in public of what was done; who was kept from writing is between them and the bank.
TOLD = (
    "move", "close", "unlock", "hide", "restore", "hide_post", "restore_post", "merge", "unmerge",
    "split", "spam", "unspam", "return",
)  # fmt: skip


@dataclass(frozen=True)
class Wanted:
    """What somebody looks for in the record."""

    person: Person | None = None
    action: str | None = None
    day: datetime | None = None
    topic_id: int | None = None


@dataclass(frozen=True)
class Line:
    """An entry with those it names, as far as they are known."""

    entry: Entry
    who: Person | None
    whom: Person | None
    topic: str | None
    post_seq: int | None
    why: str | None


def of_staff(wanted: Wanted, cursor: str | None) -> Page[Entry]:
    """What staff did and what befell them, the latest first."""
    query = select(Entry).where(Entry.of_staff.is_(True), Entry.action.not_in(ROUTINE))
    if wanted.person is not None:
        # Nobody is called "", and so nothing is found.
        query = query.where(Entry.actor == (name_of(wanted.person.id) or ""))
    if wanted.action is not None:
        query = query.where(Entry.action == wanted.action)
    if wanted.day is not None:
        query = query.where(Entry.at >= wanted.day, Entry.at < wanted.day + timedelta(days=1))
    if wanted.topic_id is not None:
        facts = select(Fact.id).where(Fact.stream == f"topic:{wanted.topic_id}")
        query = query.where(Entry.fact_id.in_(facts))
    return keyset(query, NEWEST, cursor, SIZE)


def lines(actor: Actor, entries: Sequence[Entry]) -> list[Line]:
    """These entries with people, titles and reasons: one statement for each of them."""
    people = _people(entries)
    titles = _titles(actor, {e.topic_id for e in entries if e.topic_id is not None})
    acts = _reasons(_numbers(entries, "act_id"))
    posts = _seqs(_numbers(entries, "post_id"))
    told = []
    for entry in entries:
        whom = next((entry.payload[f] for f in PERSONS if entry.payload.get(f)), None)
        post_id, act_id = entry.payload.get("post_id"), entry.payload.get("act_id")
        title = titles.get(entry.topic_id or 0)
        told.append(
            Line(
                entry,
                who=people.get(entry.actor or ""),
                whom=people.get(whom or "") if whom != entry.actor else None,
                topic=title,
                post_seq=posts.get(post_id or 0) if title is not None else None,
                why=acts.get(act_id or 0) or None,
            )
        )
    return told


def moderated(cursor: str | None) -> Page[Act]:
    """What was moderated, the latest first."""
    query = select(Act).where(Act.name.in_(TOLD)).options(joinedload(Act.by).lazyload("*"))
    return keyset(query, NEWEST_ACT, cursor, SIZE)


def in_sight(acts: Iterable[Act]) -> dict[int, str]:
    """The titles of those topics among these that everybody may read."""
    return _titles(PUBLIC, {act.topic_id for act in acts if act.topic_id is not None})


def categories_of(acts: Sequence[Act]) -> dict[int, str]:
    """By act: the category that its topic stands in, or went to."""
    topic_ids = {act.topic_id for act in acts if act.topic_id is not None}
    query = select(Topic.id, Topic.category_id).where(Topic.id.in_(topic_ids))
    now_in = dict(session.execute(query).tuples().all()) if topic_ids else {}
    where = {
        act.id: act.after_id if act.name == "move" else now_in.get(act.topic_id or 0)
        for act in acts
    }
    ids = {category_id for category_id in where.values() if category_id is not None}
    asked = select(Category.id, Category.name).where(Category.id.in_(ids))
    names = dict(session.execute(asked).tuples().all()) if ids else {}
    return {act_id: names.get(category_id or 0, "") for act_id, category_id in where.items()}


def _numbers(entries: Iterable[Entry], name: str) -> set[int]:
    return {e.payload[name] for e in entries if isinstance(e.payload.get(name), int)}


def _people(entries: Iterable[Entry]) -> dict[str, Person]:
    names = {e.actor for e in entries if e.actor}
    names |= {e.payload[f] for e in entries for f in PERSONS if isinstance(e.payload.get(f), str)}
    if not names:
        return {}
    query = select(Pseudonym.name, Person).join(Person, Person.id == Pseudonym.person_id)
    found: Any = session.execute(query.where(Pseudonym.name.in_(names))).unique()
    return dict(found.tuples().all())


def _titles(actor: Actor, ids: set[int]) -> dict[int, str]:
    if not ids:
        return {}
    query = select(Topic.id, Topic.title).where(Topic.id.in_(ids), visible_topics(actor))
    return dict(session.execute(query).tuples().all())


def _reasons(ids: set[int]) -> dict[int, str]:
    if not ids:
        return {}
    rows = session.execute(select(Act.id, Act.reason).where(Act.id.in_(ids)))
    return dict(rows.tuples().all())


def _seqs(ids: set[int]) -> dict[int, int]:
    if not ids:
        return {}
    return dict(session.execute(select(Post.id, Post.seq).where(Post.id.in_(ids))).tuples().all())
