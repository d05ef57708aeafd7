"""Words that mean the same: a table, and the bank's words to start from

Revision: 0006, after 0005
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from app.search.first_synonyms import GROUPS

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    synonyms = op.create_table(
        "synonyms",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("words", sa.JSON(), nullable=False),
        sa.Column("editor_id", sa.Integer(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["editor_id"],
            ["people.id"],
            name=op.f("fk_synonyms_editor_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_synonyms")),
    )
    # The list of today, on purpose: a bank begins with the best there is when it begins.
    now = datetime.now(UTC)
    rows = [{"words": list(group), "updated_at": now} for group in GROUPS]
    op.bulk_insert(synonyms, rows)


def downgrade() -> None:
    op.drop_table("synonyms")
