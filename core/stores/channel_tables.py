"""Tables of channels that have to be told what a conversation's log holds: users, deliveries, items."""

from sqlalchemy import Boolean, Column, Index, Integer, PrimaryKeyConstraint, Table, text

from core.stores.columns import JsonObject, UtcTime, Words
from core.stores.tables import metadata

channel_users = Table(
    "channel_users",
    metadata,
    Column("account", Words, nullable=False),
    Column("user_id", Words, nullable=False),
    Column("conversation_id", Words, nullable=False),
    Column("ledger", JsonObject, nullable=False),
    Column("read_to", Integer, nullable=False),
    Column("answering_until", UtcTime),
    Column("lost_track", Boolean, nullable=False),
    Column("held", Words, nullable=False),
    Column("rests_until", UtcTime),
    Column("reminders", JsonObject, nullable=False),
    Column("due_at", UtcTime),  # from when on something may be sent that waits; none where nothing does
    PrimaryKeyConstraint("account", "user_id"),
)
Index("channel_user_of", channel_users.c.conversation_id)
Index(
    "due_users",
    channel_users.c.account,
    channel_users.c.due_at,
    sqlite_where=text("due_at IS NOT NULL"),
    postgresql_where=text("due_at IS NOT NULL"),
)

channel_deliveries = Table(
    "channel_deliveries",
    metadata,
    Column("account", Words, nullable=False),
    Column("key", Words, nullable=False),
    Column("user_id", Words, nullable=False),
    Column("nonce", Words, nullable=False),
    Column("received_at", UtcTime, nullable=False),
    Column("answer", Words),
    Column("content", Words, nullable=False),
    Column("done", Boolean, nullable=False),
    Column("on_its_way", Integer, nullable=False),
    Column("worked_at", UtcTime),  # when whoever does it said so last
    PrimaryKeyConstraint("account", "key"),
)
Index("deliveries_by_time", channel_deliveries.c.received_at)
Index(
    "undone_deliveries",
    channel_deliveries.c.account,
    channel_deliveries.c.received_at,
    sqlite_where=text("content != ''"),
    postgresql_where=text("content != ''"),
)
Index("deliveries_of", channel_deliveries.c.account, channel_deliveries.c.user_id)

outgoing_items = Table(
    "outgoing_items",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("account", Words, nullable=False),
    Column("user_id", Words, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("body", JsonObject, nullable=False),
    Column("state", Words, nullable=False),
    Column("since", UtcTime, nullable=False),
    Column("delivery", Words, nullable=False),
    # The number of an item that was deleted is never given to another.
    sqlite_autoincrement=True,
)
Index(
    "open_items",
    outgoing_items.c.account,
    outgoing_items.c.user_id,
    sqlite_where=text("state IN ('waiting', 'sending')"),
    postgresql_where=text("state IN ('waiting', 'sending')"),
)
Index("items_of", outgoing_items.c.account, outgoing_items.c.user_id)
Index("items_by_time", outgoing_items.c.since)

__all__ = ["channel_deliveries", "channel_users", "metadata", "outgoing_items"]
