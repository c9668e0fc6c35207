"""What an agent does: be there, accept a citizen, talk, take notes, hand back, transfer, close.

Every step of the holder is a row of `video.holding`, made by the store with its log or not at all;
what an agent writes goes through only while that agent holds the conversation. Knows no HTTP.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from core.desk_ports import Agent, DeskStore, LogEntry, Moved
from core.errors import Conflict, Forbidden, InvalidInput, NotFound
from core.ports import Conversation, ConversationEvent, ConversationStore, Handover, User
from core.statuses import AgentState, HandoverState, Holder, Role
from server import wording
from server.citizen_text import clean
from server.handover import Handovers, step
from server.waiting_line import Line, Look
from video.holding import HoldingEvent

MOST_TAGS = 12


class DeskObserver(Protocol):
    """Is told what is worth measuring or knowing elsewhere."""

    def accepted(self, handover: Handover) -> None:
        """An agent took a citizen."""

    def left_agent(self, conversation_id: str) -> None:
        """The conversation is no longer with the agent it was with."""


@dataclass(frozen=True, slots=True)
class TransferTo:
    """Where a conversation is to go: to one agent, or to whoever has the skills."""

    agent: str = ""
    department: str | None = None
    district: str | None = None
    language: str | None = None


class Desk:
    """The use case of the agents.

    `end_call` ends the conversation's call, if it has one, before the agent lets the conversation go.
    """

    def __init__(
        self,
        store: ConversationStore,
        desk: DeskStore,
        handovers: Handovers,
        *,
        look: Look,
        publish: Callable[[ConversationEvent], None],
        observers: Sequence[DeskObserver] = (),
        end_call: Callable[[str, str], Awaitable[None]] | None = None,
    ) -> None:
        self._store = store
        self._desk = desk
        self._handovers = handovers
        self._look = look
        self._publish = publish
        self._observers = observers
        self._end_call = end_call
        self._names: dict[str, str] = {}

    # --- being there -----------------------------------------------------------------------------

    async def agent_of(self, user: User) -> Agent:
        """The account as an agent; it becomes one when it comes to the desk first."""
        known = await self._desk.agent(user.name)
        agent = known or await self._desk.put_agent(Agent(user.name, display_name=user.name))
        self._names[agent.name] = agent.display_name
        return agent

    async def set_state(self, user: User, state: AgentState) -> Agent:
        """The agent takes on conversations from now on, or doesn't. Own conversations stay."""
        await self.agent_of(user)
        agent = await self._desk.set_agent_state(user.name, state)
        self._handovers.changed()
        return agent

    async def touch(self, name: str) -> None:
        """The agent's page is there."""
        await self._desk.touch_agent(name)

    async def line(self) -> Line:
        """The queue now."""
        line = await self._look()
        self._names = {name: agent.display_name for name, agent in line.agents.items()}
        return line

    def name_for_citizens(self, name: str) -> str:
        """What citizens read as the name of an agent, as far as it is known."""
        return self._names.get(name, "")

    async def own(self, name: str) -> Sequence[Handover]:
        """The agent's conversations, oldest first."""
        return await self._desk.held_by(name)

    # --- taking and letting go -------------------------------------------------------------------

    async def accept(self, user: User, handover_id: str) -> Handover:
        """The citizen is this agent's from now on.

        Raises NotFound; Conflict if another was first or the agent has as many as they may.
        """
        agent = await self.agent_of(user)
        handover = await self._desk.handover(handover_id)
        if handover is None:
            raise NotFound("no such handover")
        if handover.state is HandoverState.TAKEN and handover.agent == agent.name:
            return handover  # sent twice, done once
        # Registered while nobody was there, or a call-back: it goes through the queue like all others.
        came = LogEntry("notice", {"text": wording.AGENT_CAME_ON_LINE})
        moved = await self._desk.accept(
            handover_id,
            agent.name,
            step(Holder.QUEUE, HoldingEvent.ACCEPT, agent=agent.name),
            at_most=agent.max_chats,
            recall=step(Holder.BOT, HoldingEvent.ASK_FOR_PERSON, came),
        )
        for observer in self._observers:  # first, so that the agent's screens get what is published
            observer.accepted(moved.handover)
        self._handovers.publish(moved)
        return moved.handover

    async def hand_back(self, user: User, conversation_id: str) -> None:
        """The bot goes on. Raises NotFound, Conflict."""
        entry = LogEntry("notice", {"text": wording.HANDED_BACK})
        await self._let_go(user, conversation_id, HoldingEvent.HAND_BACK, entry, outcome="handed_back")

    async def close(self, user: User, conversation_id: str, summary: str) -> None:
        """Ends the consultation; the summary goes to the citizen. Raises InvalidInput, NotFound, Conflict."""
        text = _text(summary, "summary")
        entry = LogEntry(
            "summary", {"text": text, "agent": await self.shown_name(user.name), "by": user.name}
        )
        await self._let_go(user, conversation_id, HoldingEvent.CLOSE, entry, outcome="closed")

    async def transfer(self, user: User, conversation_id: str, to: TransferTo) -> None:
        """Puts the citizen back into the queue, first of all, for another agent. Raises Conflict."""
        if to.agent:
            other = (await self._look()).agents.get(to.agent)
            if other is None or other.state is AgentState.OFFLINE:
                raise Conflict("that agent isn't on line")
            if other.name == user.name:
                raise InvalidInput("to_agent: another agent is needed")
        await self.before_leaving(conversation_id, "transferred", holder=user.name)
        entry = LogEntry("notice", {"text": wording.TRANSFERRED})
        moved = await self._desk.requeue(
            conversation_id,
            step(Holder.AGENT, HoldingEvent.TRANSFER, entry, agent=user.name),
            for_agent=to.agent,
            department=to.department,
            district=to.district,
            language=to.language,
        )
        self._left(moved)

    async def lose_agent(self, handover: Handover) -> None:
        """The agent is gone: the citizen is first in the queue again. Raises Conflict."""
        await self.before_leaving(handover.conversation_id, "agent_lost", holder=handover.agent)
        entry = LogEntry("notice", {"text": wording.AGENT_LOST})
        moved = await self._desk.requeue(
            handover.conversation_id,
            step(Holder.AGENT, HoldingEvent.AGENT_LOST, entry, agent=handover.agent),
        )
        self._left(moved)

    async def lose_citizen(self, handover: Handover) -> None:
        """The citizen is gone for good. Raises Conflict if the agent is another by now."""
        entry = LogEntry("notice", {"text": wording.CITIZEN_GONE})
        await self.before_leaving(handover.conversation_id, "citizen_gone", holder=handover.agent)
        moved = await self._desk.release(
            handover.conversation_id,
            step(Holder.AGENT, HoldingEvent.CITIZEN_GONE, entry, agent=handover.agent),
            HandoverState.CLOSED,
            outcome="citizen_gone",
        )
        self._left(moved)

    async def before_leaving(self, conversation_id: str, reason: str, *, holder: str) -> None:
        """Ends the call of a conversation that its agent lets go. Raises NotFound, Conflict."""
        await self.check_holds(holder, conversation_id)
        if self._end_call is not None:
            await self._end_call(conversation_id, reason)

    async def check_holds(self, name: str, conversation_id: str) -> None:
        """Returns if that agent holds the conversation. Raises NotFound, Conflict."""
        if await self.holder_of(conversation_id) != name:
            if await self._store.get(conversation_id) is None:
                raise NotFound("no such conversation")
            raise Conflict("the agent doesn't hold that conversation")

    async def holder_of(self, conversation_id: str) -> str:
        """The agent who holds the conversation, or nobody."""
        handover = await self._desk.open_handover(conversation_id)
        is_held = handover is not None and handover.state is HandoverState.TAKEN
        return handover.agent if handover is not None and is_held else ""

    # --- in a conversation -----------------------------------------------------------------------

    async def say(
        self, user: User, conversation_id: str, text: str, client_message_id: str = ""
    ) -> ConversationEvent:
        """Says something to the citizen; the same `client_message_id` says it once.

        Raises InvalidInput, NotFound, and Conflict if the agent doesn't hold the conversation.
        """
        body = {
            "text": _text(text, "text"),
            "agent": await self.shown_name(user.name),
            "by": user.name,
            "client_message_id": client_message_id,
        }
        return await self.write(user, conversation_id, "agent_message", body, once=client_message_id)

    async def note(self, user: User, conversation_id: str, text: str) -> ConversationEvent:
        """Writes a note that the citizen never sees. Raises InvalidInput, NotFound, Conflict."""
        return await self.write(user, conversation_id, "note", {"text": _text(text, "text"), "by": user.name})

    async def tag(self, user: User, conversation_id: str, tags: Sequence[str]) -> ConversationEvent:
        """Replaces the tags, which the citizen never sees. Raises InvalidInput, NotFound, Conflict."""
        if len(tags) > MOST_TAGS:
            raise InvalidInput(f"tags: at most {MOST_TAGS}")
        kept = list(dict.fromkeys(tag for tag in (clean(tag).strip() for tag in tags) if tag))
        return await self.write(user, conversation_id, "tags", {"tags": kept, "by": user.name})

    async def write(
        self, user: User, conversation_id: str, kind: str, body: Mapping[str, Any], *, once: str = ""
    ) -> ConversationEvent:
        """Appends to the log as the agent who holds the conversation. Raises NotFound, Conflict."""
        key = f"agent:{user.name}:{once}" if once else ""
        event, is_new = await self._desk.append_as(user.name, conversation_id, kind, body, delivery_key=key)
        if is_new:
            self._publish(event)
        return event

    async def access(self, user: User, conversation_id: str) -> tuple[Conversation, Handover | None]:
        """The conversation, for who may see it: its agent, a supervisor, or an agent while it waits.

        Raises Forbidden, NotFound.
        """
        conversation = await self._store.get(conversation_id)
        if conversation is None:
            raise NotFound("no such conversation")
        handover = await self._handovers.standing(conversation_id)
        if user.role is Role.AGENT and not _may_see(user, handover):
            raise Forbidden("another agent's conversation, or none of an agent")
        return conversation, handover

    async def shown_name(self, name: str) -> str:
        """What citizens read as the agent's name."""
        agent = await self._desk.agent(name)
        return (agent.display_name if agent else "") or name

    # --- steps -----------------------------------------------------------------------------------

    async def _let_go(
        self, user: User, conversation_id: str, event: HoldingEvent, entry: LogEntry, *, outcome: str
    ) -> None:
        await self.before_leaving(conversation_id, outcome, holder=user.name)
        moved = await self._desk.release(
            conversation_id,
            step(Holder.AGENT, event, entry, agent=user.name),
            HandoverState.CLOSED,
            outcome=outcome,
        )
        self._left(moved)

    def _left(self, moved: Moved) -> None:
        self._handovers.publish(moved)
        for observer in self._observers:
            observer.left_agent(moved.handover.conversation_id)


def _may_see(user: User, handover: Handover | None) -> bool:
    if handover is None:
        return False
    return handover.state is not HandoverState.TAKEN or handover.agent == user.name


def _text(text: str, name: str) -> str:
    cleaned = clean(text).strip()
    if not cleaned:
        raise InvalidInput(f"{name}: must not be empty")
    return cleaned
