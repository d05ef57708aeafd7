"""Topics, posts, votes, tags, categories, drafts.

`Topic` carries the columns that lists sort and filter by, whoever computes them: who answers and by
when (`sla`), the state of an idea (`ideas`), hidden, closed, pinned (`moderation`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Column, ForeignKey, Index, String, Table, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import Person
from app.core import clock
from app.core.db import Base, Model, intpk

KINDS = ("question", "idea", "problem", "praise")
# Questions and problems; ideas; praise. `None` stands for nothing to be answered.
ANSWER_STATES = ("waiting", "answered", "solved", "reopened")
IDEA_STATES = ("new", "under_consideration", "planned", "done", "declined")
PRAISE_STATE = "said"
# Of a category: what is read by the bank's people before it is published.
GATES = ("open", "newcomers", "everybody")
# What the bank says: answers, questions back, notes in between.
BANK_KINDS = ("answer", "clarification", "holding")
# Of any kind: its asker took it back before it was answered.
WITHDRAWN = "withdrawn"

delegates = Table(
    "delegates",
    Base.metadata,
    Column("category_id", ForeignKey("categories.id", ondelete="CASCADE"), primary_key=True),
    Column("person_id", ForeignKey("people.id", ondelete="CASCADE"), primary_key=True),
)

topic_tags = Table(
    "topic_tags",
    Base.metadata,
    Column("topic_id", ForeignKey("topics.id", ondelete="CASCADE"), primary_key=True),
    Column("tag_id", ForeignKey("tags.id", ondelete="CASCADE"), primary_key=True, index=True),
)


class Category(Model):
    """A field of the bank's work, answered for by a named owner."""

    __tablename__ = "categories"

    id: Mapped[intpk]
    slug: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    description: Mapped[str] = mapped_column(String(300), default="")
    # Words that suggest this category while somebody types, separated by spaces.
    words: Mapped[str] = mapped_column(String(600), default="")
    place: Mapped[int] = mapped_column(default=0)
    owner_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    deputy_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    archived_at: Mapped[datetime | None]
    # Who is read before the public reads them: nobody, newcomers, everybody.
    gate: Mapped[str] = mapped_column(String(10), default="open", server_default="open")
    topics_count: Mapped[int] = mapped_column(default=0)

    owner: Mapped[Person] = relationship(foreign_keys=[owner_id], lazy="joined")
    deputy: Mapped[Person | None] = relationship(foreign_keys=[deputy_id], lazy="joined")
    delegates: Mapped[list[Person]] = relationship(secondary=delegates, lazy="selectin")

    @property
    def is_attended(self) -> bool:
        """Whether its owner, or else the deputy, may still sign in and answer."""
        return any(p is not None and p.disabled_at is None for p in (self.owner, self.deputy))

    def is_answered_by(self, person_id: int | None) -> bool:
        """Whether this person gives the official answer here: owner, deputy or named delegate."""
        if person_id is None:
            return False
        named = {self.owner_id, self.deputy_id, *(p.id for p in self.delegates)}
        return person_id in named


class Tag(Model):
    """A word that ties topics together across categories."""

    __tablename__ = "tags"
    __table_args__ = (Index("ix_tags_popular", "topics_count", "name"),)

    id: Mapped[intpk]
    name: Mapped[str] = mapped_column(String(40), unique=True)
    topics_count: Mapped[int] = mapped_column(default=0)


