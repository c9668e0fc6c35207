"""The tables as the stores see them. `core/migrations` creates and changes them; a test compares both."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Double,
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
    Column("agent", Words, nullable=False),
    Column("for_agent", Words, nullable=False),
    Column("department", Words, nullable=False),
    Column("district", Words, nullable=False),
    Column("language", Words, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("kept_place", Boolean, nullable=False),
    Column("due", UtcTime),
    Column("contact", Words, nullable=False),
    Column("estimate_seconds", Double),
    Column("offered_at", UtcTime),
    Column("taken_at", UtcTime),
    Column("closed_at", UtcTime),
    Column("outcome", Words, nullable=False),
)
Index(
    "one_open_handover",
    handovers.c.conversation_id,
    unique=True,
    sqlite_where=text("state IN ('waiting', 'taken')"),
    postgresql_where=text("state IN ('waiting', 'taken')"),
)
Index("handovers_of", handovers.c.conversation_id)
Index("handovers_by_time", handovers.c.created_at)
Index(
    "held",
    handovers.c.agent,
    sqlite_where=text("state = 'taken'"),
    postgresql_where=text("state = 'taken'"),
)
Index("ended_with", handovers.c.agent, handovers.c.closed_at)
Index(
    "callbacks",
    handovers.c.due,
    sqlite_where=text("state = 'callback'"),
    postgresql_where=text("state = 'callback'"),
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

agents = Table(
    "agents",
    metadata,
    Column("name", Words, primary_key=True),
    Column("display_name", Words, nullable=False),
    Column("skills", JsonObject, nullable=False),
    Column("video", Boolean, nullable=False),
    Column("max_chats", Integer, nullable=False),
    Column("state", Words, nullable=False),
    Column("seen_at", UtcTime),
)

follow_ups = Table(
    "follow_ups",
    metadata,
    Column("follow_up_id", Words, primary_key=True),
    _of_conversation(),
    Column("kind", Words, nullable=False),
    Column("text", Words, nullable=False),
    Column("agent", Words, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("done_at", UtcTime),
    Column("done_by", Words, nullable=False),
    Column("outcome", Words, nullable=False),
)
Index("follow_ups_of", follow_ups.c.conversation_id)

canned_replies = Table(
    "canned_replies",
    metadata,
    Column("reply_id", Words, primary_key=True),
    Column("title", Words, nullable=False),
    Column("text", Words, nullable=False),
    Column("department", Words, nullable=False),
)

calls = Table(
    "calls",
    metadata,
    Column("call_id", Words, primary_key=True),
    _of_conversation(),
    Column("agent", Words, nullable=False),
    Column("mode", Words, nullable=False),
    Column("state", Words, nullable=False),
    Column("consented", Boolean),
    Column("consent_version", Words, nullable=False),
    Column("consent_at", UtcTime),
    Column("recording", Boolean, nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("answered_at", UtcTime),
    Column("ended_at", UtcTime),
    Column("end_reason", Words, nullable=False),
    Column("quality", JsonObject, nullable=False),
)
Index(
    "one_open_call",
    calls.c.conversation_id,
    unique=True,
    sqlite_where=text("ended_at IS NULL"),
    postgresql_where=text("ended_at IS NULL"),
)
Index("calls_of", calls.c.conversation_id)
Index("calls_by_time", calls.c.started_at)

call_guests = Table(
    "call_guests",
    metadata,
    Column("guest_id", Words, primary_key=True),
    Column("call_id", Words, nullable=False),
    _of_conversation(),
    Column("shown_name", Words, nullable=False),
    Column("invited_by", Words, nullable=False),
    Column("state", Words, nullable=False),
    Column("agent", Words, nullable=False),
    Column("token_hash", Words, nullable=False),
    Column("consented", Boolean),
    Column("consent_version", Words, nullable=False),
    Column("consent_at", UtcTime),
    Column("invited_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
    Column("end_reason", Words, nullable=False),
)
_GUEST_IS_OPEN = text("ended_at IS NULL")
Index(
    "one_open_guest",
    call_guests.c.call_id,
    unique=True,
    sqlite_where=_GUEST_IS_OPEN,
    postgresql_where=_GUEST_IS_OPEN,
)
Index(
    "invitations_of",
    call_guests.c.agent,
    sqlite_where=_GUEST_IS_OPEN,
    postgresql_where=_GUEST_IS_OPEN,
)
Index("guests_of", call_guests.c.conversation_id)

# Files don't go with their conversation: whoever deletes the bytes looks here for what is left to delete.
stored_files = Table(
    "stored_files",
    metadata,
    Column("file_id", Words, primary_key=True),
    Column("conversation_id", Words, nullable=False),
    Column("name", Words, nullable=False),
    Column("media_type", Words, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", Words, nullable=False),
    Column("by", Words, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("details", JsonObject, nullable=False),
)
Index("files_of", stored_files.c.conversation_id)

papers = Table(
    "papers",
    metadata,
    Column("paper_id", Words, primary_key=True),
    _of_conversation(),
    Column("kind", Words, nullable=False),
    Column("state", Words, nullable=False),
    Column("body", JsonObject, nullable=False),
    Column("begun_at", UtcTime, nullable=False),
    Column("changed_at", UtcTime, nullable=False),
)
Index("papers_of", papers.c.conversation_id)

accesses = Table(
    "accesses",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("user", Words, nullable=False),
    Column("action", Words, nullable=False),
    Column("kind", Words, nullable=False),
    Column("record_id", Words, nullable=False),
    Column("allowed", Boolean, nullable=False),
    Column("conversation_id", Words, nullable=False),
    Column("reason", Words, nullable=False),
    Column("client", Words, nullable=False),
    Column("at", UtcTime, nullable=False),
)
Index("accesses_by_time", accesses.c.at)
Index("accesses_of", accesses.c.record_id)

wechat_tokens = Table(
    "wechat_tokens",
    metadata,
    Column("account", Words, primary_key=True),
    Column("kind", Words, primary_key=True),
    Column("value", Words, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
)
