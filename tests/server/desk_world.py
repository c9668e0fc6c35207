"""The desk without HTTP: use cases over fakes, with a clock that the test moves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from core.errors import MediaFull, MediaUnavailable, NotFound
from core.messages import HandoverWish
from core.ports import Conversation, Handover, User
from core.statuses import AgentState, HandoverMode, Role
from server.call_book import CallBook
from server.call_evidence import CallEvidence
from server.call_guests import CallGuests
from server.call_listening import CallListening
from server.calls import Calls
from server.desk import Desk
from server.desk_events import DeskEvents
from server.desk_rounds import DeskRounds
from server.events import EventFanOut
from server.guest_screens import GuestScreens
from server.handover import HandoverRules, Handovers
from server.replicas import ReplicaParts, Replicas
from server.stores_part import Stores
from server.supervision import Supervision
from server.waiting_line import ABSENT_AFTER, WaitingLine
from tests.desk_fakes import InMemoryCallStore, InMemoryDeskStore, InMemoryGuestStore, in_memory_stores
from tests.fakes import InMemoryKnowledgeStore, ManualClock
from tests.outbox_fakes import InMemoryOutboxStore
from tests.paper_fakes import InMemoryPaperStore
from video.opening import OpeningHours

WANG = User("王芳", Role.AGENT, "")
LI = User("李强", Role.AGENT, "")
CHIEF = User("赵主管", Role.SUPERVISOR, "")


class FakeMedia:
    """A Media that remembers who joined; a party is connected once the test says so."""

    def __init__(self) -> None:
        self.calls: dict[str, dict[str, str]] = {}
        self.recording: dict[str, bool] = {}
        self.recorder_state = "recording"
        self.is_full = self.is_away = False

    async def join(self, call_id: str, party: str, sdp: str, *, record: bool = False) -> str:
        self._check()
        if self.is_full and call_id not in self.calls:
            raise MediaFull("full")
        self.calls.setdefault(call_id, {})[party] = "connecting"
        self.recording[call_id] = record
        return f"answer to {sdp}"

    async def leave(self, call_id: str, party: str) -> None:
        self._check()
        self.calls.get(call_id, {}).pop(party, None)

    async def close(self, call_id: str) -> None:
        self._check()
        self.calls.pop(call_id, None)
        self.recording.pop(call_id, None)

    async def record(self, call_id: str, *, on: bool) -> None:
        self._check()
        if call_id not in self.calls:
            raise NotFound("no such call")
        self.recording[call_id] = on

    async def call_stats(self, call_id: str) -> Mapping[str, Any]:
        self._check()
        if call_id not in self.calls:
            raise NotFound("no such call")
        return {
            "legs": {party: {"state": state} for party, state in self.calls[call_id].items()},
            "recording": {"state": self.recorder_state} if self.recording.get(call_id) else None,
        }

    async def stats(self) -> Sequence[Mapping[str, Any]]:
        if self.is_away:
            return ({},)
        return ({"calls": len(self.calls), "loop_lag_ms": 12.5, "strained": self.is_full},)

    def connect(self, *parties: str) -> None:
        """These parties' media stand now, in every call."""
        for legs in self.calls.values():
            for party in parties:
                legs[party] = "connected"

    def lose(self, party: str) -> None:
        """The party's network is gone."""
        for legs in self.calls.values():
            legs.pop(party, None)

    def _check(self) -> None:
        if self.is_away:
            raise MediaUnavailable("away")


@dataclass
class Ended:
    """Remembers which calls ended."""

    calls: list[tuple[str, float]] = field(default_factory=list)

    def call_ended(self, reason: str, seconds: float) -> None:
        self.calls.append((reason, seconds))


def handovers_of(
    stores: Stores,
    fan_out: EventFanOut,
    *,
    mask=lambda text: text,
    clock=None,
    opening=OpeningHours(),  # noqa: B008 - frozen
) -> tuple[Handovers, WaitingLine]:
    now = clock or stores.conversations._now
    line = WaitingLine(stores.desk, stores.calls, opening=opening, now=now)
    handovers = Handovers(
        stores.conversations,
        stores.desk,
        fan_out,
        look=line.look,
        guides=stores.knowledge,
        rules=HandoverRules("12345", opening),
        mask=mask,
        now=now,
    )
    return handovers, line


def stores_over(conversations) -> Stores:
    """The fakes around conversations that the test has already."""
    stores = in_memory_stores(conversations._now)
    calls = InMemoryCallStore(conversations)
    return Stores(
        conversations=conversations,
        knowledge=InMemoryKnowledgeStore(conversations._now),
        users=stores.users,
        desk=InMemoryDeskStore(conversations),
        calls=calls,
        guests=InMemoryGuestStore(conversations),
        files=stores.files,
        access=stores.access,
        papers=InMemoryPaperStore(conversations),
        outbox=InMemoryOutboxStore(conversations),
        tokens=stores.tokens,
    )


