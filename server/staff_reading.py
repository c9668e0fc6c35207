"""Staff read conversations: their own as they like; whoever reads another's is in the access log.

A page asks for the same conversation again and again while somebody looks at it. That is one look:
it is noted when it begins, and anew when it goes on for longer than `ONE_LOOK`. Refusals are noted
in the same way. An agent reads what ended with them for some days more, up to where it ended: what
the citizen says to the bot afterwards isn't the agent's any more. An agent also reads the conversation
of a message that was left, as long as it is to be seen to.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from core.desk_ports import DeskStore
from core.errors import Forbidden, NotFound
from core.evidence_ports import AccessEntry, AccessLog
from core.ports import Conversation, ConversationEvent, ConversationStore, Handover, User
from core.statuses import HandoverState, Holder, Role
from server.desk import Desk
from server.ratings import concerns, may_finish

Given = TypeVar("Given")

ONE_LOOK = timedelta(minutes=10)
"""A look that goes on for longer is noted anew."""

READABLE_AFTERWARDS = timedelta(days=7)
"""How long an agent may look back on a conversation that ended with them."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A conversation for who may read it. `until` is where an agent's part ended, if it did."""

    conversation: Conversation
    handover: Handover | None
    until: datetime | None = None

    def part_of(self, events: Sequence[ConversationEvent]) -> Sequence[ConversationEvent]:
        """Those of all its events that may be read: up to the step that ended the agent's part, if any."""
        if self.until is None:
            return events
        for count, event in enumerate(events, 1):
            if event.kind == "holder" and event.body["holder"] == Holder.BOT and event.at >= self.until:
                return events[:count]
        return [event for event in events if self.includes(event.at)]

    def includes(self, at: datetime | None) -> bool:
        """Whether what came at that moment may be read."""
        return self.until is None or (at is not None and at <= self.until)


class StaffReading:
    """The use case of reading."""

    def __init__(
        self,
        store: ConversationStore,
        desk_store: DeskStore,
        desk: Desk,
        accesses: AccessLog,
        *,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._desk = desk
        self._desk_store = desk_store
        self._accesses = accesses
        self._now = now
        self._noted: dict[tuple[str, str, str, bool], datetime] = {}

    async def read(self, user: User, conversation_id: str, action: str, *, client: str = "") -> Reading:
        """The conversation, for who may see it; the look is noted first unless it is the agent's own.

        `action` is what for: `read` or `draft`. Raises Forbidden, NotFound.
        """
        try:
            reading = await self.check(user, conversation_id)
        except Forbidden as error:
            await self._note(user, conversation_id, action, client, reason=error.code)
            raise
        handover = reading.handover
        if handover is None or handover.state is not HandoverState.TAKEN or handover.agent != user.name:
            await self._note(user, conversation_id, action, client)
        return reading

    async def check(self, user: User, conversation_id: str) -> Reading:
        """The conversation, for who may see it; nothing is noted. Raises Forbidden, NotFound."""
        try:
            conversation, handover = await self._desk.access(user, conversation_id)
        except Forbidden:
            if await self._desk_store.open_handover(conversation_id) is not None:
                raise  # another agent's
            found = await self._ended(user, conversation_id) or await self._left_for(user, conversation_id)
            if found is None:
                raise
            return found
        return Reading(conversation, handover)

    async def give(
        self, user: User, entry: AccessEntry, find: Callable[[], Awaitable[tuple[Given, datetime | None]]]
    ) -> Given:
        """What `find` finds in the conversation of `entry`, for who may read it; each time is noted.

        `find` also says when that came: what came after an agent's part isn't given. Raises Forbidden,
        NotFound, and what `find` raises.
        """
        try:
            reading = await self.check(user, entry.conversation_id)
        except Forbidden as error:
            await self._accesses.add(replace(entry, allowed=False, reason=error.code))
            raise
        found, at = await find()
        if not reading.includes(at):
            raise NotFound("came after the agent's part")
        await self._accesses.add(entry)
        return found

    async def ended(self, user: User) -> Sequence[Handover]:
        """What ended with the agent lately, the latest first, once a conversation."""
        ended = await self._desk_store.ended_with(user.name, self._now() - READABLE_AFTERWARDS)
        return tuple({each.conversation_id: each for each in reversed(ended)}.values())[::-1]

    async def _ended(self, user: User, conversation_id: str) -> Reading | None:
        """The agent's conversation that ended lately, unless it has begun anew with another."""
        if user.role is not Role.AGENT:
            return None
        own = (each for each in await self.ended(user) if each.conversation_id == conversation_id)
        handover = next(own, None)
        conversation = await self._store.get(conversation_id)
        if handover is None or conversation is None:
            return None
        return Reading(conversation, handover, handover.closed_at)

    async def _left_for(self, user: User, conversation_id: str) -> Reading | None:
        """A conversation with a message that is this agent's to see to."""
        left = await self._desk_store.follow_ups()
        if not any(
            each.conversation_id == conversation_id and may_finish(user, each) and concerns(user, each)
            for each in left
        ):
            return None
        conversation = await self._store.get(conversation_id)
        return Reading(conversation, None) if conversation else None

    async def _note(
        self, user: User, conversation_id: str, action: str, client: str, *, reason: str = ""
    ) -> None:
        now, allowed = self._now(), not reason
        self._noted = {look: at for look, at in self._noted.items() if now - at < ONE_LOOK}
        look = (user.name, conversation_id, action, allowed)
        if look in self._noted:
            return
        entry = AccessEntry(
            user.name,
            action,
            "conversation",
            conversation_id,
            allowed=allowed,
            conversation_id=conversation_id,
            reason=reason,
            client=client,
            at=now,
        )
        await self._accesses.add(entry)
        self._noted[look] = now  # only now: a look that couldn't be noted isn't one yet
