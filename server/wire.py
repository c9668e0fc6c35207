"""The JSON that goes over the wire for turns and events. Pure.

What staff may see (trace, candidates) stays behind; `core.messages` owns the form of a message.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from core.ports import Conversation, ConversationEvent
from server.handover import HandoverTicket
from server.turn import Turn

_PUBLIC_FIELDS: Mapping[str, tuple[str, ...]] = {
    "citizen_message": ("text", "client_message_id"),
    "bot_message": ("status", "messages", "reply_to", "open_choices"),
    "holder": ("holder",),
    "handover": ("mode", "topic", "position"),
    "rating": ("score", "comment"),
    "notice": ("text",),
}


def turn_json(turn: Turn) -> dict[str, Any]:
    """The answer to a message; `sequence` is the message's place in the log, for resuming."""
    return {
        "status": turn.status.value,
        "messages": [message.as_json() for message in turn.messages],
        "open_choices": [asdict(choice) for choice in turn.open_choices],
        "timings_ms": dict(turn.timings_ms),
        "sequence": turn.reply_to,
        "reply_sequence": turn.sequence,
    }


def event_json(event: ConversationEvent) -> dict[str, Any]:
    """An event as the citizen may see it: fields that aren't listed here stay inside."""
    public = _PUBLIC_FIELDS.get(event.kind, ())
    return {
        "sequence": event.sequence,
        "kind": event.kind,
        "body": {name: event.body[name] for name in public if name in event.body},
        "at": event.at.isoformat(),
    }


def transcript_json(conversation: Conversation, events: list[dict[str, Any]]) -> dict[str, Any]:
    """A conversation and its events."""
    return {
        "id": conversation.conversation_id,
        "channel": conversation.channel,
        "district": conversation.district,
        "holder": conversation.holder.value,
        "events": events,
    }


def handover_json(ticket: HandoverTicket) -> dict[str, Any]:
    """The place in the queue, and what the citizen reads about it."""
    return {
        "status": "waiting_for_agent",
        "mode": ticket.handover.mode.value,
        "position": ticket.position,
        "messages": [ticket.notice.as_json()],
    }
