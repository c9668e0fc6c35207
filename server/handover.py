"""Takes up a citizen's wish for a person, once a conversation, with what is known so far.

Until the agents' console exists the bot keeps holding the conversation, and the citizen is told so.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.messages import HandoverWish, ReplyMessage
from core.ports import Conversation, ConversationEvent, ConversationStore, Handover
from server import wording
from server.citizen_text import clean
from server.events import EventFanOut


@dataclass(frozen=True, slots=True)
class HandoverTicket:
    """A waiting handover, its place in the queue, and what the citizen is told about it."""

    handover: Handover
    position: int
    notice: ReplyMessage
    is_new: bool


class Handovers:
    """The list of citizens who wait for a person."""

    def __init__(self, store: ConversationStore, fan_out: EventFanOut, *, hotline: str) -> None:
        self._store = store
        self._fan_out = fan_out
        self._hotline = hotline

    async def request(
        self, conversation: Conversation, wish: HandoverWish, last: ConversationEvent | None
    ) -> HandoverTicket:
        """The conversation's place in the queue: a new one, or the one it has already."""
        handover, is_new = await self._store.add_handover(
            Handover(
                handover_id=secrets.token_urlsafe(12),
                conversation_id=conversation.conversation_id,
                mode=wish.mode,
                topic=clean(wish.topic).strip(),
                reason=clean(wish.reason).strip(),
                state="waiting",
                known=known_so_far(conversation, last),
            )
        )
        position = await self._store.queue_position(handover.handover_id)
        if is_new:
            event, _ = await self._store.append(
                conversation.conversation_id,
                "handover",
                {
                    "handover_id": handover.handover_id,
                    "mode": handover.mode.value,
                    "topic": handover.topic,
                    "position": position,
                },
            )
            self._fan_out.publish(event)
        notice = wording.waiting_for_person(handover.mode, position, self._hotline, already=not is_new)
        return HandoverTicket(handover, position, notice, is_new)


def known_so_far(conversation: Conversation, last: ConversationEvent | None) -> Mapping[str, Any]:
    """What an agent need not ask again: the district, and what the bot's last reply was about."""
    known: dict[str, Any] = {"channel": conversation.channel, "district": conversation.district}
    if last is None:
        return known
    messages = last.body.get("messages", [])
    known["last_status"] = last.body.get("status", "")
    known["titles"] = [m["title"] for m in messages if m.get("title")]
    sources = [source for message in messages for source in message.get("sources", ())]
    known["guide_ids"] = sorted({source["guide_id"] for source in sources})
    known["districts"] = sorted({source["district"] for source in sources if source.get("district")})
    return known
