"""Who of those who wait is taken next, and by whom. Pure; the policy in words: docs/reference/queue.md.

One order over everybody, fixed from the moment of joining: the *turn* of a citizen is the moment of
joining plus one `step` for each class of priority below the first. Whoever has the earliest turn
goes first. So each `step` of waiting lifts a citizen by one class against those who come later,
nobody's place changes by the passing of time alone, and those who come more than
`class × step` later never go before. An agent takes the first in this order whom the agent can take.

Promises, held by tests/video/test_queue_promises.py: within a class first come, first served; a
place that was kept stays before everybody it was before; nobody who waits is passed over by an
agent who could take them, except for turns that are earlier.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

KEPT: Final = 0
"""Priority of those who were with an agent already and lost or changed them."""
APPOINTMENT: Final = 1
"""Priority of those whose appointed time has come."""
ELDERLY_OR_DISABLED: Final = 2
OTHERS: Final = 3

STEP: Final = timedelta(minutes=15)
"""Waiting that weighs as much as one class of priority, unless the caller says otherwise."""


@dataclass(frozen=True, slots=True)
class Skills:
    """What a citizen needs of an agent; empty means that it doesn't matter."""

    department: str = ""
    district: str = ""
    language: str = ""
    video: bool = False


@dataclass(frozen=True, slots=True)
class Waiting:
    """A citizen in the queue. `since` is when they joined first, also after a transfer.

    With `due`, an appointment or call-back: not in the line before that time. `reserved_for` is
    the agent whom a transfer names; until `reserved_until` only that agent takes them, afterwards
    whoever has the skills.
    """

    handover_id: str
    skills: Skills
    priority: int
    since: datetime
    due: datetime | None = None
    kept_place: bool = False
    reserved_for: str = ""
    reserved_until: datetime | None = None

    @property
    def joined(self) -> datetime:
        """When the wait began: at the appointed time, for an appointment made before it."""
        return self.since if self.due is None else max(self.since, self.due)

    @property
    def rank(self) -> int:
        """The class of priority, 0 to 3."""
        if self.kept_place:
            return KEPT
        given = min(max(self.priority, KEPT), OTHERS)
        return given if self.due is None else min(given, APPOINTMENT)

    def in_line(self, now: datetime) -> bool:
        """Whether it is their time yet."""
        return self.due is None or self.due <= now

    def turn(self, step: timedelta = STEP) -> datetime:
        """The moment that decides the order; the earlier, the sooner."""
        return self.joined + self.rank * step


@dataclass(frozen=True, slots=True)
class AgentLoad:
    """An agent, what they can do, and how much they have in hand. Empty sets mean all.

    `chats` are all conversations that the agent holds, `calls` those of them with a call.
    """

    name: str
    departments: frozenset[str] = frozenset()
    districts: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    video: bool = True
    chats: int = 0
    calls: int = 0
    max_chats: int = 3
    available: bool = True

    @property
    def room(self) -> int:
        """How many more conversations the agent can take now."""
        return max(self.max_chats - self.chats, 0) if self.available else 0

    @property
    def room_for_call(self) -> bool:
        """Whether the agent can take a call now: one at a time."""
        return self.video and self.calls == 0 and self.room > 0


def fits(agent: AgentLoad, person: Waiting, now: datetime) -> bool:
    """Whether the agent is one for this citizen, however busy or away."""
    need = person.skills
    if need.video and not agent.video:
        return False
    if is_reserved(person, now):
        return agent.name == person.reserved_for
    return (
        (not need.department or not agent.departments or need.department in agent.departments)
        and (not need.district or not agent.districts or need.district in agent.districts)
        and (not need.language or not agent.languages or need.language in agent.languages)
    )


def is_reserved(person: Waiting, now: datetime) -> bool:
    """Whether only the agent named in a transfer may take them now."""
    return bool(person.reserved_for) and person.reserved_until is not None and now < person.reserved_until


def can_take(agent: AgentLoad, person: Waiting, now: datetime) -> bool:
    """Whether the agent could take this citizen at this moment."""
    room = agent.room_for_call if person.skills.video else agent.room > 0
    return room and person.in_line(now) and fits(agent, person, now)


def in_order(waiting: Iterable[Waiting], now: datetime, step: timedelta = STEP) -> list[Waiting]:
    """Those whose time it is, in the order in which they are to be taken."""
    line = [person for person in waiting if person.in_line(now)]
    return sorted(line, key=lambda p: (p.turn(step), not p.kept_place, p.joined, p.handover_id))