class Topic(Model):
    """What somebody asked, suggested or told, in public."""

    __tablename__ = "topics"
    __table_args__ = (
        Index("ix_topics_recent", "pinned", "opened_at", "id"),
        Index("ix_topics_category_recent", "category_id", "pinned", "opened_at", "id"),
        Index("ix_topics_popular", "votes_count", "id"),
        Index("ix_topics_kind_popular", "kind", "votes_count", "id"),
        Index("ix_topics_due", "is_awaiting", "due_at", "id"),
        Index("ix_topics_responsible_due", "responsible_id", "is_awaiting", "due_at", "id"),
        Index("ix_topics_state_recent", "state", "opened_at", "id"),
        Index("ix_topics_awaiting_recent", "is_awaiting", "opened_at", "id"),
        Index("ix_topics_category_awaiting", "category_id", "is_awaiting", "opened_at", "id"),
        Index("ix_topics_category_popular", "category_id", "votes_count", "id"),
        Index("ix_topics_asker_recent", "asker_id", "pinned", "opened_at", "id"),
        Index("ix_topics_kept", "kept_at"),
        Index("ix_topics_newest", "opened_at", "id"),
        Index("ix_topics_category_newest", "category_id", "opened_at", "id"),
        Index(
            "ix_topics_ideas", "kind", "state", "votes_count", "id", "hidden_at", "merged_into_id"
        ),
        # Few topics stand still:
        Index(
            "ix_topics_paused",
            "paused_for",
            sqlite_where=text("paused_for IS NOT NULL"),
            postgresql_where=text("paused_for IS NOT NULL"),
        ),
        # Few topics are merged: the index holds those and no others.
        Index(
            "ix_topics_merged",
            "merged_into_id",
            sqlite_where=text("merged_into_id IS NOT NULL"),
            postgresql_where=text("merged_into_id IS NOT NULL"),
        ),
    )

    id: Mapped[intpk]
    kind: Mapped[str] = mapped_column(String(10), default="question")
    title: Mapped[str] = mapped_column(String(150))
    body: Mapped[str]
    body_html: Mapped[str]
    rules: Mapped[int] = mapped_column(default=0)
    language: Mapped[str] = mapped_column(String(5), default="ru")
    state: Mapped[str] = mapped_column(String(24))
    category_id: Mapped[int] = mapped_column(ForeignKey("categories.id"))
    asker_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    opened_at: Mapped[datetime] = mapped_column(default=clock.now)
    active_at: Mapped[datetime] = mapped_column(default=clock.now)
    edited_at: Mapped[datetime | None]

    # The promise as a list needs it; `sla` keeps it true.
    responsible_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    promised_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    # When the present promise was fulfilled; None while it runs.
    kept_at: Mapped[datetime | None]
    is_awaiting: Mapped[bool] = mapped_column(default=False)
    # From when on little time is left; why the clock stands still ("customer"), when it does.
    at_risk_at: Mapped[datetime | None]
    paused_for: Mapped[str | None] = mapped_column(String(20))

    # The first and the last official answer that stand.
    first_answer_at: Mapped[datetime | None]
    answer_id: Mapped[int | None] = mapped_column(
        ForeignKey("posts.id", use_alter=True, ondelete="SET NULL")
    )
    solved_at: Mapped[datetime | None]

    votes_count: Mapped[int] = mapped_column(default=0)
    # Of these, voices without a person here: counted before the topic was brought in, or erased.
    outside_votes: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    answers_count: Mapped[int] = mapped_column(default=0)
    comments_count: Mapped[int] = mapped_column(default=0)
    last_seq: Mapped[int] = mapped_column(default=0)

    pinned: Mapped[int] = mapped_column(default=0)
    hidden_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    # The topic that asked the same and is answered for both; lists and counts leave this one out.
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("topics.id", ondelete="SET NULL"))
    origin: Mapped[str | None] = mapped_column(String(120), unique=True)

    category: Mapped[Category] = relationship(lazy="joined")
    asker: Mapped[Person] = relationship(foreign_keys=[asker_id], lazy="joined")
    responsible: Mapped[Person | None] = relationship(foreign_keys=[responsible_id], lazy="joined")
    # Not joined: a join inside an outer join (an answer with its author) makes SQLite read every
    # answer there is for a page of twenty, seven seconds with 100,000 topics.
    answer: Mapped[Post | None] = relationship(
        foreign_keys=[answer_id], lazy="selectin", viewonly=True
    )
    tags: Mapped[list[Tag]] = relationship(secondary=topic_tags, lazy="selectin")
    merged_into: Mapped[Topic | None] = relationship(
        foreign_keys=[merged_into_id], remote_side="Topic.id", viewonly=True
    )

    @property
    def is_hidden(self) -> bool:
        """Whether moderation took it out of sight."""
        return self.hidden_at is not None

    @property
    def is_counted(self) -> bool:
        """Whether it is one of its category's and its tags' topics."""
        return self.hidden_at is None and self.merged_into_id is None

    @property
    def is_withdrawn(self) -> bool:
        """Whether its asker took it back."""
        return self.state == WITHDRAWN

    @property
    def expects_answer(self) -> bool:
        """Whether the bank owes an answer to this kind at all; praise makes no promise."""
        return self.kind != "praise"


