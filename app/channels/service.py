"""Bringing history in: original authors, original instants, no promise, no letter.

Everything is known by its `origin`, so that bringing in the same thing again does nothing. Flushes
only: whoever calls commits, a batch at a time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from app.accounts import service as accounts
from app.accounts.models import Person
from app.channels import stackexchange
from app.channels.events import RepliesBroughtIn, TopicBroughtIn
from app.core import language, markup
from app.core.bankdata import mask
from app.core.db import session
from app.core.events import quietly, record
from app.topics import service as topics
from app.topics.models import Category, Post, Topic

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from app.channels.stackexchange import Answer, Author, BadRow, Question


@dataclass
class Archive:
    """Where a dump goes: `origin` ("stackexchange:coffee") tells it from every other one."""

    origin: str
    category_id: int
    # The bank's name, which no author may bear; its language, for texts that do not tell theirs.
    bank: str
    locale: str
    # The language it is written in; None: guessed for each text.
    language: str | None = None
    # Which answer was accepted by which question's asker, while the dump is read.
    accepted: dict[str, str] = field(default_factory=dict)

    def of(self, key: str) -> str:
        """The origin of one thing in it; a key may be a name, and a name may hold anything."""
        return mask(f"{self.origin}:{key}").text[:120]

    def tongue(self, text: str) -> str:
        """The language of `text`."""
        return self.language or language.guess(text, self.locale)


def not_here_yet(archive: Archive, model: type[Topic | Post], ids: Iterable[str]) -> set[str]:
    """Those of `ids` that nothing here came from; the others need not even be read."""
    wanted = {archive.of(id_): id_ for id_ in ids}
    return {wanted[origin] for origin in wanted.keys() - _here(model, wanted)}


def bring_in_questions(archive: Archive, questions: Sequence[Question]) -> int:
    """Make topics of those that are not here yet; how many."""
    here = _here(Topic, (archive.of(q.id) for q in questions))
    new = {q.id: q for q in questions if archive.of(q.id) not in here}
    if not new:
        return 0
    people = _people(archive, new.values())
    category = session.get_one(Category, archive.category_id)
    made = []
    for q in new.values():
        topic = Topic(
            kind="question",
            title=q.title,
            body=q.body,
            body_html=q.html,
            rules=markup.RULES_VERSION,
            language=archive.tongue(f"{q.title} {q.body}"),
            state="waiting",
            category=category,
            asker=people[q.author.key],
            opened_at=q.at,
            active_at=q.at,
            closed_at=q.closed_at,
            votes_count=max(q.score, 0),
            outside_votes=max(q.score, 0),
            origin=archive.of(q.id),
            tags=[],
        )
        session.add(topic)
        topics.retag(topic, q.tags)
        made.append(topic)
    session.flush()
    more = {"topics_count": Category.topics_count + len(made)}
    session.execute(update(Category).where(Category.id == category.id).values(more))
    with quietly():
        for topic in made:
            record(TopicBroughtIn(topic.id))
    return len(made)


def bring_in_answers(archive: Archive, answers: Sequence[Answer]) -> tuple[int, list[BadRow]]:
    """Make replies of those that are not here yet; how many, and what has no question here."""
    here = _here(Post, (archive.of(a.id) for a in answers))
    new = {a.id: a for a in answers if archive.of(a.id) not in here}
    if not new:
        return 0, []
    wanted = {archive.of(a.question_id) for a in new.values()}
    query = select(Topic).where(Topic.origin.in_(wanted)).with_for_update(of=Topic)
    found = {t.origin: t for t in session.scalars(query).unique()}
    orphans = [a for a in new.values() if archive.of(a.question_id) not in found]
    placed = [a for a in new.values() if archive.of(a.question_id) in found]
    people = _people(archive, placed)
    for a in placed:
        topic = found[archive.of(a.question_id)]
        session.add(_reply(archive, topic, a, people[a.author.key]))
    session.flush()
    with quietly():
        for topic_id in dict.fromkeys(found[archive.of(a.question_id)].id for a in placed):
            record(RepliesBroughtIn(topic_id))
    problems = [
        stackexchange.BadRow(a.number, f"the question it answers ({a.question_id}) is not here")
        for a in orphans
    ]
    return len(placed), problems


def name_people(archive: Archive, named: Sequence[Author]) -> int:
    """Give those who are here under a stand-in the name they have there; how many."""
    by_origin = {archive.of(a.key): a for a in named}
    query = select(Person).where(Person.origin.in_(by_origin), Person.email.is_(None))
    count = 0
    for person in session.scalars(query):
        author = by_origin[person.origin or ""]
        stand_in = stackexchange.stand_in(author.key.removeprefix("user:"))
        if person.name == stand_in and author.name != stand_in:
            accounts.rename(person, _harmless(archive, author.name, stand_in))
            count += 1
    session.flush()
    return count


def _reply(archive: Archive, topic: Topic, a: Answer, author: Person) -> Post:
    topic.last_seq += 1
    topic.comments_count += 1
    topic.active_at = max(topic.active_at, a.at)
    topic.first_answer_at = min(topic.first_answer_at or a.at, a.at)
    is_accepted = archive.accepted.get(a.id) == a.question_id
    if is_accepted:
        # When it was accepted is not told; not before it was written.
        topic.state, topic.solved_at = "solved", a.at
    elif topic.state == "waiting":
        topic.state = "answered"
    return Post(
        topic_id=topic.id,
        seq=topic.last_seq,
        kind="reply",
        author=author,
        body=a.body,
        body_html=a.html,
        rules=markup.RULES_VERSION,
        language=archive.tongue(a.body),
        score=a.score,
        published_at=a.at,
        accepted_at=a.at if is_accepted else None,
        origin=archive.of(a.id),
    )


def _here(model: type[Topic | Post], origins: Iterable[str]) -> set[str]:
    query = select(model.origin).where(model.origin.in_(list(origins)))
    return {origin for origin in session.scalars(query) if origin}


def _people(archive: Archive, texts: Iterable[Question | Answer]) -> dict[str, Person]:
    """The authors' unclaimed people by key, made where they are new."""
    first: dict[str, Question | Answer] = {}
    for text in texts:
        first.setdefault(text.author.key, text)
    query = select(Person).where(Person.origin.in_([archive.of(key) for key in first]))
    known = {p.origin: p for p in session.scalars(query)}
    found = {}
    for key, text in first.items():
        person = known.get(archive.of(key))
        if person is None:
            person = Person(origin=archive.of(key), created_at=text.at)
            stand_in = stackexchange.stand_in(key.partition(":")[2])[: stackexchange.NAME]
            accounts.rename(person, _harmless(archive, text.author.name, stand_in))
            session.add(person)
        found[key] = person
    session.flush()
    return found


def _harmless(archive: Archive, name: str, otherwise: str) -> str:
    """The name, unless it could be taken for one of the bank's people."""
    try:
        accounts.check_name(name, archive.bank)
    except accounts.NameTakenError:
        return otherwise
    return name
