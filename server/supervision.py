"""What a supervisor does: see everything at once, listen in, whisper to an agent, take over.

Each is written to the access log when there is one; a whisper is in the conversation's log, for
staff only.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.desk_ports import Call, CallStore, DeskStore, LogEntry
from core.errors import Conflict, InvalidInput, NotFound
from core.evidence_ports import AccessEntry, AccessLog
from core.ports import ConversationEvent, ConversationStore, Handover, User
from core.statuses import HandoverState, Holder
from server import wording
from server.citizen_text import clean
from server.desk import Desk
from server.desk_events import DeskEvents
from server.estimate_error import recent_error
from server.handover import Handovers, step
from server.waiting_line import Line, Look
from video.estimate import EstimateError
from video.holding import HoldingEvent

LONG_WAIT = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Wall:
    """Everything at one moment. `alarms` say what needs somebody's attention, by code."""

    line: Line
    held: tuple[Handover, ...]
    calls: tuple[Call, ...]
    follow_ups: int
    alarms: Mapping[str, str]
    estimate_error: EstimateError
    """Of the waits that citizens were told in the last day, against what came."""


class Supervision:
    """The use case of supervisors; whoever calls has checked the role."""

    def __init__(
        self,
        *,
        store: ConversationStore,
        desk_store: DeskStore,
        calls: CallStore,
        desk: Desk,
        handovers: Handovers,
        screens: DeskEvents,
        look: Look,
        pass_call_on: Callable[[str, str], Awaitable[None]],
        accesses: AccessLog | None = None,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._desk_store = desk_store
        self._calls = calls
        self._desk = desk
        self._handovers = handovers
        self._screens = screens
        self._look = look
        self._pass_call_on = pass_call_on
        self._accesses = accesses
        self._now = now

    async def wall(self) -> Wall:
        """Queue, agents, conversations and calls now."""
        line = await self._look()
        calls = tuple(await self._calls.open_calls())
        return Wall(
            line=line,
            held=tuple(await self._desk_store.held()),
            calls=calls,
            follow_ups=len(await self._desk_store.follow_ups()),
            alarms=_alarms(line, calls),
            estimate_error=await recent_error(self._desk_store, line.now),
        )

    async def listen(self, user: User, conversation_id: str) -> None:
        """The supervisor's screens follow it until it leaves its agent. Raises NotFound, Conflict."""
        handover = await self._taken(conversation_id)
        await self._noted(user, "listen", handover)
        self._screens.follow(user.name, conversation_id)

    async def whisper(self, user: User, conversation_id: str, text: str) -> ConversationEvent:
        """Says something that the citizen doesn't read. Raises InvalidInput, NotFound, Conflict."""
        said = clean(text).strip()
        if not said:
            raise InvalidInput("text: must not be empty")
        await self._noted(user, "whisper", await self._taken(conversation_id))
        event, _ = await self._store.append(conversation_id, "whisper", {"text": said, "by": user.name})
        self._screens.publish(event)
        return event

    async def take_over(self, user: User, conversation_id: str) -> Handover:
        """The supervisor is the citizen's agent from now on; a call goes on. Raises NotFound, Conflict."""
        handover = await self._taken(conversation_id)
        if handover.agent == user.name:
            return handover
        await self._noted(user, "take_over", handover)
        await self._desk.agent_of(user)
        call = await self._calls.open_call_of(conversation_id)
        entry = LogEntry("notice", {"text": wording.TAKEN_OVER})
        change = step(Holder.AGENT, HoldingEvent.TAKE_OVER, entry, agent=handover.agent)
        moved = await self._desk_store.take_over(conversation_id, user.name, change)
        self._screens.accepted(moved.handover)
        self._handovers.publish(moved)  # before the old agent's screens stop following: they learn of it
        self._screens.left_agent(conversation_id, but=user.name)
        if call is not None:
            await self._pass_call_on(conversation_id, user.name)
            self._screens.tell(
                handover.agent, {"type": "call.state", "call_id": call.call_id, "state": "ended"}
            )
        return moved.handover

    async def _taken(self, conversation_id: str) -> Handover:
        handover = await self._desk_store.open_handover(conversation_id)
        if handover is not None and handover.state is HandoverState.TAKEN:
            return handover
        if await self._store.get(conversation_id) is None:
            raise NotFound("no such conversation")
        raise Conflict("no agent holds that conversation")

    async def _noted(self, user: User, action: str, handover: Handover) -> None:
        if self._accesses is not None:
            entry = AccessEntry(
                user=user.name,
                action=action,
                kind="conversation",
                record_id=handover.conversation_id,
                conversation_id=handover.conversation_id,
                at=self._now(),
            )
            await self._accesses.add(entry)


def _alarms(line: Line, calls: Sequence[Call]) -> Mapping[str, str]:
    alarms = {}
    if line.handovers and not line.at_work:
        alarms["nobody_on_line"] = f"有 {len(line.handovers)} 人在等，没有坐席在线"
    waits = [line.now - h.created_at for h in line.handovers if h.created_at is not None]
    long = sum(wait >= LONG_WAIT for wait in waits)
    if long:
        alarms["long_wait"] = f"有 {long} 人等了 {LONG_WAIT.seconds // 60} 分钟以上"
    bad = sum(call.quality.get("level") == "poor" for call in calls)
    if bad:
        alarms["bad_call"] = f"有 {bad} 路通话质量较差"
    return alarms