class Post(Model):
    """The bank's official `answer`, anybody's `comment`, or a `reply` brought in from elsewhere.

    The bank also says what is no answer: a `clarification` asks back, a `holding` note names the
    day of the next news (`promised_for`).

    A reply answered the question where it was written, so the first one is its topic's
    `first_answer_at` and an accepted one solved it; but the bank did not say it: no seal, no
    `Topic.answer_id`, counted with the comments. Text is kept as written.
    """

    __tablename__ = "posts"
    __table_args__ = (
        UniqueConstraint("topic_id", "seq"),
        Index("ix_posts_kind_published", "kind", "published_at", "author_id", "hidden_at"),
        Index("ix_posts_author_kind", "author_id", "kind", "id"),
    )

    id: Mapped[intpk]
    topic_id: Mapped[int] = mapped_column(ForeignKey("topics.id", ondelete="CASCADE"))
    seq: Mapped[int]
    kind: Mapped[str] = mapped_column(String(20), default="comment")
    author_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    # The author's post at the bank at that hour; people move on, answers stay.
    signed_as: Mapped[str] = mapped_column(String(120), default="")
    body: Mapped[str]
    body_html: Mapped[str]
    rules: Mapped[int] = mapped_column(default=0)
    language: Mapped[str] = mapped_column(String(5), default="ru")
    score: Mapped[int] = mapped_column(default=0)
    published_at: Mapped[datetime] = mapped_column(default=clock.now)
    edited_at: Mapped[datetime | None]
    hidden_at: Mapped[datetime | None]
    # Why the bank took it back; everybody may read that.
    retraction: Mapped[str | None]
    # The day the bank named for its next news.
    promised_for: Mapped[datetime | None]
    # The asker said that this answer solved it.
    accepted_at: Mapped[datetime | None]
    origin: Mapped[str | None] = mapped_column(String(120), unique=True)

    author: Mapped[Person] = relationship(lazy="joined")

    @property
    def is_official(self) -> bool:
        """Whether this is the bank's answer."""
        return self.kind == "answer"

    @property
    def is_by_the_bank(self) -> bool:
        """Whether the bank speaks, be it an answer or not."""
        return self.kind in BANK_KINDS


class Vote(Model):
    """One person's "me too" or support."""

    __tablename__ = "votes"

    topic_id: Mapped[int] = mapped_column(
        ForeignKey("topics.id", ondelete="CASCADE"), primary_key=True
    )
    person_id: Mapped[int] = mapped_column(
        ForeignKey("people.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    at: Mapped[datetime] = mapped_column(default=clock.now)


class Revision(Model):
    """What a topic (or one of its posts) said before an edit, who changed it and why."""

    __tablename__ = "revisions"

    id: Mapped[intpk]
    topic_id: Mapped[int] = mapped_column(ForeignKey("topics.id", ondelete="CASCADE"), index=True)
    post_id: Mapped[int | None] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"))
    title: Mapped[str | None] = mapped_column(String(150))
    body: Mapped[str]
    editor_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    reason: Mapped[str] = mapped_column(String(300), default="")
    at: Mapped[datetime] = mapped_column(default=clock.now)

    editor: Mapped[Person] = relationship(lazy="joined")


class Moved(Model):
    """Where a reply went that stood here under this number: its old address leads there.

    `post_id` is None when the reply itself became the topic `to_id`.
    """

    __tablename__ = "moved_posts"

    topic_id: Mapped[int] = mapped_column(
        ForeignKey("topics.id", ondelete="CASCADE"), primary_key=True
    )
    seq: Mapped[int] = mapped_column(primary_key=True)
    to_id: Mapped[int] = mapped_column(ForeignKey("topics.id", ondelete="CASCADE"), index=True)
    post_id: Mapped[int | None] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"))


class Draft(Model):
    """Text not yet published: of a new topic (`topic_id` None), or of a reply to a topic.

    It belongs to a person, or to a browser (`guest`, the hash of its guest key) until somebody
    signs in there.
    """

    __tablename__ = "drafts"
    __table_args__ = (
        UniqueConstraint("person_id", "about"),
        UniqueConstraint("guest", "about"),
    )

    id: Mapped[intpk]
    # "new" or "topic:7": what the text is for.
    about: Mapped[str] = mapped_column(String(40))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"))
    guest: Mapped[str | None] = mapped_column(String(64))
    # {"kind", "title", "body", "category_id", "tags"}: as typed, not yet checked.
    fields: Mapped[dict[str, Any]] = mapped_column(default=dict)
    changed_at: Mapped[datetime] = mapped_column(default=clock.now, index=True)
