"""What the queue looks like at one moment: who waits, who is at work, how long it will take.

The order and the estimate are those of `video.queue` and `video.estimate`; this module gives them
what is stored. Many citizens ask at once, and then share one look, which is never an old one.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from core.desk_ports import Agent, CallStore, DeskStore, ServiceTime
from core.ports import Handover
from core.statuses import AgentState, HandoverState
from server.fresh_reading import FreshReading
from video import estimate, queue
from video.opening import OpeningHours

LOOKS_BACK = timedelta(days=7)
"""Service times older than this say little about today."""

ABSENT_AFTER = timedelta(seconds=45)
"""An agent not seen for so long isn't there any more; an open desk is noted every ten seconds."""

FAR = datetime.max.replace(tzinfo=UTC)
"""Also the end of a transfer to one agent: who is kept for too long, the desk's rounds free."""


@dataclass(frozen=True, slots=True)
class Place:
    """What a citizen who waits is told. `wait_seconds` is None where nobody can tell."""

    position: int
    wait_seconds: float | None
    agents: int
    open: bool
    hours: str

    def as_news(self) -> dict[str, object]:
        """The passing news about it."""
        wait = None if self.wait_seconds is None else round(self.wait_seconds)
        return {
            "type": "queue",
            "position": self.position,
            "wait_seconds": wait,
            "agents": self.agents,
            "open": self.open,
            "hours": self.hours,
        }


@dataclass(frozen=True, slots=True)
class Line:
    """The queue at the moment `now`. A value: nothing here asks a store."""

    now: datetime
    handovers: tuple[Handover, ...] = ()
    registered: tuple[Handover, ...] = ()  # who waits outside the queue until somebody can come
    loads: tuple[queue.AgentLoad, ...] = ()
    agents: Mapping[str, Agent] = field(default_factory=dict)
    times: tuple[ServiceTime, ...] = ()
    open: bool = True
    hours: str = ""

    @property
    def at_work(self) -> int:
        """How many agents take on conversations now."""
        return sum(load.available for load in self.loads)

    def someone_for(self, handover: Handover) -> bool:
        """Whether an agent is on line who is the right one, however busy, and the office is open."""
        person = waiting_of(handover)
        return self.open and any(load.available and queue.fits(load, person, self.now) for load in self.loads)

    def reachable(self, handover: Handover) -> Handover:
        """The wish without what no agent at all has been given: nobody must wait for who doesn't exist."""

        def covered(wanted: str, known: Callable[[Agent], Sequence[str]]) -> str:
            return wanted if any(not known(a) or wanted in known(a) for a in self.agents.values()) else ""

        return replace(
            handover,
            department=covered(handover.department, lambda agent: agent.departments),
            district=covered(handover.district, lambda agent: agent.districts),
            language=covered(handover.language, lambda agent: agent.languages),
        )

    def joined_by(self, handover: Handover) -> "Line":
        """The queue with one more."""
        others = tuple(h for h in self.handovers if h.handover_id != handover.handover_id)
        return replace(
            self, handovers=(*others, replace(handover, created_at=handover.created_at or self.now))
        )

    def ordered(self) -> list[Handover]:
        """Those who wait, in the order in which they will be taken."""
        by_id = {handover.handover_id: handover for handover in self.handovers}
        people = (waiting_of(handover) for handover in self.handovers)
        return [by_id[person.handover_id] for person in queue.in_order(people, self.now)]

    def places(self) -> Mapping[str, Place]:
        """What each of those who wait is told."""
        people = {handover.handover_id: waiting_of(handover) for handover in self.handovers}
        return {
            handover_id: self._place(position, people[handover_id])
            for handover_id, position in queue.positions(people.values(), self.now, self.loads).items()
        }

    def place_of(self, handover: Handover) -> Place:
        """What this one is told; one who isn't in the line yet is told the place it would have."""
        line = (
            self if self.someone_for(handover) else replace(self, handovers=self._with_registered(handover))
        )
        known = line.joined_by(handover).places().get(handover.handover_id)
        return known or self._place(len(self.handovers) + 1, waiting_of(handover))

    def _with_registered(self, handover: Handover) -> tuple[Handover, ...]:
        """The queue with those who registered before this one."""
        since = handover.created_at or self.now
        return (*self.handovers, *(h for h in self.registered if (h.created_at or self.now) < since))

    def _place(self, position: int, person: queue.Waiting) -> Place:
        right = [load for load in self.loads if queue.fits(load, person, self.now)] if self.open else []
        seconds = estimate.wait_seconds(position, right, self.times, self.now)
        return Place(position, seconds, self.at_work, self.open, self.hours)


class WaitingLine:
    """Reads the queue."""

    def __init__(
        self,
        desk: DeskStore,
        calls: CallStore,
        *,
        opening: OpeningHours,
        now: Callable[[], datetime],
    ) -> None:
        self._desk = desk
        self._calls = calls
        self._opening = opening
        self._now = now
        self.look: Look = FreshReading(self._look)
        """The queue now; those who ask at once share one look."""

    async def _look(self) -> Line:
        now = self._now()
        agents = {agent.name: agent for agent in await self._desk.agents()}
        held = await self._desk.held()
        in_call = {call.conversation_id for call in await self._calls.open_calls()}
        loads = []
        for agent in agents.values():
            own = [handover.conversation_id for handover in held if handover.agent == agent.name]
            loads.append(_load(agent, len(own), len(in_call.intersection(own)), now))
        return Line(
            now=now,
            handovers=tuple(await self._desk.waiting()),
            registered=tuple(h for h in await self._desk.callbacks() if is_registered(h)),
            loads=tuple(loads),
            agents=agents,
            times=tuple(await self._desk.service_times(now - LOOKS_BACK)),
            open=self._opening.is_open(now),
            hours=hours_in_words(self._opening),
        )


Look = Callable[[], Awaitable[Line]]


def hours_in_words(opening: OpeningHours) -> str:
    """The opening hours as citizens read them; empty where there are none to speak of."""
    return "" if opening == OpeningHours() else opening.in_words()


def is_present(agent: Agent, now: datetime) -> bool:
    """Whether the agent has been heard of lately."""
    return agent.seen_at is not None and now - agent.seen_at < ABSENT_AFTER


def is_registered(handover: Handover) -> bool:
    """Whether it waits outside the queue until somebody can come; a call-back waits for its time."""
    return handover.state is HandoverState.CALLBACK and handover.due is None


def waiting_of(handover: Handover) -> queue.Waiting:
    """The handover as the policy of the queue sees it."""
    return queue.Waiting(
        handover_id=handover.handover_id,
        skills=queue.Skills(handover.department, handover.district, handover.language, handover.video),
        priority=handover.priority,
        since=handover.created_at or FAR,
        due=handover.due,
        kept_place=handover.kept_place,
        reserved_for=handover.for_agent,
        reserved_until=FAR if handover.for_agent else None,
    )


def _load(agent: Agent, chats: int, calls: int, now: datetime) -> queue.AgentLoad:
    return queue.AgentLoad(
        name=agent.name,
        departments=frozenset(agent.departments),
        districts=frozenset(agent.districts),
        languages=frozenset(agent.languages),
        video=agent.video,
        chats=chats,
        calls=calls,
        max_chats=agent.max_chats,
        available=agent.state is AgentState.AVAILABLE and is_present(agent, now),
    )
