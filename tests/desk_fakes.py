"""In-memory implementations of the desk's ports, which pass the same contract tests as the real ones.

They look into an `InMemoryConversationStore`, as the real ones look into its tables.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from core.desk_ports import (
    Agent,
    Call,
    CannedReply,
    FollowUp,
    HolderChange,
    LogEntry,
    Moved,
    ServiceTime,
    WaitEstimate,
)
from core.errors import Conflict, NotFound
from core.evidence_ports import AccessEntry, StoredFile
from core.guest_ports import CallGuest
from core.ports import ConversationEvent, Handover
from core.statuses import AgentState, HandoverMode, HandoverState, Holder
from server.stores_part import Stores
from tests.fakes import Clock, InMemoryConversationStore, InMemoryKnowledgeStore, InMemoryUserStore, utc_now
from tests.outbox_fakes import InMemoryOutboxStore
from tests.paper_fakes import InMemoryPaperStore
from tests.wechat_fakes import InMemoryTokenStore

OPEN = (HandoverState.WAITING, HandoverState.TAKEN)


def in_memory_stores(now: Clock = utc_now, *, knowledge: InMemoryKnowledgeStore | None = None) -> Stores:
    """All stores of a service, of fakes that know each other."""
    conversations = InMemoryConversationStore(now)
    calls = InMemoryCallStore(conversations)
    return Stores(
        conversations=conversations,
        knowledge=knowledge or InMemoryKnowledgeStore(now),
        users=InMemoryUserStore(now),
        desk=InMemoryDeskStore(conversations),
        calls=calls,
        guests=InMemoryGuestStore(conversations),
        files=InMemoryFileStore(conversations),
        access=InMemoryAccessLog(now),
        papers=InMemoryPaperStore(conversations),
        outbox=InMemoryOutboxStore(conversations),
        tokens=InMemoryTokenStore(),
    )


class InMemoryDeskStore:
    """A DeskStore in dictionaries. Nothing in it waits, so each move is made whole."""

    def __init__(self, conversations: InMemoryConversationStore) -> None:
        self._c = conversations
        self._now = conversations._now
        self._agents: dict[str, Agent] = {}
        self._follow_ups: dict[str, FollowUp] = {}
        self._canned: dict[str, CannedReply] = {}

    async def join(self, handover: Handover, change: HolderChange) -> Moved:
        conversation = self._c._existing(handover.conversation_id)
        if (present := await self.open_handover(handover.conversation_id)) is not None:
            return Moved(present, is_new=False)
        check(conversation, change)
        if await self.handover(handover.handover_id):
            raise Conflict("that handover id is taken")
        stored = replace(handover, state=HandoverState.WAITING, created_at=handover.created_at or self._now())
        self._c._handovers.append(stored)
        return Moved(stored, await self._log(handover.conversation_id, change))

    async def accept(
        self,
        handover_id: str,
        agent: str,
        change: HolderChange,
        *,
        at_most: int = 0,
        recall: HolderChange | None = None,
    ) -> Moved:
        stored = self._handover(handover_id)
        if recall is not None and stored.state is HandoverState.CALLBACK:
            check(self._c._existing(stored.conversation_id), recall)
            if recall.holder is not change.expected:
                raise Conflict("the steps don't follow each other")
            await self._room_for_one_more(agent, at_most)
            recalled = await self.recall(handover_id, recall)
            moved = await self.accept(handover_id, agent, change, at_most=at_most)
            return replace(moved, events=(*recalled.events, *moved.events))
        check(self._c._existing(stored.conversation_id), change)
        if stored.state is not HandoverState.WAITING:
            raise Conflict("that handover waits no longer")
        if stored.for_agent not in ("", agent):
            raise Conflict("that handover is for another agent")
        await self._room_for_one_more(agent, at_most)
        taken_at = stored.taken_at or self._now()
        return await self._move(
            stored, change, agent=agent, state=HandoverState.TAKEN, new_agent=agent, taken_at=taken_at
        )

    async def take_over(self, conversation_id: str, agent: str, change: HolderChange) -> Moved:
        stored = await self._held(conversation_id, change)
        return await self._move(stored, change, agent=agent, new_agent=agent)

    async def requeue(
        self,
        conversation_id: str,
        change: HolderChange,
        *,
        for_agent: str = "",
        department: str | None = None,
        district: str | None = None,
        language: str | None = None,
    ) -> Moved:
        stored = await self._held(conversation_id, change)
        skills = {"department": department, "district": district, "language": language}
        return await self._move(
            stored,
            change,
            state=HandoverState.WAITING,
            kept_place=True,
            new_agent="",
            offered_at=None,
            for_agent=for_agent,
            **{name: skill for name, skill in skills.items() if skill is not None},
        )

    async def release(
        self,
        conversation_id: str,
        change: HolderChange,
        state: HandoverState,
        *,
        outcome: str = "",
        due: datetime | None = None,
        contact: str = "",
    ) -> Moved:
        stored = await self._held(conversation_id, change)
        return await self._move(
            stored,
            change,
            state=state,
            closed_at=self._now(),
            outcome=outcome,
            new_agent=stored.agent if change.expected is Holder.AGENT else "",
            due=due or stored.due,
            contact=contact or stored.contact,
        )

    async def register(self, handover: Handover, log: Sequence[LogEntry] = ()) -> Moved:
        conversation = self._c._existing(handover.conversation_id)
        own = [h for h in self._c._handovers if h.conversation_id == handover.conversation_id]
        for present in own:
            if present.state in OPEN or (present.state is HandoverState.CALLBACK and present.due is None):
                return Moved(present, is_new=False)
        if conversation.holder is not Holder.BOT:
            raise Conflict(f"the conversation is held by {conversation.holder}, not by the bot")
        if await self.handover(handover.handover_id):
            raise Conflict("that handover id is taken")
        at = handover.created_at or self._now()
        stored = replace(handover, state=HandoverState.CALLBACK, created_at=at)
        self._c._handovers.append(stored)
        return Moved(stored, await self._append(handover.conversation_id, log))

    async def wish_video(self, handover_id: str) -> Handover:
        stored = self._handover(handover_id)
        if stored.state not in (HandoverState.WAITING, HandoverState.CALLBACK):
            raise Conflict("that handover waits no longer")
        changed = replace(stored, mode=HandoverMode.VIDEO)
        self._c._handovers[self._c._handovers.index(stored)] = changed
        return changed

    async def recall(self, handover_id: str, change: HolderChange) -> Moved:
        stored = self._handover(handover_id)
        check(self._c._existing(stored.conversation_id), change)
        if stored.state is not HandoverState.CALLBACK:
            raise Conflict("that handover is no call-back any more")
        return await self._move(
            stored,
            change,
            state=HandoverState.WAITING,
            new_agent="",
            for_agent="",
            offered_at=None,
            closed_at=None,
            outcome="",
        )

    async def append_as(
        self, agent: str, conversation_id: str, kind: str, body: Mapping[str, Any], *, delivery_key: str = ""
    ) -> tuple[ConversationEvent, bool]:
        self._c._existing(conversation_id)
        stored = await self.open_handover(conversation_id)
        if stored is None or stored.state is not HandoverState.TAKEN or stored.agent != agent:
            raise Conflict("another one holds that conversation")
        return await self._c.append(conversation_id, kind, body, delivery_key=delivery_key)

    async def handover(self, handover_id: str) -> Handover | None:
        return next((h for h in self._c._handovers if h.handover_id == handover_id), None)

    async def open_handover(self, conversation_id: str) -> Handover | None:
        own = (h for h in self._c._handovers if h.conversation_id == conversation_id)
        return next((h for h in own if h.state in OPEN), None)

    async def waiting(self) -> Sequence[Handover]:
        return tuple(h for h in self._c._handovers if h.state is HandoverState.WAITING)

    async def held_by(self, agent: str) -> Sequence[Handover]:
        return tuple(h for h in await self.held() if h.agent == agent)

    async def held(self) -> Sequence[Handover]:
        return tuple(h for h in self._c._handovers if h.state is HandoverState.TAKEN)

    async def ended_with(self, agent: str, since: datetime) -> Sequence[Handover]:
        closed = [h for h in self._c._handovers if h.state is HandoverState.CLOSED and h.agent == agent]
        return tuple(sorted((h for h in closed if h.closed_at >= since), key=lambda h: h.closed_at)[::-1])

    async def callbacks(self, due_before: datetime | None = None) -> Sequence[Handover]:
        found = [h for h in self._c._handovers if h.state is HandoverState.CALLBACK]
        if due_before is not None:
            found = [h for h in found if h.due is not None and h.due < due_before]
        return tuple(sorted(found, key=lambda h: (h.due is not None, h.due or h.created_at)))

    async def end_callback(self, handover_id: str, state: HandoverState, outcome: str) -> Handover:
        stored = self._in_state(handover_id, HandoverState.CALLBACK)
        return self._store(replace(stored, state=state, outcome=outcome, closed_at=self._now()))

    async def handovers_between(self, since: datetime, until: datetime) -> Sequence[Handover]:
        return tuple(h for h in self._c._handovers if since <= h.created_at < until)

    async def offer(self, handover_id: str, agent: str) -> Handover:
        stored = self._in_state(handover_id, HandoverState.WAITING)
        return self._store(replace(stored, agent=agent, offered_at=self._now()))

    async def free(self, handover_id: str) -> Handover:
        return self._store(replace(self._in_state(handover_id, HandoverState.WAITING), for_agent=""))

    async def record_estimate(self, handover_id: str, seconds: float) -> None:
        stored = self._handover(handover_id)
        if stored.estimate_seconds is None:
            self._store(replace(stored, estimate_seconds=seconds))

    async def estimates(self, since: datetime) -> Sequence[WaitEstimate]:
        taken = [h for h in self._c._handovers if h.taken_at and h.taken_at >= since and h.due is None]
        return tuple(
            WaitEstimate(
                h.handover_id,
                h.taken_at,
                h.estimate_seconds,
                (h.taken_at - h.created_at).total_seconds(),
            )
            for h in sorted(taken, key=lambda h: h.taken_at)
            if h.estimate_seconds is not None
        )

    async def service_times(self, since: datetime) -> Sequence[ServiceTime]:
        ended = [h for h in self._c._handovers if h.taken_at and h.closed_at and h.closed_at >= since]
        return tuple(
            ServiceTime(h.closed_at, (h.closed_at - h.taken_at).total_seconds())
            for h in sorted(ended, key=lambda h: h.closed_at)
            if not h.kept_place
        )

    async def put_agent(self, agent: Agent) -> Agent:
        known = self._agents.get(agent.name)
        stored = replace(agent, state=known.state, seen_at=known.seen_at) if known else agent
        self._agents[agent.name] = stored
        return stored

    async def agent(self, name: str) -> Agent | None:
        return self._agents.get(name)

    async def agents(self) -> Sequence[Agent]:
        return tuple(self._agents[name] for name in sorted(self._agents))

    async def set_agent_state(self, name: str, state: AgentState) -> Agent:
        self._agents[name] = replace(self._agent(name), state=state, seen_at=self._now())
        return self._agents[name]

    async def touch_agent(self, name: str) -> None:
        self._agents[name] = replace(self._agent(name), seen_at=self._now())

    async def add_follow_up(self, follow_up: FollowUp) -> FollowUp:
        self._c._existing(follow_up.conversation_id)
        stored = replace(follow_up, created_at=follow_up.created_at or self._now())
        return self._follow_ups.setdefault(follow_up.follow_up_id, stored)

    async def follow_ups(self, *, done: bool = False) -> Sequence[FollowUp]:
        kept = [f for f in self._follow_ups.values() if f.conversation_id in self._c._conversations]
        found = [f for f in kept if (f.done_at is not None) == done]
        return tuple(sorted(found, key=lambda f: (f.created_at, f.follow_up_id)))

    async def finish_follow_up(self, follow_up_id: str, by: str, outcome: str) -> FollowUp:
        stored = self._follow_ups.get(follow_up_id)
        if stored is None or stored.conversation_id not in self._c._conversations:
            raise NotFound("no such follow-up")
        if stored.done_at is None:
            stored = replace(stored, done_at=self._now(), done_by=by, outcome=outcome)
            self._follow_ups[follow_up_id] = stored
        return stored

    async def canned(self) -> Sequence[CannedReply]:
        return tuple(sorted(self._canned.values(), key=lambda reply: (reply.title, reply.reply_id)))

    async def put_canned(self, reply: CannedReply) -> None:
        self._canned[reply.reply_id] = reply

    async def delete_canned(self, reply_id: str) -> None:
        self._canned.pop(reply_id, None)

    async def _room_for_one_more(self, agent: str, at_most: int) -> None:
        if at_most:
            self._agent(agent)
            if len(await self.held_by(agent)) >= at_most:
                raise Conflict("the agent has as many conversations as they may")

    async def _held(self, conversation_id: str, change: HolderChange) -> Handover:
        check(self._c._existing(conversation_id), change)
        stored = await self.open_handover(conversation_id)
        expected = {Holder.QUEUE: HandoverState.WAITING, Holder.AGENT: HandoverState.TAKEN}
        if stored is None or stored.state is not expected.get(change.expected):
            raise Conflict("the conversation has no such handover")
        if change.expected is Holder.AGENT and change.agent not in ("", stored.agent):
            raise Conflict("another agent holds the conversation")
        return stored

    async def _move(self, stored: Handover, change: HolderChange, *, agent: str = "", **values: Any) -> Moved:
        if "new_agent" in values:
            values["agent"] = values.pop("new_agent")
        moved = self._store(replace(stored, **values))
        return Moved(moved, await self._log(stored.conversation_id, change, agent))

    async def _log(
        self, conversation_id: str, change: HolderChange, agent: str = ""
    ) -> tuple[ConversationEvent, ...]:
        before = self._c._conversations[conversation_id].holder
        await self._c.set_holder(conversation_id, change.holder, expected=before)
        holder = {"holder": change.holder.value, "cause": change.cause} | ({"agent": agent} if agent else {})
        return await self._append(conversation_id, [*change.log, LogEntry("holder", holder)])

    async def _append(self, conversation_id: str, log: Sequence[LogEntry]) -> tuple[ConversationEvent, ...]:
        return tuple([(await self._c.append(conversation_id, e.kind, e.body))[0] for e in log])

    def _handover(self, handover_id: str) -> Handover:
        found = [h for h in self._c._handovers if h.handover_id == handover_id]
        if not found:
            raise NotFound("no such handover")
        return found[0]

    def _in_state(self, handover_id: str, state: HandoverState) -> Handover:
        stored = self._handover(handover_id)
        if stored.state is not state:
            raise Conflict(f"that handover isn't {state.value} any more")
        return stored

    def _store(self, handover: Handover) -> Handover:
        ids = [h.handover_id for h in self._c._handovers]
        self._c._handovers[ids.index(handover.handover_id)] = handover
        return handover

    def _agent(self, name: str) -> Agent:
        if name not in self._agents:
            raise NotFound("no such agent")
        return self._agents[name]


def check(conversation, change: HolderChange) -> None:
    if conversation.holder is not change.expected:
        raise Conflict(f"the conversation is held by {conversation.holder}, not by {change.expected.value}")


class InMemoryCallStore:
    """A CallStore in a dictionary."""

    def __init__(self, conversations: InMemoryConversationStore) -> None:
        self._c = conversations
        self._now = conversations._now
        self._all: dict[str, Call] = {}

    async def add(self, call: Call) -> Call:
        self._c._existing(call.conversation_id)
        if call.call_id in self._kept() or await self.open_call_of(call.conversation_id):
            raise Conflict("the conversation has a call, or that id is taken")
        self._all[call.call_id] = replace(call, started_at=call.started_at or self._now())
        return self._all[call.call_id]

    async def get(self, call_id: str) -> Call | None:
        return self._kept().get(call_id)

    async def open_call_of(self, conversation_id: str) -> Call | None:
        return next((c for c in await self.open_calls() if c.conversation_id == conversation_id), None)

    async def open_calls(self) -> Sequence[Call]:
        return tuple(call for call in self._in_order() if call.ended_at is None)

    async def calls_of(self, conversation_id: str) -> Sequence[Call]:
        return tuple(call for call in self._in_order() if call.conversation_id == conversation_id)

    async def calls_between(self, since: datetime, until: datetime) -> Sequence[Call]:
        return tuple(call for call in self._in_order() if since <= call.started_at < until)

    async def move(
        self,
        call_id: str,
        state: str,
        *,
        expected: Collection[str],
        mode: str = "",
        agent: str = "",
        answered: bool = False,
        end_reason: str = "",
    ) -> Call:
        call = self._going_on(call_id)
        if call.state not in expected:
            raise Conflict("the call isn't in a state for that")
        changed = replace(call, state=state, mode=mode or call.mode, agent=agent or call.agent)
        if answered:
            changed = replace(changed, answered_at=call.answered_at or self._now())
        if end_reason:
            changed = replace(changed, end_reason=end_reason, ended_at=self._now(), recording=False)
        return self._store(changed)

    async def set_consent(self, call_id: str, version: str, *, agrees: bool) -> Call:
        call = self._going_on(call_id)
        return self._store(
            replace(
                call,
                consented=agrees,
                consent_version=version,
                consent_at=self._now(),
                recording=call.recording and agrees,
            )
        )

    async def set_recording(self, call_id: str, *, on: bool) -> Call:
        call = self._going_on(call_id)
        if on and not call.consented:
            raise Conflict("the call isn't in a state for that")
        return self._store(replace(call, recording=on))

    async def set_quality(self, call_id: str, quality: Mapping[str, Any]) -> None:
        if call_id not in self._kept():
            raise NotFound("no such call")
        self._store(replace(self._all[call_id], quality=dict(quality)))

    def _kept(self) -> dict[str, Call]:
        return {k: c for k, c in self._all.items() if c.conversation_id in self._c._conversations}

    def _in_order(self) -> list[Call]:
        return sorted(self._kept().values(), key=lambda call: (call.started_at, call.call_id))

    def _going_on(self, call_id: str) -> Call:
        call = self._kept().get(call_id)
        if call is None:
            raise NotFound("no such call")
        if call.ended_at is not None:
            raise Conflict("the call isn't in a state for that")
        return call

    def _store(self, call: Call) -> Call:
        self._all[call.call_id] = call
        return call


class InMemoryGuestStore:
    """A GuestStore in a dictionary."""

    def __init__(self, conversations: InMemoryConversationStore) -> None:
        self._c = conversations
        self._now = conversations._now
        self._all: dict[str, CallGuest] = {}

    async def add(self, guest: CallGuest) -> CallGuest:
        self._c._existing(guest.conversation_id)
        if guest.guest_id in self._kept() or await self.open_guest_of(guest.call_id):
            raise Conflict("the call has a guest, or that id is taken")
        return self._store(replace(guest, invited_at=guest.invited_at or self._now()))

    async def get(self, guest_id: str) -> CallGuest | None:
        return self._kept().get(guest_id)

    async def open_guest_of(self, call_id: str) -> CallGuest | None:
        return next((g for g in self._kept().values() if g.call_id == call_id and g.ended_at is None), None)

    async def invitations_of(self, agent: str) -> Sequence[CallGuest]:
        own = [g for g in self._kept().values() if g.agent == agent and g.ended_at is None]
        return tuple(sorted(own, key=lambda guest: (guest.invited_at, guest.guest_id)))

    async def move(
        self,
        guest_id: str,
        state: str,
        *,
        expected: Collection[str],
        token_hash: str = "",
        end_reason: str = "",
    ) -> CallGuest:
        guest = self._open(guest_id)
        if guest.state not in expected:
            raise Conflict("the guest isn't in a state for that")
        changed = replace(guest, state=state, token_hash=token_hash or guest.token_hash)
        if end_reason:
            changed = replace(changed, end_reason=end_reason, ended_at=self._now())
        return self._store(changed)

    async def set_consent(self, guest_id: str, version: str, *, agrees: bool) -> CallGuest:
        guest = self._open(guest_id)
        return self._store(replace(guest, consented=agrees, consent_version=version, consent_at=self._now()))

    def _kept(self) -> dict[str, CallGuest]:
        return {k: g for k, g in self._all.items() if g.conversation_id in self._c._conversations}

    def _open(self, guest_id: str) -> CallGuest:
        guest = self._kept().get(guest_id)
        if guest is None:
            raise NotFound("no such guest")
        if guest.ended_at is not None:
            raise Conflict("the guest isn't in a state for that")
        return guest

    def _store(self, guest: CallGuest) -> CallGuest:
        self._all[guest.guest_id] = guest
        return guest


class InMemoryFileStore:
    """A FileStore in a dictionary."""

    def __init__(self, conversations: InMemoryConversationStore) -> None:
        self._c = conversations
        self._all: dict[str, StoredFile] = {}

    async def add(self, file: StoredFile) -> StoredFile:
        self._c._existing(file.conversation_id)
        if file.file_id in self._all:
            raise Conflict("that file id is taken")
        self._all[file.file_id] = replace(file, at=file.at or self._c._now())
        return self._all[file.file_id]

    async def get(self, file_id: str) -> StoredFile | None:
        file = self._all.get(file_id)
        return file if file and self._has_conversation(file) else None

    async def files_of(self, conversation_id: str) -> Sequence[StoredFile]:
        own = [f for f in self._in_order() if f.conversation_id == conversation_id]
        return tuple(f for f in own if self._has_conversation(f))

    async def left_behind(self, limit: int = 500) -> Sequence[StoredFile]:
        return tuple(f for f in self._in_order() if not self._has_conversation(f))[:limit]

    async def forget(self, file_id: str) -> None:
        self._all.pop(file_id, None)

    def _has_conversation(self, file: StoredFile) -> bool:
        return file.conversation_id in self._c._conversations

    def _in_order(self) -> list[StoredFile]:
        return sorted(self._all.values(), key=lambda file: (file.at, file.file_id))


class InMemoryAccessLog:
    """An AccessLog in a list."""

    def __init__(self, now: Clock = utc_now) -> None:
        self._now = now
        self._all: list[AccessEntry] = []

    async def add(self, entry: AccessEntry) -> AccessEntry:
        self._all.append(replace(entry, at=entry.at or self._now()))
        return self._all[-1]

    async def entries(
        self, *, record_id: str = "", user: str = "", since: datetime | None = None, limit: int = 500
    ) -> Sequence[AccessEntry]:
        found = [
            entry
            for entry in reversed(self._all)
            if record_id in ("", entry.record_id)
            and user in ("", entry.user)
            and (since is None or entry.at >= since)
        ]
        return tuple(found[:limit])

    async def purge_before(self, moment: datetime) -> int:
        kept = [entry for entry in self._all if entry.at >= moment]
        purged = len(self._all) - len(kept)
        self._all = kept
        return purged
