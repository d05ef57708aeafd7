"""What topics hold of a person: what they asked, said, voted for and have not sent yet."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sqlalchemy import or_, select, update

from app.accounts.models import Person
from app.core import markup, retention
from app.core.db import session
from app.core.i18n import _l
from app.core.personal import (
    BANK,
    ERASED,
    NOBODY,
    NUMBER,
    WORDS,
    Erasing,
    Section,
    Subject,
    holds,
    rows_of,
)
from app.topics.models import BANK_KINDS, Draft, Post, Revision, Topic, Vote

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

OWN_DRAFTS = 180
# Shorter lines are too common to be somebody's words.
SHORTEST_QUOTE = 12
SHORTEST_NAME = 3


def collect(of: Subject) -> Iterator[Section]:
    """Everything they wrote, and what was answered to it in public."""
    asked = list(rows_of(Topic, Topic.asker_id == of.person_id))
    said = list(rows_of(Post, Post.author_id == of.person_id))
    yield Section("topics", _l("What you asked and suggested"), TOPIC, map(_topic, asked))
    yield Section(
        "answers",
        _l("What was answered to you in public"),
        {"topic": _l("Topic"), "author": _l("Name"), "text": _l("Text"), "at": _l("When")},
        _answers(of, [topic.id for topic in asked]),
    )
    yield Section(
        "posts",
        _l("What you said in other words"),
        {"topic": _l("Topic"), "kind": _l("Kind"), "text": _l("Text"), "at": _l("When")},
        [{"topic": p.topic_id, "kind": p.kind, "text": p.body, "at": p.published_at} for p in said],
    )
    yield Section(
        "revisions",
        _l("What your texts said before they were edited"),
        {"topic": _l("Topic"), "title": _l("Title"), "text": _l("Text"), "at": _l("When")},
        [
            {"topic": r.topic_id, "title": r.title, "text": r.body, "at": r.at}
            for r in session.scalars(select(Revision).where(_of_texts(asked, said)))
        ],
    )
    yield Section(
        "votes",
        _l("What you voted for"),
        {"topic": _l("Topic"), "at": _l("When")},
        [{"topic": v.topic_id, "at": v.at} for v in rows_of(Vote, Vote.person_id == of.person_id)],
    )
    yield Section(
        "drafts",
        _l("What you have not sent yet"),
        {"about": _l("About"), "fields": _l("Text"), "at": _l("When")},
        [
            {"about": d.about, "fields": d.fields, "at": d.changed_at}
            for d in rows_of(Draft, Draft.person_id == of.person_id)
        ],
    )


def forget(erasing: Erasing) -> None:
    """No name under any text; with `words`, the texts and what they said before go too.

    Votes stay as numbers. What was said for the bank stands.
    """
    of = erasing.subject
    drafts = [Draft.person_id == of.person_id]
    if of.guests:
        drafts.append(Draft.guest.in_(of.guests))
    erasing.delete(Draft, or_(*drafts))
    mine = select(Vote.topic_id).where(Vote.person_id == of.person_id)
    more = {"outside_votes": Topic.outside_votes + 1}
    session.execute(update(Topic).where(Topic.id.in_(mine)).values(more))
    erasing.delete(Vote, Vote.person_id == of.person_id)
    asked = list(rows_of(Topic, Topic.asker_id == of.person_id))
    said = list(rows_of(Post, Post.author_id == of.person_id))
    touched = {topic.id for topic in asked} | {post.topic_id for post in said}
    erasing.topics.update(touched)
    own = [post for post in said if post.kind not in BANK_KINDS]
    lost = [text for t in asked for text in (t.title, t.body)] + [p.body for p in own]
    if erasing.words:
        erasing.delete(Revision, _of_texts(asked, own))
        for topic in asked:
            topic.title = erasing.in_words(topic.language)
            _replace(topic, topic.title, erasing)
        for post in own:
            _replace(post, erasing.in_words(post.language), erasing)
    _forget_in_others_texts(erasing, touched, lost if erasing.words else [])
    session.flush()


def _replace(text: Topic | Post, words: str, erasing: Erasing) -> None:
    if text.body == words:
        return
    text.body, text.body_html = words, markup.render(words)
    text.rules = markup.RULES_VERSION
    erasing.count(type(text))


def _forget_in_others_texts(erasing: Erasing, topic_ids: set[int], lost: Sequence[str]) -> None:
    """Beside their texts, others quoted them and called them by name; revisions of these too."""
    told = "\n".join(" ".join(text.split()) for text in lost)
    posts = session.scalars(select(Post).where(Post.topic_id.in_(topic_ids))).unique()
    before = session.scalars(select(Revision).where(Revision.topic_id.in_(topic_ids))).unique()
    for text in (*posts, *before):
        new = _without(text.body, told, erasing.subject.name)
        if new != text.body:
            text.body = new
            if isinstance(text, Post):
                text.body_html = markup.render(new)
            erasing.count(type(text))


def _without(body: str, told: str, name: str) -> str:
    """`body` without quotes of what was told and without the name."""
    lines = []
    for line in body.split("\n"):
        quoted = " ".join(line.lstrip("> ").split())
        is_theirs = line.startswith(">") and len(quoted) >= SHORTEST_QUOTE and quoted in told
        lines.append("> …" if is_theirs else line)
    left = "\n".join(lines)
    if len(name) < SHORTEST_NAME:
        return left
    return re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "…", left)


def _of_texts(asked: Sequence[Topic], said: Sequence[Post]) -> Any:
    own = Revision.post_id.is_(None) & Revision.topic_id.in_([topic.id for topic in asked])
    return own | Revision.post_id.in_([post.id for post in said])


TOPIC = {
    "number": _l("Number"),
    "address": _l("Address"),
    "kind": _l("Kind"),
    "title": _l("Title"),
    "text": _l("Text"),
    "category": _l("Category"),
    "tags": _l("Tags"),
    "state": _l("State"),
    "at": _l("When"),
}


def _topic(topic: Topic) -> dict[str, Any]:
    return {
        "number": topic.id,
        "address": f"/topics/{topic.id}",
        "kind": topic.kind,
        "title": topic.title,
        "text": topic.body,
        "category": topic.category.name,
        "tags": ", ".join(tag.name for tag in topic.tags),
        "state": topic.state,
        "at": topic.opened_at,
    }


def _answers(of: Subject, topic_ids: Sequence[int]) -> Iterator[dict[str, Any]]:
    """What anybody may read of it: of others only the name that stands there."""
    query = select(Post).join(Person, Person.id == Post.author_id)
    query = query.where(
        Post.topic_id.in_(topic_ids), Post.author_id != of.person_id, Post.hidden_at.is_(None)
    )
    for post in session.scalars(query.order_by(Post.topic_id, Post.seq)).unique():
        yield {
            "topic": post.topic_id,
            "author": post.author.name,
            "text": post.body,
            "at": post.published_at,
        }


retention.keep(
    "drafts",
    OWN_DRAFTS,
    _l("Texts begun and never sent"),
    retention.Rows(Draft, lambda until: Draft.changed_at < until, Draft.person_id),
)

holds(
    "topics",
    {
        "categories.slug": BANK,
        "categories.name": BANK,
        "categories.description": BANK,
        "categories.words": BANK,
        "categories.owner_id": NUMBER,
        "categories.deputy_id": NUMBER,
        "delegates.person_id": NUMBER,
        "topics.title": WORDS,
        "topics.body": WORDS,
        "topics.body_html": WORDS,
        "topics.asker_id": NUMBER,
        "topics.responsible_id": NUMBER,
        "topics.origin": NOBODY,
        "posts.author_id": NUMBER,
        "posts.signed_as": BANK,
        "posts.body": WORDS,
        "posts.body_html": WORDS,
        "posts.retraction": BANK,
        "posts.origin": NOBODY,
        "votes.person_id": ERASED,
        "revisions.title": WORDS,
        "revisions.body": WORDS,
        "revisions.editor_id": NUMBER,
        "revisions.reason": BANK,
        "drafts.person_id": ERASED,
        "drafts.guest": ERASED,
        "drafts.fields": ERASED,
    },
    collect=collect,
    forget=forget,
    order=50,
)
