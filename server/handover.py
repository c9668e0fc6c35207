"""Takes up a citizen's wish for a person, once a conversation, with what is known so far.

Until the agents' console exists the bot keeps holding the conversation, and the citizen is told so.
"""

import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.errors import NotFound
from core.messages import HandoverWish, ReplyMessage
from core.ports import Conversation, ConversationEvent, ConversationStore, Handover
from core.statuses import HandoverState
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
    """The list of citizens who wait for a person.

    `mask` takes personal data out of what they say they want.
    """

    def __init__(
        self,
        store: ConversationStore,
        fan_out: EventFanOut,
        *,
        mask: Callable[[str], str],
        hotline: str,
    ) -> None:
        self._store = store
        self._fan_out = fan_out
        self._mask = mask
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
                topic=self._mask(clean(wish.topic).strip()),
                reason=self._mask(clean(wish.reason).strip()),
                known=known_so_far(conversation, last),
            )
        )
        position = await self._store.queue_position(handover.handover_id)
        if is_new:
            body = {
                "handover_id": handover.handover_id,
                "mode": handover.mode.value,
                "topic": handover.topic,
                "position": position,
            }
            await self._note(conversation.conversation_id, "handover", body)
        notice = wording.waiting_for_person(handover.mode, position, self._hotline, already=not is_new)
        return HandoverTicket(handover, position, notice, is_new)

    async def leave(self, conversation_id: str) -> None:
        """Gives up the conversation's place in the queue, if it has one."""
        waiting = await self._store.handover_of(conversation_id)
        if waiting and await self._store.end_handover(waiting.handover_id, HandoverState.ABANDONED):
            await self._note(conversation_id, "notice", {"text": wording.LEFT_QUEUE})

    async def close(self, handover_id: str) -> None:
        """Ends a wait on behalf of staff; one that has ended already stays as it is. Raises NotFound."""
        if ended := await self._store.end_handover(handover_id, HandoverState.CLOSED):
            text = wording.closed_by_staff(self._hotline)
            await self._note(ended.conversation_id, "notice", {"text": text})

    async def expire(self, before: datetime) -> int:
        """Gives up those who wait since before that moment, and tells them; returns how many."""
        given_up = await self._store.abandon_handovers(before)
        for handover in given_up:
            with suppress(NotFound):  # a conversation that is too old was deleted meanwhile
                text = wording.waited_too_long(self._hotline)
                await self._note(handover.conversation_id, "notice", {"text": text})
        return len(given_up)

    async def _note(self, conversation_id: str, kind: str, body: Mapping[str, Any]) -> None:
        event, _ = await self._store.append(conversation_id, kind, body)
        self._fan_out.publish(event)


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
