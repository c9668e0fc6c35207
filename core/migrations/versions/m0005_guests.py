"""Adds the third parties of calls."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

WORDS = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
UTC_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "call_guests",
        sa.Column("guest_id", WORDS, primary_key=True),
        sa.Column("call_id", WORDS, nullable=False),
        sa.Column(
            "conversation_id",
            WORDS,
            sa.ForeignKey("conversations.conversation_id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("shown_name", WORDS, nullable=False),
        sa.Column("invited_by", WORDS, nullable=False),
        sa.Column("state", WORDS, nullable=False),
        sa.Column("agent", WORDS, nullable=False),
        sa.Column("token_hash", WORDS, nullable=False),
        sa.Column("consented", sa.Boolean),
        sa.Column("consent_version", WORDS, nullable=False),
        sa.Column("consent_at", UTC_TIME),
        sa.Column("invited_at", UTC_TIME, nullable=False),
        sa.Column("ended_at", UTC_TIME),
        sa.Column("end_reason", WORDS, nullable=False),
    )
    is_open = sa.text("ended_at IS NULL")
    op.create_index(
        "one_open_guest",
        "call_guests",
        ["call_id"],
        unique=True,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
    op.create_index(
        "invitations_of", "call_guests", ["agent"], sqlite_where=is_open, postgresql_where=is_open
    )
    op.create_index("guests_of", "call_guests", ["conversation_id"])
