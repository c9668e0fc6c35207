"""Creates the tables for knowledge, conversations and accounts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Types are spelt out here rather than imported: a step must stay what it was when it was applied.
WORDS = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
JSON_OBJECT = sa.Text()
UTC_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    counters = op.create_table(
        "counters",
        sa.Column("name", WORDS, primary_key=True),
        sa.Column("value", sa.BigInteger, nullable=False),
    )
    op.bulk_insert(counters, [{"name": name, "value": 0} for name in ("changes", "tickets", "probe")])
    _create_knowledge()
    _create_conversations()
    op.create_table(
        "users",
        sa.Column("name", WORDS, primary_key=True),
        sa.Column("role", WORDS, nullable=False),
        sa.Column("password_hash", WORDS, nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False),
    )


def _create_knowledge() -> None:
    op.create_table(
        "guide_versions",
        sa.Column("guide_id", WORDS, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("status", WORDS, nullable=False),
        sa.Column("district", WORDS, nullable=False),
        sa.Column("main_item", WORDS, nullable=False),
        sa.Column("business_item", WORDS, nullable=False),
        sa.Column("body", JSON_OBJECT, nullable=False),
        sa.Column("content_hash", WORDS, nullable=False),
        sa.Column("valid_from", sa.Date),
        sa.Column("valid_until", sa.Date),
        sa.Column("updated_at", UTC_TIME, nullable=False),
        sa.Column("change", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("guide_id", "version"),
    )
    _create_index(
        "one_published_version", "guide_versions", ["guide_id"], unique=True, where="status = 'published'"
    )
    op.create_table(
        "documents",
        sa.Column("document_id", WORDS, primary_key=True),
        sa.Column("kind", WORDS, nullable=False),
        sa.Column("title", WORDS, nullable=False),
        sa.Column("text", WORDS, nullable=False),
        sa.Column("url", WORDS, nullable=False),
        sa.Column("source", WORDS, nullable=False),
        sa.Column("content_hash", WORDS, nullable=False),
        sa.Column("withdrawn", sa.Boolean, nullable=False),
        sa.Column("change", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "changes",
        sa.Column("kind", WORDS, nullable=False),
        sa.Column("record_id", WORDS, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("kind", "record_id"),
    )
    op.create_index("change_numbers", "changes", ["number"], unique=True)


def _create_conversations() -> None:
    op.create_table(
        "conversations",
        sa.Column("conversation_id", WORDS, primary_key=True),
        sa.Column("channel", WORDS, nullable=False),
        sa.Column("token_hash", WORDS, nullable=False),
        sa.Column("holder", WORDS, nullable=False),
        sa.Column("district", WORDS, nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.Column("last_at", UTC_TIME, nullable=False),
        sa.Column("last_sequence", sa.Integer, nullable=False),
    )
    op.create_index("conversations_by_silence", "conversations", ["last_at"])
    op.create_table(
        "conversation_events",
        _of_conversation(),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("kind", WORDS, nullable=False),
        sa.Column("body", JSON_OBJECT, nullable=False),
        sa.Column("at", UTC_TIME, nullable=False),
        sa.Column("delivery_key", WORDS),
        sa.Column("reply_to", sa.Integer),
        sa.Column("awaits_reply", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("conversation_id", "sequence"),
    )
    _create_index(
        "one_event_per_delivery",
        "conversation_events",
        ["conversation_id", "delivery_key"],
        unique=True,
        where="delivery_key IS NOT NULL",
    )
    _create_index(
        "replies", "conversation_events", ["conversation_id", "reply_to"], where="reply_to IS NOT NULL"
    )
    _create_index("unanswered", "conversation_events", ["at"], where="awaits_reply")
    op.create_table(
        "handovers",
        sa.Column("handover_id", WORDS, primary_key=True),
        _of_conversation(),
        sa.Column("mode", WORDS, nullable=False),
        sa.Column("topic", WORDS, nullable=False),
        sa.Column("reason", WORDS, nullable=False),
        sa.Column("state", WORDS, nullable=False),
        sa.Column("known", JSON_OBJECT, nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.Column("ticket", sa.BigInteger, nullable=False),
    )
    _create_index(
        "one_waiting_handover", "handovers", ["conversation_id"], unique=True, where="state = 'waiting'"
    )
    _create_index("queue", "handovers", ["ticket"], where="state = 'waiting'")
    op.create_table(
        "ratings",
        _of_conversation(primary_key=True),
        sa.Column("score", sa.Integer, nullable=False),
        sa.Column("comment", WORDS, nullable=False),
        sa.Column("at", UTC_TIME, nullable=False),
    )


def _of_conversation(*, primary_key: bool = False) -> sa.Column[str]:
    return sa.Column(
        "conversation_id",
        WORDS,
        sa.ForeignKey("conversations.conversation_id", ondelete="CASCADE"),
        primary_key=primary_key,
        nullable=False,
    )


def _create_index(name: str, table: str, columns: list[str], *, where: str, unique: bool = False) -> None:
    op.create_index(
        name, table, columns, unique=unique, sqlite_where=sa.text(where), postgresql_where=sa.text(where)
    )
