"""Adds the agents' desk: agents, calls, files, accesses; and who serves a handover.

Who waited before is in the queue from now on: the conversation is held by the queue, and says so in
its log, as if the citizen had asked just now.
"""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

WORDS = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
JSON_OBJECT = sa.Text()
UTC_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    _extend_handovers()
    _put_into_queue()
    _create_desk()
    _create_calls()
    _create_files()
    counters = sa.table("counters", sa.column("name", WORDS), sa.column("value", sa.BigInteger))
    op.bulk_insert(counters, [{"name": "accesses", "value": 0}])


def _extend_handovers() -> None:
    for name in ("agent", "for_agent", "department", "district", "language", "contact", "outcome"):
        op.add_column("handovers", _with_default(name, WORDS, sa.text("''")))
    op.add_column("handovers", _with_default("priority", sa.Integer, sa.text("3")))
    op.add_column("handovers", _with_default("kept_place", sa.Boolean, sa.false()))
    op.add_column("handovers", sa.Column("estimate_seconds", sa.Double))
    for name in ("due", "offered_at", "taken_at", "closed_at"):
        op.add_column("handovers", sa.Column(name, UTC_TIME))
    # No agent could take one so far; one that says so would block its conversation.
    op.execute("UPDATE handovers SET state = 'closed' WHERE state = 'taken'")
    op.drop_index("one_waiting_handover", "handovers")
    _create_index(
        "one_open_handover",
        "handovers",
        ["conversation_id"],
        unique=True,
        where="state IN ('waiting', 'taken')",
    )
    op.create_index("handovers_of", "handovers", ["conversation_id"])
    op.create_index("handovers_by_time", "handovers", ["created_at"])
    _create_index("held", "handovers", ["agent"], where="state = 'taken'")
    _create_index("callbacks", "handovers", ["due"], where="state = 'callback'")


def _put_into_queue() -> None:
    waiting = "SELECT conversation_id FROM handovers WHERE state = 'waiting'"
    held_by_bot = f"conversation_id IN ({waiting}) AND holder = 'bot'"
    note = sa.text(
        "INSERT INTO conversation_events (conversation_id, sequence, kind, body, at, awaits_reply) "  # noqa: S608 - our own words
        "SELECT conversation_id, last_sequence + 1, 'holder', :body, :at, :awaits_reply "
        f"FROM conversations WHERE {held_by_bot}"
    ).bindparams(
        sa.bindparam("body", '{"holder":"queue","cause":"ask_for_person"}', sa.Text()),
        sa.bindparam("at", datetime.now(UTC), UTC_TIME),
        sa.bindparam("awaits_reply", False, sa.Boolean()),
    )
    op.execute(note)
    op.execute(
        "UPDATE conversations SET holder = 'queue', last_sequence = last_sequence + 1 "  # noqa: S608 - our own words
        f"WHERE {held_by_bot}"
    )
    # The bot is silent from now on; what it hasn't answered yet is the agent's.
    op.execute(
        "UPDATE conversation_events SET awaits_reply = false "  # noqa: S608 - our own words
        f"WHERE awaits_reply AND conversation_id IN ({waiting})"
    )


def _create_desk() -> None:
    op.create_table(
        "agents",
        sa.Column("name", WORDS, primary_key=True),
        sa.Column("display_name", WORDS, nullable=False),
        sa.Column("skills", JSON_OBJECT, nullable=False),
        sa.Column("video", sa.Boolean, nullable=False),
        sa.Column("max_chats", sa.Integer, nullable=False),
        sa.Column("state", WORDS, nullable=False),
        sa.Column("seen_at", UTC_TIME),
    )
    op.create_table(
        "follow_ups",
        sa.Column("follow_up_id", WORDS, primary_key=True),
        _of_conversation(),
        sa.Column("kind", WORDS, nullable=False),
        sa.Column("text", WORDS, nullable=False),
        sa.Column("agent", WORDS, nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.Column("done_at", UTC_TIME),
        sa.Column("done_by", WORDS, nullable=False),
        sa.Column("outcome", WORDS, nullable=False),
    )
    op.create_index("follow_ups_of", "follow_ups", ["conversation_id"])
    op.create_table(
        "canned_replies",
        sa.Column("reply_id", WORDS, primary_key=True),
        sa.Column("title", WORDS, nullable=False),
        sa.Column("text", WORDS, nullable=False),
        sa.Column("department", WORDS, nullable=False),
    )


def _create_calls() -> None:
    op.create_table(
        "calls",
        sa.Column("call_id", WORDS, primary_key=True),
        _of_conversation(),
        sa.Column("agent", WORDS, nullable=False),
        sa.Column("mode", WORDS, nullable=False),
        sa.Column("state", WORDS, nullable=False),
        sa.Column("consented", sa.Boolean),
        sa.Column("consent_version", WORDS, nullable=False),
        sa.Column("consent_at", UTC_TIME),
        sa.Column("recording", sa.Boolean, nullable=False),
        sa.Column("started_at", UTC_TIME, nullable=False),
        sa.Column("answered_at", UTC_TIME),
        sa.Column("ended_at", UTC_TIME),
        sa.Column("end_reason", WORDS, nullable=False),
        sa.Column("quality", JSON_OBJECT, nullable=False),
    )
    _create_index("one_open_call", "calls", ["conversation_id"], unique=True, where="ended_at IS NULL")
    op.create_index("calls_of", "calls", ["conversation_id"])
    op.create_index("calls_by_time", "calls", ["started_at"])


def _create_files() -> None:
    op.create_table(
        "stored_files",
        sa.Column("file_id", WORDS, primary_key=True),
        sa.Column("conversation_id", WORDS, nullable=False),
        sa.Column("name", WORDS, nullable=False),
        sa.Column("media_type", WORDS, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("sha256", WORDS, nullable=False),
        sa.Column("by", WORDS, nullable=False),
        sa.Column("at", UTC_TIME, nullable=False),
        sa.Column("details", JSON_OBJECT, nullable=False),
    )
    op.create_index("files_of", "stored_files", ["conversation_id"])
    op.create_table(
        "accesses",
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("user", WORDS, nullable=False),
        sa.Column("action", WORDS, nullable=False),
        sa.Column("kind", WORDS, nullable=False),
        sa.Column("record_id", WORDS, nullable=False),
        sa.Column("allowed", sa.Boolean, nullable=False),
        sa.Column("conversation_id", WORDS, nullable=False),
        sa.Column("reason", WORDS, nullable=False),
        sa.Column("client", WORDS, nullable=False),
        sa.Column("at", UTC_TIME, nullable=False),
    )
    op.create_index("accesses_by_time", "accesses", ["at"])
    op.create_index("accesses_of", "accesses", ["record_id"])


def _with_default(name: str, type_: Any, default: Any) -> sa.Column[Any]:
    return sa.Column(name, type_, nullable=False, server_default=default)


def _of_conversation() -> sa.Column[str]:
    return sa.Column(
        "conversation_id",
        WORDS,
        sa.ForeignKey("conversations.conversation_id", ondelete="CASCADE"),
        nullable=False,
    )


def _create_index(name: str, table: str, columns: list[str], *, where: str, unique: bool = False) -> None:
    op.create_index(
        name, table, columns, unique=unique, sqlite_where=sa.text(where), postgresql_where=sa.text(where)
    )
