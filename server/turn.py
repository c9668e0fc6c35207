"""The result of a citizen's message, as it is stored and sent."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.messages import ReplyMessage
from core.ports import ConversationEvent
from core.statuses import TurnStatus


@dataclass(frozen=True, slots=True)
class Turn:
    """The reply to one message. `sequence` is its place in the log.

    While a person holds the conversation a message has no reply: `messages` is empty and `sequence`
    is the message's own.
    """

    sequence: int
    reply_to: int
    status: TurnStatus
    messages: tuple[ReplyMessage, ...]
    timings_ms: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of_event(cls, event: ConversationEvent) -> "Turn":
        """The turn that a stored `bot_message` event ends."""
        return cls(
            sequence=event.sequence,
            reply_to=event.body["reply_to"],
            status=TurnStatus(event.body["status"]),
            messages=tuple(ReplyMessage.from_json(m) for m in event.body["messages"]),
            timings_ms=event.body.get("timings_ms", {}),
        )
