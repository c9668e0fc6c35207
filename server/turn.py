"""The result of a citizen's message, as it is stored and sent."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.messages import Choice, ReplyMessage
from core.ports import ConversationEvent
from core.statuses import TurnStatus


@dataclass(frozen=True, slots=True)
class Turn:
    """The reply to one message. `sequence` is its place in the log.

    `open_choices` can be picked now: the reply's own, or earlier ones that it didn't put aside.
    While a person holds the conversation a message has no reply: `messages` is empty and `sequence`
    is the message's own.
    """

    sequence: int
    reply_to: int
    status: TurnStatus
    messages: tuple[ReplyMessage, ...]
    open_choices: tuple[Choice, ...] = ()
    timings_ms: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of_event(cls, event: ConversationEvent) -> "Turn":
        """The turn that a stored `bot_message` event ends."""
        return cls(
            sequence=event.sequence,
            reply_to=event.body["reply_to"],
            status=TurnStatus(event.body["status"]),
            messages=tuple(ReplyMessage.from_json(m) for m in event.body["messages"]),
            open_choices=open_choices_of(event),
            timings_ms=event.body.get("timings_ms", {}),
        )


def open_choices_of(event: ConversationEvent) -> tuple[Choice, ...]:
    """What could be picked after a stored `bot_message`."""
    return tuple(Choice(**choice) for choice in event.body.get("open_choices", ()))