def next_for(
    agent: AgentLoad, waiting: Iterable[Waiting], now: datetime, step: timedelta = STEP
) -> Waiting | None:
    """Whom the agent is to take next, or None."""
    return next((p for p in in_order(waiting, now, step) if can_take(agent, p, now)), None)


def position(
    waiting: Iterable[Waiting],
    handover_id: str,
    now: datetime,
    agents: Sequence[AgentLoad] = (),
    step: timedelta = STEP,
) -> int | None:
    """The citizen's place, from 1; None for one who isn't in the line (yet). See `positions`."""
    return positions(waiting, now, agents, step).get(handover_id)


def positions(
    waiting: Iterable[Waiting], now: datetime, agents: Sequence[AgentLoad] = (), step: timedelta = STEP
) -> Mapping[str, int]:
    """Everybody's place in the line: 1 + how many go before who need an agent that they need too.

    Of the agents those who are available count. A citizen for whom none of them is the right one
    is told the place in the whole line, as everybody is without `agents`.
    """
    at_work = [agent for agent in agents if agent.available]
    before: dict[int, int] = {}  # how many so far, by the agents that are right for them, as bits
    places = {}
    for number, person in enumerate(in_order(waiting, now, step), start=1):
        right = sum(1 << bit for bit, agent in enumerate(at_work) if fits(agent, person, now))
        ahead = sum(count for others, count in before.items() if others & right)
        places[person.handover_id] = 1 + ahead if right else number
        before[right] = before.get(right, 0) + 1
    return places


# --- who with whom -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Seat:
    """Room for one more conversation with an agent. One seat of each agent is good for a call."""

    agent: AgentLoad
    number: int

    def takes(self, person: Waiting, now: datetime) -> bool:
        return can_take(self.agent, person, now) and (not person.skills.video or self.number == 0)

    def preference(self) -> tuple[float, int, str]:
        """The least busy first; of equals the one who can do the least else, for the others' sake."""
        agent = self.agent
        breadth = sum(not chosen for chosen in (agent.departments, agent.districts, agent.languages))
        return (agent.chats + self.number) / agent.max_chats, breadth + agent.video, agent.name


def assign(
    agents: Iterable[AgentLoad], waiting: Iterable[Waiting], now: datetime, step: timedelta = STEP
) -> list[tuple[str, str]]:
    """Who is to be taken now and by whom: pairs of handover and agent's name, first turn first.

    As many are placed as can be, and nobody is left out for the sake of a later turn: a citizen
    placed already may change to another fitting agent to make room, but never loses the place.
    """
    seats = sorted(_seats(agents), key=_Seat.preference)
    taken: dict[_Seat, Waiting] = {}
    hopeless: set[tuple[Skills, str]] = set()
    for person in in_order(waiting, now, step):
        if len(taken) == len(seats):
            break
        need = (person.skills, person.reserved_for if is_reserved(person, now) else "")
        # Whoever finds no seat now finds none after more are placed, nor does anyone with the same need.
        if need not in hopeless and not _place(person, seats, taken, now):
            hopeless.add(need)
    placed = {person.handover_id: seat.agent.name for seat, person in taken.items()}
    return [(p.handover_id, placed[p.handover_id]) for p in in_order(taken.values(), now, step)]


def _seats(agents: Iterable[AgentLoad]) -> Iterator[_Seat]:
    for agent in agents:
        yield from (_Seat(agent, number) for number in range(agent.room))


def _place(person: Waiting, seats: Sequence[_Seat], taken: dict[_Seat, Waiting], now: datetime) -> bool:
    """Seats the person, moving others between seats where that helps; says whether it went.

    The shortest chain of moves, by breadth first (an augmenting path of a bipartite matching).
    """
    came_from: dict[_Seat, _Seat | None] = {}
    search: deque[tuple[Waiting, _Seat | None]] = deque([(person, None)])
    while search:
        mover, left = search.popleft()
        for seat in seats:
            if seat in came_from or not seat.takes(mover, now):
                continue
            came_from[seat] = left
            if seat in taken:
                search.append((taken[seat], seat))
                continue
            free: _Seat = seat
            while (previous := came_from[free]) is not None:
                taken[free] = taken[previous]
                free = previous
            taken[free] = person
            return True
    return False
