"""What the agents' desk keeps: agents, the queue, calls. Records and Protocols, as in `core.ports`.

Which step of the holder follows which is the table of `video/holding.py`; a store makes a step whole
or not at all. Files and accesses are in `core.evidence_ports`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from core.ports import ConversationEvent, Handover
from core.statuses import AgentState, HandoverState, Holder

# --- the desk --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Agent:
    """Someone who talks to citizens; `name` is the account's. Empty skills mean "all"."""

    name: str
    display_name: str = ""  # what citizens read
    departments: tuple[str, ...] = ()
    districts: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    video: bool = True
    max_chats: int = 3
    state: AgentState = AgentState.OFFLINE
    seen_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LogEntry:
    """An event to be, for the log of the conversation that is moved."""

    kind: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class HolderChange:
    """A step of the holder, made only from where it says.

    If `expected` is the agent, `agent` says which one; empty stands for any. `log` is appended in
    the same transaction, before the `holder` event {holder, cause, agent?}.
    """

    expected: Holder
    holder: Holder
    cause: str  # the event in the table of `video/holding.py`
    agent: str = ""
    log: tuple[LogEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class Moved:
    """A step that was made: the handover as it is now, and what the log got, in order."""

    handover: Handover
    events: tuple[ConversationEvent, ...] = ()
    is_new: bool = True


@dataclass(frozen=True, slots=True)
class ServiceTime:
    """How long an agent was busy with a citizen."""

    ended_at: datetime
    seconds: float


@dataclass(frozen=True, slots=True)
class WaitEstimate:
    """What a citizen was told, and how long it took until an agent came."""

    handover_id: str
    taken_at: datetime
    estimated_seconds: float
    actual_seconds: float


@dataclass(frozen=True, slots=True)
class FollowUp:
    """Something staff must see to later: a message that was left, a bad rating."""

    follow_up_id: str
    conversation_id: str
    kind: str  # message | rating
    text: str
    agent: str = ""  # whom it is about or for, if anyone
    created_at: datetime | None = None
    done_at: datetime | None = None
    done_by: str = ""
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class CannedReply:
    """A sentence that agents use often. An empty department means "all"."""

    reply_id: str
    title: str
    text: str
    department: str = ""


class DeskStore(Protocol):
    """The queue, the agents and who holds which conversation. Durable when a call returns.

    Each move changes handover, holder and log in one transaction, and raises Conflict, changing
    nothing, when the conversation isn't held as the change expects. A conversation has one handover
    that is waiting or taken at most: while `queue` holds it a waiting one, while `agent` does a taken one.
    """

    async def join(self, handover: Handover, change: HolderChange) -> Moved:
        """Puts the conversation into the queue, at the end. Raises NotFound, Conflict.

        If it waits or has an agent already, nothing changes and that handover comes back, not new.
        """

    async def accept(
        self,
        handover_id: str,
        agent: str,
        change: HolderChange,
        *,
        at_most: int = 0,
        recall: HolderChange | None = None,
    ) -> Moved:
        """Gives a waiting handover to the agent: of all who accept it, to the first.

        With `recall` a `callback` is put into the queue first, as the method of that name does, and
        taken from there: both steps are made and logged, or neither.

        Raises NotFound; Conflict if it waits no longer, is for another agent, or if this agent has
        `at_most` conversations already (0: no limit; with a limit the agent must be known).
        """

    async def take_over(self, conversation_id: str, agent: str, change: HolderChange) -> Moved:
        """Gives a taken handover to another agent, without a wait. Raises NotFound, Conflict."""

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
        """Takes the conversation from its agent back into the queue, to the place it had (`kept_place`).

        Skills that are given replace those asked for before. Raises NotFound, Conflict.
        """

    async def wish_video(self, handover_id: str) -> Handover:
        """A wish that waits, in the queue or as a `callback`, is one for video from now on; its place stays.

        Raises NotFound; Conflict if it waits no longer.
        """

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
        """Ends the waiting or taken handover with that state. Raises NotFound, Conflict.

        One that waited is nobody's, to whomever it was offered.
        """

    async def register(self, handover: Handover, log: Sequence[LogEntry] = ()) -> Moved:
        """Stores it as a `callback` without a time, for when somebody can come; the bot goes on holding.

        A second one of the conversation, or one beside an open handover, isn't stored: that one comes
        back, not new. Raises NotFound, and Conflict if the bot doesn't hold the conversation.
        """

    async def recall(self, handover_id: str, change: HolderChange) -> Moved:
        """Puts a `callback` handover into the queue again, to the place it had, and for any agent.

        Raises NotFound, Conflict.
        """

    async def append_as(
        self, agent: str, conversation_id: str, kind: str, body: Mapping[str, Any], *, delivery_key: str = ""
    ) -> tuple[ConversationEvent, bool]:
        """`ConversationStore.append`, if that agent holds the conversation; else raises Conflict."""

    async def handover(self, handover_id: str) -> Handover | None:
        """The handover, or None."""

    async def open_handover(self, conversation_id: str) -> Handover | None:
        """The conversation's waiting or taken handover, or None."""

    async def waiting(self) -> Sequence[Handover]:
        """All who wait, longest first."""

    async def held_by(self, agent: str) -> Sequence[Handover]:
        """The taken handovers of that agent, oldest first."""

    async def held(self) -> Sequence[Handover]:
        """The taken handovers of all agents, oldest first."""

    async def ended_with(self, agent: str, since: datetime) -> Sequence[Handover]:
        """The handovers that ended with that agent since that moment, the latest first."""

    async def callbacks(self, due_before: datetime | None = None) -> Sequence[Handover]:
        """The `callback` handovers, those without a time first, then by when they are due.

        With `due_before` only those that are due before that moment.
        """

    async def end_callback(self, handover_id: str, state: HandoverState, outcome: str) -> Handover:
        """Ends a `callback` handover. Raises NotFound, and Conflict if it is none any more."""

    async def handovers_between(self, since: datetime, until: datetime) -> Sequence[Handover]:
        """Those of all states that began in [since, until), oldest first; for reports."""

    async def offer(self, handover_id: str, agent: str) -> Handover:
        """Notes to whom, and when, a waiting handover is offered; any agent may still accept it.

        Raises NotFound, and Conflict if it waits no longer.
        """

    async def free(self, handover_id: str) -> Handover:
        """Lets any agent take a waiting handover that was for one alone.

        Raises NotFound, and Conflict if it waits no longer.
        """

    async def record_estimate(self, handover_id: str, seconds: float) -> None:
        """Notes the wait that the citizen was told; only the first counts. Raises NotFound."""

    async def estimates(self, since: datetime) -> Sequence[WaitEstimate]:
        """What was told to those whom an agent has taken since that moment, oldest first.

        Those with an appointment or a call-back are left out: they chose when.
        """

    async def service_times(self, since: datetime) -> Sequence[ServiceTime]:
        """How long agents took for those who ended since that moment, oldest first.

        Those who went from one agent to another are left out: their time holds a second wait.
        """

    async def put_agent(self, agent: Agent) -> Agent:
        """Adds the agent, or replaces name and skills; one who is known keeps `state` and `seen_at`."""

    async def agent(self, name: str) -> Agent | None:
        """The agent, or None."""

    async def agents(self) -> Sequence[Agent]:
        """All agents by name."""

    async def set_agent_state(self, name: str, state: AgentState) -> Agent:
        """Changes the state, and notes that the agent was seen now. Raises NotFound."""

    async def touch_agent(self, name: str) -> None:
        """Notes that the agent was seen now. Raises NotFound."""

    async def add_follow_up(self, follow_up: FollowUp) -> FollowUp:
        """Stores a follow-up; one with the same id is left as it is. Raises NotFound for its conversation."""

    async def follow_ups(self, *, done: bool = False) -> Sequence[FollowUp]:
        """Those that wait to be seen to, or those that were; oldest first."""

    async def finish_follow_up(self, follow_up_id: str, by: str, outcome: str) -> FollowUp:
        """Marks it as seen to; the first to do so stands. Raises NotFound."""

    async def canned(self) -> Sequence[CannedReply]:
        """All canned replies by title."""

    async def put_canned(self, reply: CannedReply) -> None:
        """Adds or replaces a canned reply."""

    async def delete_canned(self, reply_id: str) -> None:
        """Deletes a canned reply, if it is there."""


# --- calls -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Call:
    """A call within a conversation. `state` and `mode` are the words of `video/call.py`.

    `consented` is None until the citizen has answered. `quality` is the last summary for reports.
    """

    call_id: str
    conversation_id: str
    agent: str
    mode: str
    state: str
    consented: bool | None = None
    consent_version: str = ""
    consent_at: datetime | None = None
    recording: bool = False
    started_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    end_reason: str = ""
    quality: Mapping[str, Any] = field(default_factory=dict)


class CallStore(Protocol):
    """Calls. Durable when a call returns. They go with their conversation."""

    async def add(self, call: Call) -> Call:
        """Stores a new call. Raises NotFound, and Conflict if one of the conversation hasn't ended."""

    async def get(self, call_id: str) -> Call | None:
        """The call, or None."""

    async def open_call_of(self, conversation_id: str) -> Call | None:
        """The conversation's call that hasn't ended, or None."""

    async def open_calls(self) -> Sequence[Call]:
        """All calls that haven't ended, oldest first."""

    async def calls_of(self, conversation_id: str) -> Sequence[Call]:
        """All calls of the conversation, oldest first."""

    async def calls_between(self, since: datetime, until: datetime) -> Sequence[Call]:
        """Those that began in [since, until), oldest first; for reports."""

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
        """Changes the state if it is one of `expected`, else raises Conflict. Raises NotFound.

        What is given besides changes with it. The first `answered` counts; an `end_reason` ends the
        call, for good.
        """

    async def set_consent(self, call_id: str, version: str, *, agrees: bool) -> Call:
        """Notes the citizen's answer to that version of the text, and when. A refusal stops recording.

        Raises NotFound, and Conflict if the call has ended.
        """

    async def set_recording(self, call_id: str, *, on: bool) -> Call:
        """Notes whether the call is recorded. Raises NotFound; Conflict without consent or after its end."""

    async def set_quality(self, call_id: str, quality: Mapping[str, Any]) -> None:
        """Replaces the quality summary. Raises NotFound."""


__all__ = [
    "Agent", "Call", "CallStore", "CannedReply", "DeskStore", "FollowUp", "HolderChange", "LogEntry", "Moved",
    "ServiceTime", "WaitEstimate",
]  # fmt: skip
