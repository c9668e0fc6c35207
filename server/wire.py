"""The JSON that goes over the wire for turns and events. Pure.

What staff may see (trace, candidates) stays behind; `core.messages` owns the form of a message.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from core.ports import Conversation, ConversationEvent
from core.statuses import Holder
from server.handover import HandoverTicket
from server.turn import Turn

_PUBLIC_FIELDS: Mapping[str, tuple[str, ...]] = {
    "citizen_message": ("text", "client_message_id", "voice"),
    "bot_message": ("status", "messages", "reply_to", "open_choices"),
    "holder": ("holder", "agent"),
    "handover": ("mode", "topic", "position"),
    "rating": ("score", "comment"),
    "notice": ("text",),
    "agent_message": ("text", "agent", "client_message_id"),
    "guide_card": ("guide_id", "version", "title", "district", "statements", "sources"),
    "checklist": ("guide_id", "version", "title", "situation", "items"),
    "file": ("file_id", "name", "media_type", "size", "by", "milliseconds"),
    "show": (
        "what",
        "file_id",
        "name",
        "media_type",
        "size",
        "guide_id",
        "version",
        "title",
        "district",
        "situation",
        "element",
        "label",
        "lines",
    ),
    "show_ended": ("show", "by"),
    "call": ("call_id", "state", "mode"),
    "form": ("form_id", "title", "state", "sha256"),
    "signature": (
        "signature_id",
        "subject",
        "form_id",
        "file_id",
        "title",
        "state",
        "method",
        "document_sha256",
        "sha256",
    ),
    "summary": ("text", "agent"),
}

HIDDEN = "hidden"
"""What a citizen sees of an event for staff only: that its number is taken, so that there is no gap."""

_FOR_STAFF = frozenset({"note", "tags", "whisper"})


def _as_staff(_: str) -> str:
    return ""


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


def event_json(event: ConversationEvent, shown: Callable[[str], str] = _as_staff) -> dict[str, Any]:
    """An event as the citizen may see it: fields that aren't listed here stay inside.

    `shown` gives the name that citizens read for an agent's account.
    """
    public = _PUBLIC_FIELDS.get(event.kind, ())
    body = {name: event.body[name] for name in public if name in event.body}
    if event.kind == "holder" and "agent" in body:
        body["agent"] = shown(body["agent"])
    if event.kind in {"file", "show_ended"} and body.get("by") not in (None, "citizen"):
        body["by"] = "agent"
    return {
        "sequence": event.sequence,
        "kind": HIDDEN if event.kind in _FOR_STAFF else event.kind,
        "body": body,
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
    """How the wish for a person stands, and what the citizen reads about it."""
    place = ticket.place
    return {
        "status": "with_agent" if ticket.holder is Holder.AGENT else "waiting_for_agent",
        "holder": ticket.holder.value,
        "mode": ticket.handover.mode.value,
        "position": place.position,
        "wait_seconds": None if place.wait_seconds is None else round(place.wait_seconds),
        "agents": place.agents,
        "open": place.open,
        "hours": place.hours,
        "messages": [ticket.notice.as_json()],
    }
