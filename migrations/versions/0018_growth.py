"""Indexes and counters for large communities

Revision: 0018, after 0017
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "topics",
        sa.Column("outside_votes", sa.Integer(), server_default=sa.text("0"), nullable=False),
    )
    # What was brought in came with voices that have no person here.
    op.execute(
        "UPDATE topics SET outside_votes = votes_count"
        " - (SELECT count(*) FROM votes WHERE votes.topic_id = topics.id)"
        " WHERE origin IS NOT NULL AND votes_count > 0"
    )


def downgrade() -> None:
    op.drop_column("topics", "outside_votes")
