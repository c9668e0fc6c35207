"""The tables as the stores see them. `core/migrations` creates and changes them; a test compares both."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    text,
)

from core.stores.columns import JsonObject, UtcTime, Words

metadata = MetaData()


def _of_conversation(*, primary_key: bool = False) -> Column[str]:
    return Column(
        "conversation_id",
        Words,
        ForeignKey("conversations.conversation_id", ondelete="CASCADE"),
        primary_key=primary_key,
        nullable=False,
    )


# One row per series of numbers. A transaction that takes numbers holds the row to its end, so the
# numbers become visible in their order.
counters = Table(
    "counters",
    metadata,
    Column("name", Words, primary_key=True),
    Column("value", BigInteger, nullable=False),
)

# One row: the name by which an index knows that it was made from this database and no other.
identity = Table("identity", metadata, Column("name", Words, primary_key=True))

guide_versions = Table(
    "guide_versions",
    metadata,
    Column("guide_id", Words, nullable=False),
    Column("version", Integer, nullable=False),
    Column("status", Words, nullable=False),
    Column("district", Words, nullable=False),
    Column("main_item", Words, nullable=False),
    Column("business_item", Words, nullable=False),
    Column("body", JsonObject, nullable=False),
    Column("content_hash", Words, nullable=False),
    Column("valid_from", Date),
    Column("valid_until", Date),
    Column("updated_at", UtcTime, nullable=False),
    Column("change", BigInteger, nullable=False),
    PrimaryKeyConstraint("guide_id", "version"),
)
Index(
    "one_published_version",
    guide_versions.c.guide_id,
    unique=True,
    sqlite_where=text("status = 'published'"),
    postgresql_where=text("status = 'published'"),
)

documents = Table(
    "documents",
    metadata,
    Column("document_id", Words, primary_key=True),
    Column("kind", Words, nullable=False),
    Column("title", Words, nullable=False),
    Column("text", Words, nullable=False),
    Column("url", Words, nullable=False),
    Column("source", Words, nullable=False),
    Column("content_hash", Words, nullable=False),
    Column("withdrawn", Boolean, nullable=False),
    Column("change", BigInteger, nullable=False),
)

# The newest change of each record: what changed again is read once, under its newest number.
changes = Table(
    "changes",
    metadata,
    Column("kind", Words, nullable=False),
    Column("record_id", Words, nullable=False),
    Column("number", BigInteger, nullable=False),
    PrimaryKeyConstraint("kind", "record_id"),
)
Index("change_numbers", changes.c.number, unique=True)

conversations = Table(
    "conversations",
    metadata,
    Column("conversation_id", Words, primary_key=True),
    Column("channel", Words, nullable=False),
    Column("token_hash", Words, nullable=False),
    Column("holder", Words, nullable=False),
    Column("district", Words, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("last_at", UtcTime, nullable=False),
    Column("last_sequence", Integer, nullable=False),
)
Index("conversations_by_silence", conversations.c.last_at)

conversation_events = Table(
    "conversation_events",
    metadata,
    _of_conversation(),
    Column("sequence", Integer, nullable=False),
    Column("kind", Words, nullable=False),
    Column("body", JsonObject, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("delivery_key", Words),
    Column("reply_to", Integer),
    Column("awaits_reply", Boolean, nullable=False),
    PrimaryKeyConstraint("conversation_id", "sequence"),
)
Index(
    "one_event_per_delivery",
    conversation_events.c.conversation_id,
    conversation_events.c.delivery_key,
    unique=True,
    sqlite_where=text("delivery_key IS NOT NULL"),
    postgresql_where=text("delivery_key IS NOT NULL"),
)
Index(
    "replies",
    conversation_events.c.conversation_id,
    conversation_events.c.reply_to,
    sqlite_where=text("reply_to IS NOT NULL"),
    postgresql_where=text("reply_to IS NOT NULL"),
)
Index(
    "unanswered",
    conversation_events.c.at,
    sqlite_where=text("awaits_reply"),
    postgresql_where=text("awaits_reply"),
)

handovers = Table(
    "handovers",
    metadata,
    Column("handover_id", Words, primary_key=True),
    _of_conversation(),
    Column("mode", Words, nullable=False),
    Column("topic", Words, nullable=False),
    Column("reason", Words, nullable=False),
    Column("state", Words, nullable=False),
    Column("known", JsonObject, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("ticket", BigInteger, nullable=False),
)
Index(
    "one_waiting_handover",
    handovers.c.conversation_id,
    unique=True,
    sqlite_where=text("state = 'waiting'"),
    postgresql_where=text("state = 'waiting'"),
)
Index(
    "queue",
    handovers.c.ticket,
    sqlite_where=text("state = 'waiting'"),
    postgresql_where=text("state = 'waiting'"),
)

ratings = Table(
    "ratings",
    metadata,
    _of_conversation(primary_key=True),
    Column("score", Integer, nullable=False),
    Column("comment", Words, nullable=False),
    Column("at", UtcTime, nullable=False),
)

users = Table(
    "users",
    metadata,
    Column("name", Words, primary_key=True),
    Column("role", Words, nullable=False),
    Column("password_hash", Words, nullable=False),
    Column("created_at", UtcTime, nullable=False),
)
