"""What a transaction does to one conversation: lock its row, append to its log, change its holder.

Whoever writes to a conversation locks its row first. Writes to it thus follow one another in all
processes: its log has no gaps, and of two who move it the second sees what the first has done.
"""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from core.desk_ports import LogEntry
from core.errors import Conflict, NotFound
from core.ports import ConversationEvent, Handover
from core.statuses import HandoverMode, HandoverState, Holder
from core.stores.tables import conversation_events as events
from core.stores.tables import conversations, handovers

# Made once: making a statement costs more than doing it.
_LOCKED: Final = (
    select(conversations.c.conversation_id, conversations.c.holder, conversations.c.last_sequence)
    .where(conversations.c.conversation_id == bindparam("of"))
    .with_for_update()
)
_DELIVERED: Final = select(events).where(
    events.c.conversation_id == bindparam("of"), events.c.delivery_key == bindparam("by")
)
_INSERT_EVENT: Final = insert(events)
_UPDATE_CONVERSATION: Final = update(conversations).where(conversations.c.conversation_id == bindparam("of"))
_UPDATE_EVENT: Final = update(events).where(
    events.c.conversation_id == bindparam("of"), events.c.sequence == bindparam("number")
)


def lock_conversation(connection: Connection, conversation_id: str) -> Row[Any]:
    """Its holder and last sequence number; the row is held until the transaction ends. Raises NotFound."""
    row: Any = connection.execute(_LOCKED, {"of": conversation_id}).one_or_none()
    if row is None:
        raise NotFound("no such conversation")
    locked: Row[Any] = row
    return locked


def append_event(
    connection: Connection,
    conversation: Row[Any],
    kind: str,
    body: Mapping[str, Any],
    *,
    at: datetime,
    delivery_key: str = "",
    ahead: int = 0,
    only_if_holder: Holder | None = None,
) -> tuple[ConversationEvent, bool]:
    """Appends to the log of a locked conversation, or finds what this delivery has appended before.

    `ahead` is how many events this transaction has appended since it locked the row.
    Raises Conflict if another than `only_if_holder` holds the conversation.
    """
    conversation_id = conversation.conversation_id
    if delivery_key:
        seen = connection.execute(_DELIVERED, {"of": conversation_id, "by": delivery_key})
        if (row := seen.one_or_none()) is not None:
            return event_of(row), False
    if only_if_holder is not None and conversation.holder != only_if_holder:
        raise Conflict(f"the conversation is held by {conversation.holder}, not by {only_if_holder}")
    event = ConversationEvent(conversation_id, conversation.last_sequence + ahead + 1, kind, dict(body), at)
    reply_to = body.get("reply_to") if kind == "bot_message" else None
    # A message left for staff, or said while someone else holds, isn't the bot's to answer.
    is_the_bots = conversation.holder == Holder.BOT and not body.get("for_staff", False)
    new = {
        "conversation_id": conversation_id,
        "sequence": event.sequence,
        "kind": kind,
        "body": event.body,
        "at": event.at,
        "delivery_key": delivery_key or None,
        "reply_to": reply_to,
        "awaits_reply": kind == "citizen_message" and is_the_bots,
    }
    connection.execute(_INSERT_EVENT, new)
    grown = {"last_sequence": event.sequence, "last_at": event.at, "of": conversation_id}
    connection.execute(_UPDATE_CONVERSATION, grown)
    if reply_to is not None:
        answered = {"awaits_reply": False, "of": conversation_id, "number": reply_to}
        connection.execute(_UPDATE_EVENT, answered)
    return event, True


def append_events(
    connection: Connection, conversation: Row[Any], log: Iterable[LogEntry], *, at: datetime
) -> tuple[ConversationEvent, ...]:
    """Appends what is to be told, in order, to the log of a locked conversation; nothing came before it."""
    return tuple(
        append_event(connection, conversation, entry.kind, entry.body, at=at, ahead=ahead)[0]
        for ahead, entry in enumerate(log)
    )


def check_held_by(connection: Connection, conversation_id: str, agent: str) -> None:
    """Returns if that agent holds the locked conversation. Raises Conflict."""
    held = select(handovers.c.agent).where(
        handovers.c.conversation_id == conversation_id, handovers.c.state == HandoverState.TAKEN.value
    )
    if connection.execute(held).scalar_one_or_none() != agent:
        raise Conflict("another one holds that conversation")


def change_holder(connection: Connection, conversation_id: str, holder: Holder) -> None:
    """Changes the holder of a locked conversation; nothing awaits the bot's reply if it isn't the bot."""
    connection.execute(
        update(conversations)
        .where(conversations.c.conversation_id == conversation_id)
        .values(holder=holder.value)
    )
    if holder is not Holder.BOT:
        connection.execute(
            update(events)
            .where(events.c.conversation_id == conversation_id, events.c.awaits_reply)
            .values(awaits_reply=False)
        )


def event_of(row: Row[Any]) -> ConversationEvent:
    """The event that a row holds."""
    return ConversationEvent(row.conversation_id, row.sequence, row.kind, row.body, row.at)


def handover_of(row: Row[Any]) -> Handover:
    """The handover that a row holds."""
    columns = row._asdict()
    del columns["ticket"]
    return Handover(**{**columns, "mode": HandoverMode(row.mode), "state": HandoverState(row.state)})


def columns_of(handover: Handover) -> dict[str, Any]:
    """What is stored of a handover, without the ticket."""
    row = {item.name: getattr(handover, item.name) for item in fields(handover)}
    return row | {"mode": handover.mode.value, "state": handover.state.value}
