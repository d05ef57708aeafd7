"""The deadline engine: calendars, policies and events of clocks; promises follow from them

The events of topics that exist are written from their posts and acts of moderation; the promises
themselves are made anew from the events (`flask sla verify --repair`, which upgrading runs).

Revision: 0003, after 0002
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from alembic import op

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
# What the list of ideas is sorted and counted by.
IDEAS = ("kind", "state", "votes_count", "id", "hidden_at")


def upgrade() -> None:
    # What was recorded of them names rows that go; it is recorded anew when they are made anew.
    op.execute("DELETE FROM facts WHERE name IN ('PromiseMade', 'PromiseKept', 'PromiseBroken')")
    accountable = who_was_accountable(op.get_bind())
    op.drop_table("promises")
    op.create_table(
        "calendars",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendars")),
        sa.UniqueConstraint("name", name=op.f("uq_calendars_name")),
    )
    op.create_table(
        "sla_ticks",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_sla_ticks")),
    )
    op.create_table(
        "absences",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("substitute_id", sa.Integer(), nullable=True),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("made_by_id", sa.Integer(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["made_by_id"], ["people.id"], name=op.f("fk_absences_made_by_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_absences_person_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["substitute_id"],
            ["people.id"],
            name=op.f("fk_absences_substitute_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absences")),
    )
    with op.batch_alter_table("absences", schema=None) as batch_op:
        batch_op.create_index("ix_absences_person", ["person_id", "ends_at"], unique=False)

    op.create_table(
        "calendar_versions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("calendar_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("horizon", sa.Date(), nullable=True),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("made_by_id", sa.Integer(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["calendar_id"],
            ["calendars.id"],
            name=op.f("fk_calendar_versions_calendar_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["made_by_id"],
            ["people.id"],
            name=op.f("fk_calendar_versions_made_by_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_versions")),
        sa.UniqueConstraint(
            "calendar_id", "version", name=op.f("uq_calendar_versions_calendar_id_version")
        ),
    )
    op.create_table(
        "policy_versions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("scope", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("calendar_id", sa.Integer(), nullable=True),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.Column("made_by_id", sa.Integer(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approval", sa.String(length=10), nullable=False),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["calendar_id"], ["calendars.id"], name=op.f("fk_policy_versions_calendar_id")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"],
            ["people.id"],
            name=op.f("fk_policy_versions_decided_by_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["made_by_id"],
            ["people.id"],
            name=op.f("fk_policy_versions_made_by_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_versions")),
        sa.UniqueConstraint("scope", "version", name=op.f("uq_policy_versions_scope_version")),
    )
    op.create_table(
        "clock_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("topic_id", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(length=24), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("policy_version_id", sa.Integer(), nullable=True),
        sa.Column("calendar_version_id", sa.Integer(), nullable=True),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["calendar_version_id"],
            ["calendar_versions.id"],
            name=op.f("fk_clock_events_calendar_version_id"),
        ),
        sa.ForeignKeyConstraint(
            ["policy_version_id"],
            ["policy_versions.id"],
            name=op.f("fk_clock_events_policy_version_id"),
        ),
        sa.ForeignKeyConstraint(
            ["topic_id"], ["topics.id"], name=op.f("fk_clock_events_topic_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clock_events")),
    )
    with op.batch_alter_table("clock_events", schema=None) as batch_op:
        batch_op.create_index("ix_clock_events_topic", ["topic_id", "id"], unique=False)

    op.create_table(
        "promises",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("topic_id", sa.Integer(), nullable=False),
        sa.Column("category_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("policy_version_id", sa.Integer(), nullable=True),
        sa.Column("calendar_version_id", sa.Integer(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("target_s", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("at_risk_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("remaining_s", sa.Float(), nullable=True),
        sa.Column("pauses", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.String(length=24), nullable=True),
        sa.Column("fulfilled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer_id", sa.Integer(), nullable=True),
        sa.Column("breached_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("detected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("overdue_s", sa.Float(), nullable=False),
        sa.Column("overdue_wall_s", sa.Float(), nullable=False),
        sa.Column("took_s", sa.Float(), nullable=True),
        sa.Column("accountable_id", sa.Integer(), nullable=False),
        sa.Column("attributed_to_id", sa.Integer(), nullable=True),
        sa.Column("taken_by_id", sa.Integer(), nullable=True),
        sa.Column("taken_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("arm_no", sa.Integer(), nullable=False),
        sa.Column("next_action_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["accountable_id"], ["people.id"], name=op.f("fk_promises_accountable_id")
        ),
        sa.ForeignKeyConstraint(
            ["answer_id"], ["posts.id"], name=op.f("fk_promises_answer_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["attributed_to_id"], ["people.id"], name=op.f("fk_promises_attributed_to_id")
        ),
        sa.ForeignKeyConstraint(
            ["calendar_version_id"],
            ["calendar_versions.id"],
            name=op.f("fk_promises_calendar_version_id"),
        ),
        sa.ForeignKeyConstraint(
            ["category_id"], ["categories.id"], name=op.f("fk_promises_category_id")
        ),
        sa.ForeignKeyConstraint(
            ["policy_version_id"],
            ["policy_versions.id"],
            name=op.f("fk_promises_policy_version_id"),
        ),
        sa.ForeignKeyConstraint(
            ["taken_by_id"],
            ["people.id"],
            name=op.f("fk_promises_taken_by_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["topic_id"], ["topics.id"], name=op.f("fk_promises_topic_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promises")),
        sa.UniqueConstraint(
            "topic_id", "kind", "cycle", name=op.f("uq_promises_topic_id_kind_cycle")
        ),
    )
    with op.batch_alter_table("promises", schema=None) as batch_op:
        batch_op.create_index(
            "ix_promises_category_due", ["category_id", "state", "due_at"], unique=False
        )
        batch_op.create_index("ix_promises_due", ["due_at"], unique=False)
        batch_op.create_index(
            "ix_promises_ended",
            ["ended_at"],
            unique=False,
            sqlite_where=sa.text("ended_at IS NOT NULL"),
            postgresql_where=sa.text("ended_at IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_promises_live",
            [
                "due_at",
                "id",
                "state",
                "kind",
                "at_risk_at",
                "pauses",
                "calendar_version_id",
                "category_id",
                "accountable_id",
                "ended_at",
            ],
            unique=False,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )
        batch_op.create_index(
            "ix_promises_person_due", ["accountable_id", "state", "due_at"], unique=False
        )
        batch_op.create_index("ix_promises_state_due", ["state", "due_at", "id"], unique=False)
        batch_op.create_index(
            "ix_promises_watch",
            ["next_action_at"],
            unique=False,
            sqlite_where=sa.text("next_action_at IS NOT NULL"),
            postgresql_where=sa.text("next_action_at IS NOT NULL"),
        )

    op.create_table(
        "breach_reasons",
        sa.Column("promise_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["people.id"], name=op.f("fk_breach_reasons_by_id")),
        sa.ForeignKeyConstraint(
            ["promise_id"],
            ["promises.id"],
            name=op.f("fk_breach_reasons_promise_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("promise_id", name=op.f("pk_breach_reasons")),
    )
    op.create_table(
        "rungs_sent",
        sa.Column("promise_id", sa.Integer(), nullable=False),
        sa.Column("arm_no", sa.Integer(), nullable=False),
        sa.Column("rung", sa.String(length=12), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=12), nullable=False),
        sa.Column("fate", sa.String(length=12), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fact_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_rungs_sent_person_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["promise_id"],
            ["promises.id"],
            name=op.f("fk_rungs_sent_promise_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "promise_id", "arm_no", "rung", "person_id", "channel", name=op.f("pk_rungs_sent")
        ),
    )
    with op.batch_alter_table("posts", schema=None) as batch_op:
        batch_op.add_column(sa.Column("promised_for", sa.DateTime(timezone=True), nullable=True))

    with op.batch_alter_table("topics", schema=None) as batch_op:
        batch_op.add_column(sa.Column("at_risk_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("paused_for", sa.String(length=20), nullable=True))
        batch_op.add_column(sa.Column("merged_into_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(
            batch_op.f("fk_topics_merged_into_id"),
            "topics",
            ["merged_into_id"],
            ["id"],
            ondelete="SET NULL",
        )
        batch_op.create_index(
            "ix_topics_paused",
            ["paused_for"],
            unique=False,
            sqlite_where=sa.text("paused_for IS NOT NULL"),
            postgresql_where=sa.text("paused_for IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_topics_merged",
            ["merged_into_id"],
            unique=False,
            sqlite_where=sa.text("merged_into_id IS NOT NULL"),
            postgresql_where=sa.text("merged_into_id IS NOT NULL"),
        )
        batch_op.drop_index("ix_topics_ideas")
        batch_op.create_index("ix_topics_ideas", [*IDEAS, "merged_into_id"], unique=False)

    with op.batch_alter_table("moderation_acts", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("was_owed", sa.Boolean(), nullable=False, server_default=sa.false())
        )
    write_the_events_of_what_exists(accountable)


# What an act of moderation was to the clock.
ACTS = {
    "move": "transfer",
    "hide": "removed",
    "restore": "restored",
    "close": "closed",
    "unlock": "unlocked",
    "hide_post": "answer_retracted",
    "restore_post": "answer_restored",
}
BATCH = 1000


def who_was_accountable(bind: sa.Connection) -> dict[int, list[sa.Row[Any]]]:
    """The promises of each topic in their order: in whose name each was, and since when."""
    promises = sa.table("promises", sa.column("topic_id"), sa.column("accountable_id"))
    promises.append_column(sa.column("started_at", INSTANT))
    found: dict[int, list[sa.Row[Any]]] = {}
    for row in bind.execute(sa.select(promises).order_by(promises.c.started_at)):
        found.setdefault(row.topic_id, []).append(row)
    return found


def write_the_events_of_what_exists(accountable: dict[int, list[sa.Row[Any]]]) -> None:
    """One event for each opening, official answer, "not solved" and act of moderation.

    An asker's comment promised nothing under the old rules, so none is written for it.
    """
    clock_events = sa.table(
        "clock_events",
        sa.column("topic_id", sa.Integer),
        sa.column("type", sa.String),
        sa.column("at", INSTANT),
        sa.column("data", sa.JSON),
        sa.column("by_id", sa.Integer),
    )
    rows: list[dict[str, object]] = []
    for found in _told(op.get_bind(), accountable):
        rows.append(found)
        if len(rows) == BATCH:
            op.bulk_insert(clock_events, rows)
            rows = []
    op.bulk_insert(clock_events, rows)


def _told(  # noqa: C901 (one table after another)
    bind: sa.Connection, accountable: dict[int, list[sa.Row[Any]]]
) -> Iterator[dict[str, object]]:
    topics = sa.table("topics", *(sa.column(c) for c in ("id", "kind", "category_id", "asker_id")))
    topics.append_column(sa.column("opened_at", INSTANT))
    people = sa.table("categories", *(sa.column(c) for c in ("id", "owner_id", "deputy_id")))
    facts = sa.table("facts", *(sa.column(c) for c in ("name", "stream", "actor_id")))
    facts.append_column(sa.column("at", INSTANT))
    posts = sa.table(
        "posts", *(sa.column(c) for c in ("id", "topic_id", "seq", "kind", "author_id"))
    )
    posts.append_column(sa.column("published_at", INSTANT))
    acts = sa.table(
        "moderation_acts",
        *(
            sa.column(c)
            for c in ("id", "topic_id", "post_id", "name", "before_id", "after_id", "by_id")
        ),
    )
    acts.append_column(sa.column("at", INSTANT))
    names = {row.id: row for row in bind.execute(sa.select(people))}

    def who(category_id: int) -> dict[str, object]:
        named = names[category_id]
        return {"owner": named.owner_id, "deputy": named.deputy_id, "category": category_id}

    first = sa.select(acts.c.topic_id, acts.c.before_id).where(acts.c.name == "move")
    began: dict[int, int] = {}
    for moved in bind.execute(first.order_by(acts.c.id)):
        began.setdefault(moved.topic_id, moved.before_id)
    asked = {
        int(row.stream.removeprefix("topic:"))
        for row in bind.execute(sa.select(facts).where(facts.c.name == "TopicOpened"))
    }
    promised = set()
    for row in bind.execute(sa.select(topics).where(topics.c.kind != "praise")):
        if row.id in asked:
            promised.add(row.id)
            data = who(began.get(row.id, row.category_id))
            turns = [] if row.id in began else accountable.get(row.id, [])
            if turns:
                # Whoever owns the category today had not promised what was promised before.
                data["owner"] = turns[0].accountable_id
            yield _event(row.id, "opened", row.opened_at, data, row.asker_id)
            for before, after in pairwise(turns):
                if before.accountable_id != after.accountable_id:
                    data = {**data, "owner": after.accountable_id}
                    yield _event(row.id, "owner_changed", after.started_at, data, None)
    official = set()
    for row in bind.execute(sa.select(posts).where(posts.c.kind == "answer")):
        official.add(row.id)
        if row.topic_id in promised:
            data = {"id": f"post:{row.id}", "seq": row.seq}
            yield _event(row.topic_id, "official_answer", row.published_at, data, row.author_id)
    for row in bind.execute(sa.select(facts).where(facts.c.name == "TopicReopened")):
        topic_id = int(row.stream.removeprefix("topic:"))
        if topic_id in promised:
            yield _event(topic_id, "customer_post", row.at, {}, row.actor_id)
    for row in bind.execute(sa.select(acts).where(acts.c.name.in_(list(ACTS))).order_by(acts.c.id)):
        if row.topic_id not in promised or (row.post_id and row.post_id not in official):
            continue
        data = {"ref": f"post:{row.post_id}"} if row.post_id else {}
        data = who(row.after_id) if row.name == "move" else data
        yield _event(row.topic_id, ACTS[row.name], row.at, data, row.by_id)


def _event(
    topic_id: int, kind: str, at: datetime, data: dict[str, object], by_id: int | None
) -> dict[str, object]:
    return {"topic_id": topic_id, "type": kind, "at": at, "data": data, "by_id": by_id}


def downgrade() -> None:
    with op.batch_alter_table("moderation_acts", schema=None) as batch_op:
        batch_op.drop_column("was_owed")

    with op.batch_alter_table("topics", schema=None) as batch_op:
        batch_op.drop_index("ix_topics_ideas")
        batch_op.create_index("ix_topics_ideas", list(IDEAS), unique=False)
        batch_op.drop_index(
            "ix_topics_paused",
            sqlite_where=sa.text("paused_for IS NOT NULL"),
            postgresql_where=sa.text("paused_for IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_topics_merged",
            sqlite_where=sa.text("merged_into_id IS NOT NULL"),
            postgresql_where=sa.text("merged_into_id IS NOT NULL"),
        )
        batch_op.drop_constraint(batch_op.f("fk_topics_merged_into_id"), type_="foreignkey")
        batch_op.drop_column("merged_into_id")
        batch_op.drop_column("paused_for")
        batch_op.drop_column("at_risk_at")

    with op.batch_alter_table("posts", schema=None) as batch_op:
        batch_op.drop_column("promised_for")

    op.drop_table("rungs_sent")
    op.drop_table("breach_reasons")
    with op.batch_alter_table("promises", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_promises_watch",
            sqlite_where=sa.text("next_action_at IS NOT NULL"),
            postgresql_where=sa.text("next_action_at IS NOT NULL"),
        )
        batch_op.drop_index("ix_promises_state_due")
        batch_op.drop_index("ix_promises_person_due")
        batch_op.drop_index("ix_promises_due")
        batch_op.drop_index("ix_promises_category_due")

    op.drop_table("promises")
    with op.batch_alter_table("clock_events", schema=None) as batch_op:
        batch_op.drop_index("ix_clock_events_topic")

    op.drop_table("clock_events")
    op.drop_table("policy_versions")
    op.drop_table("calendar_versions")
    with op.batch_alter_table("absences", schema=None) as batch_op:
        batch_op.drop_index("ix_absences_person")

    op.drop_table("absences")
    op.drop_table("sla_ticks")
    op.drop_table("calendars")

    op.create_table(
        "promises",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("topic_id", sa.Integer(), nullable=False),
        sa.Column("category_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("target_s", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("fulfilled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer_id", sa.Integer(), nullable=True),
        sa.Column("breached_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("detected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accountable_id", sa.Integer(), nullable=False),
        sa.Column("next_action_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["accountable_id"], ["people.id"], name=op.f("fk_promises_accountable_id")
        ),
        sa.ForeignKeyConstraint(
            ["answer_id"], ["posts.id"], name=op.f("fk_promises_answer_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["category_id"], ["categories.id"], name=op.f("fk_promises_category_id")
        ),
        sa.ForeignKeyConstraint(
            ["topic_id"], ["topics.id"], name=op.f("fk_promises_topic_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promises")),
        sa.UniqueConstraint(
            "topic_id", "kind", "cycle", name=op.f("uq_promises_topic_id_kind_cycle")
        ),
    )
    with op.batch_alter_table("promises", schema=None) as batch_op:
        batch_op.create_index("ix_promises_due", ["due_at"], unique=False)
        batch_op.create_index("ix_promises_figures", ["category_id", "state"], unique=False)
        batch_op.create_index(
            "ix_promises_person_figures", ["accountable_id", "state"], unique=False
        )
        batch_op.create_index("ix_promises_watch", ["state", "next_action_at"], unique=False)
