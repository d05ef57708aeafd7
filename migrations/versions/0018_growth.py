"""Indexes and counters for large communities

Revision: 0018, after 0017
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

# What somebody asked, answered or follows lies in the order in which it is listed: else their first
# page costs what all of theirs costs, or what everybody's does.
INDEXES = (
    (
        "topics",
        "ix_topics_asker_id",
        "ix_topics_asker_recent",
        ["asker_id", "pinned", "opened_at", "id"],
    ),
    ("posts", "ix_posts_author_id", "ix_posts_author_kind", ["author_id", "kind", "id"]),
    (
        "follows",
        "ix_follows_person_id",
        "ix_follows_person_latest",
        ["person_id", "at", "topic_id"],
    ),
    ("tags", None, "ix_tags_popular", ["topics_count", "name"]),
)


def upgrade() -> None:
    op.add_column(
        "topics",
        sa.Column("outside_votes", sa.Integer(), server_default=sa.text("0"), nullable=False),
    )
    # What was brought in came with voices that have no person here, and erased people left theirs.
    op.execute(
        "UPDATE topics SET outside_votes = votes_count"
        " - (SELECT count(*) FROM votes WHERE votes.topic_id = topics.id)"
        " WHERE votes_count > (SELECT count(*) FROM votes WHERE votes.topic_id = topics.id)"
    )
    for table, old, new, columns in INDEXES:
        op.create_index(new, table, columns)
        if old is not None:
            op.drop_index(old, table)


def downgrade() -> None:
    for table, old, new, columns in INDEXES:
        if old is not None:
            op.create_index(old, table, columns[:1])
        op.drop_index(new, table)
    op.drop_column("topics", "outside_votes")
