"""Sites that carry the widget, what they sign with, what was asked from them

Revision: 0016, after 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "widget_sites",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=22), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("issuer", sa.String(length=255), nullable=False),
        sa.Column("category_id", sa.Integer(), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("disabled_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(
            ["category_id"], ["categories.id"], name=op.f("fk_widget_sites_category_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_widget_sites")),
        sa.UniqueConstraint("key", name=op.f("uq_widget_sites_key")),
    )
    op.create_table(
        "widget_keys",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("algorithm", sa.String(length=8), nullable=False),
        sa.Column("secret", sa.String(length=300), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("used_at", INSTANT, nullable=True),
        sa.Column("retired_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(
            ["site_id"],
            ["widget_sites.id"],
            name=op.f("fk_widget_keys_site_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_widget_keys")),
        sa.UniqueConstraint("site_id", "name", name=op.f("uq_widget_keys_site_id_name")),
    )
    op.create_table(
        "widget_origins",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("origin", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(
            ["site_id"],
            ["widget_sites.id"],
            name=op.f("fk_widget_origins_site_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_widget_origins")),
        sa.UniqueConstraint("site_id", "origin", name=op.f("uq_widget_origins_site_id_origin")),
    )
    op.create_table(
        "widget_places",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("prefix", sa.String(length=200), nullable=False),
        sa.Column("category_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["category_id"], ["categories.id"], name=op.f("fk_widget_places_category_id")
        ),
        sa.ForeignKeyConstraint(
            ["site_id"],
            ["widget_sites.id"],
            name=op.f("fk_widget_places_site_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_widget_places")),
        sa.UniqueConstraint("site_id", "prefix", name=op.f("uq_widget_places_site_id_prefix")),
    )
    op.create_table(
        "widget_seen",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("topic_id", sa.Integer(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_widget_seen_person_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["topic_id"], ["topics.id"], name=op.f("fk_widget_seen_topic_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", "topic_id", name=op.f("pk_widget_seen")),
    )
    op.create_table(
        "widget_used_tokens",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["site_id"],
            ["widget_sites.id"],
            name=op.f("fk_widget_used_tokens_site_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_widget_used_tokens")),
        sa.UniqueConstraint("site_id", "digest", name=op.f("uq_widget_used_tokens_site_id_digest")),
    )
    op.create_index(
        op.f("ix_widget_used_tokens_expires_at"), "widget_used_tokens", ["expires_at"], unique=False
    )
    op.create_table(
        "widget_uses",
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("page", sa.String(length=200), nullable=False),
        sa.Column("opened", sa.Integer(), nullable=False),
        sa.Column("searched", sa.Integer(), nullable=False),
        sa.Column("helped", sa.Integer(), nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["site_id"],
            ["widget_sites.id"],
            name=op.f("fk_widget_uses_site_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("site_id", "day", "page", name=op.f("pk_widget_uses")),
    )
    op.create_table(
        "widget_enquiries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=True),
        sa.Column("guest", sa.String(length=64), nullable=True),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("topic_id", sa.Integer(), nullable=True),
        sa.Column("submission_id", sa.Integer(), nullable=True),
        sa.Column("page", sa.String(length=500), nullable=False),
        sa.Column("page_title", sa.String(length=200), nullable=False),
        sa.Column("context", sa.JSON(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["people.id"],
            name=op.f("fk_widget_enquiries_person_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["site_id"],
            ["widget_sites.id"],
            name=op.f("fk_widget_enquiries_site_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"],
            ["submissions.id"],
            name=op.f("fk_widget_enquiries_submission_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["topic_id"],
            ["topics.id"],
            name=op.f("fk_widget_enquiries_topic_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_widget_enquiries")),
        sa.UniqueConstraint("guest", name=op.f("uq_widget_enquiries_guest")),
        sa.UniqueConstraint("submission_id", name=op.f("uq_widget_enquiries_submission_id")),
        sa.UniqueConstraint("topic_id", name=op.f("uq_widget_enquiries_topic_id")),
    )
    op.create_index(
        op.f("ix_widget_enquiries_person_id"), "widget_enquiries", ["person_id"], unique=False
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_widget_enquiries_person_id"), table_name="widget_enquiries")
    op.drop_table("widget_enquiries")
    op.drop_table("widget_uses")
    op.drop_index(op.f("ix_widget_used_tokens_expires_at"), table_name="widget_used_tokens")
    op.drop_table("widget_used_tokens")
    op.drop_table("widget_seen")
    op.drop_table("widget_places")
    op.drop_table("widget_origins")
    op.drop_table("widget_keys")
    op.drop_table("widget_sites")
