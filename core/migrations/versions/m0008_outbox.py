"""Adds the users of channels, what was delivered for them, and what is to be said to them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

WORDS = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
UTC_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "channel_users",
        sa.Column("account", WORDS, nullable=False),
        sa.Column("user_id", WORDS, nullable=False),
        sa.Column("conversation_id", WORDS, nullable=False),
        sa.Column("ledger", sa.Text(), nullable=False),
        sa.Column("read_to", sa.Integer(), nullable=False),
        sa.Column("answering_until", UTC_TIME),
        sa.Column("lost_track", sa.Boolean(), nullable=False),
        sa.Column("held", WORDS, nullable=False),
        sa.Column("rests_until", UTC_TIME),
        sa.Column("reminders", sa.Text(), nullable=False),
        sa.Column("due_at", UTC_TIME),
        sa.PrimaryKeyConstraint("account", "user_id"),
    )
    op.create_index("channel_user_of", "channel_users", ["conversation_id"])
    is_due = sa.text("due_at IS NOT NULL")
    op.create_index(
        "due_users", "channel_users", ["account", "due_at"], sqlite_where=is_due, postgresql_where=is_due
    )
    op.create_table(
        "channel_deliveries",
        sa.Column("account", WORDS, nullable=False),
        sa.Column("key", WORDS, nullable=False),
        sa.Column("user_id", WORDS, nullable=False),
        sa.Column("nonce", WORDS, nullable=False),
        sa.Column("received_at", UTC_TIME, nullable=False),
        sa.Column("answer", WORDS),
        sa.Column("content", WORDS, nullable=False),
        sa.Column("done", sa.Boolean(), nullable=False),
        sa.Column("on_its_way", sa.Integer(), nullable=False),
        sa.Column("worked_at", UTC_TIME),
        sa.PrimaryKeyConstraint("account", "key"),
    )
    op.create_index("deliveries_by_time", "channel_deliveries", ["received_at"])
    has_content = sa.text("content != ''")
    op.create_index(
        "undone_deliveries",
        "channel_deliveries",
        ["account", "received_at"],
        sqlite_where=has_content,
        postgresql_where=has_content,
    )
    op.create_index("deliveries_of", "channel_deliveries", ["account", "user_id"])
    op.create_table(
        "outgoing_items",
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("account", WORDS, nullable=False),
        sa.Column("user_id", WORDS, nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", WORDS, nullable=False),
        sa.Column("since", UTC_TIME, nullable=False),
        sa.Column("delivery", WORDS, nullable=False),
        sqlite_autoincrement=True,
    )
    is_open = sa.text("state IN ('waiting', 'sending')")
    op.create_index(
        "open_items",
        "outgoing_items",
        ["account", "user_id"],
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
    op.create_index("items_of", "outgoing_items", ["account", "user_id"])
    op.create_index("items_by_time", "outgoing_items", ["since"])