class DeskWorld:
    """Everything of the desk, of one process. `restart` makes another over the same stores."""

    def __init__(
        self,
        stores: Stores | None = None,
        clock: ManualClock | None = None,
        *,
        parts: ReplicaParts | None = None,
        media: FakeMedia | None = None,
        **more: Any,
    ) -> None:
        self.clock = clock or ManualClock()
        self.stores = stores or in_memory_stores(self.clock)
        self.fan_out = EventFanOut()
        self.media = media or FakeMedia()
        self.ended = Ended()
        self.handovers, self.line = handovers_of(self.stores, self.fan_out, clock=self.clock, **more)
        self.screens = DeskEvents(self.fan_out)
        self.handovers.left = self.screens.left_agent
        self.replicas = Replicas(
            parts,
            fan_out=self.fan_out,
            screens=self.screens,
            store=self.stores.conversations,
            desk_store=self.stores.desk,
        )
        self.calls = Calls(
            self.stores.conversations,
            self.stores.desk,
            self.stores.calls,
            self.media,
            self.fan_out,
            now=self.clock,
            recorded=True,
            observer=self.ended,
            book=CallBook(
                self.stores.calls,
                now=self.clock,
                shared=self.replicas.shared_locks,
                leads=self.replicas.leads,
            ),
        )
        self.guests = CallGuests(
            self.calls,
            self.stores.guests,
            self.stores.desk,
            self.media,
            tell=GuestScreens(self.screens, self.fan_out),
            now=self.clock,
            relayed=True,
            accesses=self.stores.access,
        )
        self.listening = CallListening(
            self.calls,
            self.media,
            tell=self.screens.tell,
            told=True,
            relayed=True,
            now=self.clock,
            accesses=self.stores.access,
        )
        self.calls.company.extend((self.guests, self.listening))
        self.desk = Desk(
            self.stores.conversations,
            self.stores.desk,
            self.handovers,
            look=self.line.look,
            publish=self.fan_out.publish,
            observers=(self.screens,),
            end_call=self.calls.end_of,
        )
        self.rounds = DeskRounds(
            store=self.stores.conversations,
            desk_store=self.stores.desk,
            calls=self.stores.calls,
            desk=self.desk,
            handovers=self.handovers,
            fan_out=self.fan_out,
            screens=self.screens,
            look=self.desk.line,
            now=self.clock,
            leads=self.replicas.leads,
            watched=self.replicas.watched,
        )
        self.replicas.tell_again = self.calls.tell_again
        self.supervision = Supervision(
            store=self.stores.conversations,
            desk_store=self.stores.desk,
            calls=self.stores.calls,
            desk=self.desk,
            handovers=self.handovers,
            screens=self.screens,
            look=self.line.look,
            pass_call_on=self.calls.pass_on,
            accesses=self.stores.access,
            now=self.clock,
        )

    def keep_evidence(self, folder: Path) -> CallEvidence:
        """From now on calls have chains of evidence in that folder."""
        evidence = CallEvidence(folder, self.stores.conversations)
        for part in (self.calls, self.calls.news, self.guests, self.listening):
            part._evidence = evidence
        return evidence

    def restarted(self) -> "DeskWorld":
        """The service after a restart: nothing but the stores is left."""
        return DeskWorld(self.stores, self.clock)

    def later(self, **time: float) -> None:
        self.clock.time += timedelta(**time)

    async def on_line(self, *users: User) -> None:
        for user in users or (WANG,):
            await self.desk.set_state(user, AgentState.AVAILABLE)

    async def stays(self, user: User, seconds: float) -> None:
        """Time goes by while the agent's desk stays open."""
        for _ in range(int(seconds // 30) + 1):
            self.later(seconds=seconds / (int(seconds // 30) + 1))
            await self.desk.touch(user.name)
            await self.rounds.round()

    async def citizen(self, name: str = "c1", channel: str = "web") -> Conversation:
        return await self.stores.conversations.create(Conversation(name, channel, "hash"))

    def wish(self, mode: HandoverMode = HandoverMode.TEXT, **more: Any) -> HandoverWish:
        return HandoverWish(mode, **more)

    async def asks(self, name: str = "c1", mode: HandoverMode = HandoverMode.TEXT, **more: Any):
        """A new citizen asks for a person; the ticket."""
        citizen = await self.citizen(name, more.pop("channel", "web"))
        return await self.handovers.request(citizen, self.wish(mode, **more), None)

    async def served(self, name: str = "c1", user: User = WANG, **more: Any) -> Handover:
        """A citizen whom the agent has accepted."""
        await self.on_line(user)
        return await self.desk.accept(user, (await self.asks(name, **more)).handover.handover_id)

    async def holder(self, name: str = "c1") -> str:
        conversation = await self.stores.conversations.get(name)
        return conversation.holder.value

    async def kinds(self, name: str = "c1") -> list[str]:
        return [event.kind for event in await self.stores.conversations.events(name)]

    async def last(self, kind: str, name: str = "c1") -> Mapping[str, Any]:
        events = await self.stores.conversations.events(name)
        return next(event.body for event in reversed(events) if event.kind == kind)


LONG_ENOUGH = ABSENT_AFTER.total_seconds() + 1
