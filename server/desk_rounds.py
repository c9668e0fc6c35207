"""What happens at the desk by itself, round after round.

An agent whose desk has gone loses the citizens to the queue, where they are first; who registered
while nobody was there joins the queue when somebody can come; who waits in vain gets the bot back;
who left an agent alone for long is let go; and everyone who waits is told the place, when it changes.
Each round looks at what is stored and may be cut off anywhere: the next one goes on. Of several
replicas one does all this, and each tells those who are connected to it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from connectors.registry import CHANNELS
from core.desk_ports import CallStore, DeskStore
from core.errors import Conflict, NotFound
from core.ports import Conversation, ConversationStore
from core.statuses import AgentState
from server import wording
from server.desk import Desk
from server.desk_events import DeskEvents
from server.events import EventFanOut
from server.handover import Handovers
from server.waiting_line import ABSENT_AFTER, Line, Look, is_present, is_registered, waiting_of
from video import queue

log = structlog.get_logger(__name__)

PATIENCE = timedelta(minutes=2)
"""How long someone waits in the queue with nobody on line: agents come back from a reload sooner."""

RESERVED_FOR = timedelta(minutes=3)
"""How long a transferred citizen waits for the agent named, and for nobody else."""

CITIZEN_GONE_AFTER = timedelta(minutes=15)
"""How long a citizen may be away from an agent. A phone in a pocket cuts the connection at once."""

LATELY = timedelta(minutes=10)
"""Who said something in that time is there, also without a connection: the page works without script."""

FOUND_FOR = timedelta(hours=40)
"""For so long a citizen is there whom their channel finds: WeChat lets us write for 48 hours."""

FOUND_GONE_AFTER = timedelta(hours=1)
"""How long such a citizen may say nothing to an agent: who looks for a paper at home answers late."""

SHORTEST_PAUSE = 1.0
LONGEST_PAUSE = 5.0


async def _alone() -> bool:
    """Whoever is alone does it."""
    return True


class DeskRounds:
    """The rounds of one replica.

    `leads` says whether it is the one that does them, `watched` which of some conversations are open
    on a citizen's screen, at whichever replica; None if that isn't known.
    """

    def __init__(
        self,
        *,
        store: ConversationStore,
        desk_store: DeskStore,
        calls: CallStore,
        desk: Desk,
        handovers: Handovers,
        fan_out: EventFanOut,
        screens: DeskEvents,
        look: Look,
        now: Callable[[], datetime],
        leads: Callable[[], Awaitable[bool]] = _alone,
        watched: Callable[[Collection[str]], Awaitable[frozenset[str] | None]] | None = None,
    ) -> None:
        self._leads = leads
        self._watched = watched or self._watched_here
        self._store = store
        self._desk_store = desk_store
        self._calls = calls
        self._desk = desk
        self._handovers = handovers
        self._fan_out = fan_out
        self._screens = screens
        self._look = look
        self._now = now
        self._changed = asyncio.Event()
        self._begin_anew()
        self._told: dict[str, tuple[object, ...]] = {}
        self._inbox: tuple[object, ...] = ()

    def changed(self) -> None:
        """Something about the queue has changed: the next round comes soon."""
        self._changed.set()

    def tell_again(self, conversation_id: str) -> None:
        """A citizen's screen has just opened: it is told the place even if that is the same."""
        self._told.pop(conversation_id, None)
        self._changed.set()

    async def go_on(self) -> None:
        """Round after round, soon after a change and every few seconds without one."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LONGEST_PAUSE):
                    await self._changed.wait()
            self._changed.clear()
            try:
                await self.round()
            except Exception:
                log.exception("desk_round_failed")
            await asyncio.sleep(SHORTEST_PAUSE)

    async def round(self) -> None:
        """One round."""
        if await self._leads():
            line = await self._look()
            await self._lose_absent_agents(line)
            await self._free_reserved(line)
            await self._call_in(line)
            await self._send_home(line)
            await self._lose_gone_citizens()
            line = await self._look()
            await self._offer(line)
        else:
            self._begin_anew()
            line = await self._look()
        await self._tell(line)

    def _begin_anew(self) -> None:
        """Forgets since when anything was as it is: nobody has looked, or another replica did."""
        self._began = self._now()
        self._hopeless_since: dict[str, datetime] = {}
        self._reserved_since: dict[tuple[str, str], datetime] = {}
        self._unseen_since: dict[str, datetime] = {}

    async def _lose_absent_agents(self, line: Line) -> None:
        """Takes the citizens of agents who are gone back into the queue."""
        if line.now - self._began < ABSENT_AFTER:
            return  # after a restart the desks need a moment to come back
        gone = {agent.name for agent in line.agents.values() if not is_present(agent, line.now)}
        for handover in await self._desk_store.held():
            if handover.agent in gone:
                with suppress(Conflict, NotFound):
                    await self._desk.lose_agent(handover)
                    log.warning("agent_lost")
        for name in gone:
            if line.agents[name].state is not AgentState.OFFLINE:
                await self._desk_store.set_agent_state(name, AgentState.OFFLINE)

    async def _free_reserved(self, line: Line) -> None:
        """Lets all agents have those whom the agent named in a transfer doesn't take, or can't any more."""
        reserved = {(h.handover_id, h.for_agent): h for h in line.handovers if h.for_agent}
        self._reserved_since = {each: self._reserved_since.get(each, line.now) for each in reserved}
        desks_came_back = line.now - self._began >= ABSENT_AFTER
        for each, handover in reserved.items():
            agent = line.agents.get(handover.for_agent)
            gone = agent is None or agent.state is AgentState.OFFLINE
            if agent is not None and desks_came_back and not is_present(agent, line.now):
                gone = True
            if gone or line.now - self._reserved_since[each] >= RESERVED_FOR:
                with suppress(Conflict, NotFound):
                    await self._desk_store.free(handover.handover_id)

    async def _call_in(self, line: Line) -> None:
        """Puts those into the queue who registered, or whose time has come, once somebody can come."""
        for handover in await self._desk_store.callbacks():
            if not line.someone_for(replace(handover, for_agent="")):  # recalled, it is for any agent
                continue
            if is_registered(handover):
                if not await self._is_there(handover.conversation_id, line.now):
                    continue
            elif handover.due is None or handover.due > line.now:
                continue
            with suppress(Conflict, NotFound):
                await self._handovers.recall(handover, wording.AGENT_CAME_ON_LINE)

    async def _send_home(self, line: Line) -> None:
        """Gives the bot back to those who wait with nobody on line; they stay registered."""
        hopeless = {h.handover_id: h for h in line.handovers if not line.someone_for(h)}
        self._hopeless_since = {each: self._hopeless_since.get(each, line.now) for each in hopeless}
        for handover_id, since in tuple(self._hopeless_since.items()):
            if line.now - since >= PATIENCE:
                with suppress(Conflict, NotFound):
                    await self._handovers.send_home(hopeless[handover_id], wording.AGENTS_LEFT)

    async def _lose_gone_citizens(self) -> None:
        """Ends what a citizen has left without a word."""
        now = self._now()
        in_call = {call.conversation_id for call in await self._calls.open_calls()}
        unseen: dict[str, datetime] = {}
        held = await self._desk_store.held()
        watched = await self._watched([handover.conversation_id for handover in held])
        if watched is None:
            return  # nobody can tell who is there
        for handover in held:
            conversation_id = handover.conversation_id
            if conversation_id in watched or conversation_id in in_call:
                continue
            unseen[conversation_id] = since = self._unseen_since.get(conversation_id, now)
            conversation = await self._store.get(conversation_id)
            gone_after = FOUND_GONE_AFTER if _is_found(conversation) else CITIZEN_GONE_AFTER
            silent = conversation is None or (
                conversation.last_at is not None and now - conversation.last_at >= gone_after
            )
            if now - since >= gone_after and silent:
                with suppress(Conflict, NotFound):
                    await self._desk.lose_citizen(handover)
        self._unseen_since = unseen

    async def _offer(self, line: Line) -> None:
        """Points each agent to the citizen that the policy has for them; anyone may still accept."""
        waiting = {h.handover_id: h for h in line.handovers}
        for handover_id, agent in queue.assign(line.loads, map(waiting_of, line.handovers), line.now):
            if waiting[handover_id].agent != agent or waiting[handover_id].offered_at is None:
                with suppress(Conflict, NotFound):
                    await self._desk_store.offer(handover_id, agent)
                    self._screens.tell(agent, {"type": "offer", "handover_id": handover_id})

    async def _tell(self, line: Line) -> None:
        """Tells agents that the inbox has changed, and citizens their place, each only when it has."""
        inbox = (tuple(h.handover_id for h in line.ordered()), line.at_work)
        if inbox != self._inbox:
            self._inbox = inbox
            self._screens.tell_all_here(
                {"type": "inbox", "waiting": len(line.handovers), "agents": line.at_work}
            )
        told_of = {h.handover_id: h.conversation_id for h in line.handovers if self._sees(h.conversation_id)}
        places = {
            told_of[each]: place
            for each, place in (line.places() if told_of else {}).items()
            if each in told_of
        }
        for handover in line.registered:
            if self._sees(handover.conversation_id):
                places.setdefault(handover.conversation_id, line.place_of(handover))
        self._told = {each: told for each, told in self._told.items() if each in places}
        for conversation_id, place in places.items():
            news = place.as_news()
            told = tuple(news.values())
            if self._told.get(conversation_id) != told:
                self._told[conversation_id] = told
                self._fan_out.announce(conversation_id, news, to_staff=False, everywhere=False)

    def _sees(self, conversation_id: str) -> bool:
        return self._fan_out.is_watched_by_citizen(conversation_id)

    async def _watched_here(self, conversation_ids: Collection[str]) -> frozenset[str]:
        return frozenset(filter(self._sees, conversation_ids))

    async def _is_there(self, conversation_id: str, now: datetime) -> bool:
        """Whether the citizen is looking, or was a moment ago, or can be found."""
        if conversation_id in (await self._watched([conversation_id]) or ()):
            return True
        conversation = await self._store.get(conversation_id)
        there_for = FOUND_FOR if _is_found(conversation) else LATELY
        return (
            conversation is not None
            and conversation.last_at is not None
            and (now - conversation.last_at < there_for)
        )


def _is_found(conversation: Conversation | None) -> bool:
    """Whether the citizen's channel tells them also while they have no page open."""
    channel = CHANNELS.get(conversation.channel) if conversation else None
    return channel is not None and channel.finds_citizens
