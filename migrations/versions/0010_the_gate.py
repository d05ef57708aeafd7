"""What waits to be read before it is published, and people kept from writing

Acts of moderation may be done to a text that waits, or to a person, so they name a topic no longer
always. What customers have published so far counts for their trust.

Revision: 0010, after 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column(
        "categories",
        sa.Column("gate", sa.String(length=10), nullable=False, server_default="open"),
    )
    op.add_column("people", sa.Column("silenced_until", INSTANT, nullable=True))
    op.add_column("people", sa.Column("suspended_until", INSTANT, nullable=True))
    op.create_table(
        "submissions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("act", sa.String(length=10), nullable=False),
        sa.Column("category_id", sa.Integer(), nullable=False),
        sa.Column("topic_id", sa.Integer(), nullable=True),
        sa.Column("post_id", sa.Integer(), nullable=True),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("why", sa.JSON(), nullable=False),
        sa.Column("sent_at", INSTANT, nullable=False),
        sa.Column("due_at", INSTANT, nullable=True),
        sa.Column("turn_at", INSTANT, nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("words", sa.String(length=300), nullable=False),
        sa.Column("handled_by_id", sa.Integer(), nullable=True),
        sa.Column("handled_at", INSTANT, nullable=True),
        sa.Column("told_at", INSTANT, nullable=True),
        key("submissions", "author_id", "people", "CASCADE"),
        key("submissions", "category_id", "categories"),
        key("submissions", "topic_id", "topics", "CASCADE"),
        key("submissions", "post_id", "posts", "CASCADE"),
        key("submissions", "handled_by_id", "people"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submissions")),
    )
    waits = sa.text("state = 'waiting'")
    op.create_index(
        "ix_submissions_turn",
        "submissions",
        ["turn_at", "id"],
        sqlite_where=waits,
        postgresql_where=waits,
    )
    op.create_index("ix_submissions_author", "submissions", ["author_id", "id"])
    op.create_index(op.f("ix_submissions_topic_id"), "submissions", ["topic_id"])
    with op.batch_alter_table("moderation_acts") as acts:
        acts.alter_column("topic_id", existing_type=sa.Integer(), nullable=True)
        # The act stays when the text it was done to is forgotten.
        for column, table, when_gone in (
            ("submission_id", "submissions", "SET NULL"),
            ("person_id", "people", "CASCADE"),
        ):
            acts.add_column(sa.Column(column, sa.Integer(), nullable=True))
            name = acts.f(f"fk_moderation_acts_{column}")
            acts.create_foreign_key(name, table, [column], ["id"], ondelete=when_gone)
            acts.create_index(acts.f(f"ix_moderation_acts_{column}"), [column])
    op.create_table(
        "appeals",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("submission_id", sa.Integer(), nullable=True),
        sa.Column("act_id", sa.Integer(), nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("against_id", sa.Integer(), nullable=True),
        sa.Column("verdict", sa.String(length=10), nullable=False),
        sa.Column("answer", sa.String(length=300), nullable=False),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.Column("decided_at", INSTANT, nullable=True),
        key("appeals", "person_id", "people", "CASCADE"),
        key("appeals", "submission_id", "submissions", "CASCADE"),
        key("appeals", "act_id", "moderation_acts", "CASCADE"),
        key("appeals", "against_id", "people"),
        key("appeals", "decided_by_id", "people"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appeals")),
        sa.UniqueConstraint("submission_id", name=op.f("uq_appeals_submission_id")),
        sa.UniqueConstraint("act_id", name=op.f("uq_appeals_act_id")),
    )
    op.create_index(op.f("ix_appeals_person_id"), "appeals", ["person_id"])
    op.create_index(op.f("ix_appeals_verdict"), "appeals", ["verdict"])
    op.create_table(
        "restraints",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("starts_at", INSTANT, nullable=False),
        sa.Column("ends_at", INSTANT, nullable=True),
        sa.Column("act_id", sa.Integer(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("lifted_at", INSTANT, nullable=True),
        key("restraints", "person_id", "people", "CASCADE"),
        key("restraints", "act_id", "moderation_acts", "CASCADE"),
        key("restraints", "by_id", "people"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_restraints")),
    )
    op.create_index(op.f("ix_restraints_person_id"), "restraints", ["person_id"])
    holds = sa.text("lifted_at IS NULL")
    op.create_index(
        "uq_restraints_in_force",
        "restraints",
        ["person_id", "kind"],
        unique=True,
        sqlite_where=holds,
        postgresql_where=holds,
    )
    op.create_table(
        "trust",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("published", sa.Integer(), nullable=False),
        sa.Column("returned", sa.Integer(), nullable=False),
        sa.Column("upheld", sa.Integer(), nullable=False),
        sa.Column("vouched_by_id", sa.Integer(), nullable=True),
        key("trust", "person_id", "people", "CASCADE"),
        key("trust", "vouched_by_id", "people"),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_trust")),
    )
    op.execute(
        "INSERT INTO trust (person_id, published, returned, upheld)"
        " SELECT said.person_id, count(*), 0, 0 FROM ("
        " SELECT asker_id AS person_id FROM topics WHERE hidden_at IS NULL AND origin IS NULL"
        " UNION ALL SELECT author_id FROM posts"
        " WHERE kind = 'comment' AND hidden_at IS NULL AND origin IS NULL"
        ") AS said JOIN people ON people.id = said.person_id AND people.role = 'customer'"
        " GROUP BY said.person_id"
    )


def key(
    table: str, column: str, other: str, ondelete: str | None = None
) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}")
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=name, ondelete=ondelete)


def downgrade() -> None:
    for table in ("trust", "restraints", "appeals"):
        op.drop_table(table)
    op.execute("DELETE FROM moderation_acts WHERE topic_id IS NULL")
    with op.batch_alter_table("moderation_acts") as acts:
        for column in ("person_id", "submission_id"):
            acts.drop_index(acts.f(f"ix_moderation_acts_{column}"))
            acts.drop_constraint(acts.f(f"fk_moderation_acts_{column}"), type_="foreignkey")
            acts.drop_column(column)
        acts.alter_column("topic_id", existing_type=sa.Integer(), nullable=False)
    op.drop_table("submissions")
    op.drop_column("people", "suspended_until")
    op.drop_column("people", "silenced_until")
    op.drop_column("categories", "gate")
