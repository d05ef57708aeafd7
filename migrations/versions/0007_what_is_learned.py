"""What the search learns: words that were asked, topics that helped, gaps that are settled

Revision: 0007, after 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "asked_words",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("words", sa.String(length=80), nullable=False),
        sa.Column("language", sa.String(length=5), nullable=False),
        sa.Column("category_id", sa.Integer(), nullable=True),
        sa.Column("searched", sa.Integer(), nullable=False),
        sa.Column("missed", sa.Integer(), nullable=False),
        sa.Column("clicked", sa.Integer(), nullable=False),
        sa.Column("helped", sa.Integer(), nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["category_id"],
            ["categories.id"],
            name=op.f("fk_asked_words_category_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("day", "words", name=op.f("pk_asked_words")),
    )
    op.create_table(
        "topic_help",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("topic_id", sa.Integer(), nullable=False),
        sa.Column("clicked", sa.Integer(), nullable=False),
        sa.Column("helped", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["topic_id"], ["topics.id"], name=op.f("fk_topic_help_topic_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("day", "topic_id", name=op.f("pk_topic_help")),
    )
    op.create_index(op.f("ix_topic_help_topic_id"), "topic_help", ["topic_id"])
    op.create_table(
        "settled_gaps",
        sa.Column("words", sa.String(length=80), nullable=False),
        sa.Column("topic_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["topic_id"], ["topics.id"], name=op.f("fk_settled_gaps_topic_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("words", name=op.f("pk_settled_gaps")),
    )
    op.create_index(op.f("ix_settled_gaps_topic_id"), "settled_gaps", ["topic_id"])
    op.create_index(op.f("ix_settled_gaps_at"), "settled_gaps", ["at"])


def downgrade() -> None:
    for table in ("settled_gaps", "topic_help", "asked_words"):
        op.drop_table(table)
