"""Each machine's index follows the facts by itself: what its one delivery waited for is dropped

Revision: 0005, after 0004
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DELETE FROM deliveries WHERE reaction = 'search.keep_it_findable'")


def downgrade() -> None:
    """Whoever goes back looks at the whole index anyway: the worker mends what is apart."""
